//! Bytes of an answer that are held until it is known what becomes of them.

use std::ops::Range;

use bytes::Bytes;

use crate::out::{Out, Piece};

/// What takes the place of some bytes.
#[derive(Debug)]
struct Edit {
    /// Offsets in the body.
    range: Range<u64>,
    piece: Option<Piece>,
}

/// The bytes that are held, and what is to become of them.
#[derive(Debug, Default)]
pub(super) struct Edits {
    held: Vec<u8>,
    /// Where what is not yet written begins in the body.
    start: u64,
    edits: Vec<Edit>,
}

impl Edits {
    /// The bytes at hand when `chunk` comes: what is held, and it. Give them back to [`Edits::release`].
    pub(super) fn join(&mut self, chunk: &Bytes) -> Bytes {
        if self.held.is_empty() {
            return chunk.clone();
        }
        self.held.extend_from_slice(chunk);
        std::mem::take(&mut self.held).into()
    }

    /// Where the bytes at hand begin in the body.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Has bytes, that are not yet released, replaced by a piece, or by nothing.
    pub(super) fn replace(&mut self, range: Range<u64>, piece: Option<Piece>) {
        let at = self
            .edits
            .partition_point(|edit| (edit.range.start, edit.range.end) <= (range.start, range.end));
        self.edits.insert(at, Edit { range, piece });
    }

    /// Writes what stands before the offset `floor`, edited, and holds the rest of `bytes`.
    pub(super) fn release(&mut self, bytes: &Bytes, floor: u64, out: &mut Out) {
        out.begin(bytes);
        let start = self.start;
        let index = |offset: u64| {
            usize::try_from(offset.saturating_sub(start))
                .map_or(bytes.len(), |at| at.min(bytes.len()))
        };
        // No edit is parted.
        let mut floor = floor;
        for edit in self.edits.iter().rev() {
            if edit.range.start < floor && floor < edit.range.end {
                floor = edit.range.start;
            }
        }
        let mut done = index(start);
        let settled = self
            .edits
            .partition_point(|edit| edit.range.start < floor && edit.range.end <= floor);
        for edit in self.edits.drain(..settled) {
            // What stands within bytes that were taken out goes with them.
            if index(edit.range.start) < done {
                continue;
            }
            out.keep(done..index(edit.range.start));
            if let Some(piece) = edit.piece {
                out.piece(piece);
            }
            done = index(edit.range.end);
        }
        let end = index(floor).max(done);
        out.keep(done..end);
        self.held
            .extend_from_slice(bytes.get(end..).unwrap_or_default());
        self.start = start + end as u64;
    }

    /// Bytes held at the moment.
    pub(super) fn held(&self) -> usize {
        self.held.capacity()
    }
}
