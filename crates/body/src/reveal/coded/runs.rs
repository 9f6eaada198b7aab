//! Where the runs of base64 begin and end in the bytes at hand.

use super::read::{Read, SAMPLE, is_text};
use super::spelling::{Item, Spelling, cut_escape};
use crate::base64::decode;
use crate::reveal::tokens::Tokens;

/// The run that the bytes at hand end with.
pub(in crate::reveal) enum Open {
    /// There is none that matters.
    None,
    /// It begins there, and is held until it is known what it is.
    Held(usize),
    /// It begins there and passes as it comes.
    Passes(usize),
}

/// What is known of the runs of base64 in the bytes at hand.
pub(in crate::reveal) struct Runs {
    pub(in crate::reveal) spelling: Option<Spelling>,
    /// Where the next one is known by that may hold a token.
    pub(in crate::reveal) next: Option<usize>,
    /// There is none any more.
    pub(in crate::reveal) none: bool,
    /// No run begins before.
    pub(in crate::reveal) begin: usize,
    /// The runs before this pass as they came.
    pub(in crate::reveal) skipped: usize,
    /// The last of those goes on.
    pub(in crate::reveal) passes: bool,
}

impl Runs {
    pub(in crate::reveal) fn find(&mut self, bytes: &[u8], tokens: &dyn Tokens) {
        let from = self.begin.max(self.skipped);
        let known = self.none || self.next.is_some_and(|next| next >= from);
        if self.spelling.is_some() && !known {
            self.next = tokens.find_coded(bytes, from);
            self.none = self.next.is_none();
        }
    }

    /// A token ends there, and what follows it is a run of its own.
    pub(in crate::reveal) fn begin_at(&mut self, begin: usize) {
        if begin < self.skipped {
            (self.next, self.none) = (None, false);
        }
        self.begin = begin;
        self.skipped = begin;
        self.passes = false;
    }

    /// Lets the run pass that begins at `start`.
    pub(in crate::reveal) fn skip(&mut self, bytes: &[u8], start: usize, last: bool) {
        let Some(spelling) = self.spelling else {
            return;
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let (length, ended) = skip_run(spelling, rest, last);
        self.passes = !ended;
        self.skipped = if ended {
            (start + length.max(1)).min(bytes.len())
        } else {
            bytes.len()
        };
    }
}

/// How much of `bytes` a run that is open takes, and whether it has ended.
fn skip_run(spelling: Spelling, bytes: &[u8], last: bool) -> (usize, bool) {
    let mut at = 0;
    loop {
        match spelling.item(bytes.get(at..).unwrap_or_default()) {
            Item::Character(_, length) => at += length,
            Item::Break(spelled) => at += spelled.len(),
            Item::Padding | Item::End => return (at, true),
            Item::More => return (at, last),
        }
    }
}

/// Looks at the run that `bytes` end with, of which so many characters decide what it is.
pub(in crate::reveal) fn open_run(spelling: Spelling, bytes: &[u8], most: usize) -> Open {
    let open = last_run(spelling, bytes, most);
    match (open, cut_escape(spelling, bytes)) {
        // What an escape is cut of must not be taken for characters.
        (Open::None, Some(at)) => Open::Held(at),
        (open, _) => open,
    }
}

fn last_run(spelling: Spelling, bytes: &[u8], most: usize) -> Open {
    let cuts: [&[u8]; 5] = match spelling {
        Spelling::Json => [b"\\r\\n", b"\\r\\", b"\\r", b"\\n", b"\\"],
        Spelling::Plain => [b"\r\n", b"\n", b"\r", b"", b""],
    };
    let cut = cuts.iter().find(|cut| bytes.ends_with(cut));
    let end = bytes.len() - cut.map_or(0, |cut| cut.len());
    let before = bytes.get(..end).unwrap_or_default();
    let padding = before
        .iter()
        .rev()
        .take(2)
        .take_while(|b| **b == b'=')
        .count();
    let start = spelling.start(bytes, end - padding);
    if start == end - padding {
        return Open::None;
    }
    let read = Read::of(
        spelling,
        bytes.get(start..).unwrap_or_default(),
        most,
        false,
    );
    if read.ended {
        return Open::None;
    }
    let sample = read.characters.get(..SAMPLE);
    let is_open = match sample.filter(|_| read.layout().is_some()) {
        Some(sample) => decode(read.alphabet(), sample).is_some_and(|text| is_text(&text)),
        None => read.layout().is_some(),
    };
    if is_open && read.characters.len() < most {
        Open::Held(start)
    } else {
        Open::Passes(start)
    }
}
