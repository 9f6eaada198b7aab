//! Text that comes in pieces: the deltas of a stream of JSON messages, as the answers of language models do.
//!
//! A token may be cut at any character, its pieces in messages that others stand between. The strings that stand at
//! one path in messages that say they are pieces, and that no index or id tells apart, are one text: a channel. What a
//! token stands in is known from all of its channel's text, so that JSON or HTML that comes in pieces is escaped as
//! what it will be when it is put together.
//!
//! A piece at the end of a string that may be a token's beginning is a gap in its message until the next piece
//! comes, and what follows waits: messages keep their order and their number. The value is written where its token
//! began; where it was none, every byte leaves as it came. What waits is bounded: by `lookahead`, and by much less
//! as long as all there is is a letter or two. The rule is ADR 23.

mod message;

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::content::Content;
use super::machine::Standing;
use super::peek::holds_markup;
use super::tokens::{Counts, Measure, Opened, Tokens};
use crate::Limits;
use crate::escape::Escape;
use crate::out::{GapId, Out, Piece};
use message::{Mark, Text};
pub(super) use message::{Message, may_be_piece};

/// More texts than these are not followed at once; the one that was longest without a piece is let go.
const MOST_CHANNELS: usize = 64;
/// A piece shorter than this is no whole prefix, and may be any word's end.
const SURE: usize = 4;
/// What may wait for such a piece, in bytes.
const SHORT_WAIT: usize = 8 << 10;

/// The texts that are open in a stream, and the messages that wait for them.
pub(super) struct Deltas {
    channels: Vec<Channel>,
    queue: Queue,
    opening: Opening,
    lookahead: usize,
}

/// Messages in their order, the first of which waits for something.
#[derive(Default)]
struct Queue {
    messages: VecDeque<Out>,
    /// The number of the first.
    first: u64,
    /// The message at hand, which comes after those.
    open: Out,
}

/// What opens tokens, and counts.
struct Opening {
    plain: Zeroizing<Vec<u8>>,
    counts: Counts,
    longest: usize,
}

/// One text that comes in pieces.
struct Channel {
    path: Box<[u8]>,
    marks: Vec<Mark>,
    content: Content,
    pending: Option<Pending>,
    /// It had a piece in the message at hand.
    touched: bool,
}

/// The beginning of what may be a token.
struct Pending {
    text: Vec<u8>,
    /// Where it stood: the gap in a message, and where its bytes begin in `text`.
    parts: Vec<(u64, GapId, usize)>,
}

impl Deltas {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            channels: Vec::new(),
            queue: Queue::default(),
            opening: Opening {
                plain: Zeroizing::default(),
                counts: Counts::default(),
                longest: limits.value.saturating_mul(2).saturating_add(1024),
            },
            lookahead: limits.lookahead,
        }
    }

    /// Whether a text is open: then messages that are no piece may end it.
    pub(super) fn is_open(&self) -> bool {
        !self.channels.is_empty()
    }

    /// Whether messages wait.
    pub(super) fn is_waiting(&self) -> bool {
        !self.queue.messages.is_empty()
    }

    /// Writes a message, or a part of one, behind what waits.
    pub(super) fn behind(&mut self, write: impl FnOnce(&mut Out)) {
        write(&mut self.queue.open);
        self.queue.commit();
        self.bound();
    }

    /// Takes the next message that waits for nothing but asks.
    pub(super) fn take(&mut self) -> Option<Out> {
        let ready = self.queue.messages.front().filter(|out| out.gaps() == 0);
        ready?;
        self.queue.first += 1;
        self.queue.messages.pop_front()
    }

    /// Takes a message that is a piece; its JSON begins at `start` of `bytes`.
    pub(super) fn piece(
        &mut self,
        bytes: &Bytes,
        start: usize,
        message: &Message,
        tokens: &mut dyn Tokens,
    ) {
        self.queue.open.begin(bytes);
        let mut kept = 0;
        for text in &message.texts {
            let range = start + text.range.start..start + text.range.end;
            self.queue.open.keep(kept..range.start);
            kept = range.end;
            if !message.is_piece_at(text) {
                let mut alone = Channel::new(text, Vec::new());
                alone.string(
                    bytes,
                    range,
                    false,
                    &mut self.queue,
                    &mut self.opening,
                    tokens,
                );
                continue;
            }
            let marks = message.marks_of(text);
            let mut channel = self.channel(text, marks);
            channel.touched = true;
            channel.string(
                bytes,
                range,
                true,
                &mut self.queue,
                &mut self.opening,
                tokens,
            );
            self.channels.push(channel);
        }
        self.queue.open.keep(kept..bytes.len());
        self.queue.commit();
        self.end_those(message, tokens);
        self.bound();
    }

    /// Takes note of a message that is no piece: it may end a text.
    pub(super) fn note(&mut self, message: &Message, tokens: &mut dyn Tokens) {
        self.end_those(message, tokens);
    }

    /// Ends all texts.
    pub(super) fn end(&mut self, tokens: &mut dyn Tokens) {
        for mut channel in std::mem::take(&mut self.channels) {
            channel.end(&mut self.queue, &mut self.opening, tokens);
        }
    }

    /// Lets go of what waits too long.
    fn bound(&mut self) {
        let held = self.queue.held();
        if held <= SHORT_WAIT.min(self.lookahead) {
            return;
        }
        for channel in &mut self.channels {
            let short = channel
                .pending
                .as_ref()
                .is_some_and(|pending| pending.text.len() < SURE);
            if short || held > self.lookahead {
                channel.release(&mut self.queue);
            }
        }
    }

    /// Bytes held at the moment, beside a constant.
    pub(super) fn held(&self) -> usize {
        let pending = self
            .channels
            .iter()
            .filter_map(|channel| channel.pending.as_ref());
        self.queue.held() + pending.map(|pending| pending.text.len()).sum::<usize>()
    }

    pub(super) fn counts(&self) -> Counts {
        self.opening.counts
    }

    /// The channel of a string, taken out of the list; a new one where it is the first of its text.
    fn channel(&mut self, text: &Text, marks: Vec<Mark>) -> Channel {
        let known = self
            .channels
            .iter()
            .rposition(|channel| channel.path == text.path && channel.agrees(&marks));
        if let Some(index) = known {
            let mut channel = self.channels.remove(index);
            for mark in marks {
                if !channel.marks.contains(&mark) {
                    channel.marks.push(mark);
                }
            }
            return channel;
        }
        if self.channels.len() == MOST_CHANNELS {
            self.channels.remove(0).release(&mut self.queue);
        }
        Channel::new(text, marks)
    }

    /// Ends the texts that this message is about and brings no piece of.
    fn end_those(&mut self, message: &Message, tokens: &mut dyn Tokens) {
        let mut index = 0;
        while let Some(channel) = self.channels.get_mut(index) {
            if !std::mem::take(&mut channel.touched) && message.is_about(&channel.marks) {
                let mut channel = self.channels.remove(index);
                channel.end(&mut self.queue, &mut self.opening, tokens);
            } else {
                index += 1;
            }
        }
    }
}

impl Queue {
    /// The number of the message at hand.
    fn number(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// The message at hand is written.
    fn commit(&mut self) {
        self.messages.push_back(std::mem::take(&mut self.open));
    }

    fn close(&mut self, number: u64, gap: GapId, pieces: Vec<Piece>) {
        let index = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        match self.messages.get_mut(index) {
            Some(out) => out.close(gap, pieces),
            None => self.open.close(gap, pieces),
        }
    }

    fn held(&self) -> usize {
        self.messages.iter().map(Out::len).sum()
    }
}

impl Opening {
    /// What takes the place of a token that begins where `content` stands; nothing where it stays.
    fn open(
        &mut self,
        content: &mut Content,
        token: &[u8],
        after: &[u8],
        tokens: &mut dyn Tokens,
    ) -> Option<Piece> {
        if !self.may_open(content) {
            return None;
        }
        self.plain.clear();
        let opened = tokens.open(token, &mut self.plain);
        if opened == Opened::Leave {
            return None;
        }
        let markup = content.undecided().is_some() && holds_markup(after, true);
        let escape = content.escape(markup).within(Escape::Json);
        if opened == Opened::Mark {
            self.counts.marked += 1;
        } else {
            self.counts.revealed += 1;
        }
        if let Opened::Pending(ask, _) = opened {
            return Some(Piece::Hole(ask, escape));
        }
        let mut written = Vec::with_capacity(self.plain.len() + 8);
        escape.write(&self.plain, &mut written);
        self.plain.clear();
        Some(Piece::Bytes(written))
    }

    fn may_open(&mut self, content: &mut Content) -> bool {
        match content.standing() {
            Standing::Open => return true,
            Standing::Url => self.counts.left_in_url += 1,
            Standing::Leave => self.counts.left_in_place += 1,
        }
        false
    }
}

/// How much of a string is decided: its bytes before `done`, of which those from `kept` on stay.
struct Start {
    done: usize,
    kept: usize,
}

impl Channel {
    fn new(text: &Text, marks: Vec<Mark>) -> Self {
        Self {
            path: text.path.clone(),
            marks,
            content: Content::new(0),
            pending: None,
            touched: false,
        }
    }

    /// Whether none of these marks contradicts those of the channel.
    fn agrees(&self, marks: &[Mark]) -> bool {
        marks.iter().all(|mark| {
            let mut known = self.marks.iter().filter(|known| known.at == mark.at);
            known.all(|known| known.value == mark.value)
        })
    }

    /// Writes one string of the message at hand; `goes_on` says that another may follow it in its text.
    fn string(
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
    fn end(&mut self, queue: &mut Queue, opening: &mut Opening, tokens: &mut dyn Tokens) {
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
    fn release(&mut self, queue: &mut Queue) {
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
