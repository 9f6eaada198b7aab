//! What [`Reveal`](super::Reveal) asks of a format: to go over the page's bytes, and to say where a token stands.

use super::html::Html;
use super::json::Json;
use super::medium::{Format, Medium};
use super::plain::Plain;
use super::script::Script;
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

    /// With `outer` around the escape.
    pub(super) fn within(self, outer: Escape) -> Self {
        match self {
            Self::More => Self::More,
            Self::Write(spot) => Self::Write(Spot {
                escape: spot.escape.within(outer),
                ..spot
            }),
        }
    }
}

/// The machine of a medium.
pub(super) struct Machine {
    charset: Charset,
    kind: Kind,
    lookahead: usize,
    unread: std::cell::Cell<u64>,
}

enum Kind {
    Untouched,
    Plain(Plain),
    Json(Box<Json>),
    Html(Box<Html>),
    Script(Box<Script>),
}

impl Machine {
    pub(super) fn of(medium: &Medium, limits: Limits) -> Self {
        let kind = match medium.format() {
            Format::Untouched => Kind::Untouched,
            Format::Json => Kind::Json(Box::new(Json::new(limits))),
            Format::Html => Kind::Html(Box::new(Html::document(limits.lookahead))),
            Format::Script => Kind::Script(Box::new(Script::new(0))),
            Format::Plain => Kind::Plain(Plain::default()),
            _ => Kind::Untouched,
        };
        let unread = u64::from(medium.is_unread()).into();
        Self {
            charset: medium.charset(),
            kind,
            lookahead: limits.lookahead,
            unread,
        }
    }

    /// Goes over bytes that leave as they came.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Step {
        match &mut self.kind {
            Kind::Untouched => {}
            Kind::Plain(plain) => plain.advance(bytes),
            Kind::Json(json) => json.advance(bytes),
            Kind::Html(html) => html.advance(bytes),
            Kind::Script(script) => script.advance(bytes),
        }
        Step::Done
    }

    /// Where the token stands that begins here.
    pub(super) fn standing(&mut self) -> Standing {
        match &mut self.kind {
            Kind::Untouched => Standing::Leave,
            Kind::Plain(plain) => plain.standing(),
            Kind::Json(json) => json.standing(),
            Kind::Html(html) => html.standing(),
            Kind::Script(script) => script.standing(),
        }
    }

    /// How the value of the token that begins here is to be written.
    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        let verdict = match &mut self.kind {
            Kind::Untouched | Kind::Plain(_) => Verdict::escape(Escape::Plain),
            Kind::Json(json) => json.spot(seen),
            Kind::Html(html) => html.spot(seen),
            Kind::Script(script) => script.spot(seen, self.lookahead),
        };
        match verdict {
            Verdict::Write(spot) => Verdict::Write(Spot {
                escape: spot.escape.in_charset(self.charset),
                ..spot
            }),
            Verdict::More => Verdict::More,
        }
    }

    /// How many of the last bytes may have to give way with the next token.
    pub(super) fn hold(&self) -> usize {
        match &self.kind {
            Kind::Untouched | Kind::Plain(_) => 0,
            Kind::Json(json) => json.hold(),
            Kind::Html(html) => html.hold(),
            Kind::Script(_) => 0,
        }
    }

    /// What is to be written at the end of the body.
    pub(super) fn end(&mut self) -> &'static [u8] {
        b""
    }

    /// Bytes held, beside a constant.
    pub(super) fn held(&self) -> usize {
        0
    }

    /// How many bodies or parts passed unread since this was last asked.
    pub(super) fn take_unread(&self) -> u64 {
        self.unread.take()
    }
}
