//! XML 1.0, XHTML and SVG among it, as far as it takes to know where a token stands.
//!
//! In text, CDATA sections and ordinary attributes a value is written in their escapes, and in those of the HTML or
//! JSON that a feed or an envelope keeps in them ([`Content`]). A token stays in names, comments, instructions,
//! declarations, attributes that take a URL, and in `script` and `style` elements and attributes of any vocabulary.

use super::content::Content;
use super::machine::{Seen, Standing, Verdict};
use super::name::{Name, takes_url};
use super::peek::{Peek, holds_markup};
use super::reference::References;
use crate::escape::Escape;

pub(super) struct Xml {
    lookahead: usize,
    state: State,
    tag: Name,
    closing: bool,
    self_closing: bool,
    name: Name,
    value: Value,
    /// How many elements are open inside a `script` or `style`, itself counted.
    quiet: u32,
    references: References,
    content: Content,
    /// The last four bytes of what is skipped or of a CDATA section.
    tail: u32,
    peek: Peek,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// After `<`.
    Less,
    TagName,
    /// In a tag, between its names and values.
    Tag,
    Name,
    /// In a value that this quote ends.
    Value(u8),
    /// After `<!` and so many bytes that are kept in `name`.
    Markup,
    Comment,
    Instruction,
    Cdata,
    /// In a declaration: the brackets and the quote that are open.
    Declaration {
        brackets: u32,
        quote: Option<u8>,
    },
}

/// What an attribute's value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Opaque,
    Url,
    Ordinary,
}

impl Xml {
    pub(super) fn new(lookahead: usize) -> Self {
        Self {
            lookahead,
            state: State::Text,
            tag: Name::default(),
            closing: false,
            self_closing: false,
            name: Name::default(),
            value: Value::Opaque,
            quiet: 0,
            references: References::default(),
            content: Content::new(0),
            tail: 0,
            peek: Peek::default(),
        }
    }

    pub(super) fn advance(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            let used = match self.state {
                State::Text => self.text(bytes),
                State::Value(quote) => self.attribute(bytes, quote),
                State::Comment | State::Instruction | State::Cdata => self.section(bytes),
                _ => {
                    self.step(*first);
                    1
                }
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    pub(super) fn standing(&mut self) -> Standing {
        if self.quiet > 0 || !self.references.is_idle() {
            return Standing::Leave;
        }
        match (self.state, self.value) {
            (State::Text | State::Cdata, _) | (State::Value(_), Value::Ordinary) => {
                self.content.standing()
            }
            (State::Value(_), Value::Url) => Standing::Url,
            _ => Standing::Leave,
        }
    }

    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        let outer = match self.state {
            State::Value(_) => Escape::XmlAttribute,
            State::Cdata => Escape::Cdata,
            _ => Escape::Xml,
        };
        let mut markup = false;
        if !seen.is_simple() && self.content.undecided().is_some() {
            let state = self.state;
            let ends = |bytes: &[u8], at: usize, _| match state {
                State::Value(quote) => bytes.get(at) == Some(&quote),
                State::Cdata => bytes
                    .get(..=at)
                    .is_some_and(|bytes| bytes.ends_with(b"]]>")),
                _ => bytes.get(at) == Some(&b'<'),
            };
            match self.peek.until(ends, seen, self.lookahead) {
                None => return Verdict::More,
                Some(rest) => markup = rest.is_none_or(|rest| follows(rest, state)),
            }
        }
        Verdict::escape(self.content.escape(markup).within(outer))
    }

    fn text(&mut self, bytes: &[u8]) -> usize {
        let end = memchr::memchr(b'<', bytes);
        self.decoded(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
        if end.is_some() {
            self.state = State::Less;
        }
        end.map_or(bytes.len(), |at| at + 1)
    }

    fn attribute(&mut self, bytes: &[u8], quote: u8) -> usize {
        let end = memchr::memchr(quote, bytes);
        self.decoded(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
        if end.is_some() {
            self.state = State::Tag;
        }
        end.map_or(bytes.len(), |at| at + 1)
    }

    fn decoded(&mut self, source: &[u8]) {
        let content = &mut self.content;
        self.references
            .advance(source, &mut |text| content.advance(text));
    }

    fn begin_content(&mut self) {
        self.content.begin();
        self.references = References::default();
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::Less => {
                self.closing = byte == b'/';
                self.tag.clear();
                self.name.clear();
                self.state = match byte {
                    b'/' => State::TagName,
                    b'!' => State::Markup,
                    b'?' => State::Instruction,
                    _ => {
                        self.tag.push(byte);
                        State::TagName
                    }
                };
            }
            State::TagName | State::Tag => match byte {
                b'>' => self.end_tag(),
                b'"' | b'\'' => self.begin_value(byte),
                b'/' => {
                    self.self_closing = true;
                    self.state = State::Tag;
                }
                _ if byte.is_ascii_whitespace() || byte == b'=' => self.state = State::Tag,
                _ if self.state == State::TagName => self.tag.push(byte),
                _ => {
                    self.self_closing = false;
                    self.name.clear();
                    self.name.push(byte);
                    self.state = State::Name;
                }
            },
            State::Name => match byte {
                b'>' => self.end_tag(),
                b'"' | b'\'' => self.begin_value(byte),
                _ if byte.is_ascii_whitespace() || matches!(byte, b'=' | b'/') => {
                    self.state = State::Tag
                }
                _ => self.name.push(byte),
            },
            State::Markup => self.markup(byte),
            State::Declaration { brackets, quote } => self.declaration(byte, brackets, quote),
            State::Text | State::Value(_) | State::Comment | State::Instruction | State::Cdata => {}
        }
    }

    fn begin_value(&mut self, quote: u8) {
        self.state = State::Value(quote);
        self.self_closing = false;
        self.begin_content();
        let name = self.name.local();
        self.value = if name.is_empty()
            || name == b"style"
            || name.starts_with(b"on")
            || is_animation(self.tag.local())
        {
            Value::Opaque
        } else if takes_url(&self.name) {
            Value::Url
        } else {
            Value::Ordinary
        };
    }

    fn end_tag(&mut self) {
        self.state = State::Text;
        self.begin_content();
        let opens = !self.closing && !std::mem::take(&mut self.self_closing);
        if self.quiet > 0 {
            self.quiet = if opens {
                self.quiet.saturating_add(1)
            } else {
                self.quiet - u32::from(self.closing)
            };
        } else if opens && matches!(self.tag.local(), b"script" | b"style") {
            self.quiet = 1;
        }
    }

    fn markup(&mut self, byte: u8) {
        const CDATA: &[u8] = b"[cdata[";
        self.name.push(byte);
        self.tail = 0;
        self.state = match self.name.get() {
            b"--" => State::Comment,
            CDATA => State::Cdata,
            start if start == b"-" || CDATA.starts_with(start) => State::Markup,
            _ if byte == b'>' => State::Text,
            _ => State::Declaration {
                brackets: 0,
                quote: None,
            },
        };
    }

    fn declaration(&mut self, byte: u8, brackets: u32, quote: Option<u8>) {
        self.state = match (quote, byte) {
            (Some(open), _) => State::Declaration {
                brackets,
                quote: (open != byte).then_some(open),
            },
            (None, b'"' | b'\'') => State::Declaration {
                brackets,
                quote: Some(byte),
            },
            (None, b'[') => State::Declaration {
                brackets: brackets.saturating_add(1),
                quote,
            },
            (None, b']') => State::Declaration {
                brackets: brackets.saturating_sub(1),
                quote,
            },
            (None, b'>') if brackets == 0 => State::Text,
            _ => State::Declaration { brackets, quote },
        };
    }

    /// A comment, an instruction or a CDATA section, up to its end.
    fn section(&mut self, bytes: &[u8]) -> usize {
        let end: [u8; 3] = match self.state {
            State::Comment => *b"-->",
            State::Cdata => *b"]]>",
            _ => *b"\0?>",
        };
        let mask = if end.starts_with(b"\0") {
            0xffff
        } else {
            0xff_ffff
        };
        let [first, second, third] = end;
        let end = u32::from_be_bytes([0, first, second, third]);
        let found = bytes.iter().position(|byte| {
            self.tail = self.tail << 8 | u32::from(*byte);
            self.tail & mask == end
        });
        if self.state == State::Cdata {
            self.content.advance(
                bytes
                    .get(..found.unwrap_or(bytes.len()))
                    .unwrap_or_default(),
            );
        }
        if found.is_some() {
            self.state = State::Text;
        }
        found.map_or(bytes.len(), |at| at + 1)
    }
}

/// Whether the rest of a text, value or section makes it HTML: in text and values a tag is spelled with references.
fn follows(rest: &[u8], state: State) -> bool {
    match state {
        State::Cdata => holds_markup(rest, true),
        _ => {
            let doubled = memchr::memmem::find(rest, b"&amp;").is_some();
            holds_markup(rest, false) || (doubled && holds_markup(&undo_references(rest), true))
        }
    }
}

/// The rest of a text as it reads, so that the references of the HTML in it show.
fn undo_references(rest: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(rest.len());
    References::default().advance(rest, &mut |decoded| text.extend_from_slice(decoded));
    text
}

fn is_animation(tag: &[u8]) -> bool {
    tag == b"set" || tag.starts_with(b"animate")
}
