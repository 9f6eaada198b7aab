//! Where in a document the places stand: `lol_html` reads it, and nothing of what it writes is used but how much of
//! it there is.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lol_html::errors::RewritingError;
use lol_html::html_content::{EndTag, TextChunk, TextType};
use lol_html::send::{DocumentContentHandlers, Element, ElementContentHandlers, HtmlRewriter};
use lol_html::{AsciiCompatibleEncoding, HandlerResult, MemorySettings, OutputSink};

use super::selector::{Part, Selector};
use super::value::Spelling;
use crate::Limits;
use crate::edit::PlaceId;
use crate::error::ErrorKind;

/// Something that was read, with its offsets in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The start tag of an element whose content is at a place.
    Start {
        place: PlaceId,
        tag: Range<u64>,
        kind: Kind,
    },
    /// Where the end tag begins of the element whose start tag begins there.
    End { start: u64, at: u64 },
    /// The value of an attribute at a place.
    Attribute { place: PlaceId, value: Range<u64> },
    /// A run of text at a place.
    Text { place: PlaceId, text: Range<u64> },
    /// Something that can be read in two ways.
    Fault { kind: ErrorKind, at: u64 },
}

impl Event {
    /// Where it stands among others.
    pub(super) fn at(&self) -> u64 {
        match self {
            Self::Start { tag, .. } => tag.end,
            Self::End { at, .. } | Self::Fault { at, .. } => *at,
            Self::Attribute { value, .. } => value.start,
            Self::Text { text, .. } => text.start,
        }
    }
}

/// What the content of an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text and elements.
    Ordinary,
    /// The same, behind a start tag that swallows one line break.
    Swallows,
    /// Text with references (`title`).
    Escapable,
    /// Such text that begins behind a line break (`textarea`).
    EscapableSwallows,
    /// Text without, up to the end tag of this name (`script`).
    Raw(&'static str),
}

/// Elements whose text has no references.
const RAW: [&str; 7] = [
    "script",
    "style",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "plaintext",
];

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "pre" | "listing" => Self::Swallows,
            "title" => Self::Escapable,
            "textarea" => Self::EscapableSwallows,
            _ => {
                let raw = RAW.into_iter().find(|raw| *raw == name);
                raw.map_or(Self::Ordinary, Self::Raw)
            }
        }
    }
}

const HTML: &str = "http://www.w3.org/1999/xhtml";

fn expected(expected: &'static str) -> ErrorKind {
    ErrorKind::Syntax { expected }
}

const NESTED: &str = "an end tag of its own, in order, for each element in or around a place";

/// An element that is open, if one needs to know how it ends.
#[derive(Debug)]
struct Open {
    start: u64,
    name: String,
    /// Its content is at a place.
    is_place: bool,
}

/// What was read, between the handlers and the stream.
#[derive(Debug, Default)]
struct Seen {
    events: Vec<Event>,
    open: Vec<Open>,
    /// Where the last start tag began that was looked at.
    last: Option<u64>,
    /// The run of text that is open, and up to where runs were read.
    run: Option<(PlaceId, Range<u64>)>,
    read: u64,
    consumed: u64,
}

type Shared = Arc<Mutex<Seen>>;

fn lock(seen: &Shared) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts what has gone through.
struct Passed(Shared);

impl OutputSink for Passed {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        lock(&self.0).consumed += chunk.len() as u64;
    }
}

/// Reads one document.
pub(super) struct Reader {
    rewriter: Option<HtmlRewriter<'static, Passed>>,
    seen: Shared,
    limits: Limits,
}

impl Reader {
    pub(super) fn new(selectors: &[(Selector, PlaceId)], limits: Limits) -> Self {
        let seen = Shared::default();
        let memory = MemorySettings::new()
            .with_preallocated_parsing_buffer_size(0)
            .with_max_allowed_memory_usage(limits.value.saturating_mul(2).saturating_add(1 << 20));
        let mut settings = lol_html::send::Settings::new_send()
            .with_encoding(AsciiCompatibleEncoding::utf_8())
            .with_adjust_charset_on_meta_tag(false)
            .with_strict(true)
            .with_memory_settings(memory);
        let handlers = handlers(selectors, &seen, limits);
        for (selector, handler) in handlers {
            settings = settings.append_element_content_handler((Cow::Owned(selector), handler));
        }
        for (selector, place) in selectors {
            if selector.element.is_none() {
                let handler = DocumentContentHandlers::default().text(text(&seen, *place));
                settings = settings.append_document_content_handler(handler);
            }
        }
        Self {
            rewriter: Some(HtmlRewriter::new(settings, Passed(Arc::clone(&seen)))),
            seen,
            limits,
        }
    }

    /// Reads on.
    ///
    /// # Errors
    /// What is read in two ways, or takes too much to read.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ErrorKind> {
        match &mut self.rewriter {
            Some(rewriter) => rewriter.write(bytes).map_err(|error| self.told(&error)),
            None => Ok(()),
        }
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// As [`Reader::write`].
    pub(super) fn end(&mut self) -> Result<(), ErrorKind> {
        if let Some(rewriter) = self.rewriter.take() {
            rewriter.end().map_err(|error| self.told(&error))?;
        }
        let mut seen = lock(&self.seen);
        if let Some((place, text)) = seen.run.take() {
            seen.events.push(Event::Text { place, text });
        }
        let at = u64::MAX;
        if !seen.open.is_empty() {
            let kind = expected(NESTED);
            seen.events.push(Event::Fault { kind, at });
        }
        Ok(())
    }

    /// What was read since this was last asked, in order.
    pub(super) fn take(&mut self) -> Vec<Event> {
        let mut events = std::mem::take(&mut lock(&self.seen).events);
        events.sort_by_key(Event::at);
        events
    }

    /// How much of the document is read, up to a run of text that is open.
    pub(super) fn consumed(&self) -> u64 {
        let seen = lock(&self.seen);
        match &seen.run {
            Some((_, run)) => run.start.min(seen.consumed),
            None => seen.consumed,
        }
    }

    /// Bytes that the reader holds at the moment: what it was given and has not read.
    pub(super) fn held(&self) -> usize {
        let seen = lock(&self.seen);
        seen.open.capacity() * size_of::<Open>() + seen.events.capacity() * size_of::<Event>()
    }

    fn told(&self, error: &RewritingError) -> ErrorKind {
        match error {
            RewritingError::MemoryLimitExceeded(_) => ErrorKind::Lookahead {
                limit: self.limits.value,
            },
            _ => expected("elements of text outside of `select` and `frameset`"),
        }
    }
}

fn handlers(
    selectors: &[(Selector, PlaceId)],
    seen: &Shared,
    limits: Limits,
) -> Vec<(lol_html::Selector, ElementContentHandlers<'static>)> {
    let depth = limits.depth;
    let every = selectors.iter().any(|(selector, _)| selector.has_ancestors);
    let start = move |seen: &mut Seen, element: &mut Element<'_, '_>, shared: &Shared| {
        seen.start(element, shared, every, depth);
    };
    let mut handlers = Vec::new();
    let mut refuse = |name: &str, what: &'static str| {
        if let Ok(selector) = name.parse() {
            let handler = element(seen, move |seen, element, _| seen.fault(element, what));
            handlers.push((selector, handler));
        }
    };
    refuse(
        "noscript",
        "no `noscript`, which some readers take for text",
    );
    if selectors
        .iter()
        .any(|(selector, _)| selector.part == Part::Text)
    {
        for name in RAW
            .into_iter()
            .filter(|name| !matches!(*name, "script" | "style"))
        {
            refuse(
                name,
                "no `xmp`, `iframe` or their like around text at a place",
            );
        }
    }
    if let Ok(selector) = "*".parse()
        && every
    {
        handlers.push((selector, element(seen, start)));
    }
    let mut spelled = BTreeSet::new();
    for (selector, place) in selectors {
        let place = *place;
        let Some(css) = selector.element.clone() else {
            continue;
        };
        for read in &selector.spelled {
            // The same for all selectors: asked once of each element.
            if !spelled.insert(read.text.as_str()) {
                continue;
            }
            let name = read.attribute.clone();
            let handler = element(seen, move |seen, element, _| seen.spelling(element, &name));
            handlers.push((read.elements.clone(), handler));
        }
        let handler = match &selector.part {
            Part::Attribute(name) => {
                let name = name.clone();
                let look = move |seen: &mut Seen, element: &mut Element<'_, '_>, _: &Shared| {
                    seen.attribute(element, place, &name);
                };
                handlers.push((css, element(seen, look)));
                continue;
            }
            Part::Content => element(seen, move |seen, element, shared| {
                start(seen, element, shared);
                seen.content(element, place);
            }),
            Part::Text => element(seen, start).text(text(seen, place)),
        };
        handlers.push((css, handler));
        if let Some(within) = selector.within.clone().filter(|_| !every) {
            handlers.push((within, element(seen, start)));
        }
    }
    handlers
}

fn element(
    seen: &Shared,
    look: impl Fn(&mut Seen, &mut Element<'_, '_>, &Shared) + Send + 'static,
) -> ElementContentHandlers<'static> {
    let shared = Arc::clone(seen);
    let handler = move |element: &mut Element<'_, '_>| -> HandlerResult {
        look(&mut lock(&shared), element, &shared);
        Ok(())
    };
    ElementContentHandlers::default().element(handler)
}

fn text(
    seen: &Shared,
    place: PlaceId,
) -> impl FnMut(&mut TextChunk<'_>) -> HandlerResult + Send + 'static {
    let shared = Arc::clone(seen);
    move |text| {
        lock(&shared).text(text, place);
        Ok(())
    }
}

/// The offsets of what stands there.
fn range(location: &lol_html::html_content::SourceLocation) -> Range<u64> {
    let bytes = location.bytes();
    bytes.start as u64..bytes.end as u64
}

impl Seen {
    fn fault(&mut self, element: &Element<'_, '_>, what: &'static str) {
        let at = range(&element.source_location()).start;
        let kind = expected(what);
        self.events.push(Event::Fault { kind, at });
    }

    /// Looks at an attribute that a selector reads and in which there is an ampersand.
    fn spelling(&mut self, element: &Element<'_, '_>, name: &str) {
        let value = element.get_attribute(name).unwrap_or_default();
        let spelling = Spelling::Attribute { quoted: true };
        if *spelling.read(value.as_bytes()) != *value.as_bytes() {
            self.fault(element, "attributes that selectors read without references");
        }
    }

    /// Begins an element of which one needs to know how it ends.
    fn start(&mut self, element: &mut Element<'_, '_>, shared: &Shared, every: bool, depth: usize) {
        let start = range(&element.source_location()).start;
        if self.last.replace(start) == Some(start) {
            return;
        }
        if !element.can_have_content() || element.is_self_closing() {
            return;
        }
        let name = element.tag_name();
        if every && closes_paragraph(&name) && self.open.iter().any(|open| open.name == "p") {
            self.fault(
                element,
                "a paragraph that ends before what cannot stand in it",
            );
        }
        if self.open.len() >= depth {
            let kind = ErrorKind::Depth { limit: depth };
            self.events.push(Event::Fault { kind, at: start });
            return;
        }
        let is_place = false;
        self.open.push(Open {
            start,
            name,
            is_place,
        });
        if let Some(handlers) = element.end_tag_handlers() {
            let shared = Arc::clone(shared);
            handlers.push(Box::new(move |end: &mut EndTag<'_>| {
                lock(&shared).end(start, end);
                Ok(())
            }));
        }
    }

    /// Ends the element that began there, with its own end tag or with that of an element around it.
    fn end(&mut self, start: u64, tag: &EndTag<'_>) {
        let at = range(&tag.source_location()).start;
        let Some(place) = self.open.iter().rposition(|open| open.start == start) else {
            return;
        };
        let last = place + 1 == self.open.len();
        self.open.truncate(place + 1);
        let Some(open) = self.open.pop() else { return };
        if !last || open.name != tag.name() {
            let kind = expected(NESTED);
            self.events.push(Event::Fault { kind, at });
        } else if open.is_place {
            self.events.push(Event::End { start, at });
        }
    }

    /// Looks at an element whose content is at a place.
    fn content(&mut self, element: &Element<'_, '_>, place: PlaceId) {
        let tag = range(&element.source_location());
        let may_hold = element.can_have_content();
        if may_hold && element.is_self_closing() && element.namespace_uri() == HTML {
            let what = "an element at a place that its own start tag does not close";
            return self.fault(element, what);
        }
        match self.open.last_mut() {
            Some(open) if open.start == tag.start => open.is_place = true,
            // It holds nothing.
            _ => return,
        }
        let kind = Kind::of(&element.tag_name());
        self.events.push(Event::Start { place, tag, kind });
    }

    fn attribute(&mut self, element: &Element<'_, '_>, place: PlaceId, name: &str) {
        let mut named = element
            .attributes()
            .iter()
            .filter(|attribute| attribute.name() == name);
        let Some(first) = named.next() else { return };
        if named.next().is_some() {
            let at = range(&element.source_location()).start;
            let kind = ErrorKind::DuplicateKey;
            return self.events.push(Event::Fault { kind, at });
        }
        if let Some(value) = first.value_source_location() {
            let value = range(&value);
            self.events.push(Event::Attribute { place, value });
        }
    }

    fn text(&mut self, text: &TextChunk<'_>, place: PlaceId) {
        let here = range(&text.source_location());
        match &mut self.run {
            Some((known, _)) if *known != place => return,
            Some((_, run)) => run.end = run.end.max(here.end),
            // Another selector found it first.
            None if here.end <= self.read => return,
            None => match text.text_type() {
                TextType::Data | TextType::RCData => self.run = Some((place, here.clone())),
                TextType::CDataSection => {
                    let kind = expected("text at a place outside of CDATA");
                    self.events.push(Event::Fault {
                        kind,
                        at: here.start,
                    });
                }
                TextType::PlainText | TextType::RawText | TextType::ScriptData => {}
            },
        }
        if text.last_in_text_node()
            && let Some((place, text)) = self.run.take()
        {
            self.read = text.end;
            self.events.push(Event::Text { place, text });
        }
    }
}

/// Whether a start tag ends a paragraph (WHATWG HTML §13.2.6.4.7).
fn closes_paragraph(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "plaintext"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "ul"
            | "xmp"
    )
}
