//! Runs of base64 in what is scanned: what is revealed in one takes its place.

use super::Scan;
use crate::out::Out;
use crate::reveal::coded::{
    Met, Open, Rest, Runs, Spelling, cut_escape, is_character, meet, open_run,
};
use crate::reveal::machine::Standing;
use crate::reveal::tokens::Tokens;
use crate::reveal::window::Window;

impl Scan {
    /// Where what is decided ends: at the candidate that needs more input, or before a run of base64 that is open.
    pub(super) fn undecided(
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
    pub(super) fn go_on(
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
    pub(super) fn meet(
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

    /// Whether a chunk is nothing but more of the run that is held, which is not decided by it.
    pub(super) fn goes_on_with(&self, chunk: &[u8]) -> bool {
        self.carry.len() + chunk.len() < self.longest_run()
            && chunk.iter().all(|b| is_character(*b))
    }

    /// So many characters of a run of base64 decide what it is.
    pub(super) fn longest_run(&self) -> usize {
        self.limits.lookahead / 4 * 4
    }

    /// A token is base 32 of its value and a header: twice the longest value is ample.
    pub(super) fn longest_token(&self) -> usize {
        self.limits.value.saturating_mul(2).saturating_add(1024)
    }
}
