//! Attributes told apart by what their value is for.

use super::super::content::Content;
use super::super::machine::{Seen, Standing};
use super::super::name::{Name, takes_url};
use super::super::peek::{Peek, holds_markup};
use super::super::reference::References;
use super::super::script::Script;
use super::Html;
use crate::escape::Escape;

/// The value being read.
#[derive(Default)]
pub(super) struct Attribute {
    kind: Kind,
    references: References,
    peek: Peek,
}

#[derive(Default)]
enum Kind {
    /// Nothing can be escaped here.
    #[default]
    Opaque,
    Content(Box<Content>),
    /// A URL, as far as it takes to know its scheme.
    Url(Name),
    /// `content` of a `meta`, whose value is a delay and a URL if it begins with a number.
    Refresh(Name, Box<Content>),
    Handler(Box<Script>),
    Document(Box<Html>),
}

/// Schemes of URLs that hold an address and lead to no host.
const ADDRESSES: [&[u8]; 2] = [b"mailto:", b"tel:"];
/// Literals nested deeper than this are not followed.
const DEEPEST: u8 = 6;

impl Attribute {
    pub(super) fn begin(&mut self, tag: &Name, name: &Name, depth: u8) {
        self.references = References::default();
        self.kind = match name.get() {
            b"style" => Kind::Opaque,
            _ if depth >= DEEPEST => Kind::Opaque,
            // They animate any attribute, a link's among them.
            _ if tag.get() == b"set" || tag.get().starts_with(b"animate") => Kind::Opaque,
            b"srcdoc" => {
                Kind::Document(Box::new(Html::fragment(depth + 1, super::Run::Empty, true)))
            }
            b"content" if tag.get() == b"meta" => {
                Kind::Refresh(Name::default(), Box::new(Content::new(depth + 1)))
            }
            _ if takes_url(name) => Kind::Url(Name::default()),
            other if other.starts_with(b"on") => Kind::Handler(Box::new(Script::new(depth + 1))),
            [] => Kind::Opaque,
            _ => self.content(depth),
        };
    }

    pub(super) fn advance(&mut self, source: &[u8]) {
        let kind = &mut self.kind;
        self.references.advance(source, &mut |text| match kind {
            Kind::Opaque => {}
            Kind::Content(content) => content.advance(text),
            Kind::Url(start) => push_visible(start, text),
            Kind::Refresh(start, content) => {
                push_visible(start, text);
                content.advance(text);
            }
            Kind::Handler(script) => script.advance(text),
            Kind::Document(html) => html.advance(text),
        });
    }

    pub(super) fn standing(&mut self) -> Standing {
        if !self.references.is_idle() {
            return Standing::Leave;
        }
        match &mut self.kind {
            Kind::Opaque => Standing::Leave,
            Kind::Content(content) => content.standing(),
            Kind::Url(start) if is_address(start) => Standing::Open,
            Kind::Url(_) => Standing::Url,
            Kind::Refresh(start, _) if begins_with_number(start) => Standing::Url,
            Kind::Refresh(_, content) => content.standing(),
            Kind::Handler(script) => script.standing(),
            Kind::Document(html) => html.standing(),
        }
    }

    /// The escape inside the attribute, without the attribute's own.
    pub(super) fn escape(&self, markup: bool) -> Escape {
        match &self.kind {
            Kind::Opaque => Escape::Plain,
            Kind::Content(content) | Kind::Refresh(_, content) => content.escape(markup),
            Kind::Url(_) => Escape::Percent,
            Kind::Handler(script) => script.escape(markup),
            Kind::Document(html) => html.escape(markup),
        }
    }

    /// Whether what follows in the value is HTML; `None` while it is not known.
    pub(super) fn markup_follows(
        &mut self,
        quote: Option<u8>,
        seen: &Seen<'_>,
        lookahead: usize,
    ) -> Option<bool> {
        let undecided = match &self.kind {
            Kind::Content(content) | Kind::Refresh(_, content) => content.undecided().is_some(),
            _ => false,
        };
        if !undecided {
            return Some(false);
        }
        let ends = |bytes: &[u8], at: usize, _| match (bytes.get(at), quote) {
            (Some(byte), None) => byte.is_ascii_whitespace() || *byte == b'>',
            (byte, Some(quote)) => byte == Some(&quote),
            (None, None) => false,
        };
        let rest = self.peek.until(ends, seen, lookahead)?;
        Some(rest.is_none_or(|rest| holds_markup(rest, false)))
    }

    /// A new literal, in the place of the last one where there was one.
    fn content(&mut self, depth: u8) -> Kind {
        match std::mem::take(&mut self.kind) {
            Kind::Content(mut content) => {
                content.begin();
                Kind::Content(content)
            }
            _ => Kind::Content(Box::new(Content::new(depth + 1))),
        }
    }
}

/// URL parsers pass over control characters, and over spaces at the start.
fn push_visible(start: &mut Name, text: &[u8]) {
    text.iter()
        .filter(|b| **b > b' ')
        .take(16)
        .for_each(|b| start.push(*b));
}

fn is_address(start: &Name) -> bool {
    ADDRESSES
        .iter()
        .any(|scheme| start.start().starts_with(scheme))
}

fn begins_with_number(start: &Name) -> bool {
    start
        .start()
        .first()
        .is_some_and(|b| b.is_ascii_digit() || matches!(b, b'.' | b';' | b','))
}
