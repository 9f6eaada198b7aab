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

mod channel;
mod message;
mod queue;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::content::Content;
use super::machine::Standing;
use super::peek::holds_markup;
use super::tokens::{Counts, Opened, Tokens};
use crate::Limits;
use crate::escape::Escape;
use crate::out::{Out, Piece};
use channel::Channel;
use message::{Mark, Text};
pub(super) use message::{Message, may_be_piece};
use queue::Queue;

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

/// What opens tokens, and counts.
struct Opening {
    plain: Zeroizing<Vec<u8>>,
    counts: Counts,
    longest: usize,
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
