//! Where rewritten bytes go: kept ranges of the input, new bytes, and holes for what an answer will bring.
//!
//! Long kept ranges are slices of the chunk they came in (no copy); short ones are gathered into one buffer, so
//! that a small message leaves as one piece. A hole holds back everything after it until it is filled.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::escape::Escape;

/// Names a question that somebody outside has to answer (a vault row, a stable token).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u32);

/// Below this a kept range is copied: a piece of its own costs more than the copy.
const COPY_BELOW: usize = 1024;

/// The least room that is asked for at once where short pieces are gathered, as long as the chunk has as much.
const ROOM: usize = 16 << 10;

#[derive(Debug)]
enum Part {
    Bytes(Bytes),
    Hole(AskId, Escape),
    Gap(GapId),
}

/// Names a place in an output at which its own rewriter will write later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GapId(u32);

/// What a gap is closed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    Hole(AskId, Escape),
}

/// A piece of an output that another stage goes over.
pub(crate) enum Taken {
    Bytes(Bytes),
    Hole(AskId, Escape),
}

/// The output of a rewriter. See the module.
#[derive(Default)]
pub struct Out {
    parts: VecDeque<Part>,
    tail: BytesMut,
    chunk: Bytes,
    kept: Range<usize>,
    holes: usize,
    gaps: usize,
    next_gap: u32,
    ready: usize,
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Out(‹{} bytes›, {} holes)", self.len(), self.holes)
    }
}

impl Out {
    /// An empty output.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says which chunk [`Out::keep`] speaks of. A rewriter calls it first in every `push`.
    pub fn begin(&mut self, chunk: &Bytes) {
        self.settle();
        self.chunk = chunk.clone();
    }

    /// Keeps `range` of the current chunk as it came. Adjacent calls become one range.
    pub fn keep(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        if self.kept.end == range.start && !self.kept.is_empty() {
            self.kept.end = range.end;
        } else {
            self.settle();
            self.kept = range;
        }
    }

    /// Appends new bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.settle();
        gather(&mut self.tail, bytes, self.chunk.len());
        self.ready += bytes.len();
    }

    /// Appends what `write` appends to the buffer it is given, about `length` bytes.
    pub(crate) fn write_with(&mut self, length: usize, write: impl FnOnce(&mut BytesMut)) {
        self.settle();
        make_room(&mut self.tail, length, self.chunk.len());
        let before = self.tail.len();
        write(&mut self.tail);
        self.ready += self.tail.len() - before;
    }

    /// Appends a piece that already stands by itself.
    pub fn append(&mut self, bytes: Bytes) {
        if bytes.len() < COPY_BELOW {
            self.write(&bytes);
        } else {
            self.flush();
            self.ready += bytes.len();
            self.parts.push_back(Part::Bytes(bytes));
        }
    }

    /// Leaves a hole for the answer to `ask`, to be written in `escape`.
    pub fn hole(&mut self, ask: AskId, escape: Escape) {
        self.flush();
        self.holes += 1;
        self.parts.push_back(Part::Hole(ask, escape));
    }

    /// Appends a piece.
    pub(crate) fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Bytes(bytes) => self.write(&bytes),
            Piece::Hole(ask, escape) => self.hole(ask, escape),
        }
    }

    /// Leaves a gap that [`Out::close`] closes. It holds back everything after it.
    pub(crate) fn gap(&mut self) -> GapId {
        self.flush();
        let gap = GapId(self.next_gap);
        self.next_gap = self.next_gap.wrapping_add(1);
        self.gaps += 1;
        self.parts.push_back(Part::Gap(gap));
        gap
    }

    /// Closes a gap.
    pub(crate) fn close(&mut self, gap: GapId, pieces: Vec<Piece>) {
        let is_it = |part: &Part| matches!(part, Part::Gap(known) if *known == gap);
        let Some(at) = self.parts.iter().position(is_it) else {
            return;
        };
        let rest = self.parts.split_off(at + 1);
        self.parts.pop_back();
        self.gaps -= 1;
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) if bytes.is_empty() => {}
                Piece::Bytes(bytes) => {
                    self.ready += bytes.len();
                    self.parts.push_back(Part::Bytes(bytes.into()));
                }
                Piece::Hole(ask, escape) => {
                    self.holes += 1;
                    self.parts.push_back(Part::Hole(ask, escape));
                }
            }
        }
        self.parts.extend(rest);
    }

    /// Fills every hole for which `answer` has bytes, in order; `answer` appends the plain text and says whether
    /// it knew the ask.
    pub fn fill(&mut self, mut answer: impl FnMut(AskId, &mut Vec<u8>) -> bool) {
        self.flush();
        if self.holes == 0 {
            return;
        }
        let mut plain = zeroize::Zeroizing::new(Vec::new());
        for part in &mut self.parts {
            if let Part::Hole(ask, escape) = part {
                plain.clear();
                if answer(*ask, &mut plain) {
                    let mut written = Vec::with_capacity(plain.len() + 8);
                    escape.write(&plain, &mut written);
                    self.holes -= 1;
                    self.ready += written.len();
                    *part = Part::Bytes(written.into());
                }
            }
        }
    }

    /// How many holes wait for an answer.
    #[must_use]
    pub fn holes(&self) -> usize {
        self.holes
    }

    /// Bytes that stand here, holes apart.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ready + self.kept.len()
    }

    /// Whether nothing stands here, neither bytes nor what is still to be filled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.holes == 0 && self.gaps == 0
    }

    /// Takes the next piece that no hole holds back. A rewriter must have returned from its `push`.
    pub fn take(&mut self) -> Option<Bytes> {
        self.flush();
        self.chunk = Bytes::new();
        match self.parts.front() {
            Some(Part::Bytes(_)) => {}
            Some(Part::Hole(..) | Part::Gap(_)) | None => return None,
        }
        match self.parts.pop_front() {
            Some(Part::Bytes(bytes)) => {
                self.ready -= bytes.len();
                Some(bytes)
            }
            Some(Part::Hole(..) | Part::Gap(_)) | None => None,
        }
    }

    /// Takes the next piece, or the next hole with its answer still to come, up to a gap.
    pub(crate) fn take_piece(&mut self) -> Option<Taken> {
        if let Some(bytes) = self.take() {
            return Some(Taken::Bytes(bytes));
        }
        match self.parts.pop_front()? {
            Part::Hole(ask, escape) => {
                self.holes -= 1;
                Some(Taken::Hole(ask, escape))
            }
            part @ (Part::Gap(_) | Part::Bytes(_)) => {
                self.parts.push_front(part);
                None
            }
        }
    }

    /// Writes the kept range where it belongs.
    #[inline]
    fn settle(&mut self) {
        if !self.kept.is_empty() {
            self.settle_kept();
        }
    }

    fn settle_kept(&mut self) {
        let range = std::mem::take(&mut self.kept);
        self.ready += range.len();
        if range.len() < COPY_BELOW {
            if let Some(bytes) = self.chunk.get(range) {
                gather(&mut self.tail, bytes, self.chunk.len());
            }
        } else {
            if !self.tail.is_empty() {
                self.parts
                    .push_back(Part::Bytes(self.tail.split().freeze()));
            }
            self.parts.push_back(Part::Bytes(self.chunk.slice(range)));
        }
    }

    fn flush(&mut self) {
        self.settle();
        if !self.tail.is_empty() {
            self.parts
                .push_back(Part::Bytes(self.tail.split().freeze()));
        }
    }
}

/// Appends to the buffer of short pieces.
fn gather(tail: &mut BytesMut, bytes: &[u8], chunk: usize) {
    make_room(tail, bytes.len(), chunk);
    tail.extend_from_slice(bytes);
}

/// Makes room for so many bytes. A small message should need its room once: tokens are longer than what they stand
/// for, so some is asked for beyond the chunk.
#[inline]
fn make_room(tail: &mut BytesMut, length: usize, chunk: usize) {
    if tail.capacity() - tail.len() < length {
        tail.reserve(length.max((chunk + chunk / 4).min(ROOM)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(out: &mut Out) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = out.take() {
            all.extend_from_slice(&piece);
        }
        all
    }

    #[test]
    fn a_hole_holds_back_what_follows_until_it_is_filled() {
        let mut out = Out::new();
        out.write(b"a");
        out.hole(AskId(1), Escape::Plain);
        out.write(b"b");
        out.hole(AskId(2), Escape::Form);
        out.write(b"c");
        assert_eq!((out.holes(), out.len()), (2, 3));
        assert_eq!(taken(&mut out), b"a");
        out.fill(|ask, plain| {
            plain.extend_from_slice(b"x y");
            ask == AskId(2)
        });
        assert_eq!((out.holes(), taken(&mut out)), (1, Vec::new()));
        out.fill(|_, plain| {
            plain.extend_from_slice(b"1 2");
            true
        });
        assert_eq!(taken(&mut out), b"1 2bx+yc");
        assert!(out.is_empty());
    }

    #[test]
    fn long_kept_ranges_are_not_copied_and_short_ones_leave_as_one_piece() {
        let chunk = Bytes::from(vec![b'x'; 3 * COPY_BELOW]);
        let mut out = Out::new();
        out.begin(&chunk);
        out.keep(0..10);
        out.write(b"new");
        out.keep(20..30);
        assert_eq!(out.take().map(|piece| piece.len()), Some(23));
        out.begin(&chunk);
        out.keep(0..COPY_BELOW);
        out.keep(COPY_BELOW..2 * COPY_BELOW);
        let piece = out.take().unwrap();
        assert_eq!(
            (piece.len(), piece.as_ptr()),
            (2 * COPY_BELOW, chunk.as_ptr())
        );
        assert!(out.take().is_none());
    }
}
