//! Where rewritten bytes go: kept ranges of the input, new bytes, and holes for what an answer will bring.
//!
//! Long kept ranges are slices of the chunk they came in (no copy); short ones are gathered into one buffer, so
//! that a small message leaves as one piece. A hole holds back everything after it until it is filled.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::error::Error;
use crate::escape::Escape;

/// What bytes go through on their way out: the encoder of a coding, of a charset, of base64.
///
/// What it gives for the bytes of a stretch is the same however they are cut.
pub trait Transform: Send {
    /// Takes the next bytes; appends what they become.
    ///
    /// # Errors
    /// Where they cannot be written so: the request must not complete at the origin.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error>;

    /// Ends the stretch; appends what is left.
    ///
    /// # Errors
    /// As [`Transform::push`].
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error>;
}

/// Names a question that somebody outside has to answer (a vault row, a stable token).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u32);

/// Below this a kept range is copied: a piece of its own costs more than the copy.
const COPY_BELOW: usize = 1024;

/// The least room that is asked for at once where short pieces are gathered, as long as the chunk has as much.
const ROOM: usize = 16 << 10;

enum Part {
    Bytes(Bytes),
    Hole(AskId, Escape),
    Gap(GapId),
    /// What became of a body inside, to be written in an escape once its holes are filled.
    Nest(Box<Out>, Escape),
    /// From here on, up to the `Leave` that belongs to it, everything goes through this.
    Enter(Box<dyn Transform>),
    Leave,
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
    /// What bytes that are taken go through, the innermost last.
    transforms: Vec<Box<dyn Transform>>,
    fault: Option<Error>,
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

    /// Appends what became of a body that stood in this one, written in `escape` as one value.
    pub fn nest(&mut self, mut inner: Self, escape: Escape) {
        if inner.is_pending() {
            self.flush();
            self.holes += 1;
            self.parts.push_back(Part::Nest(Box::new(inner), escape));
            return;
        }
        let plain = inner.plain();
        self.fault = self.fault.take().or(inner.fault);
        if escape == Escape::Plain {
            self.write(&plain);
        } else {
            let mut written = zeroize::Zeroizing::new(Vec::with_capacity(plain.len() + 16));
            escape.write(&plain, &mut written);
            self.write(&written);
        }
    }

    /// Appends all that stands in another output, which has no gaps and of which nothing was taken.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        other.flush();
        self.flush();
        self.ready += other.ready;
        self.holes += other.holes;
        self.fault = self.fault.take().or(other.fault);
        self.parts.append(&mut other.parts);
    }

    /// Lets everything that is written up to [`Out::leave`] go through a transform, what fills holes with it.
    pub fn enter(&mut self, transform: Box<dyn Transform>) {
        self.flush();
        self.parts.push_back(Part::Enter(transform));
    }

    /// Ends the innermost transform that was entered.
    pub fn leave(&mut self) {
        self.flush();
        self.parts.push_back(Part::Leave);
    }

    /// What a transform could not write, if so: asked after everything that could be taken was.
    pub fn fault(&mut self) -> Option<Error> {
        self.fault.take()
    }

    /// Whether something stands here that is not known yet.
    fn is_pending(&self) -> bool {
        self.holes > 0 || self.gaps > 0
    }

    /// Takes all bytes there are.
    fn plain(&mut self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(self.len()));
        while let Some(piece) = self.take() {
            plain.extend_from_slice(&piece);
        }
        plain
    }

    /// Whether these bytes are all that stands here.
    pub(crate) fn is(&mut self, text: &[u8]) -> bool {
        self.flush();
        if self.is_pending() {
            return false;
        }
        let mut rest = text;
        for part in &self.parts {
            let Part::Bytes(bytes) = part else {
                return self.is_transformed(text);
            };
            match rest.strip_prefix(bytes.as_ref()) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// As [`Out::is`], where bytes must go through transforms first: what they became stands here afterwards.
    fn is_transformed(&mut self, text: &[u8]) -> bool {
        let plain = self.plain();
        self.write(&plain);
        *plain == text
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
        self.fill_with(&mut answer);
    }

    fn fill_with(&mut self, answer: &mut dyn FnMut(AskId, &mut Vec<u8>) -> bool) {
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
            } else if let Part::Nest(inner, escape) = part {
                inner.fill_with(answer);
                if inner.is_pending() {
                    continue;
                }
                let whole = inner.plain();
                self.fault = self.fault.take().or(inner.fault.take());
                let mut written = Vec::with_capacity(whole.len() + 8);
                escape.write(&whole, &mut written);
                self.holes -= 1;
                self.ready += written.len();
                *part = Part::Bytes(written.into());
            }
        }
    }

    /// How many holes wait for an answer.
    #[must_use]
    pub fn holes(&self) -> usize {
        self.holes
    }

    /// How many gaps are open.
    pub(crate) fn gaps(&self) -> usize {
        self.gaps
    }

    /// Bytes that stand here, holes apart.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ready + self.kept.len()
    }

    /// Whether nothing stands here, neither bytes nor what is still to be filled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && !self.is_pending() && self.parts.is_empty()
    }

    /// Takes the next piece that no hole holds back. A rewriter must have returned from its `push`.
    pub fn take(&mut self) -> Option<Bytes> {
        self.flush();
        self.chunk = Bytes::new();
        loop {
            match self.parts.pop_front()? {
                Part::Bytes(bytes) => {
                    self.ready -= bytes.len();
                    if self.transforms.is_empty() {
                        return Some(bytes);
                    }
                    let through = self.transforms.len();
                    if let Some(bytes) = self.transform(through, &bytes) {
                        return Some(bytes);
                    }
                }
                Part::Enter(transform) => self.transforms.push(transform),
                Part::Leave => {
                    if let Some(bytes) = self.end_transform() {
                        return Some(bytes);
                    }
                }
                part @ (Part::Hole(..) | Part::Gap(_) | Part::Nest(..)) => {
                    self.parts.push_front(part);
                    return None;
                }
            }
        }
    }

    /// Sends bytes through the outer `through` transforms.
    fn transform(&mut self, through: usize, bytes: &[u8]) -> Option<Bytes> {
        let mut now = bytes.to_vec();
        for transform in self.transforms.iter_mut().take(through).rev() {
            let mut next = Vec::with_capacity(now.len() + now.len() / 2);
            if let Err(error) = transform.push(&now, &mut next) {
                self.fault.get_or_insert(error);
                return None;
            }
            now = next;
        }
        (!now.is_empty()).then(|| now.into())
    }

    /// Ends the innermost transform.
    fn end_transform(&mut self) -> Option<Bytes> {
        let mut transform = self.transforms.pop()?;
        let mut last = Vec::new();
        if let Err(error) = transform.finish(&mut last) {
            self.fault.get_or_insert(error);
            return None;
        }
        self.transform(self.transforms.len(), &last)
    }

    /// The parts, each in an escape: for formats that write no transforms, whose pieces end between characters.
    fn escaped(mut self, outer: &Escape) -> Vec<Part> {
        self.flush();
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            match part {
                Part::Bytes(bytes) => {
                    let mut written = Vec::with_capacity(bytes.len() + 8);
                    outer.write(&bytes, &mut written);
                    parts.push(Part::Bytes(written.into()));
                }
                Part::Hole(ask, escape) => {
                    parts.push(Part::Hole(ask, escape.within(outer.clone())));
                }
                Part::Nest(inner, escape) => {
                    parts.extend(inner.escaped(&escape.within(outer.clone())));
                }
                part @ (Part::Gap(_) | Part::Enter(_) | Part::Leave) => parts.push(part),
            }
        }
        parts
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
            Part::Nest(inner, escape) => {
                self.holes -= 1;
                for part in inner.escaped(&escape).into_iter().rev() {
                    match &part {
                        Part::Bytes(bytes) => self.ready += bytes.len(),
                        Part::Hole(..) => self.holes += 1,
                        _ => {}
                    }
                    self.parts.push_front(part);
                }
                self.take_piece()
            }
            part => {
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
