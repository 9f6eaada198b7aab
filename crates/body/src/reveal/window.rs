//! Bytes being worked on, and how far.

use crate::out::Out;

/// Bytes being worked on: a chunk from some offset on, or a copy that begins before it.
pub(super) struct Window<'a> {
    pub(super) bytes: &'a [u8],
    /// Where the window begins in the current chunk; `None` for a copy.
    base: Option<usize>,
    /// The machine has gone over the bytes before this.
    pub(super) passed: usize,
    /// The bytes before this are written, replaced or held.
    pub(super) written: usize,
}

impl<'a> Window<'a> {
    pub(super) fn new(bytes: &'a [u8], base: Option<usize>) -> Self {
        Self {
            bytes,
            base,
            passed: 0,
            written: 0,
        }
    }

    /// Writes what is not yet written before `end`.
    pub(super) fn write_to(&mut self, end: usize, out: &mut Out) {
        if end <= self.written {
            return;
        }
        match self.base {
            Some(base) => out.keep(base + self.written..base + end),
            None => out.write(self.bytes.get(self.written..end).unwrap_or_default()),
        }
        self.written = end;
    }
}
