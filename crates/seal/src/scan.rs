//! Finds tokens and pointers in any bytes, and says where each ends.
//!
//! One search for the three digits of the prefix runs over the bytes; the letter before them is looked at in either
//! case. What stands before the letter does not matter: tokens glued to letters, digits or each other part again,
//! because a token says its own length, and what merely looks like one fails its key. So `\n` in a JSON string, a
//! `3D` of quoted-printable or a name without its space may stand before a token.
//!
//! A `words` token is measured with the set of word tokens behind it, as far as that is there: what an app cut of the
//! set is missed by nobody who reads the value.
//!
//! A token that an app cut short is recognised from [`SHORTEST_CUT`] characters on, where its key's name is whole
//! and the caller can ask whether that key is one of ours. Less than that, and a cut pointer, stay as they are:
//! nothing could tell them from other people's text.

use memchr::memmem::Finder;

use keys::KeyId;

use crate::base32;
use crate::error::ParseError;
use crate::header::{FIXED, Header, POINTER_LETTER, PREFIX, PREFIX_DIGITS, TOKEN_LETTER};
use crate::pointer::POINTER_LEN;
use crate::token::{HEADER_CHARACTERS, after_prefix, read_start};
use crate::words::{self, Reach, WORD_LEN};

/// Characters of the shortest piece that counts as a cut token: the prefix, suite and kind, the key id.
pub const SHORTEST_CUT: usize = PREFIX + base32::characters(FIXED);

/// Searches for prefixes. Made once and shared.
#[derive(Clone, Debug)]
pub struct Scanner {
    digits: Finder<'static>,
    coded: [Coded; 3],
}

/// The prefix inside base64, at one of its three alignments.
#[derive(Clone, Debug)]
struct Coded {
    /// The characters that the digits alone decide.
    certain: Finder<'static>,
    /// What may stand before them: those that the letter decides, in either case.
    before: &'static [&'static [u8]],
    /// What may stand after them: one that the last digit decides in part. Empty where none does.
    after: &'static [u8],
}

impl Coded {
    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let mut back = at;
        let before = self.before.iter().rev().all(|allowed| {
            back = back.wrapping_sub(1);
            bytes.get(back).is_some_and(|byte| allowed.contains(byte))
        });
        let end = at + self.certain.needle().len();
        before
            && (self.after.is_empty()
                || bytes.get(end).is_some_and(|byte| self.after.contains(byte)))
    }
}

impl Scanner {
    /// Prepares the search.
    pub fn new() -> Self {
        Self {
            digits: Finder::new(PREFIX_DIGITS),
            coded: [
                Coded {
                    certain: Finder::new(b"Njcx"),
                    before: &[b"xR6a"],
                    after: b"",
                },
                Coded {
                    certain: Finder::new(b"Y3M"),
                    before: &[b"cUeW", b"Tj"],
                    after: b"QRSTUVWXYZabcdef",
                },
                Coded {
                    certain: Finder::new(b"2Nz"),
                    before: &[b"Eo"],
                    after: b"EFGH",
                },
            ],
        }
    }

    /// The offset of the first place at or after `from` where base64, of either alphabet, holds a prefix; which
    /// of its characters that is, only decoding says.
    pub fn find_coded(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let first = |coded: &Coded| {
            let rest = bytes.get(from..)?;
            let mut found = coded.certain.find_iter(rest).map(|at| from + at);
            found.find(|at| coded.is_at(bytes, *at))
        };
        self.coded.iter().filter_map(first).min()
    }

    /// The offset of the first prefix at or after `from`. When there is none, the offset of a prefix that the end
    /// of `bytes` cuts.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut searched = from;
        while let Some(rest) = bytes.get(searched..) {
            let Some(found) = self.digits.find(rest) else {
                break;
            };
            let digits = searched + found;
            let letter = digits.checked_sub(1).filter(|&letter| letter >= from);
            if let Some(letter) = letter
                && bytes.get(letter).is_some_and(|&byte| begins(byte))
            {
                return Some(letter);
            }
            searched = digits + PREFIX_DIGITS.len();
        }
        cut_prefix(bytes, from)
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

/// What [`measure`] says of bytes that begin like a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The first so many bytes are one token or pointer, as far as its shape says.
    Whole(usize),
    /// It may be one, but ends after these bytes: more input decides, at most so many bytes in all. A token's own
    /// length is known once its header is there; until then this is the length up to the header's end.
    More(usize),
    /// It began like a token and was cut short by the app at this length.
    Cut(usize),
    /// None begins here.
    No,
}

/// How long the token or pointer is that begins with `bytes`; `last` says that no more input follows.
pub fn measure(bytes: &[u8], last: bool) -> Measure {
    let Some((letter, rest)) = bytes.split_first() else {
        return Measure::No;
    };
    let is_token = letter.eq_ignore_ascii_case(&TOKEN_LETTER);
    if !is_token && !letter.eq_ignore_ascii_case(&POINTER_LETTER) {
        return Measure::No;
    }
    match rest.strip_prefix(PREFIX_DIGITS) {
        Some(body) if is_token => measure_token(bytes, body, last),
        Some(body) => measure_pointer(body, last),
        None if last || !PREFIX_DIGITS.starts_with(rest) => Measure::No,
        None if is_token => Measure::More(PREFIX + HEADER_CHARACTERS),
        None => Measure::More(POINTER_LEN),
    }
}

/// The key that a whole or cut token names, when its text reaches that far.
pub fn key_of_cut(text: &[u8]) -> Option<KeyId> {
    let named = after_prefix(text)?.get(..base32::characters(FIXED))?;
    let mut bytes = [0; FIXED];
    base32::decode(named, &mut bytes).ok()?;
    let [_, a, b, c, d] = bytes;
    Some(KeyId::from_bytes([a, b, c, d]))
}

fn measure_token(bytes: &[u8], body: &[u8], last: bool) -> Measure {
    match read_start(body) {
        Ok(Some(header)) => measure_body(header, body, last),
        Ok(None) if !last => Measure::More(PREFIX + HEADER_CHARACTERS),
        Ok(None) => cut(bytes.len()),
        Err(ParseError::Character(at)) => cut(at),
        Err(_) => Measure::No,
    }
}

fn measure_body(header: Header, body: &[u8], last: bool) -> Measure {
    let whole = header.characters();
    let there = body.get(..whole - PREFIX).unwrap_or(body);
    let run = base32::run(there);
    let set = usize::from(header.words) * (1 + WORD_LEN);
    if run < there.len() {
        cut(PREFIX + run)
    } else if PREFIX + run == whole {
        match words::reach(&body[run..], header.words, last) {
            Reach::Ends(set) => Measure::Whole(whole + set),
            Reach::More(set) => Measure::More(whole + set),
        }
    } else if last {
        cut(PREFIX + run)
    } else {
        Measure::More(whole + set)
    }
}

fn measure_pointer(body: &[u8], last: bool) -> Measure {
    let there = body.get(..POINTER_LEN - PREFIX).unwrap_or(body);
    if base32::run(there) < there.len() {
        Measure::No
    } else if PREFIX + there.len() == POINTER_LEN {
        Measure::Whole(POINTER_LEN)
    } else if last {
        Measure::No
    } else {
        Measure::More(POINTER_LEN)
    }
}

fn cut(length: usize) -> Measure {
    if length >= SHORTEST_CUT {
        Measure::Cut(length)
    } else {
        Measure::No
    }
}

fn begins(byte: u8) -> bool {
    matches!(byte.to_ascii_lowercase(), TOKEN_LETTER | POINTER_LETTER)
}

/// Where a prefix begins that the end of `bytes` cuts.
fn cut_prefix(bytes: &[u8], from: usize) -> Option<usize> {
    let earliest = bytes.len().saturating_sub(PREFIX - 1).max(from);
    (earliest..bytes.len()).find(|&start| match bytes.get(start..) {
        Some([letter, digits @ ..]) => begins(*letter) && PREFIX_DIGITS.starts_with(digits),
        _ => false,
    })
}
