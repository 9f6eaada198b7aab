//! Raw text (WHATWG HTML §13.2.5.2 to .31): elements in which the parser looks for nothing but their end tag.

use super::super::json::Json;
use super::super::machine::{Seen, Standing, Verdict};
use super::super::name::Name;
use super::super::run::Run;
use super::super::script::Script;
use super::ends_name;
use crate::escape::Escape;

/// Longer than `</textarea` and any other end that is looked for.
const NEAR: u8 = 12;
const COMMENT: u128 = u32::from_be_bytes(*b"<!--") as u128;
const CDATA_END: u128 = u32::from_be_bytes(*b"\0]]>") as u128;
const COMMENT_END: u128 = u32::from_be_bytes(*b"\0-->") as u128;

/// The text of a raw element, from its start tag on.
pub(super) struct RawText {
    kind: Raw,
    name: Name,
    /// The last bytes, and for how many more of them something may be open.
    tail: u128,
    near: u8,
    escaped: Escaped,
    run: Run,
}

/// What a raw element is for.
pub(super) enum Raw {
    /// Character references are read (`title`, `textarea`).
    Escapable,
    /// A script.
    Script(Box<Script>),
    /// A script element that holds JSON.
    Data(Box<Json>),
    /// Nothing in it is displayed, or nothing can be escaped in it.
    Opaque,
    /// It stands in foreign content, where it holds markup if the tree says so.
    Foreign(Foreign),
    /// It has no end (`plaintext`).
    Endless,
}

/// What decides whether an element reads the same as raw text and as markup.
#[derive(Default)]
pub(super) struct Foreign {
    /// What follows a `<`, while it may be the end tag or a CDATA section.
    open: Option<Name>,
    in_cdata: bool,
    holds_markup: bool,
}

impl Foreign {
    /// Goes over one byte of the element of this name, given the last bytes, itself among them.
    fn byte(&mut self, byte: u8, tail: u128, name: &[u8]) {
        const CDATA: &[u8] = b"![cdata[";
        if self.in_cdata {
            self.in_cdata = tail & 0xff_ffff != CDATA_END;
            return;
        }
        if let Some(mut open) = self.open.take() {
            open.push(byte);
            match open.get() {
                CDATA => self.in_cdata = true,
                start if CDATA.starts_with(start) => self.open = Some(open),
                [b'/', rest @ ..] if name.starts_with(rest) => self.open = Some(open),
                [first, ..] => {
                    self.holds_markup |=
                        first.is_ascii_alphabetic() || matches!(first, b'/' | b'!' | b'?');
                }
                [] => self.holds_markup = true,
            }
        }
        if byte == b'<' {
            self.open = Some(Name::default());
        }
    }
}

/// The script data escaped states (§13.2.5.20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escaped {
    No,
    Once,
    Twice,
}

impl RawText {
    pub(super) fn new(kind: Raw, name: Name) -> Self {
        Self {
            kind,
            name,
            tail: 0,
            near: 0,
            escaped: Escaped::No,
            run: Run::Empty,
        }
    }

    pub(super) fn name(&self) -> Name {
        self.name
    }

    /// Goes over the text up to where the name of its end tag is complete, and says where that is.
    pub(super) fn advance(&mut self, mut bytes: &[u8]) -> Option<usize> {
        let length = bytes.len();
        while let Some((first, rest)) = bytes.split_first() {
            let looks_on = matches!(self.kind, Raw::Foreign(_)) || self.escaped != Escaped::No;
            if self.near == 0 && !looks_on {
                let end = memchr::memchr(b'<', bytes).unwrap_or(bytes.len());
                if end > 0 {
                    let (text, from) = bytes.split_at(end);
                    self.tail = 0;
                    self.text(text);
                    bytes = from;
                    continue;
                }
            }
            if self.ends_at(*first) {
                return Some(length - bytes.len());
            }
            self.byte(*first);
            bytes = rest;
        }
        None
    }

    /// Whether its end, as that of raw text, may be none as the tree reads it.
    pub(super) fn end_is_doubtful(&self) -> bool {
        matches!(&self.kind, Raw::Foreign(foreign) if foreign.in_cdata || foreign.holds_markup)
    }

    pub(super) fn standing(&mut self) -> Standing {
        // What the value begins with could complete a tag.
        if self.may_open_tag() {
            return Standing::Leave;
        }
        match &mut self.kind {
            Raw::Escapable if self.run.is_url() => Standing::Url,
            Raw::Escapable => Standing::Open,
            Raw::Script(script) => script.standing(),
            Raw::Data(json) => json.standing(),
            Raw::Opaque | Raw::Foreign(_) | Raw::Endless => Standing::Leave,
        }
    }

    /// The escape here; `first` says that nothing stands between the start tag and this.
    pub(super) fn escape(&self, first: bool, markup: bool) -> Escape {
        match &self.kind {
            Raw::Script(script) => script.escape(markup),
            Raw::Data(json) => json.escape(markup),
            Raw::Escapable | Raw::Opaque | Raw::Foreign(_) | Raw::Endless if first => {
                Escape::HtmlFirst
            }
            Raw::Escapable | Raw::Opaque | Raw::Foreign(_) | Raw::Endless => Escape::Html,
        }
    }

    /// The verdict in a document, where what follows may decide.
    pub(super) fn spot(&mut self, first: bool, seen: &Seen<'_>, lookahead: usize) -> Verdict {
        match &mut self.kind {
            Raw::Script(script) => script.spot(seen, lookahead),
            Raw::Data(json) => json.spot(seen),
            Raw::Escapable | Raw::Opaque | Raw::Foreign(_) | Raw::Endless => {
                Verdict::escape(self.escape(first, false))
            }
        }
    }

    /// The bytes that may give way to a number.
    pub(super) fn hold(&self) -> usize {
        match &self.kind {
            Raw::Data(json) => json.hold(),
            Raw::Escapable | Raw::Script(_) | Raw::Opaque | Raw::Foreign(_) | Raw::Endless => 0,
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        match &mut self.kind {
            Raw::Script(script) => script.advance(bytes),
            Raw::Data(json) => json.advance(bytes),
            Raw::Escapable => self.run.advance(bytes),
            Raw::Opaque | Raw::Foreign(_) | Raw::Endless => {}
        }
    }

    /// Whether this byte completes the name of the end tag.
    fn ends_at(&mut self, byte: u8) -> bool {
        if !ends_name(byte) || matches!(self.kind, Raw::Endless) {
            return false;
        }
        if self.tail_is(b"</", self.name.get()) {
            if self.escaped != Escaped::Twice {
                return true;
            }
            self.escaped = Escaped::Once;
        } else if self.is_script() && self.escaped == Escaped::Once && self.tail_is(b"<", b"script")
        {
            self.escaped = Escaped::Twice;
        }
        false
    }

    fn byte(&mut self, byte: u8) {
        self.tail = self.tail << 8 | u128::from(byte.to_ascii_lowercase());
        self.near = if byte == b'<' {
            NEAR
        } else {
            self.near.saturating_sub(1)
        };
        if self.is_script() {
            if self.tail & 0xffff_ffff == COMMENT && self.escaped == Escaped::No {
                self.escaped = Escaped::Once;
            } else if self.tail & 0xff_ffff == COMMENT_END {
                self.escaped = Escaped::No;
            }
        }
        match &mut self.kind {
            Raw::Foreign(foreign) => foreign.byte(byte, self.tail, self.name.get()),
            _ => self.text(&[byte]),
        }
    }

    fn is_script(&self) -> bool {
        matches!(self.kind, Raw::Script(_) | Raw::Data(_))
    }

    /// Whether the text so far ends with the beginning of what would mean something in it.
    fn may_open_tag(&self) -> bool {
        let starts = |open: &[u8], name: &[u8]| {
            (0..=name.len())
                .any(|length| self.tail_is(open, name.get(..length).unwrap_or_default()))
        };
        starts(b"</", self.name.get()) || starts(b"<", b"script") || starts(b"<", b"!-")
    }

    /// Whether the text so far ends with `open` and `name`.
    fn tail_is(&self, open: &[u8], name: &[u8]) -> bool {
        let mut tail = self.tail;
        open.iter().chain(name).rev().all(|expected| {
            let matches = tail & 0xff == u128::from(*expected);
            tail >>= 8;
            matches
        })
    }
}
