//! Base64 (RFC 4648 §4 and §5) inside the text of an answer: a file, a mail, a message in a string.
//!
//! A run of base64 in which the prefix of a token stands, at one of its three alignments, is decoded, revealed as what
//! it holds, and encoded again in its alphabet, with its padding and its line breaks. What the first `lookahead`
//! characters of a run say decides: whether it decodes, to text, in which a token is opened. Every other run leaves
//! as it came.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::medium::Medium;
use super::scan::Scan;
use super::tokens::{Counts, Tokens};
use crate::Limits;
use crate::base64::{Alphabet, Lines, Writer, decode};
use crate::out::Out;

/// Base64 in base64 is followed to this depth.
pub(super) const DEEPEST: u8 = 4;
/// A run that is longer is known by so many characters to be no text.
const SAMPLE: usize = 24;
/// A longer line is none.
const LONGEST_LINE: usize = 1024;

/// How the text around spells a line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As the escapes of a JSON string, where a slash may be escaped too.
    Json,
    /// As it is.
    Plain,
}

/// What comes next in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// A character, spelled with so many bytes.
    Character(u8, usize),
    /// A line break between characters.
    Break(&'static [u8]),
    Padding,
    /// The run has ended.
    End,
    /// More input decides.
    More,
}

impl Spelling {
    fn item(self, bytes: &[u8]) -> Item {
        let breaks: [&'static [u8]; 2] = match self {
            Self::Json => [b"\\n", b"\\r\\n"],
            Self::Plain => [b"\n", b"\r\n"],
        };
        match bytes.first() {
            None => Item::More,
            Some(b'=') => Item::Padding,
            Some(byte) if is_character(*byte) => Item::Character(*byte, 1),
            Some(b'\\') if self == Self::Json && bytes.get(1) == Some(&b'/') => {
                Item::Character(b'/', 2)
            }
            Some(_) => {
                for spelled in breaks {
                    if let Some(rest) = bytes.strip_prefix(spelled) {
                        return match rest.first() {
                            None => Item::More,
                            Some(b'\\') if self == Self::Json => match rest.get(1) {
                                None => Item::More,
                                Some(b'/') => Item::Break(spelled),
                                Some(_) => Item::End,
                            },
                            Some(next) if is_character(*next) => Item::Break(spelled),
                            Some(_) => Item::End,
                        };
                    }
                    if spelled.starts_with(bytes) {
                        return Item::More;
                    }
                }
                Item::End
            }
        }
    }

    /// Where the run begins that the bytes before `end` end with: at a character.
    pub(super) fn start(self, bytes: &[u8], end: usize) -> usize {
        let mut start = end;
        let mut before = end;
        let mut broken = false;
        loop {
            let line = bytes.get(..before).unwrap_or_default();
            let characters = line.iter().rev().take_while(|b| is_character(**b)).count();
            let at = before - characters;
            let joint = self.joint(bytes, at, end);
            let from = match joint {
                Joint::None => at,
                Joint::Break { after, .. } | Joint::Escape { after } => after,
                Joint::Slash { begins } => begins,
            };
            if from < before {
                start = from;
            } else if broken {
                return start;
            }
            (before, broken) = match joint {
                Joint::None | Joint::Escape { .. } => return start,
                Joint::Break { begins, .. } => (begins, true),
                Joint::Slash { begins } => (begins, false),
            };
        }
    }

    /// As [`Spelling::start`], where no run begins before `begin`.
    pub(super) fn start_from(self, bytes: &[u8], end: usize, begin: usize) -> usize {
        let mut start = self.start(bytes, end);
        if start < begin {
            start = begin;
            while let Item::Break(spelled) = self.item(bytes.get(start..).unwrap_or_default()) {
                start += spelled.len();
            }
        }
        start
    }

    /// What joins the bytes at `at` to those before it, if anything does.
    fn joint(self, bytes: &[u8], at: usize, end: usize) -> Joint {
        let before = bytes.get(..at).unwrap_or_default();
        if self == Self::Plain {
            return match before.strip_suffix(b"\n") {
                Some(line) => Joint::Break {
                    begins: line.strip_suffix(b"\r").unwrap_or(line).len(),
                    after: at,
                },
                None => Joint::None,
            };
        }
        let is_escaped = |text: &[u8]| {
            let slashes = text.iter().rev().take_while(|b| **b == b'\\').count();
            !slashes.is_multiple_of(2)
        };
        let (true, Some(escape)) = (is_escaped(before) && at < end, before.split_last()) else {
            return Joint::None;
        };
        let escape = escape.1;
        match bytes.get(at) {
            Some(b'/') => Joint::Slash {
                begins: escape.len(),
            },
            Some(b'n') => {
                let line = escape.strip_suffix(b"\\r").filter(|line| !is_escaped(line));
                Joint::Break {
                    begins: line.unwrap_or(escape).len(),
                    after: at + 1,
                }
            }
            Some(b'u') => Joint::Escape {
                after: (at + 5).min(end),
            },
            _ => Joint::Escape { after: at + 1 },
        }
    }
}

/// What stands before characters of a run.
#[derive(Clone, Copy)]
enum Joint {
    None,
    /// A line break.
    Break {
        begins: usize,
        after: usize,
    },
    /// An escaped slash, which is a character.
    Slash {
        begins: usize,
    },
    /// An escape that is no part of the run.
    Escape {
        after: usize,
    },
}

/// Whether it is a character of one of the alphabets.
pub(super) fn is_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// A run as far as it was read.
#[derive(Default)]
struct Read {
    characters: Vec<u8>,
    padding: usize,
    /// How long its lines are, and how they are broken; `None` where they differ.
    lines: Option<(usize, &'static [u8])>,
    broken: bool,
    column: usize,
    /// How many bytes it takes.
    length: usize,
    ended: bool,
}

impl Read {
    /// Reads from the start of a run, at most so many characters.
    fn of(spelling: Spelling, bytes: &[u8], most: usize, last: bool) -> Self {
        let mut read = Self::default();
        while read.characters.len() < most {
            let rest = bytes.get(read.length..).unwrap_or_default();
            match spelling.item(rest) {
                Item::Character(..) if read.padding > 0 => read.ended = true,
                Item::Character(character, length) => {
                    read.characters.push(character);
                    read.column += 1;
                    read.length += length;
                }
                Item::Break(_) if read.padding > 0 => read.ended = true,
                Item::Break(spelled) => {
                    let line = (read.column, spelled);
                    read.broken |= *read.lines.get_or_insert(line) != line;
                    read.column = 0;
                    read.length += spelled.len();
                }
                Item::Padding if read.padding < 2 => {
                    read.padding += 1;
                    read.length += 1;
                }
                Item::Padding | Item::End => read.ended = true,
                Item::More => {
                    read.ended = last;
                    break;
                }
            }
            if read.ended {
                break;
            }
        }
        read
    }

    /// How its lines are broken; nothing where they are not alike.
    fn layout(&self) -> Option<Lines> {
        match self.lines {
            _ if self.broken => None,
            None => Some(Lines::None),
            Some((length, _)) if length == 0 || length > LONGEST_LINE || self.column > length => {
                None
            }
            Some((length, spelled)) => Some(Lines::After(length, spelled)),
        }
    }

    fn alphabet(&self) -> Alphabet {
        let special = self.characters.iter().find(|b| !b.is_ascii_alphanumeric());
        match special {
            Some(b'-' | b'_') => Alphabet::Url,
            Some(_) => Alphabet::Standard,
            None if self.ended && self.padding == 0 && !self.characters.len().is_multiple_of(4) => {
                Alphabet::Url
            }
            None => Alphabet::Standard,
        }
    }

    /// Whether its length is one that bytes give.
    fn fits(&self) -> bool {
        match (self.characters.len() % 4, self.padding) {
            (1, _) => false,
            (_, 0) => true,
            (over, padding) => over + padding == 4,
        }
    }
}

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

/// The run that the bytes at hand end with.
pub(super) enum Open {
    /// There is none that matters.
    None,
    /// It begins there, and is held until it is known what it is.
    Held(usize),
    /// It begins there and passes as it comes.
    Passes(usize),
}

/// A long run that is revealed as it comes.
pub(super) struct Coded {
    inner: Scan,
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
    let mut inner = Scan::inside(&medium, limits, depth);
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

/// What is known of the runs of base64 in the bytes at hand.
pub(super) struct Runs {
    pub(super) spelling: Option<Spelling>,
    /// Where the next one is known by that may hold a token.
    pub(super) next: Option<usize>,
    /// There is none any more.
    pub(super) none: bool,
    /// No run begins before.
    pub(super) begin: usize,
    /// The runs before this pass as they came.
    pub(super) skipped: usize,
    /// The last of those goes on.
    pub(super) passes: bool,
}

impl Runs {
    pub(super) fn find(&mut self, bytes: &[u8], tokens: &dyn Tokens) {
        let from = self.begin.max(self.skipped);
        let known = self.none || self.next.is_some_and(|next| next >= from);
        if self.spelling.is_some() && !known {
            self.next = tokens.find_coded(bytes, from);
            self.none = self.next.is_none();
        }
    }

    /// A token ends there, and what follows it is a run of its own.
    pub(super) fn begin_at(&mut self, begin: usize) {
        if begin < self.skipped {
            (self.next, self.none) = (None, false);
        }
        self.begin = begin;
        self.skipped = begin;
        self.passes = false;
    }

    /// Lets the run pass that begins at `start`.
    pub(super) fn skip(&mut self, bytes: &[u8], start: usize, last: bool) {
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
pub(super) fn open_run(spelling: Spelling, bytes: &[u8], most: usize) -> Open {
    let open = last_run(spelling, bytes, most);
    match (open, cut_escape(spelling, bytes)) {
        // What an escape is cut of must not be taken for characters.
        (Open::None, Some(at)) => Open::Held(at),
        (open, _) => open,
    }
}

/// Where an escape of a JSON string begins that the end of `bytes` cuts.
pub(super) fn cut_escape(spelling: Spelling, bytes: &[u8]) -> Option<usize> {
    if spelling != Spelling::Json {
        return None;
    }
    let near = bytes.len().saturating_sub(5);
    let at = near + memchr::memrchr(b'\\', bytes.get(near..)?)?;
    let before = bytes.get(..at)?.iter().rev();
    let slashes = before.take_while(|b| **b == b'\\').count();
    let is_cut = match bytes.get(at + 1) {
        None => true,
        Some(b'u') => bytes.len() < at + 6,
        Some(_) => false,
    };
    (slashes.is_multiple_of(2) && is_cut).then_some(at)
}

/// The end of the escape that `at` parts, or `at` where it parts none.
pub(super) fn past_escape(spelling: Spelling, bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    let Some(start) = cut_escape(spelling, before) else {
        return at;
    };
    let length = match bytes.get(start + 1) {
        Some(b'u') => 6,
        _ => 2,
    };
    (start + length).min(bytes.len())
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

/// Whether bytes begin as text does.
fn is_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE * 3 / 4).unwrap_or(bytes);
    let valid = match std::str::from_utf8(sample) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid
        && sample
            .iter()
            .all(|b| *b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r' | b'\x0c'))
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
        _ => "text/plain",
    };
    Medium::of(essence, Some("utf-8"), None)
}
