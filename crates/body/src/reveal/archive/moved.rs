//! The directory of an archive some members of which are written anew: their sizes, and where everything begins.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::error::Error;
use crate::out::Transform;
use crate::zip::directory::{DESCRIPTOR_LENGTH, VERSION, described};
use crate::zip::record::{
    CENTRAL, CENTRAL_LENGTH, DEFLATED, END, END_WIDE, LOCATOR, Sizes, long, put, short,
};

/// The block of an extra field that holds what four bytes cannot (§4.5.3).
const WIDE: u16 = 0x0001;

/// A member that is written anew.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    /// Where it stood, its header and its descriptor included.
    range: Range<u64>,
    header: u64,
    written: Arc<OnceLock<Sizes>>,
}

impl Moved {
    pub(super) fn new(range: Range<u64>, header: usize, written: Arc<OnceLock<Sizes>>) -> Self {
        Self {
            range,
            header: header as u64,
            written,
        }
    }

    /// How long it is.
    fn length(&self) -> u64 {
        let packed = self.written.get().map_or(0, |sizes| sizes.packed);
        self.header + u64::from(packed) + DESCRIPTOR_LENGTH
    }
}

/// A record of the directory, written when all members before it are.
pub(super) struct Patched {
    record: Vec<u8>,
    moved: Arc<Vec<Moved>>,
}

impl Patched {
    pub(super) fn new(record: &[u8], moved: &Arc<Vec<Moved>>) -> Self {
        Self {
            record: record.to_vec(),
            moved: Arc::clone(moved),
        }
    }

    /// Where something begins that began at `at`.
    fn moved_to(&self, at: u64) -> u64 {
        let before = self.moved.iter().filter(|moved| moved.range.end <= at);
        before.fold(at, |at, moved| {
            let was = moved.range.end - moved.range.start;
            (at + moved.length()).saturating_sub(was)
        })
    }

    fn patch_short(&mut self, at: usize) {
        let offset = self.moved_to(u64::from(long(&self.record, at)));
        // What grew beyond the format's reach has no offset.
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        put(&mut self.record, at, &offset.to_le_bytes());
    }

    fn patch_wide(&mut self, at: usize) {
        let offset = self.moved_to(wide(&self.record, at));
        put(&mut self.record, at, &offset.to_le_bytes());
    }

    fn patch_entry(&mut self) {
        let offset = long(&self.record, 42);
        if offset == u32::MAX {
            if let Some(at) = self.wide_offset() {
                self.patch_wide(at);
            }
            return;
        }
        let is_it = |moved: &&Moved| moved.range.start == u64::from(offset);
        let sizes = self.moved.iter().find(is_it).map(|moved| &moved.written);
        if let Some(sizes) = sizes.and_then(|written| written.get()).copied() {
            let record = &mut self.record;
            let (version, flags) = (short(record, 6), short(record, 8));
            put(record, 6, &version.max(VERSION).to_le_bytes());
            put(record, 8, &described(flags).to_le_bytes());
            put(record, 10, &DEFLATED.to_le_bytes());
            put(record, 16, &sizes.bytes());
        }
        self.patch_short(42);
    }

    /// Where the offset of an entry stands that four bytes cannot hold.
    fn wide_offset(&self) -> Option<usize> {
        let begin = CENTRAL_LENGTH + usize::from(short(&self.record, 28));
        let end = begin + usize::from(short(&self.record, 30));
        let sizes = Sizes::read(&self.record, 16);
        let before = [sizes.plain, sizes.packed];
        let skipped = before.iter().filter(|size| **size == u32::MAX).count() * 8;
        let block = block(self.record.get(begin..end)?)?;
        let at = begin + block.start + skipped;
        (at + 8 <= begin + block.end).then_some(at)
    }
}

impl Transform for Patched {
    fn push(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self.record.first_chunk::<4>() {
            Some(&CENTRAL) => self.patch_entry(),
            Some(&END) if long(&self.record, 16) != u32::MAX => self.patch_short(16),
            Some(&END_WIDE) => self.patch_wide(48),
            Some(&LOCATOR) => self.patch_wide(8),
            _ => {}
        }
        out.extend_from_slice(&self.record);
        Ok(())
    }
}

/// Where the content of the block with wide numbers stands in an extra field.
fn block(extra: &[u8]) -> Option<Range<usize>> {
    let mut at = 0;
    while at + 4 <= extra.len() {
        let content = at + 4..at + 4 + usize::from(short(extra, at + 2));
        if short(extra, at) == WIDE {
            return (content.end <= extra.len()).then_some(content);
        }
        at = content.end;
    }
    None
}

/// The sizes of a member, packed and plain, that its extra field tells as wide numbers.
pub(super) fn wide_sizes(extra: &[u8], sizes: Sizes) -> Option<(u64, u64)> {
    let content = extra.get(block(extra)?)?;
    let mut at = 0;
    let mut next = |size: u32| {
        if size != u32::MAX {
            return u64::from(size);
        }
        at += 8;
        wide(content, at - 8)
    };
    let plain = next(sizes.plain);
    Some((next(sizes.packed), plain))
}

/// A number of eight bytes.
fn wide(record: &[u8], at: usize) -> u64 {
    u64::from(long(record, at)) | u64::from(long(record, at + 4)) << 32
}
