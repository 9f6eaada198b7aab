//! Lengths, both ways by formula: of a whole file, and of what must be fetched for a range of it.

use std::ops::Range;

use super::{FileError, Header, SEALED_SEGMENT, SEGMENT, TAG};
use crate::file::LONGEST;

const HEADER: u64 = Header::LEN as u64;
const PLAIN: u64 = SEGMENT as u64;
const SEALED: u64 = SEALED_SEGMENT as u64;
const OVERHEAD: u64 = TAG as u64;

/// Bytes of the sealed file of a file of `plain` bytes: header, and a tag for each segment begun, at least one.
///
/// # Errors
/// [`FileError::TooLong`].
pub fn sealed_len(plain: u64) -> Result<u64, FileError> {
    if plain > LONGEST {
        return Err(FileError::TooLong);
    }
    Ok(HEADER + plain + OVERHEAD * plain.div_ceil(PLAIN).max(1))
}

/// Bytes of the file whose sealed file has `sealed` bytes.
///
/// # Errors
/// [`FileError::Length`] when no sealed file has this length.
pub fn plain_len(sealed: u64) -> Result<u64, FileError> {
    let impossible = FileError::Length { found: sealed };
    let segments = sealed.checked_sub(HEADER).ok_or(impossible)?;
    let count = segments.div_ceil(SEALED);
    let plain = segments.checked_sub(OVERHEAD * count).ok_or(impossible)?;
    match sealed_len(plain) {
        Ok(length) if length == sealed => Ok(plain),
        _ => Err(impossible),
    }
}

/// What must be fetched of a sealed file to open a range of the plaintext: the whole segments that cover it.
///
/// The file's length need not be known: the last byte that [`Span::sealed`] asks for may lie beyond its end, where
/// a server cuts. Once the length is known, [`Span::within`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    plain: Range<u64>,
    first: u32,
    sealed: Range<u64>,
    ends: bool,
}

impl Span {
    /// The span of a range of the plaintext.
    ///
    /// # Errors
    /// [`FileError::Range`] when it is empty or lies beyond the longest file.
    pub fn of(plain: Range<u64>) -> Result<Self, FileError> {
        if plain.is_empty() || plain.end > LONGEST {
            return Err(FileError::Range);
        }
        let first = plain.start / PLAIN;
        let behind = plain.end.div_ceil(PLAIN);
        Ok(Self {
            first: u32::try_from(first).map_err(|_| FileError::Range)?,
            sealed: HEADER + first * SEALED..HEADER + behind * SEALED,
            plain,
            ends: false,
        })
    }

    /// The span in a file of so many sealed bytes: cut at its end, and knowing whether it holds the last segment.
    ///
    /// # Errors
    /// [`FileError::Range`] when nothing of it is in the file, [`FileError::Length`] when no sealed file is so long.
    pub fn within(self, sealed: u64) -> Result<Self, FileError> {
        let length = plain_len(sealed)?;
        let plain = self.plain.start..self.plain.end.min(length);
        if plain.is_empty() {
            return Err(FileError::Range);
        }
        Ok(Self {
            first: self.first,
            ends: self.sealed.end >= sealed,
            sealed: self.sealed.start..self.sealed.end.min(sealed),
            plain,
        })
    }

    /// The range of the plaintext.
    pub fn plain(&self) -> Range<u64> {
        self.plain.clone()
    }

    /// The range of the sealed file: whole segments. The header, [`Header::LEN`] bytes, is at its beginning.
    pub fn sealed(&self) -> Range<u64> {
        self.sealed.clone()
    }

    /// The number of the first segment.
    pub fn first(&self) -> u32 {
        self.first
    }

    /// Whether the last segment of the file is in it, as [`Span::within`] found.
    pub fn ends(&self) -> bool {
        self.ends
    }
}
