//! Finds tokens in a response and writes their values in the escape of the place where each stands.
//!
//! What a token looks like and what it opens to is the [`Tokens`] side's business; where it stands is this
//! module's. Nothing here fails: what cannot be opened stays as it is, and a limit that is reached passes the
//! rest unopened.
//!
//! [`Reveal`] searches each chunk for the tokens' prefix. The bytes between tokens are kept as they came, without
//! a copy; a machine for the [`Format`] goes over them to know where the next token stands. The machine of JSON
//! looks at little more than each chunk's last string, so that a body without tokens costs the search alone.
//!
//! Held between chunks are the bytes of a token that may go on, what decides its escape (the rest of a JSON
//! string, the first line of a CSV file) up to `Limits::lookahead`, and the few bytes before it that its value may
//! take back (the quotes around a number, the start of a cell).

mod at;
mod companions;
mod content;
mod csv;
mod edits;
mod events;
mod form;
mod html;
mod json;
mod lines;
mod machine;
mod medium;
mod multipart;
mod name;
mod peek;
mod plain;
mod reference;
mod restore;
mod run;
mod script;
mod site;
mod tokens;
mod unescape;
mod xml;

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

pub use at::At;
pub use companions::Companions;
pub use medium::{Format, Medium};
pub use tokens::{Counts, Measure, Opened, Tokens};

use crate::Limits;
use crate::edit::ValueType;
use crate::escape::Escape;
use crate::out::{AskId, Out, Taken};
use machine::{Machine, Seen, Spot, Standing, Step, Verdict};
use restore::Restore;

/// Reveals one body. See the module.
pub struct Reveal {
    machine: Machine,
    limits: Limits,
    /// Gone over by the machine, not yet written: the next token may take these bytes back.
    held: Vec<u8>,
    /// Begins with a candidate that is undecided.
    carry: Vec<u8>,
    /// The candidate at the start of `carry`, where it was opened and only its escape is undecided.
    ready: Option<(usize, Opened)>,
    plain: Zeroizing<Vec<u8>>,
    counts: Counts,
    /// Brings companions back, before anything else.
    restore: Option<Box<Restore>>,
    /// What that has written and the scan has not gone over.
    middle: Out,
    /// How many of the companions that it brought back are counted.
    restored: u64,
}

impl std::fmt::Debug for Reveal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reveal({:?}, ‹{} bytes›)", self.counts, self.held())
    }
}

/// Bytes being worked on: a chunk from some offset on, or a copy that begins before it.
struct Window<'a> {
    bytes: &'a [u8],
    /// Where the window begins in the current chunk; `None` for a copy.
    base: Option<usize>,
    /// The machine has gone over the bytes before this.
    passed: usize,
    /// The bytes before this are written, replaced or held.
    written: usize,
}

impl<'a> Window<'a> {
    fn new(bytes: &'a [u8], base: Option<usize>) -> Self {
        Self {
            bytes,
            base,
            passed: 0,
            written: 0,
        }
    }

    /// Writes what is not yet written before `end`.
    fn write_to(&mut self, end: usize, out: &mut Out) {
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

/// How many bytes of a chunk are first joined to a candidate that waits for more.
const FIRST_STEP: usize = 256;

impl Reveal {
    /// Begins a body of this medium.
    #[must_use]
    pub fn new(medium: Medium, limits: Limits) -> Self {
        let mut machine = Machine::of(&medium, limits);
        let counts = Counts {
            unread: machine.take_unread(),
            ..Counts::default()
        };
        Self {
            machine,
            limits,
            held: Vec::new(),
            carry: Vec::new(),
            ready: None,
            plain: Zeroizing::default(),
            counts,
            restore: None,
            middle: Out::new(),
            restored: 0,
        }
    }

    /// Brings back companions, too, where the body is JSON.
    #[must_use]
    pub fn with_companions(mut self, companions: Arc<Companions>) -> Self {
        if self.machine.is_json() && !companions.is_empty() {
            self.restore = Some(Box::new(Restore::new(companions, self.limits)));
        }
        self
    }

    /// Takes the next chunk. What is decided is written to `out` before this returns.
    pub fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        match &mut self.restore {
            Some(restore) => {
                restore.push(chunk, tokens, &mut self.middle);
                self.scan_middle(tokens, out);
            }
            None => self.scan(chunk, tokens, out),
        }
    }

    /// Takes all that stands in the output of an earlier stage ([`At`]): bytes as [`Reveal::push`] does, and holes,
    /// which go to `out` with their asks.
    pub fn push_from(&mut self, earlier: &mut Out, tokens: &mut dyn Tokens, out: &mut Out) {
        while let Some(taken) = earlier.take_piece() {
            match (taken, &mut self.restore) {
                (Taken::Bytes(bytes), _) => self.push(&bytes, tokens, out),
                (Taken::Hole(ask, escape), Some(restore)) => restore.hole(ask, escape, tokens),
                (Taken::Hole(ask, escape), None) => self.scan_hole(ask, escape, tokens, out),
            }
        }
    }

    /// Scans what the companions' stage has written.
    fn scan_middle(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        while let Some(taken) = self.middle.take_piece() {
            match taken {
                Taken::Bytes(bytes) => self.scan(&bytes, tokens, out),
                Taken::Hole(ask, escape) => self.scan_hole(ask, escape, tokens, out),
            }
        }
        if let Some(restore) = &self.restore {
            self.counts.revealed +=
                restore.restored() - std::mem::replace(&mut self.restored, restore.restored());
        }
    }

    /// Passes a hole that an earlier stage left: nothing of before it waits for what is after it.
    fn scan_hole(&mut self, ask: AskId, escape: Escape, tokens: &mut dyn Tokens, out: &mut Out) {
        self.flush(tokens, out);
        if matches!(escape, Escape::JsonWhole(_) | Escape::JsonSpelled) {
            self.machine.advance(b"0");
        }
        out.hole(ask, escape);
    }

    fn scan(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        out.begin(chunk);
        let mut start = 0;
        if !self.carry.is_empty() {
            match self.resume(chunk, tokens, out) {
                Some(taken) => start = taken,
                None => return,
            }
        }
        let rest = chunk.get(start..).unwrap_or_default();
        let mut window = Window::new(rest, Some(start));
        let undecided = self.run(&mut window, rest.len(), false, tokens, out);
        let end = undecided.unwrap_or(rest.len());
        self.settle(&mut window, end, out);
        self.carry
            .extend_from_slice(rest.get(end..).unwrap_or_default());
        self.counts.unread += self.machine.take_unread();
    }

    /// Ends the body.
    pub fn finish(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        if let Some(restore) = &mut self.restore {
            restore.finish(&mut self.middle);
            self.scan_middle(tokens, out);
        }
        self.flush(tokens, out);
        out.write(self.machine.end());
        self.counts.unread += self.machine.take_unread();
    }

    /// Writes all that is held, as if nothing more came.
    fn flush(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        out.begin(&Bytes::new());
        let rest = std::mem::take(&mut self.carry);
        let mut window = Window::new(&rest, None);
        self.run(&mut window, rest.len(), true, tokens, out);
        out.write(&self.held);
        self.held.clear();
        window.write_to(rest.len(), out);
    }

    /// Bytes held at the moment, beside a constant.
    #[must_use]
    pub fn held(&self) -> usize {
        let restore = self.restore.as_ref().map_or(0, |restore| restore.held());
        restore + self.held.len() + self.carry.len() + self.plain.len() + self.machine.held()
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Decides the candidate that was carried over; how much of the chunk that took, or `None` if all of it was
    /// not enough.
    fn resume(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) -> Option<usize> {
        let mut joined = std::mem::take(&mut self.carry);
        let mut own = joined.len();
        let mut taken = 0;
        loop {
            let step = joined.len().max(FIRST_STEP).min(chunk.len() - taken);
            joined.extend_from_slice(chunk.get(taken..taken + step).unwrap_or_default());
            taken += step;
            let mut window = Window::new(&joined, None);
            let Some(undecided) = self.run(&mut window, own, false, tokens, out) else {
                let end = window.passed;
                self.settle(&mut window, end, out);
                return Some(end.saturating_sub(own));
            };
            self.settle(&mut window, undecided, out);
            joined.drain(..undecided);
            own -= undecided;
            if taken == chunk.len() {
                self.carry = joined;
                return None;
            }
        }
    }

    /// Decides every candidate that begins before `stop` and passes the bytes up to there; or says where the
    /// first one stands that needs more input.
    fn run(
        &mut self,
        window: &mut Window<'_>,
        stop: usize,
        last: bool,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> Option<usize> {
        let mut from = 0;
        while let Some(at) = tokens.find(window.bytes, from).filter(|at| *at < stop) {
            let rest = window.bytes.get(at..).unwrap_or_default();
            let ready = self.ready.take();
            let length = match ready {
                Some((length, _)) => length,
                None => match tokens.measure(rest, last) {
                    Measure::Whole(length) | Measure::Cut(length) => length.min(rest.len()),
                    Measure::More(most) if !last && most <= self.longest_token() => {
                        self.pass(window, at, out);
                        return Some(at);
                    }
                    Measure::More(_) | Measure::No => 0,
                },
            };
            if length == 0 {
                from = at + 1;
                continue;
            }
            self.pass(window, at, out);
            let (token, after) = rest.split_at(length);
            let opened = match ready {
                Some((_, opened)) => opened,
                None => self.open(token, tokens),
            };
            if opened == Opened::Leave {
                // Its end may lie beyond `stop`; nothing in it is searched again.
                self.pass(window, at + length, out);
                from = at + length;
                continue;
            }
            let (plain, value_type) = match opened {
                Opened::Value(value_type) => (Some(self.plain.as_slice()), value_type),
                Opened::Pending(_, value_type) => (None, value_type),
                Opened::Mark | Opened::Leave => (Some(self.plain.as_slice()), ValueType::String),
            };
            match self.machine.spot(&Seen {
                plain,
                value_type,
                after,
                last,
            }) {
                Verdict::More if !last => {
                    self.ready = Some((length, opened));
                    return Some(at);
                }
                Verdict::More => {
                    self.pass(window, at + length, out);
                    from = at + length;
                }
                Verdict::Write(spot) => {
                    self.write(window, at + length, opened, &spot, length, out);
                    from = window.passed;
                }
            }
        }
        self.pass(window, stop, out);
        None
    }

    /// Opens a token unless it must stay where it stands.
    fn open(&mut self, token: &[u8], tokens: &mut dyn Tokens) -> Opened {
        match self.machine.standing() {
            Standing::Open => {
                self.plain.clear();
                tokens.open(token, &mut self.plain)
            }
            Standing::Url => {
                self.counts.left_in_url += 1;
                Opened::Leave
            }
            Standing::Leave => {
                self.counts.left_in_place += 1;
                Opened::Leave
            }
        }
    }

    /// Writes a value in the place of the token that ends at `end`.
    fn write(
        &mut self,
        window: &mut Window<'_>,
        end: usize,
        opened: Opened,
        spot: &Spot,
        length: usize,
        out: &mut Out,
    ) {
        let at = end - length;
        let held = spot
            .take_before
            .saturating_sub(at.saturating_sub(window.written));
        self.held.truncate(self.held.len().saturating_sub(held));
        if let Some((back, bytes)) = spot.insert {
            self.write_back_to(window, at, back, out);
            out.write(bytes);
        }
        self.flush_held(out);
        window.write_to(at.saturating_sub(spot.take_before), out);
        match opened {
            Opened::Value(_) | Opened::Mark => {
                let mut written = Zeroizing::new(Vec::with_capacity(self.plain.len() + 8));
                let lossy = spot.escape.write(&self.plain, &mut written);
                self.counts.charset_lossy += lossy as u64;
                out.write(&written);
            }
            Opened::Pending(ask, _) => out.hole(ask, spot.escape.clone()),
            Opened::Leave => {}
        }
        match opened {
            Opened::Mark => self.counts.marked += 1,
            Opened::Value(_) | Opened::Pending(..) => self.counts.revealed += 1,
            Opened::Leave => {}
        }
        self.plain.clear();
        window.written = end + spot.take_after;
        // The machine goes over the token as over any other bytes: what it opened to is not the page's.
        self.pass(window, end + spot.take_after, out);
    }

    /// Writes everything up to `back` bytes before `at`, out of what is held and what is in the window.
    fn write_back_to(&mut self, window: &mut Window<'_>, at: usize, back: usize, out: &mut Out) {
        match at.saturating_sub(window.written).checked_sub(back) {
            Some(_) => {
                self.flush_held(out);
                window.write_to(at - back, out);
            }
            None => {
                let kept = back - at.saturating_sub(window.written);
                let written = self.held.len().saturating_sub(kept);
                out.write(self.held.get(..written).unwrap_or_default());
                self.held.drain(..written);
            }
        }
    }

    /// Lets the machine go over the bytes up to `to`, and writes what it wants inserted.
    fn pass(&mut self, window: &mut Window<'_>, to: usize, out: &mut Out) {
        while window.passed < to {
            let bytes = window.bytes.get(window.passed..to).unwrap_or_default();
            match self.machine.advance(bytes) {
                Step::Done => window.passed = to,
                Step::Insert(at, insert) => {
                    window.passed += at;
                    self.flush_held(out);
                    window.write_to(window.passed, out);
                    out.write(insert);
                }
            }
        }
    }

    /// Writes what stands before `end`, but for the bytes that the next token may take back.
    fn settle(&mut self, window: &mut Window<'_>, end: usize, out: &mut Out) {
        let hold = self.machine.hold();
        let open = end.saturating_sub(window.written);
        if hold <= open {
            self.flush_held(out);
            window.write_to(end - hold, out);
        } else {
            let surplus = (self.held.len() + open)
                .saturating_sub(hold)
                .min(self.held.len());
            out.write(self.held.get(..surplus).unwrap_or_default());
            self.held.drain(..surplus);
        }
        self.held
            .extend_from_slice(window.bytes.get(window.written..end).unwrap_or_default());
        window.written = window.written.max(end);
    }

    fn flush_held(&mut self, out: &mut Out) {
        if !self.held.is_empty() {
            out.write(&self.held);
            self.held.clear();
        }
    }

    /// A token is base 32 of its value and a header: twice the longest value is ample.
    fn longest_token(&self) -> usize {
        self.limits.value.saturating_mul(2).saturating_add(1024)
    }
}
