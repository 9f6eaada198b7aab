//! Event streams (WHATWG HTML §9.2): the data of each event is JSON, or text that may hold HTML.
//!
//! A line break in a value begins another `data` line, so that the event's data holds the value as it is. Tokens in
//! names, comments and identifiers stay: a client sends the last identifier back.

use super::content::Content;
use super::json::Json;
use super::machine::{Seen, Standing, Verdict};
use super::name::Name;
use super::peek::{Peek, holds_markup};
use crate::Limits;
use crate::escape::Escape;

pub(super) struct Events {
    limits: Limits,
    line: Line,
    field: Name,
    /// The last byte was a carriage return: a line feed after it ends no other line.
    returned: bool,
    data: Data,
    peek: Peek,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// In the name of a field.
    Field,
    /// After `data:`, where one space is passed over.
    DataStart,
    Data,
    Other,
}

/// The data of an event.
enum Data {
    /// Nothing but white space so far.
    Empty,
    Json(Box<Json>),
    Text(Box<Content>),
}

impl Events {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            line: Line::Field,
            field: Name::default(),
            returned: false,
            data: Data::Empty,
            peek: Peek::default(),
        }
    }

    pub(super) fn advance(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            let after_return = std::mem::take(&mut self.returned);
            match (self.line, *first) {
                (_, b'\n') if after_return => bytes = rest,
                (_, b'\n' | b'\r') => {
                    self.end_line();
                    self.returned = *first == b'\r';
                    bytes = rest;
                }
                (Line::Field, b':') => {
                    self.line = if self.field.get() == b"data" {
                        Line::DataStart
                    } else {
                        Line::Other
                    };
                    bytes = rest;
                }
                (Line::Field, byte) => {
                    self.field.push(byte);
                    bytes = rest;
                }
                (Line::DataStart, byte) => {
                    self.line = Line::Data;
                    bytes = if byte == b' ' { rest } else { bytes };
                }
                (Line::Data | Line::Other, _) => {
                    let end = memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
                    let (text, from) = bytes.split_at(end);
                    if self.line == Line::Data {
                        self.data(text);
                    }
                    bytes = from;
                }
            }
        }
    }

    pub(super) fn standing(&mut self) -> Standing {
        match (self.line, &mut self.data) {
            (Line::Field | Line::Other, _) => Standing::Leave,
            (_, Data::Empty) => Standing::Open,
            (_, Data::Json(json)) => json.standing(),
            (_, Data::Text(content)) => content.standing(),
        }
    }

    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        match &mut self.data {
            Data::Json(json) => {
                // JSON's strings end with their line.
                let end = memchr::memchr2(b'\n', b'\r', seen.after);
                let after = seen
                    .after
                    .get(..end.unwrap_or(seen.after.len()))
                    .unwrap_or_default();
                json.spot(&Seen {
                    after,
                    last: seen.last || end.is_some(),
                    ..*seen
                })
            }
            Data::Empty => self.text(seen, true),
            Data::Text(content) => {
                let undecided = content.undecided().is_some();
                self.text(seen, undecided)
            }
        }
    }

    /// The quotes that may give way to a number.
    pub(super) fn hold(&self) -> usize {
        match (self.line, &self.data) {
            (Line::Data, Data::Json(json)) => json.hold(),
            _ => 0,
        }
    }

    fn text(&mut self, seen: &Seen<'_>, undecided: bool) -> Verdict {
        let mut markup = false;
        if undecided && !seen.is_simple() {
            match self.peek.until(ends_event, seen, self.limits.lookahead) {
                None => return Verdict::More,
                Some(rest) => markup = rest.is_none_or(|rest| holds_markup(rest, true)),
            }
        }
        let escape = match &self.data {
            Data::Text(content) => content.escape(markup),
            Data::Empty | Data::Json(_) if markup => Escape::Html,
            Data::Empty | Data::Json(_) => Escape::Plain,
        };
        Verdict::escape(escape.within(Escape::EventData))
    }

    fn end_line(&mut self) {
        match self.line {
            Line::Field if self.field.start().is_empty() => self.data = Data::Empty,
            Line::DataStart | Line::Data => match &mut self.data {
                Data::Json(json) => json.advance(b"\n"),
                Data::Text(content) => content.advance(b"\n"),
                Data::Empty => {}
            },
            Line::Field | Line::Other => {}
        }
        self.line = Line::Field;
        self.field.clear();
    }

    fn data(&mut self, text: &[u8]) {
        if let Data::Empty = self.data {
            self.data = match text.iter().find(|b| !b.is_ascii_whitespace()) {
                None => return,
                Some(b'{' | b'[' | b'"') => Data::Json(Box::new(Json::new(self.limits))),
                Some(_) => Data::Text(Box::new(Content::new(0))),
            };
        }
        match &mut self.data {
            Data::Json(json) => json.advance(text),
            Data::Text(content) => content.advance(text),
            Data::Empty => {}
        }
    }
}

/// A blank line: the line feed or carriage return after another one.
fn ends_event(bytes: &[u8], at: usize, _: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at)).copied();
    match bytes.get(at) {
        Some(b'\n') => matches!(
            (before(1), before(2)),
            (Some(b'\n'), _) | (Some(b'\r'), Some(b'\n'))
        ),
        Some(b'\r') => before(1) == Some(b'\r'),
        _ => false,
    }
}
