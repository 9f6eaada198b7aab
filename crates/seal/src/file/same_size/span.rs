//! What must be fetched of a file whose size was kept, to open a range of it.

use std::ops::Range;

use super::{FINGERPRINTED, FileError, SEGMENT};
use crate::file::LONGEST;

/// The whole segments that cover a range, and before them the 32 bytes by which a last segment that is shorter than
/// that is known. The file's length need not be known: the end may lie beyond it, where a server cuts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    range: Range<u64>,
    first: u32,
    end: u64,
}

impl Span {
    /// The span of a range of the file.
    ///
    /// # Errors
    /// [`FileError::Range`] when it is empty or lies beyond the longest file.
    pub fn of(range: Range<u64>) -> Result<Self, FileError> {
        if range.is_empty() || range.end > LONGEST {
            return Err(FileError::Range);
        }
        let segment = SEGMENT as u64;
        Ok(Self {
            first: u32::try_from(range.start / segment).map_err(|_| FileError::Range)?,
            end: range.end.div_ceil(segment) * segment,
            range,
        })
    }

    /// The range that was asked for.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The range to fetch.
    pub fn fetched(&self) -> Range<u64> {
        self.start() - self.before() as u64..self.end
    }

    /// How many of the fetched bytes stand before the first segment.
    pub fn before(&self) -> usize {
        if self.first == 0 { 0 } else { FINGERPRINTED }
    }

    /// The number of the first segment.
    pub fn first(&self) -> u32 {
        self.first
    }

    /// Where the first segment begins in the file.
    pub fn start(&self) -> u64 {
        u64::from(self.first) * SEGMENT as u64
    }
}
