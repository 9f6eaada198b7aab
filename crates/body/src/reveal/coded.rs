//! Base64 (RFC 4648 §4 and §5) inside the text of an answer: a file, a mail, a message in a string.
//!
//! A run of base64 in which the prefix of a token stands, at one of its three alignments, is decoded, revealed as what
//! it holds, and encoded again in its alphabet, with its padding and its line breaks. What the first `lookahead`
//! characters of a run say decides: whether it decodes, to text, in which a token is opened. Every other run leaves
//! as it came.

mod read;
mod runs;
mod spelling;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::Reveal;
use super::medium::Medium;
use super::part::is_message;
use super::tokens::{Counts, Tokens};
use crate::Limits;
use crate::base64::{Alphabet, Writer, decode};
use crate::out::Out;
use read::{Read, is_text};
pub(super) use runs::{Open, Runs, open_run};
use spelling::Item;
pub(super) use spelling::{Spelling, cut_escape, is_character, past_escape};

/// Base64 in base64 is followed to this depth.
pub(super) const DEEPEST: u8 = 4;

/// What becomes of a run in which a prefix stands.
pub(super) enum Met {
    /// More of it decides.
    More,
    /// It leaves as it came.
    Pass,
    /// So many bytes give way to what stands in the output.
    Opened(usize, Box<Out>, Rest),
    /// That was done.
    Done,
}

/// What is left of a run that is revealed.
pub(super) enum Rest {
    /// Nothing; so much was done in it.
    Ended(Counts),
    /// It goes on.
    GoesOn(Box<Coded>),
}

/// A long run that is revealed as it comes.
pub(super) struct Coded {
    inner: Box<Reveal>,
    alphabet: Alphabet,
    spelling: Spelling,
    /// Characters that are not decoded yet.
    characters: Vec<u8>,
    padding: usize,
    padded: Arc<OnceLock<bool>>,
}

/// Looks at a run of base64, which `bytes` begin with.
pub(super) fn meet(
    spelling: Spelling,
    bytes: &[u8],
    last: bool,
    limits: Limits,
    depth: u8,
    tokens: &mut dyn Tokens,
) -> Met {
    let most = limits.lookahead / 4 * 4;
    let read = Read::of(spelling, bytes, most, last);
    if !read.ended && read.characters.len() < most {
        return Met::More;
    }
    let alphabet = read.alphabet();
    let (Some(lines), true) = (read.layout(), read.fits() || !read.ended) else {
        return Met::Pass;
    };
    let Some(decoded) = decode(alphabet, &read.characters).filter(|text| is_text(text)) else {
        return Met::Pass;
    };
    let Some(medium) = medium(&decoded) else {
        return Met::Pass;
    };
    let mut inner = Box::new(Reveal::in_runs(&medium, limits, depth));
    let mut out = Out::new();
    let padded = Arc::new(OnceLock::new());
    out.enter(Box::new(Writer::new(alphabet, lines, Arc::clone(&padded))));
    inner.push(&Bytes::from(decoded), tokens, &mut out);
    if read.ended {
        inner.finish(tokens, &mut out);
    }
    let counts = inner.counts();
    if counts.revealed + counts.marked == 0 && (read.ended || inner.held() == 0) {
        return Met::Pass;
    }
    let coded = Coded {
        inner,
        alphabet,
        spelling,
        characters: Vec::new(),
        padding: read.padding,
        padded,
    };
    if read.ended {
        coded.pad(read.characters.len());
        out.leave();
        return Met::Opened(read.length, Box::new(out), Rest::Ended(counts));
    }
    Met::Opened(read.length, Box::new(out), Rest::GoesOn(Box::new(coded)))
}

impl Coded {
    /// Goes on with the run: how many bytes of it stand here, and whether it has ended.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        last: bool,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> (usize, bool) {
        let mut at = 0;
        let mut ended = false;
        while !ended {
            match self.spelling.item(bytes.get(at..).unwrap_or_default()) {
                Item::Character(..) | Item::Break(_) if self.padding > 0 => ended = true,
                Item::Character(character, length) => {
                    self.characters.push(character);
                    at += length;
                }
                Item::Break(spelled) => at += spelled.len(),
                Item::Padding if self.padding < 2 => {
                    self.padding += 1;
                    at += 1;
                }
                Item::Padding | Item::End => ended = true,
                Item::More if last => ended = true,
                Item::More => break,
            }
        }
        let whole = if ended {
            self.characters.len()
        } else {
            self.characters.len() / 4 * 4
        };
        let rest = self.characters.split_off(whole);
        let ready = std::mem::replace(&mut self.characters, rest);
        match decode(self.alphabet, &ready) {
            Some(decoded) => self.inner.push(&decoded.into(), tokens, out),
            // It is no base64 from here on: as much of it as can be is kept.
            None => {
                let groups = ready
                    .chunks(4)
                    .filter_map(|group| decode(self.alphabet, group));
                groups.for_each(|group| self.inner.push(&group.into(), tokens, out));
            }
        }
        if ended {
            self.inner.finish(tokens, out);
            self.pad(ready.len());
            out.leave();
        }
        (at, ended)
    }

    pub(super) fn counts(&self) -> Counts {
        self.inner.counts()
    }

    pub(super) fn held(&self) -> usize {
        self.characters.len() + self.inner.held()
    }

    /// Tells the encoder whether what came was padded, given how many of its characters came last.
    fn pad(&self, characters: usize) {
        let pads = if characters.is_multiple_of(4) {
            self.alphabet.pads()
        } else {
            self.padding > 0
        };
        // The cell is this run's alone, and set once.
        let _ = self.padded.set(pads);
    }
}

/// What a body without a type is, by how it begins.
fn medium(text: &[u8]) -> Option<Medium> {
    let text = text
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(text)
        .trim_ascii_start();
    let essence = match text.first() {
        Some(b'{' | b'[' | b'"') => "application/json",
        Some(b'<') if text.starts_with(b"<?xml") => "application/xml",
        Some(b'<') => "text/html",
        _ if is_message(text) => "message/rfc822",
        _ => "text/plain",
    };
    Medium::of(essence, Some("utf-8"), None)
}
