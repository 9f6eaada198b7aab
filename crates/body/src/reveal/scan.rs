//! The scan: each chunk is searched for the tokens' prefix, and a machine goes over the bytes between.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::coded::{
    Coded, DEEPEST, Met, Open, Rest, Runs, Spelling, cut_escape, is_character, meet, open_run,
    past_escape,
};
use super::machine::{Machine, Seen, Spot, Standing, Step, Verdict};
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

    /// Where what is decided ends: at the candidate that needs more input, or before a run of base64 that is open.
    fn undecided(
        &mut self,
        window: &Window<'_>,
        runs: &Runs,
        stop: usize,
        candidate: Option<usize>,
    ) -> Option<usize> {
        let mut end = candidate;
        let mut passes = runs.passes;
        if let Some(spelling) = runs.spelling {
            let begin = runs.begin.max(runs.skipped);
            let rest = window.bytes.get(begin..).unwrap_or_default();
            let open = if passes {
                Open::Passes(0)
            } else {
                open_run(spelling, rest, self.longest_run())
            };
            match open {
                Open::Held(start) if begin + start < stop => {
                    self.holds_run = candidate.is_none();
                    end = Some(begin + start);
                }
                Open::Passes(start) if begin + start < stop || runs.passes => {
                    passes = true;
                    // What an escape is cut of must not be taken for characters.
                    let cut = cut_escape(spelling, window.bytes).filter(|cut| *cut < stop);
                    end = end.or(cut);
                }
                _ => {}
            }
        }
        let decided = end.unwrap_or(stop).max(window.passed);
        self.passes_run = passes || runs.skipped > decided;
        end
    }

    /// Passes what is left of a run of base64 that is open: revealed, or as it came. Says where more input is needed.
    fn go_on(
        &mut self,
        window: &mut Window<'_>,
        last: bool,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> Option<usize> {
        let rest = window.bytes.get(window.passed..).unwrap_or_default();
        let end = window.bytes.len();
        if let Some(mut coded) = self.coded.take() {
            let mut revealed = Out::new();
            let (length, ended) = coded.push(rest, last, tokens, &mut revealed);
            out.absorb(revealed);
            window.written = window.passed + length;
            self.pass(window, window.written, out);
            if !ended {
                self.coded = Some(coded);
                return (window.passed < end).then_some(window.passed);
            }
            self.counts.add(coded.counts());
        }
        None
    }

    /// Decides a run of base64 in which a prefix stands, and writes what is revealed in it.
    fn meet(
        &mut self,
        window: &mut Window<'_>,
        start: usize,
        spelling: Spelling,
        last: bool,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> Met {
        self.pass(window, start, out);
        let rest = window.bytes.get(start..).unwrap_or_default();
        let met = match self.machine.standing() {
            Standing::Open => meet(spelling, rest, last, self.limits, self.depth + 1, tokens),
            Standing::Url | Standing::Leave => Met::Pass,
        };
        match met {
            Met::Opened(length, revealed, rest) => {
                self.flush_held(out);
                window.write_to(start, out);
                out.absorb(*revealed);
                window.written = start + length;
                self.pass(window, start + length, out);
                match rest {
                    Rest::Ended(counts) => self.counts.add(counts),
                    Rest::GoesOn(coded) => self.coded = Some(coded),
                }
                Met::Done
            }
            met => met,
        }
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

    /// Whether a chunk is nothing but more of the run that is held, which is not decided by it.
    fn goes_on_with(&self, chunk: &[u8]) -> bool {
        self.carry.len() + chunk.len() < self.longest_run()
            && chunk.iter().all(|b| is_character(*b))
    }

    /// So many characters of a run of base64 decide what it is.
    fn longest_run(&self) -> usize {
        self.limits.lookahead / 4 * 4
    }

    /// A token is base 32 of its value and a header: twice the longest value is ample.
    fn longest_token(&self) -> usize {
        self.limits.value.saturating_mul(2).saturating_add(1024)
    }
}
