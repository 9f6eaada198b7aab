//! HTML, by the tokenizer of WHATWG HTML §13.2.5 as far as it takes to know where a token stands.
//!
//! In text and ordinary attributes a value is written with references. It stays a token in the names of tags and
//! attributes, in comments, declarations, styles and whatever is not displayed; in scripts it is written in string
//! literals only ([`Script`]), in scripts that hold data as in JSON. Attributes are told apart in [`attribute`].
//! The tree is not built: where the tree decides how bytes are read (foreign content), the reading is taken in
//! which a token stays.

mod attribute;

use super::json::Json;
use super::machine::{Seen, Standing, Verdict};
use super::name::Name;
use super::run::Run;
use super::script::Script;
use crate::escape::Escape;
use attribute::Attribute;

/// Longer than `</textarea` and any other end that is looked for in raw text.
const NEAR: u8 = 12;

pub(super) struct Html {
    depth: u8,
    lookahead: usize,
    state: State,
    /// The tag being read.
    tag: Name,
    closing: bool,
    /// A `/` was the last thing in the tag.
    self_closing: bool,
    name: Name,
    attribute: Attribute,
    quote: Option<u8>,
    /// The `type` of the tag being read, if it is a script's.
    script_type: Name,
    /// What the text belongs to, where it is raw.
    raw: Option<Raw>,
    raw_name: Name,
    /// The last bytes of raw text, and for how many more a tag may be open in them.
    tail: u128,
    near: u8,
    escaped: Escaped,
    /// How many `svg` and `math` elements are open.
    foreign: u32,
    run: Run,
    /// Directly after a start tag that swallows a line feed.
    first: bool,
    markup: bool,
    /// How far a character reference has come, while it is not known whether this is HTML.
    reference: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// After `<`.
    Less,
    /// After `</`.
    EndLess,
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Value,
    /// After `<!` and so many bytes that are kept in `name`.
    Declaration,
    Comment,
    Bogus,
    /// In a CDATA section, if the tree stands in foreign content; if it does not, this is a comment that may have
    /// ended, and a tag may have begun after it.
    Cdata {
        ended: bool,
        tags: bool,
    },
}

/// Raw text: the parser looks for nothing in it but its end tag.
enum Raw {
    /// Character references are read (`title`, `textarea`).
    Escapable,
    /// A script.
    Script(Box<Script>),
    /// A script element that holds JSON.
    Data(Box<Json>),
    /// Nothing in it is displayed, or nothing can be escaped in it.
    Opaque,
    /// `plaintext`: it has no end.
    Endless,
}

/// The script data escaped states (§13.2.5.20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escaped {
    No,
    Once,
    Twice,
}

impl Html {
    /// A document, with the most that is looked past a token.
    pub(super) fn document(lookahead: usize) -> Self {
        Self {
            lookahead,
            ..Self::fragment(0, Run::default(), true)
        }
    }

    /// Text that stands in so many literals and may turn out to be HTML.
    pub(super) fn fragment(depth: u8, run: Run, markup: bool) -> Self {
        Self {
            depth,
            lookahead: 0,
            state: State::Text,
            tag: Name::default(),
            closing: false,
            self_closing: false,
            name: Name::default(),
            attribute: Attribute::default(),
            quote: None,
            script_type: Name::default(),
            raw: None,
            raw_name: Name::default(),
            tail: 0,
            near: 0,
            escaped: Escaped::No,
            foreign: 0,
            run,
            first: false,
            markup,
            reference: 0,
        }
    }

    pub(super) fn advance(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            let used = match self.state {
                State::Text => match self.raw {
                    None => self.text(bytes),
                    Some(_) => self.raw_text(bytes),
                },
                State::Value => self.value(bytes),
                State::Comment | State::Bogus | State::Cdata { .. } => self.skipped(bytes),
                _ => {
                    self.step(*first);
                    1
                }
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    pub(super) fn standing(&mut self) -> Standing {
        match self.state {
            // What the value begins with could complete the tag.
            State::Text if self.raw.is_some() && self.may_open_tag() => Standing::Leave,
            State::Text => match &mut self.raw {
                None | Some(Raw::Escapable) if self.run.is_url() => Standing::Url,
                None | Some(Raw::Escapable) => Standing::Open,
                Some(Raw::Script(script)) => script.standing(),
                Some(Raw::Data(json)) => json.standing(),
                Some(Raw::Opaque | Raw::Endless) => Standing::Leave,
            },
            State::BeforeValue => {
                self.begin_value(None);
                self.attribute.standing()
            }
            State::Value => self.attribute.standing(),
            _ => Standing::Leave,
        }
    }

    /// The escape here; `markup` says that what follows in the innermost literal is HTML.
    pub(super) fn escape(&self, markup: bool) -> Escape {
        match (&self.state, &self.raw) {
            (State::Value, _) => {
                let outer = if self.quote.is_some() {
                    Escape::Html
                } else {
                    Escape::HtmlUnquoted
                };
                self.attribute.escape(markup).within(outer)
            }
            (_, Some(Raw::Script(script))) => script.escape(markup),
            (_, Some(Raw::Data(json))) => json.escape(markup),
            _ if self.first => Escape::HtmlFirst,
            _ => Escape::Html,
        }
    }

    /// The verdict for a document.
    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        match (self.state, &mut self.raw) {
            (State::Text, Some(Raw::Script(script))) => return script.spot(seen, self.lookahead),
            (State::Text, Some(Raw::Data(json))) => return json.spot(seen),
            (State::Value, _) if !seen.is_simple() => {
                match self
                    .attribute
                    .markup_follows(self.quote, seen, self.lookahead)
                {
                    Some(markup) => return Verdict::escape(self.escape(markup)),
                    None => return Verdict::More,
                }
            }
            _ => {}
        }
        Verdict::escape(self.escape(false))
    }

    /// Whether this is known to be HTML.
    pub(super) fn is_markup(&self) -> bool {
        self.markup
    }

    /// The bytes that may give way to a number.
    pub(super) fn hold(&self) -> usize {
        match (self.state, &self.raw) {
            (State::Text, Some(Raw::Data(json))) => json.hold(),
            _ => 0,
        }
    }

    fn text(&mut self, bytes: &[u8]) -> usize {
        let end = memchr::memchr(b'<', bytes).unwrap_or(bytes.len());
        let text = bytes.get(..end).unwrap_or_default();
        if !self.markup {
            self.look_for_reference(text);
        }
        self.first &= text.is_empty();
        self.run.advance(text);
        if end == bytes.len() {
            return end;
        }
        self.state = State::Less;
        end + 1
    }

    /// `&name;` and `&#1;` are as good as tags.
    fn look_for_reference(&mut self, text: &[u8]) {
        for byte in text {
            self.reference = match (byte, self.reference) {
                (b'&', _) => 1,
                (b';', 2..) => {
                    self.markup = true;
                    return;
                }
                (b'#', 1) => 1,
                (b, length @ 1..32) if b.is_ascii_alphanumeric() => length + 1,
                _ => 0,
            };
        }
    }

    fn raw_text(&mut self, bytes: &[u8]) -> usize {
        if self.near == 0 && self.escaped == Escaped::No {
            let end = memchr::memchr(b'<', bytes).unwrap_or(bytes.len());
            if end > 0 {
                self.tail = 0;
                self.raw_bytes(bytes.get(..end).unwrap_or_default());
                return end;
            }
        }
        if let Some(byte) = bytes.first() {
            self.raw_byte(*byte);
        }
        1
    }

    fn raw_bytes(&mut self, bytes: &[u8]) {
        match &mut self.raw {
            Some(Raw::Script(script)) => script.advance(bytes),
            Some(Raw::Data(json)) => json.advance(bytes),
            Some(Raw::Escapable) => {
                self.first = false;
                self.run.advance(bytes);
            }
            Some(Raw::Opaque | Raw::Endless) | None => {}
        }
    }

    fn raw_byte(&mut self, byte: u8) {
        let is_script = matches!(self.raw, Some(Raw::Script(_) | Raw::Data(_)));
        if ends_name(byte) {
            if self.tail_is(b"</", self.raw_name.get()) && !matches!(self.raw, Some(Raw::Endless)) {
                if self.escaped != Escaped::Twice {
                    self.end_raw(byte);
                    return;
                }
                self.escaped = Escaped::Once;
            } else if is_script && self.escaped == Escaped::Once && self.tail_is(b"<", b"script") {
                self.escaped = Escaped::Twice;
            }
        }
        self.tail = self.tail << 8 | u128::from(byte.to_ascii_lowercase());
        self.near = if byte == b'<' {
            NEAR
        } else {
            self.near.saturating_sub(1)
        };
        if is_script {
            if self.tail & 0xffff_ffff == u128::from(u32::from_be_bytes(*b"<!--"))
                && self.escaped == Escaped::No
            {
                self.escaped = Escaped::Once;
            } else if self.tail & 0xff_ffff == u128::from(u32::from_be_bytes(*b"\0-->")) {
                self.escaped = Escaped::No;
            }
        }
        self.raw_bytes(&[byte]);
    }

    /// Whether raw text so far ends with `open` and `name`.
    fn tail_is(&self, open: &[u8], name: &[u8]) -> bool {
        let mut tail = self.tail;
        open.iter().chain(name).rev().all(|expected| {
            let matches = (tail & 0xff) == u128::from(*expected);
            tail >>= 8;
            matches
        })
    }

    /// Whether raw text so far ends with the beginning of what would mean something in it.
    fn may_open_tag(&self) -> bool {
        let name = self.raw_name.get();
        (0..=name.len()).any(|length| self.tail_is(b"</", name.get(..length).unwrap_or_default()))
            || (0..=6).any(|length| self.tail_is(b"<", b"script".get(..length).unwrap_or_default()))
            || [&b"<!"[..], b"<!-"]
                .iter()
                .any(|open| self.tail_is(open, b""))
    }

    fn end_raw(&mut self, byte: u8) {
        self.raw = None;
        self.tag = self.raw_name;
        self.closing = true;
        self.begin_attributes();
        self.step(byte);
    }

    fn begin_attributes(&mut self) {
        self.state = State::BeforeName;
        self.self_closing = false;
        self.script_type.clear();
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::Less => self.less(byte),
            State::EndLess if byte.is_ascii_alphabetic() => self.begin_tag(true, byte),
            State::EndLess if byte == b'>' => self.state = State::Text,
            State::EndLess => self.state = State::Bogus,
            State::TagName if ends_name(byte) => {
                self.begin_attributes();
                self.before_name(byte);
            }
            State::TagName => self.tag.push(byte),
            State::BeforeName => self.before_name(byte),
            State::Name if byte == b'=' => self.state = State::BeforeValue,
            State::Name if byte.is_ascii_whitespace() => self.state = State::AfterName,
            State::Name if ends_name(byte) => self.before_name(byte),
            State::Name => self.name.push(byte),
            State::AfterName if byte == b'=' => self.state = State::BeforeValue,
            State::AfterName => self.before_name(byte),
            State::BeforeValue => self.before_value(byte),
            State::Declaration => self.declaration(byte),
            State::Text | State::Value | State::Comment | State::Bogus | State::Cdata { .. } => {}
        }
    }

    fn less(&mut self, byte: u8) {
        match byte {
            b'/' => {
                self.markup = true;
                self.state = State::EndLess;
            }
            b'!' => {
                self.markup = true;
                self.name.clear();
                self.state = State::Declaration;
            }
            b'?' => self.state = State::Bogus,
            b'<' => {}
            _ if byte.is_ascii_alphabetic() => {
                self.markup = true;
                self.begin_tag(false, byte);
            }
            _ => {
                self.first = false;
                self.state = State::Text;
                self.run = Run::Empty;
                self.text(&[byte]);
            }
        }
    }

    fn begin_tag(&mut self, closing: bool, byte: u8) {
        self.closing = closing;
        self.tag.clear();
        self.tag.push(byte);
        self.state = State::TagName;
    }

    fn before_name(&mut self, byte: u8) {
        match byte {
            b'>' => self.end_tag(),
            b'/' => {
                self.self_closing = true;
                self.state = State::BeforeName;
            }
            _ if byte.is_ascii_whitespace() => self.state = State::BeforeName,
            _ => {
                self.self_closing = false;
                self.name.clear();
                self.name.push(byte);
                self.state = State::Name;
            }
        }
    }

    fn before_value(&mut self, byte: u8) {
        match byte {
            b'"' | b'\'' => self.begin_value(Some(byte)),
            b'>' => self.end_tag(),
            _ if byte.is_ascii_whitespace() => {}
            _ => {
                self.begin_value(None);
                self.value(&[byte]);
            }
        }
    }

    fn begin_value(&mut self, quote: Option<u8>) {
        self.quote = quote;
        self.attribute.begin(&self.tag, &self.name, self.depth);
        self.state = State::Value;
    }

    fn value(&mut self, bytes: &[u8]) -> usize {
        let end = match self.quote {
            Some(quote) => memchr::memchr(quote, bytes),
            None => bytes
                .iter()
                .position(|b| b.is_ascii_whitespace() || *b == b'>'),
        };
        let value = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        self.attribute.advance(value);
        if self.tag.get() == b"script" && self.name.get() == b"type" {
            value.iter().for_each(|b| self.script_type.push(*b));
        }
        match (end, self.quote) {
            (None, _) => return bytes.len(),
            (Some(at), None) if bytes.get(at) == Some(&b'>') => self.end_tag(),
            (Some(_), _) => self.state = State::BeforeName,
        }
        value.len() + 1
    }

    /// A tag is complete.
    fn end_tag(&mut self) {
        self.state = State::Text;
        self.run = Run::Empty;
        let name = self.tag;
        let is_foreign = matches!(name.get(), b"svg" | b"math");
        if self.closing {
            self.foreign = self.foreign.saturating_sub(u32::from(is_foreign));
            return;
        }
        self.first = matches!(name.get(), b"pre" | b"listing" | b"textarea");
        if is_foreign && !self.self_closing {
            self.foreign = self.foreign.saturating_add(1);
        }
        let raw = match name.get() {
            b"plaintext" => Raw::Endless,
            b"title" if self.foreign > 0 && !self.self_closing => return,
            // In foreign content these hold markup, or nothing where they close themselves; only the tree knows.
            b"script" | b"style" | b"textarea" | b"title" | b"xmp" | b"iframe" | b"noembed"
            | b"noframes"
                if self.foreign > 0 =>
            {
                Raw::Opaque
            }
            b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" => Raw::Opaque,
            b"script" => self.script(),
            b"title" | b"textarea" => Raw::Escapable,
            _ => return,
        };
        self.raw = Some(raw);
        self.raw_name = name;
        self.tail = 0;
        self.near = 0;
        self.escaped = Escaped::No;
    }

    fn script(&self) -> Raw {
        let script_type = self.script_type.start().trim_ascii();
        let is = |part: &[u8]| memchr::memmem::find(script_type, part).is_some();
        if script_type.is_empty()
            || script_type == b"module"
            || is(b"javascript")
            || is(b"ecmascript")
        {
            Raw::Script(Box::new(Script::new(self.depth)))
        } else if is(b"json") || matches!(script_type, b"importmap" | b"speculationrules") {
            Raw::Data(Box::new(Json::at_depth(self.lookahead, self.depth)))
        } else {
            Raw::Opaque
        }
    }

    fn declaration(&mut self, byte: u8) {
        const CDATA: &[u8] = b"[cdata[";
        self.name.push(byte);
        match self.name.get() {
            b"--" => {
                // `<!-->` and `<!--->` are whole comments.
                self.tail = u128::from(u16::from_be_bytes(*b"--"));
                self.state = State::Comment;
            }
            CDATA => {
                self.tail = 0;
                self.state = State::Cdata {
                    ended: false,
                    tags: false,
                };
            }
            b"-" => {}
            // Elsewhere it is a comment that the next `>` ends.
            start if self.foreign > 0 && CDATA.starts_with(start) => {}
            _ if byte == b'>' => self.state = State::Text,
            _ => self.state = State::Bogus,
        }
    }

    /// What is not displayed, up to its end.
    fn skipped(&mut self, bytes: &[u8]) -> usize {
        let end: &[&[u8]] = match self.state {
            State::Comment => &[b"-->", b"--!>"],
            State::Cdata { .. } => &[b"]]>"],
            _ => &[b">"],
        };
        for (at, byte) in bytes.iter().enumerate() {
            self.tail = self.tail << 8 | u128::from(*byte);
            if *byte == b'>' && end.iter().any(|end| self.tail_is(b"", end)) {
                if let State::Cdata { tags: true, .. } = self.state {
                    self.raw = Some(Raw::Endless);
                }
                self.state = State::Text;
                self.run = Run::Empty;
                return at + 1;
            }
            if let State::Cdata { ended, tags } = &mut self.state {
                *ended |= *byte == b'>';
                *tags |= *ended && *byte == b'<';
            }
        }
        bytes.len()
    }
}

/// Ends the name of a tag.
fn ends_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')
}
