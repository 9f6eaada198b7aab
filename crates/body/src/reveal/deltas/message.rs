//! One JSON message of a stream, as far as deltas need it: its strings, where each stands, and what tells one channel
//! of text from another.
//!
//! A message is read whole and must be well-formed enough to be walked; one that is not, or holds more than a delta
//! does, is nothing to this module and is scanned like any other text.

use std::ops::Range;

/// Deeper than this, no message is a delta.
const DEEPEST: usize = 16;
/// A message with more strings or objects than this is none.
const MOST: usize = 256;

/// A string of a message.
#[derive(Debug)]
pub(super) struct Text {
    /// Where its source stands between its quotes, in the message.
    pub(super) range: Range<usize>,
    /// The names that lead to it.
    pub(super) path: Box<[u8]>,
    /// The innermost object around it.
    object: Option<usize>,
    /// A name on the way says that it is a delta.
    named: bool,
    /// It names something and is no text.
    names: bool,
}

/// A member that tells channels apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The path of its object, and its name.
    pub(super) at: Box<[u8]>,
    /// Its source.
    pub(super) value: Box<[u8]>,
    /// It says what kind of message this is, not whose.
    pub(super) is_type: bool,
}

#[derive(Debug)]
struct Object {
    around: Option<usize>,
    path: Box<[u8]>,
    /// Its number in an array.
    number: Option<usize>,
    marks: Vec<Mark>,
}

/// A message. See the module.
#[derive(Debug, Default)]
pub(in crate::reveal) struct Message {
    pub(super) texts: Vec<Text>,
    objects: Vec<Object>,
    says_piece: bool,
    names_delta: bool,
}

impl Message {
    /// Reads a message, given what its event is called.
    pub(in crate::reveal) fn read(source: &[u8], event: &[u8]) -> Option<Self> {
        let mut reader = Reader {
            source,
            at: 0,
            path: Vec::new(),
            message: Self::default(),
        };
        reader.message.says_piece = says_piece(event);
        reader.value(Standing::default(), 0)?;
        reader.space();
        let mut message = reader.message;
        // RFC 7464's separator, and SignalR's, may stand around a message.
        if source.get(reader.at..)?.iter().any(|b| *b != 0x1e) {
            return None;
        }
        message.number();
        Some(message)
    }

    /// Whether it says that it brings a piece of a longer text.
    pub(in crate::reveal) fn is_piece(&self) -> bool {
        self.says_piece || self.names_delta
    }

    /// Whether this string is that piece.
    pub(super) fn is_piece_at(&self, text: &Text) -> bool {
        self.is_piece() && !text.names && (text.named || !self.names_delta)
    }

    /// What tells the channel of this string from others.
    pub(super) fn marks_of(&self, text: &Text) -> Vec<Mark> {
        let mut marks = Vec::new();
        let mut next = text.object;
        while let Some(object) = next.and_then(|index| self.objects.get(index)) {
            marks.extend_from_slice(&object.marks);
            next = object.around;
        }
        marks
    }

    /// Whether it is about what `marks` name, whatever its type: it shares one of them and contradicts none.
    pub(super) fn is_about(&self, marks: &[Mark]) -> bool {
        let mut shares = false;
        for mark in marks.iter().filter(|mark| !mark.is_type) {
            let all = self.objects.iter().flat_map(|object| &object.marks);
            let mut met = all.filter(|known| known.at == mark.at).peekable();
            let absent = met.peek().is_none();
            let equal = met.any(|known| known.value == mark.value);
            if !absent && !equal {
                return false;
            }
            shares |= equal;
        }
        shares
    }

    /// Elements without an index of their own are told apart by where they stand.
    fn number(&mut self) {
        for object in &mut self.objects {
            let has_index = object.marks.iter().any(|mark| is_index(name_of(&mark.at)));
            if let Some(number) = object.number.filter(|_| !has_index) {
                object.marks.push(Mark {
                    at: [&object.path[..], b"\0#"].concat().into(),
                    value: number.to_string().into_bytes().into(),
                    is_type: false,
                });
            }
        }
    }
}

/// Whether a message can be a piece at all: the words that say so stand somewhere in it.
pub(in crate::reveal) fn may_be_piece(source: &[u8]) -> bool {
    [&b"elta"[..], b"hunk", b"artial", b"\"done\"", b"ELTA"]
        .iter()
        .any(|word| memchr::memmem::find(source, word).is_some())
}

/// Whether a name or a type says that what it names is a piece of something.
fn says_piece(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    [&b"delta"[..], b"chunk", b"partial"]
        .iter()
        .any(|word| memchr::memmem::find(&name, word).is_some())
}

fn is_type(name: &[u8]) -> bool {
    matches!(name, b"type" | b"event" | b"event_type" | b"object")
}

fn is_index(name: &[u8]) -> bool {
    name == b"index" || name.ends_with(b"_index") || name.ends_with(b"Index")
}

/// The name of an event is another one each time, and an `id` alone often stands in the first piece only.
fn is_mark(name: &[u8]) -> bool {
    is_index(name) || (name.ends_with(b"_id") && name != b"event_id")
}

/// Members of a delta that hold no text.
fn is_name(name: &[u8]) -> bool {
    is_type(name)
        || is_mark(name)
        || name.ends_with(b"_id")
        || matches!(
            name,
            b"id" | b"role" | b"model" | b"name" | b"status" | b"signature" | b"obfuscation"
        )
}

fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == 0).next().unwrap_or_default()
}

/// Where a value stands.
#[derive(Clone, Copy, Default)]
struct Standing {
    object: Option<usize>,
    /// Its number, where it is an element.
    number: Option<usize>,
    named: bool,
}

struct Reader<'a> {
    source: &'a [u8],
    at: usize,
    path: Vec<u8>,
    message: Message,
}

impl Reader<'_> {
    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self, standing: Standing, depth: usize) -> Option<()> {
        self.space();
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(standing, depth),
            b'[' => self.array(standing, depth),
            b'"' => {
                let range = self.string()?;
                self.text(range, standing)
            }
            _ => {
                let from = self.at;
                self.scalar()?;
                self.member(from..self.at, standing, false);
                Some(())
            }
        }
    }

    fn object(&mut self, standing: Standing, depth: usize) -> Option<()> {
        let index = self.message.objects.len();
        if index == MOST {
            return None;
        }
        self.message.objects.push(Object {
            around: standing.object,
            path: self.path.as_slice().into(),
            number: standing.number,
            marks: Vec::new(),
        });
        self.at += 1;
        if self.eat(b'}').is_some() {
            return Some(());
        }
        loop {
            self.space();
            let key = self.string()?;
            self.eat(b':')?;
            let length = self.path.len();
            let key = self.source.get(key)?;
            self.path.push(0);
            self.path.extend_from_slice(key);
            let is_delta = memchr::memmem::find(&key.to_ascii_lowercase(), b"delta").is_some();
            self.message.names_delta |= is_delta;
            let inner = Standing {
                object: Some(index),
                number: None,
                named: standing.named || is_delta,
            };
            self.value(inner, depth + 1)?;
            self.path.truncate(length);
            if self.eat(b'}').is_some() {
                return Some(());
            }
            self.eat(b',')?;
        }
    }

    fn array(&mut self, standing: Standing, depth: usize) -> Option<()> {
        self.at += 1;
        if self.eat(b']').is_some() {
            return Some(());
        }
        let length = self.path.len();
        self.path.extend_from_slice(b"\0[");
        for number in 0.. {
            let inner = Standing {
                number: Some(number),
                ..standing
            };
            self.value(inner, depth + 1)?;
            if self.eat(b']').is_some() {
                self.path.truncate(length);
                return Some(());
            }
            self.eat(b',')?;
        }
        None
    }

    /// The range of a string between its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        (self.peek()? == b'"').then_some(())?;
        let from = self.at + 1;
        let mut at = from;
        loop {
            at += memchr::memchr2(b'"', b'\\', self.source.get(at..)?)?;
            if self.source.get(at) == Some(&b'"') {
                self.at = at + 1;
                return Some(from..at);
            }
            at += 2;
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let from = self.at;
        while let Some(byte) = self.peek() {
            if !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'+' | b'.') {
                break;
            }
            self.at += 1;
        }
        let scalar = self.source.get(from..self.at)?;
        let is_number = scalar
            .first()
            .is_some_and(|b| b.is_ascii_digit() || *b == b'-');
        (is_number || matches!(scalar, b"true" | b"false" | b"null")).then_some(())
    }

    fn text(&mut self, range: Range<usize>, standing: Standing) -> Option<()> {
        if self.message.texts.len() == MOST {
            return None;
        }
        let name = name_of(&self.path);
        let names = is_name(name) && !self.path.is_empty();
        let mut path = self.path.clone();
        if let Some(number) = standing.number {
            path.extend_from_slice(number.to_string().as_bytes());
        }
        self.message.texts.push(Text {
            range: range.clone(),
            path: path.into(),
            object: standing.object,
            named: standing.named,
            names,
        });
        self.member(range, standing, true);
        Some(())
    }

    /// Notes a member that says what the message is, or whose.
    fn member(&mut self, range: Range<usize>, standing: Standing, is_text: bool) {
        let name = name_of(&self.path);
        let value = self.source.get(range).unwrap_or_default();
        let is_type = is_type(name) && is_text;
        let at_root = standing.object == Some(0);
        self.message.says_piece |= (is_type && says_piece(value))
            || (at_root && !is_text && name == b"done" && matches!(value, b"true" | b"false"));
        if standing.number.is_some() || !(is_type || is_mark(name)) {
            return;
        }
        let mark = Mark {
            at: self.path.as_slice().into(),
            value: value.into(),
            is_type,
        };
        let object = standing
            .object
            .and_then(|index| self.message.objects.get_mut(index));
        if let Some(object) = object {
            object.marks.push(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Message {
        Message::read(source.as_bytes(), b"").expect("a message")
    }

    fn pieces(source: &str) -> Vec<&str> {
        let message = read(source);
        let pieces = message
            .texts
            .iter()
            .filter(|text| message.is_piece_at(text));
        pieces.map(|text| &source[text.range.clone()]).collect()
    }

    #[test]
    fn what_says_that_it_is_a_piece_is_one() {
        assert_eq!(
            pieces(
                r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"Bon"}}]}"#
            ),
            ["Bon"]
        );
        assert_eq!(
            pieces(
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a"}}"#
            ),
            ["{\\\"a"]
        );
        assert_eq!(
            pieces(r#"{"model":"m","message":{"role":"assistant","content":"The"},"done":false}"#),
            ["The"]
        );
        assert!(pieces(r#"{"type":"message","text":"The"}"#).is_empty());
    }

    #[test]
    fn a_message_is_about_a_channel_whose_marks_it_shares() {
        let delta = read(
            r#"{"type":"a.delta","output_index":0,"content_index":0,"item_id":"m","delta":"x"}"#,
        );
        let text = delta.texts.last().expect("a text");
        let marks = delta.marks_of(text);
        let done =
            r#"{"type":"a.done","output_index":0,"content_index":0,"item_id":"m","text":""}"#;
        assert!(read(done).is_about(&marks));
        assert!(!read(&done.replace("x\":0", "x\":1")).is_about(&marks));
        assert!(!read(r#"{"type":"ping"}"#).is_about(&marks));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for source in [
            "",
            "{",
            "{\"a\"}",
            "{\"a\":1}x",
            "[DONE",
            "[DONE]",
            "{\"a\":\"\\\"}",
        ] {
            assert!(Message::read(source.as_bytes(), b"").is_none(), "{source}");
        }
    }
}
