//! The messages of a WebSocket on their way back: each is a text of its own, and pieces of a longer text are joined as
//! those of an event stream are.
//!
//! A message is JSON where it begins like it (after the packet type of Engine.IO and Socket.IO, too), HTML where it
//! begins with a tag, else plain text. What comes out are as many messages as went in, in their order; one that ends
//! in what may be the beginning of a token waits for the next piece of its text.

use bytes::Bytes;

use super::deltas::{Deltas, Message, may_be_piece};
use super::medium::Medium;
use super::scan::Scan;
use super::tokens::{Counts, Tokens};
use crate::Limits;
use crate::out::Out;

/// Reveals the text messages of one direction of a WebSocket. See the module.
pub struct Messages {
    deltas: Deltas,
    counts: Counts,
    limits: Limits,
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Messages({:?}, ‹{} bytes›)", self.counts(), self.held())
    }
}

impl Messages {
    /// Begins a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            deltas: Deltas::new(limits),
            counts: Counts::default(),
            limits,
        }
    }

    /// Takes the next whole text message. Take what is ready after each.
    pub fn push(&mut self, message: &Bytes, tokens: &mut dyn Tokens) {
        let read = (self.deltas.is_open() || may_be_piece(message))
            .then(|| Message::read(message, b""))
            .flatten();
        match read {
            Some(read) if read.is_piece() => return self.deltas.piece(message, 0, &read, tokens),
            Some(read) => self.deltas.note(&read, tokens),
            None => {}
        }
        let Some(medium) = Medium::of(essence(message), Some("utf-8"), None) else {
            return;
        };
        let mut scan = Scan::new(&medium, self.limits);
        self.deltas.behind(|out| {
            scan.push(message, tokens, out);
            scan.finish(tokens, out);
        });
        self.counts.add(scan.counts());
    }

    /// Takes the next message, which may still have holes for the answers to asks.
    pub fn take(&mut self) -> Option<Out> {
        self.deltas.take()
    }

    /// Ends the connection: nothing waits any more.
    pub fn finish(&mut self, tokens: &mut dyn Tokens) {
        self.deltas.end(tokens);
    }

    /// Bytes held at the moment, beside a constant.
    #[must_use]
    pub fn held(&self) -> usize {
        self.deltas.held()
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts;
        counts.add(self.deltas.counts());
        counts
    }
}

/// What a message is, by how it begins.
fn essence(message: &[u8]) -> &'static str {
    let text = message.trim_ascii_start();
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = text.get(digits..).unwrap_or_default();
    // `42/namespace,["event",…]`
    let rest = match (digits, rest.first()) {
        (1.., Some(b'/')) => {
            let comma = memchr::memchr(b',', rest).map_or(rest.len(), |at| at + 1);
            rest.get(comma..).unwrap_or_default()
        }
        _ => rest,
    };
    match rest.first() {
        Some(b'{' | b'[' | b'"') => "application/json",
        Some(b'<') => "text/html",
        _ => "text/plain",
    }
}
