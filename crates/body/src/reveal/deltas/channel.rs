//! One text that comes in pieces, and the token that may have begun in it.

use std::ops::Range;

use bytes::Bytes;

use super::Opening;
use super::message::{Mark, Text};
use super::queue::Queue;
use crate::out::{GapId, Piece};
use crate::reveal::content::Content;
use crate::reveal::tokens::{Measure, Tokens};

/// One text that comes in pieces.
pub(super) struct Channel {
    pub(super) path: Box<[u8]>,
    pub(super) marks: Vec<Mark>,
    content: Content,
    pub(super) pending: Option<Pending>,
    /// It had a piece in the message at hand.
    pub(super) touched: bool,
}

/// The beginning of what may be a token.
pub(super) struct Pending {
    pub(super) text: Vec<u8>,
    /// Where it stood: the gap in a message, and where its bytes begin in `text`.
    pub(super) parts: Vec<(u64, GapId, usize)>,
}

/// How much of a string is decided: its bytes before `done`, of which those from `kept` on stay.
struct Start {
    done: usize,
    kept: usize,
}

impl Channel {
    pub(super) fn new(text: &Text, marks: Vec<Mark>) -> Self {
        Self {
            path: text.path.clone(),
            marks,
            content: Content::new(0),
            pending: None,
            touched: false,
        }
    }

    /// Whether none of these marks contradicts those of the channel.
    pub(super) fn agrees(&self, marks: &[Mark]) -> bool {
        marks.iter().all(|mark| {
            let mut known = self.marks.iter().filter(|known| known.at == mark.at);
            known.all(|known| known.value == mark.value)
        })
    }

    /// Writes one string of the message at hand; `goes_on` says that another may follow it in its text.
    pub(super) fn string(
        &mut self,
        bytes: &Bytes,
        range: Range<usize>,
        goes_on: bool,
        queue: &mut Queue,
        opening: &mut Opening,
        tokens: &mut dyn Tokens,
    ) {
        let source = bytes.get(range.clone()).unwrap_or_default();
        let Some(Start { mut done, mut kept }) = self.go_on(source, queue, opening, tokens) else {
            return;
        };
        let mut from = done;
        while let Some(at) = tokens.find(source, from) {
            let rest = source.get(at..).unwrap_or_default();
            let length = match tokens.measure(rest, !goes_on) {
                Measure::Whole(length) | Measure::Cut(length) => length.min(rest.len()),
                Measure::More(most) if goes_on && most <= opening.longest => {
                    self.advance(source, done..at);
                    done = at;
                    if opening.may_open(&mut self.content) {
                        queue.open.keep(range.start + kept..range.start + at);
                        let gap = queue.open.gap();
                        self.pending = Some(Pending {
                            text: rest.to_vec(),
                            parts: vec![(queue.number(), gap, 0)],
                        });
                        return;
                    }
                    break;
                }
                Measure::More(_) | Measure::No => 0,
            };
            if length == 0 {
                from = at + 1;
                continue;
            }
            self.advance(source, done..at);
            let (token, after) = rest.split_at(length);
            if let Some(piece) = opening.open(&mut self.content, token, after, tokens) {
                queue.open.keep(range.start + kept..range.start + at);
                queue.open.piece(piece);
                kept = at + length;
            }
            self.content.advance_escaped(token);
            done = at + length;
            from = done;
        }
        self.advance(source, done..source.len());
        queue.open.keep(range.start + kept..range.end);
    }

    fn advance(&mut self, source: &[u8], range: Range<usize>) {
        self.content
            .advance_escaped(source.get(range).unwrap_or_default());
    }

    /// Joins what was pending with a string; nothing where all of it is pending still.
    fn go_on(
        &mut self,
        source: &[u8],
        queue: &mut Queue,
        opening: &mut Opening,
        tokens: &mut dyn Tokens,
    ) -> Option<Start> {
        let begin = Start { done: 0, kept: 0 };
        let Some(mut pending) = self.pending.take() else {
            return Some(begin);
        };
        let own = pending.text.len();
        pending.text.extend_from_slice(source);
        let length = match tokens.measure(&pending.text, false) {
            Measure::More(most) if most <= opening.longest => {
                if !source.is_empty() {
                    let gap = queue.open.gap();
                    pending.parts.push((queue.number(), gap, own));
                }
                self.pending = Some(pending);
                return None;
            }
            Measure::Whole(length) | Measure::Cut(length) => length.min(pending.text.len()),
            Measure::More(_) | Measure::No => 0,
        };
        let replaced = self.settle(pending, own, length, queue, opening, tokens);
        let done = length.saturating_sub(own);
        Some(Start {
            done,
            kept: if replaced { done } else { 0 },
        })
    }

    /// Nothing more comes.
    pub(super) fn end(
        &mut self,
        queue: &mut Queue,
        opening: &mut Opening,
        tokens: &mut dyn Tokens,
    ) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let own = pending.text.len();
        let length = match tokens.measure(&pending.text, true) {
            Measure::Whole(length) | Measure::Cut(length) => length.min(own),
            Measure::More(_) | Measure::No => 0,
        };
        self.settle(pending, own, length, queue, opening, tokens);
    }

    /// What is pending leaves as it came.
    pub(super) fn release(&mut self, queue: &mut Queue) {
        if let Some(pending) = self.pending.take() {
            self.content.advance_escaped(&pending.text);
            let own = pending.text.len();
            pending.close(own, 0, None, queue);
        }
    }

    /// The first `length` bytes of what was pending are a token, if any: says whether it was replaced.
    fn settle(
        &mut self,
        pending: Pending,
        own: usize,
        length: usize,
        queue: &mut Queue,
        opening: &mut Opening,
        tokens: &mut dyn Tokens,
    ) -> bool {
        let (token, after) = pending.text.split_at(length);
        let piece = if token.is_empty() {
            None
        } else {
            opening.open(&mut self.content, token, after, tokens)
        };
        let replaced = piece.is_some();
        let passed = length.max(own);
        self.content
            .advance_escaped(pending.text.get(..passed).unwrap_or_default());
        pending.close(own, length, piece, queue);
        replaced
    }
}

impl Pending {
    /// Closes the gaps: with the piece, and what of the bytes before `own` is no part of the token.
    fn close(self, own: usize, length: usize, piece: Option<Piece>, queue: &mut Queue) {
        let gone = if piece.is_some() { length } else { 0 };
        let mut piece = piece;
        let ends: Vec<usize> = self.parts.iter().skip(1).map(|part| part.2).collect();
        for (index, (number, gap, from)) in self.parts.into_iter().enumerate() {
            let to = ends.get(index).copied().unwrap_or(own);
            let mut pieces: Vec<Piece> = piece.take().into_iter().collect();
            let rest = self.text.get(from.max(gone)..to).unwrap_or_default();
            pieces.push(Piece::Bytes(rest.to_vec()));
            queue.close(number, gap, pieces);
        }
    }
}
