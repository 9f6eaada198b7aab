//! The scan: each chunk is searched for the tokens' prefix, and a machine goes over the bytes between.

mod runs;
mod write;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::coded::{Coded, DEEPEST, Met, Runs, past_escape};
use super::machine::{Machine, Seen, Verdict};
use super::medium::Medium;
use super::tokens::{Counts, Measure, Opened, Tokens};
use super::window::Window;
use crate::Limits;
use crate::edit::ValueType;
use crate::escape::{Charset, Escape};
use crate::out::{AskId, Out};

/// Scans one body. See the module.
pub(super) struct Scan {
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
    /// In how many runs of base64 this stands.
    depth: u8,
    /// The run of base64 that is being revealed, where it is too long to be held.
    coded: Option<Box<Coded>>,
    /// The run of base64 that is open passes as it came.
    passes_run: bool,
    /// What is carried is a run of base64 that nothing has decided yet.
    holds_run: bool,
}

/// How many bytes of a chunk are first joined to a candidate that waits for more.
const FIRST_STEP: usize = 256;

impl Scan {
    pub(super) fn new(medium: &Medium, limits: Limits) -> Self {
        let mut machine = Machine::of(medium, limits);
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
            depth: 0,
            coded: None,
            passes_run: false,
            holds_run: false,
        }
    }

    /// A scan of what stands in so many runs of base64.
    pub(super) fn inside(medium: &Medium, limits: Limits, depth: u8) -> Self {
        Self {
            depth,
            ..Self::new(medium, limits)
        }
    }

    /// Writes every value in this escape, too.
    pub(super) fn around(&mut self, around: Escape) {
        self.machine.around(around);
    }

    /// Takes the body for text in this charset.
    pub(super) fn in_charset(&mut self, charset: Charset) {
        self.machine.in_charset(charset);
    }

    /// Whether the body is one JSON text.
    pub(super) fn is_json(&self) -> bool {
        self.machine.is_json()
    }

    pub(super) fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        if self.holds_run && self.goes_on_with(chunk) {
            self.carry.extend_from_slice(chunk);
            return;
        }
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

    /// Passes a hole that an earlier stage left: nothing of before it waits for what is after it.
    pub(super) fn hole(
        &mut self,
        ask: AskId,
        escape: Escape,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) {
        self.flush(tokens, out);
        if matches!(escape, Escape::JsonWhole(_) | Escape::JsonSpelled) {
            self.machine.advance(b"0");
        }
        out.hole(ask, escape);
    }

    /// Ends the body.
    pub(super) fn finish(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        self.flush(tokens, out);
        out.write(self.machine.end());
        self.counts.unread += self.machine.take_unread();
    }

    /// Writes all that is held, as if nothing more came.
    pub(super) fn flush(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        out.begin(&Bytes::new());
        let rest = std::mem::take(&mut self.carry);
        let mut window = Window::new(&rest, None);
        self.run(&mut window, rest.len(), true, tokens, out);
        out.write(&self.held);
        self.held.clear();
        window.write_to(rest.len(), out);
    }

    /// Bytes held at the moment, beside a constant.
    pub(super) fn held(&self) -> usize {
        let coded = self.coded.as_ref().map_or(0, |coded| coded.held());
        self.held.len() + self.carry.len() + self.plain.len() + self.machine.held() + coded
    }

    /// What was done so far.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = self.counts;
        if let Some(coded) = &self.coded {
            counts.add(coded.counts());
        }
        counts
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
                return Some((taken + end).saturating_sub(joined.len()));
            };
            self.settle(&mut window, undecided, out);
            joined.drain(..undecided);
            own = own.saturating_sub(undecided);
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
        let spelling = self
            .machine
            .spells_base64()
            .filter(|_| self.depth < DEEPEST);
        if let Some(undecided) = self.go_on(window, last, tokens, out) {
            return Some(undecided);
        }
        let stop = spelling.map_or(stop, |spelling| past_escape(spelling, window.bytes, stop));
        let mut from = window.passed;
        let mut runs = Runs {
            spelling,
            next: None,
            none: false,
            begin: from,
            skipped: from,
            passes: std::mem::take(&mut self.passes_run),
        };
        if runs.passes {
            runs.skip(window.bytes, from, last);
        }
        runs.find(window.bytes, tokens);
        loop {
            let token = tokens.find(window.bytes, from).filter(|at| *at < stop);
            if let Some((spelling, at)) = spelling.zip(runs.next)
                && token.is_none_or(|token| at <= token)
            {
                // A run is decided with what it begins before.
                let start = spelling.start_from(window.bytes, at, runs.begin);
                if start >= stop {
                    (runs.next, runs.none) = (None, true);
                    continue;
                }
                match self.meet(window, start, spelling, last, tokens, out) {
                    Met::More => return Some(start),
                    Met::Pass => runs.skip(window.bytes, start, last),
                    Met::Done | Met::Opened(..) => {
                        if let Some(undecided) = self.go_on(window, last, tokens, out) {
                            return Some(undecided);
                        }
                        from = window.passed;
                        runs.begin_at(from);
                    }
                }
                runs.find(window.bytes, tokens);
                continue;
            }
            let Some(at) = token else { break };
            let rest = window.bytes.get(at..).unwrap_or_default();
            let ready = self.ready.take();
            let length = match ready {
                Some((length, _)) => length,
                None => match tokens.measure(rest, last) {
                    Measure::Whole(length) | Measure::Cut(length) => length.min(rest.len()),
                    Measure::More(most) if !last && most <= self.longest_token() => {
                        let undecided = self.undecided(window, &runs, at, Some(at));
                        self.pass(window, undecided.unwrap_or(at), out);
                        return undecided;
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
                runs.begin_at(from);
                runs.find(window.bytes, tokens);
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
            runs.begin_at(from);
            runs.find(window.bytes, tokens);
        }
        let undecided = if last {
            None
        } else {
            self.undecided(window, &runs, stop, None)
        };
        self.pass(window, undecided.unwrap_or(stop), out);
        undecided
    }
}
