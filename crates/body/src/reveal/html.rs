//! HTML, by the tokenizer of WHATWG HTML §13.2.5 as far as it takes to know where a token stands.
//!
//! In text and ordinary attributes a value is written with references. It stays a token in the names of tags and
//! attributes, in comments, declarations, styles and whatever is not displayed; in scripts it is written in string
//! literals only ([`super::script::Script`]), in scripts that hold data as in JSON. Attributes are told apart in [`attribute`].
//! The tree is not built: where the tree decides how bytes are read (foreign content), the reading is taken in
//! which a token stays.

mod attribute;
mod raw;
mod tag;

use super::machine::{Seen, Standing, Verdict};
use super::name::{Name, is_element};
use super::run::Run;
use crate::escape::Escape;
use attribute::Attribute;
use raw::{Raw, RawText};

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
    /// The element that the text belongs to, where it is raw.
    raw: Option<RawText>,
    /// The last bytes of what is skipped.
    tail: u32,
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
            tail: 0,
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
            State::Text => match &mut self.raw {
                Some(raw) => raw.standing(),
                None if self.run.is_url() => Standing::Url,
                None => Standing::Open,
            },
            State::BeforeValue => {
                self.begin_value(None);
                self.attribute.standing()
            }
            State::Value => self.attribute.standing(),
            State::Less if !self.markup => Standing::Open,
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
            (State::Less, _) => Escape::HtmlAfterLess,
            (_, Some(raw)) => raw.escape(self.first, markup),
            _ if self.first => Escape::HtmlFirst,
            _ => Escape::Html,
        }
    }

    /// The verdict for a document.
    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        match (self.state, &mut self.raw) {
            (State::Text, Some(raw)) => return raw.spot(self.first, seen, self.lookahead),
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

    /// Whether a tag may begin here, in text that is not known to be HTML.
    pub(super) fn is_after_less(&self) -> bool {
        self.state == State::Less && !self.markup
    }

    /// The bytes that may give way to a number.
    pub(super) fn hold(&self) -> usize {
        match (self.state, &self.raw) {
            (State::Text, Some(raw)) => raw.hold(),
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
        let Some(raw) = &mut self.raw else { return 0 };
        let end = raw.advance(bytes);
        if let Some(at) = end {
            if raw.end_is_doubtful() {
                *raw = RawText::new(Raw::Endless, Name::default());
                return at;
            }
            self.tag = raw.name();
            self.closing = true;
            self.raw = None;
            self.begin_attributes();
            return at;
        }
        self.first = false;
        bytes.len()
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::Less => self.less(byte),
            State::EndLess if byte.is_ascii_alphabetic() => self.begin_tag(true, byte),
            State::EndLess if byte == b'>' => self.state = State::Text,
            State::EndLess => self.state = State::Bogus,
            State::TagName if ends_name(byte) => {
                if !self.markup && !is_element(self.tag.start()) {
                    self.state = State::Text;
                    self.text(&[byte]);
                    return;
                }
                self.markup = true;
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
            State::AfterName if byte.is_ascii_whitespace() => {}
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
            _ if byte.is_ascii_alphabetic() => self.begin_tag(false, byte),
            _ => {
                self.first = false;
                self.state = State::Text;
                self.run = Run::Empty;
                self.text(&[byte]);
            }
        }
    }

    fn declaration(&mut self, byte: u8) {
        const CDATA: &[u8] = b"[cdata[";
        self.name.push(byte);
        match self.name.get() {
            b"--" => {
                // `<!-->` and `<!--->` are whole comments.
                self.tail = u32::from(u16::from_be_bytes(*b"--"));
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
        for (at, byte) in bytes.iter().enumerate() {
            self.tail = self.tail << 8 | u32::from(*byte);
            if *byte == b'>' && self.ends_skipped() {
                if let State::Cdata { tags: true, .. } = self.state {
                    self.raw = Some(RawText::new(Raw::Endless, Name::default()));
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

    /// Whether the `>` that was just passed ends what is skipped.
    fn ends_skipped(&self) -> bool {
        let [first, second, third, _] = self.tail.to_be_bytes();
        match self.state {
            State::Comment => [second, third] == *b"--" || [first, second, third] == *b"--!",
            State::Cdata { .. } => [second, third] == *b"]]",
            _ => true,
        }
    }
}

/// Ends the name of a tag.
fn ends_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')
}
