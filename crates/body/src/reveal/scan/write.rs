//! What a scan writes: values where their tokens stood, and what the next token may take back.

use zeroize::Zeroizing;

use super::Scan;
use crate::out::Out;
use crate::reveal::machine::{Spot, Standing, Step};
use crate::reveal::tokens::{Opened, Tokens};
use crate::reveal::window::Window;

impl Scan {
    /// Opens a token unless it must stay where it stands.
    pub(super) fn open(&mut self, token: &[u8], tokens: &mut dyn Tokens) -> Opened {
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
    pub(super) fn write(
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
    pub(super) fn pass(&mut self, window: &mut Window<'_>, to: usize, out: &mut Out) {
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
    pub(super) fn settle(&mut self, window: &mut Window<'_>, end: usize, out: &mut Out) {
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

    pub(super) fn flush_held(&mut self, out: &mut Out) {
        if !self.held.is_empty() {
            out.write(&self.held);
            self.held.clear();
        }
    }
}
