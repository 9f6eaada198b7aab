//! What [`Reveal`](super::Reveal) asks of a format: to go over the page's bytes, and to say where a token stands.

use super::coded::Spelling;
use super::csv::Csv;
use super::events::Events;
use super::form::Form;
use super::html::Html;
use super::json::Json;
use super::lines::Lines;
use super::medium::{Format, Medium};
use super::plain::Plain;
use super::script::Script;
use super::xml::Xml;
use crate::Limits;
use crate::edit::ValueType;
use crate::escape::{Charset, Escape};

/// What a machine wants done after it went over bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: it has gone over all of them.
    Done,
    /// It has gone over so many of them, and there these bytes are to be inserted.
    Insert(usize, &'static [u8]),
}

/// Whether a token may be opened where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may.
    Open,
    /// It stays: it is part of a URL.
    Url,
    /// It stays: nothing can be written safely here.
    Leave,
}

impl Standing {
    /// The stricter of two.
    pub(super) fn and(self, other: Self) -> Self {
        if self == Self::Open { other } else { self }
    }
}

/// What is known when a token has been opened.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The value, unless an ask will bring it.
    pub plain: Option<&'a [u8]>,
    /// The type the value had.
    pub value_type: ValueType,
    /// The page's bytes after the token, as far as they have come.
    pub after: &'a [u8],
    /// No more will come.
    pub last: bool,
}

impl Seen<'_> {
    /// Whether the value is known to be written alike in any escape of text: nothing that waits is decided by it.
    pub(super) fn is_simple(&self) -> bool {
        let simple = |b: &u8| {
            b.is_ascii_alphanumeric()
                || matches!(b, b' ' | b'_' | b'.' | b',' | b':' | b'@' | b'-')
                || *b >= 0x80
        };
        // U+2028 and U+2029 begin with E2 80.
        self.plain.is_some_and(|plain| {
            plain.iter().all(simple) && memchr::memmem::find(plain, b"\xe2\x80").is_none()
        })
    }
}

/// How a value is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub escape: Escape,
    /// How many of the page's bytes before the token give way with it.
    pub take_before: usize,
    /// How many after it.
    pub take_after: usize,
    /// Bytes to insert so many bytes before the token.
    pub insert: Option<(usize, &'static [u8])>,
}

impl Spot {
    pub(super) fn new(escape: Escape) -> Self {
        Self {
            escape,
            take_before: 0,
            take_after: 0,
            insert: None,
        }
    }
}

/// Whether it can be said yet how a value is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// More of the page's bytes decide.
    More,
    /// So.
    Write(Spot),
}

impl Verdict {
    pub(super) fn escape(escape: Escape) -> Self {
        Self::Write(Spot::new(escape))
    }
}

/// The machine of a medium.
pub(super) struct Machine {
    charset: Charset,
    kind: Kind,
    lookahead: usize,
    unread: u64,
    /// What is around the escape of every value.
    around: Escape,
}

enum Kind {
    Untouched,
    /// Nothing but white space so far in a body without a type.
    Unnamed(Limits),
    Plain(Plain),
    Json(Box<Json>),
    Html(Box<Html>),
    Xml(Box<Xml>),
    Script(Box<Script>),
    Csv(Box<Csv>),
    Form(Form),
    Events(Box<Events>),
    Lines(Box<Lines>),
}

impl Machine {
    pub(super) fn of(medium: &Medium, limits: Limits) -> Self {
        let lookahead = limits.lookahead;
        let kind = match medium.format() {
            Format::Untouched
            | Format::Code
            | Format::Multipart(_)
            | Format::Message
            | Format::Document => Kind::Untouched,
            Format::Unnamed => Kind::Unnamed(limits),
            Format::Lines => Kind::Lines(Box::default()),
            Format::Plain => Kind::Plain(Plain::default()),
            Format::Json | Format::JsonLines => Kind::Json(Box::new(Json::new(limits))),
            Format::Html => Kind::Html(Box::new(Html::document(lookahead))),
            Format::Xml => Kind::Xml(Box::new(Xml::new(lookahead))),
            Format::Script => Kind::Script(Box::new(Script::new(0))),
            Format::Csv => Kind::Csv(Box::new(Csv::new())),
            Format::Form => Kind::Form(Form::default()),
            Format::Events => Kind::Events(Box::new(Events::new(limits))),
        };
        Self {
            charset: medium.charset(),
            kind,
            lookahead,
            unread: u64::from(medium.is_unread()),
            around: Escape::Plain,
        }
    }

    /// Whether the body is one JSON text.
    pub(super) fn is_json(&self) -> bool {
        matches!(self.kind, Kind::Json(_)) && self.charset == Charset::Utf8
    }

    /// Writes every value in this escape, too.
    pub(super) fn around(&mut self, around: Escape) {
        self.around = around;
    }

    /// Takes the body for text in this charset.
    pub(super) fn in_charset(&mut self, charset: Charset) {
        self.charset = charset;
    }

    /// Goes over bytes that leave as they came.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Step {
        match &mut self.kind {
            Kind::Untouched => {}
            Kind::Unnamed(limits) => {
                let Some(first) = bytes.iter().find(|b| !b.is_ascii_whitespace()) else {
                    return Step::Done;
                };
                let (kind, charset) = sniffed(*first, *limits, self.charset);
                self.kind = kind;
                self.charset = charset;
                return self.advance(bytes);
            }
            Kind::Lines(lines) => lines.advance(bytes),
            Kind::Plain(plain) => plain.advance(bytes),
            Kind::Json(json) => json.advance(bytes),
            Kind::Html(html) => html.advance(bytes),
            Kind::Xml(xml) => xml.advance(bytes),
            Kind::Script(script) => script.advance(bytes),
            Kind::Form(form) => form.advance(bytes),
            Kind::Events(events) => events.advance(bytes),
            Kind::Csv(csv) => return csv.advance(bytes),
        }
        Step::Done
    }

    /// Where the token stands that begins here.
    pub(super) fn standing(&mut self) -> Standing {
        match &mut self.kind {
            Kind::Untouched | Kind::Unnamed(_) => Standing::Leave,
            Kind::Lines(lines) => lines.standing(),
            Kind::Plain(plain) => plain.standing(),
            Kind::Json(json) => json.standing(),
            Kind::Html(html) => html.standing(),
            Kind::Xml(xml) => xml.standing(),
            Kind::Script(script) => script.standing(),
            Kind::Csv(csv) => csv.standing(),
            Kind::Form(form) => form.standing(),
            Kind::Events(events) => events.standing(),
        }
    }

    /// How runs of base64 are spelled in this medium, where they are looked for.
    pub(super) fn spells_base64(&self) -> Option<Spelling> {
        match &self.kind {
            Kind::Json(_) | Kind::Events(_) => Some(Spelling::Json),
            Kind::Xml(_) => Some(Spelling::Plain),
            Kind::Untouched
            | Kind::Unnamed(_)
            | Kind::Plain(_)
            | Kind::Html(_)
            | Kind::Script(_)
            | Kind::Csv(_)
            | Kind::Form(_)
            | Kind::Lines(_) => None,
        }
    }

    /// How the value of the token that begins here is to be written.
    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        let verdict = match &mut self.kind {
            Kind::Untouched | Kind::Unnamed(_) | Kind::Plain(_) => Verdict::escape(Escape::Plain),
            Kind::Lines(lines) => lines.spot(),
            Kind::Json(json) => json.spot(seen),
            Kind::Html(html) => html.spot(seen),
            Kind::Xml(xml) => xml.spot(seen),
            Kind::Script(script) => script.spot(seen, self.lookahead),
            Kind::Csv(csv) => csv.spot(seen),
            Kind::Form(_) => Verdict::escape(Escape::Form),
            Kind::Events(events) => events.spot(seen),
        };
        match verdict {
            Verdict::Write(spot) => Verdict::Write(Spot {
                escape: spot
                    .escape
                    .in_charset(self.charset)
                    .within(self.around.clone()),
                ..spot
            }),
            Verdict::More => Verdict::More,
        }
    }

    /// How many of the last bytes may have to give way with the next token.
    pub(super) fn hold(&self) -> usize {
        match &self.kind {
            Kind::Untouched
            | Kind::Unnamed(_)
            | Kind::Lines(_)
            | Kind::Plain(_)
            | Kind::Script(_)
            | Kind::Xml(_)
            | Kind::Form(_) => 0,
            Kind::Json(json) => json.hold(),
            Kind::Html(html) => html.hold(),
            Kind::Csv(csv) => csv.hold(),
            Kind::Events(events) => events.hold(),
        }
    }

    /// What is to be written at the end of the body.
    pub(super) fn end(&mut self) -> &'static [u8] {
        match &mut self.kind {
            Kind::Csv(csv) => csv.end(),
            _ => b"",
        }
    }

    /// Bytes held, beside a constant.
    pub(super) fn held(&self) -> usize {
        match &self.kind {
            Kind::Csv(csv) => csv.held(),
            _ => 0,
        }
    }

    /// How many bodies or parts passed unread since this was last asked.
    pub(super) fn take_unread(&mut self) -> u64 {
        std::mem::take(&mut self.unread)
    }
}

/// The machine of a body without a type that begins with `first`, as WHATWG MIME Sniffing §7.1 reads it: HTML and
/// XML begin with `<`, everything else is text.
fn sniffed(first: u8, limits: Limits, charset: Charset) -> (Kind, Charset) {
    match first {
        b'<' => {
            let charset = if charset == Charset::Utf8 {
                Charset::Undeclared
            } else {
                charset
            };
            (
                Kind::Html(Box::new(Html::document(limits.lookahead))),
                charset,
            )
        }
        b'{' | b'[' | b'"' => (Kind::Json(Box::new(Json::new(limits))), charset),
        _ => (Kind::Plain(Plain::default()), charset),
    }
}
