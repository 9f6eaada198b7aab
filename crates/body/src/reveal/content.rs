//! What stands in a literal (a JSON string, a script's string, an attribute), decoded as far as its escapes go.
//!
//! A literal is often a document of its own. It is taken for JSON when it begins like an object or array, and for
//! HTML from the first tag or character reference in it. Both are generous: what is escaped for one reader too
//! many is inert, and only its looks suffer; what is escaped for one too few is somebody's script.

use super::html::Html;
use super::json::Json;
use super::machine::Standing;
use super::run::Run;
use super::unescape::Unescape;
use crate::escape::Escape;

/// How deep literals are followed into one another; below that, tokens stay.
const DEEPEST: u8 = 6;

pub(super) struct Content {
    depth: u8,
    kind: Kind,
    run: Run,
    unescape: Unescape,
}

enum Kind {
    /// Nothing but white space so far.
    Empty,
    /// A bracket of this kind and nothing but white space after it.
    Bracket(u8),
    Json(Box<Json>),
    Text,
    /// Text with a `<` or `&` in it.
    Html(Box<Html>),
    /// Too deep to be followed.
    Deep,
}

impl Content {
    /// A literal that stands in so many others.
    pub(super) fn new(depth: u8) -> Self {
        Self {
            depth,
            kind: Kind::Empty,
            run: Run::default(),
            unescape: Unescape::default(),
        }
    }

    /// Begins another literal.
    pub(super) fn begin(&mut self) {
        self.kind = Kind::Empty;
        self.run = Run::default();
        self.unescape = Unescape::default();
    }

    /// Goes on with a literal of text that something else stood in.
    pub(super) fn resume(&mut self, markup: bool) {
        self.begin();
        self.kind = if markup { self.html(true) } else { Kind::Text };
    }

    /// Goes over the source of a JSON or script string.
    pub(super) fn advance_escaped(&mut self, source: &[u8]) {
        let mut unescape = std::mem::take(&mut self.unescape);
        unescape.advance(source, &mut |decoded| self.advance(decoded));
        self.unescape = unescape;
    }

    /// Goes over decoded text.
    pub(super) fn advance(&mut self, mut text: &[u8]) {
        while let Some(first) = text.first().copied() {
            match &mut self.kind {
                Kind::Empty | Kind::Bracket(_) => {
                    if first.is_ascii_whitespace() {
                        text = text.get(1..).unwrap_or_default();
                        continue;
                    }
                    self.kind = match (&self.kind, first) {
                        (Kind::Empty, b'{' | b'[') => {
                            text = text.get(1..).unwrap_or_default();
                            Kind::Bracket(first)
                        }
                        (Kind::Bracket(b'{'), b'"' | b'}') => self.json(),
                        (
                            Kind::Bracket(b'['),
                            b'"' | b'[' | b'{' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n',
                        ) => self.json(),
                        _ => Kind::Text,
                    };
                }
                Kind::Text => match memchr::memchr2(b'<', b'&', text) {
                    Some(at) => {
                        self.run.advance(text.get(..at).unwrap_or_default());
                        text = text.get(at..).unwrap_or_default();
                        self.kind = self.html(false);
                    }
                    None => return self.run.advance(text),
                },
                Kind::Json(json) => return json.advance(text),
                Kind::Html(html) => return html.advance(text),
                Kind::Deep => return,
            }
        }
    }

    pub(super) fn standing(&mut self) -> Standing {
        if !self.unescape.is_idle() {
            return Standing::Leave;
        }
        match &mut self.kind {
            Kind::Json(json) => json.standing(),
            Kind::Html(html) => html.standing(),
            Kind::Text if self.run.is_url() => Standing::Url,
            Kind::Empty | Kind::Bracket(_) | Kind::Text => Standing::Open,
            Kind::Deep => Standing::Leave,
        }
    }

    /// The escape of what stands in the literal, without the literal's own; `markup` says that what follows in it
    /// is HTML.
    pub(super) fn escape(&self, markup: bool) -> Escape {
        match &self.kind {
            Kind::Json(json) => json.escape(markup),
            Kind::Html(html) if html.is_markup() || html.is_after_less() => html.escape(markup),
            _ if markup => Escape::Html,
            Kind::Html(_) | Kind::Empty | Kind::Bracket(_) | Kind::Text | Kind::Deep => {
                Escape::Plain
            }
        }
    }

    /// Where what follows decides whether the text here is HTML: in how many JSON strings it stands.
    pub(super) fn undecided(&self) -> Option<u32> {
        match &self.kind {
            Kind::Json(json) => json.undecided().map(|depth| depth + 1),
            Kind::Html(html) if html.is_markup() || html.is_after_less() => None,
            Kind::Html(_) | Kind::Empty | Kind::Bracket(_) | Kind::Text => Some(0),
            Kind::Deep => None,
        }
    }

    /// Whether the text is known to be HTML.
    pub(super) fn is_markup(&self) -> bool {
        matches!(&self.kind, Kind::Html(html) if html.is_markup())
    }

    /// In how many JSON strings the innermost literal stands, if it is empty so far.
    pub(super) fn empty_depth(&self) -> Option<u32> {
        match &self.kind {
            Kind::Empty if self.unescape.is_idle() => Some(0),
            Kind::Json(json) => json.empty_depth().map(|depth| depth + 1),
            _ => None,
        }
    }

    fn json(&self) -> Kind {
        match self.depth {
            DEEPEST.. => Kind::Deep,
            depth => Kind::Json(Box::new(Json::at_depth(0, depth + 1))),
        }
    }

    fn html(&self, markup: bool) -> Kind {
        match self.depth {
            DEEPEST.. => Kind::Deep,
            depth => Kind::Html(Box::new(Html::fragment(depth + 1, self.run, markup))),
        }
    }
}
