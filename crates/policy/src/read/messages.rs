//! `messages`, `kinds` and `binary` of a route: what a client says over the WebSocket that the route opens.

use body::plan::Described;
use body::{Format, Limits, PlaceId};

use crate::messages::{MessageKind, Messages, When};
use crate::read::parts::selector_fault;
use crate::read::places::Reader;
use crate::read::section::{Faults, Keys, Section, Text};
use crate::template::{Method, Pattern};

const KIND: Keys = Keys {
    known: &["when", "protect"],
    later: &[],
};

const WHEN: Keys = Keys {
    known: &["at", "is"],
    later: &[],
};

const BINARY: [&str; 2] = ["block", "pass"];

/// A kind of which the key is not compiled yet.
struct ReadKind<'t> {
    when: Option<(Text<'t>, Vec<String>)>,
    kind: MessageKind,
}

impl<'t> Reader<'_, 't> {
    /// The messages of a route, if it has any.
    pub(crate) fn messages(
        &mut self,
        route: &Section<'t>,
        faults: &mut Faults<'_>,
    ) -> Option<Messages> {
        if !route.has("messages") {
            without_messages(route, faults);
            return None;
        }
        if route.has("body") {
            let message = "a route has a body or opens a WebSocket, not both";
            let help = "take `body` out, or write a route of its own for it";
            faults.error("policy::idle-key", route.key_span("body"), message, help);
        }
        let passes_binary = binary(route, faults);
        let Some(format) = format(route, faults) else {
            self.unread_body(route, faults);
            return None;
        };
        opens_by_get(self.patterns, route, faults);
        let read = self.kinds(route, format, faults);
        let (keys, kinds) = compile_keys(format, read, faults);
        Some(Messages {
            format,
            passes_binary,
            keys,
            kinds,
        })
    }

    fn kinds(
        &mut self,
        route: &Section<'t>,
        format: Format,
        faults: &mut Faults<'_>,
    ) -> Vec<ReadKind<'t>> {
        if !route.has("kinds") {
            let help = "name the places of every message (`protect = […]`), or tell messages apart by `kinds = […]`";
            if !route.has("protect") {
                route.missing("protect", help, faults);
            }
            let kind = self.kind(route, format, faults);
            return vec![ReadKind { when: None, kind }];
        }
        if route.has("protect") {
            let message = "`protect` stands beside `kinds`: which messages it means is not said";
            let help = "write it in the kinds that it means; the last one may have no `when`";
            let span = route.key_span("protect");
            faults.error("policy::idle-key", span, message, help);
        }
        let tables = route.tables("kinds", faults);
        let count = tables.len();
        if count == 0 {
            let message = "`kinds` names no kind";
            let help = "take `kinds` out and write `protect`, or say which messages there are";
            faults.error("policy::idle-key", route.key_span("kinds"), message, help);
        }
        let mut kinds = Vec::new();
        for (index, (table, span)) in tables.into_iter().enumerate() {
            let section = Section::open(table, span, "a kind of message", KIND, faults);
            let when = when(&section, faults);
            if !section.has("when") && index + 1 < count {
                let message = "a kind without `when` takes every message: those after it get none";
                let help = "put it last, or say by `when` which messages it takes";
                faults.error("policy::unreachable", section.span.clone(), message, help);
            }
            let kind = self.kind(&section, format, faults);
            kinds.push(ReadKind { when, kind });
        }
        kinds
    }

    fn kind(
        &mut self,
        section: &Section<'t>,
        format: Format,
        faults: &mut Faults<'_>,
    ) -> MessageKind {
        let first = self.places.len();
        let protect = section
            .has("protect")
            .then(|| self.body(section, format, faults))
            .flatten();
        if protect.as_ref().is_some_and(body::Plan::holds_requests) {
            let message =
                "a request stands in a message: it would be sent by a WebSocket, not by its route";
            let help = "name the places of what it says";
            let span = section.key_span("protect");
            faults.error("policy::inside", span, message, help);
        }
        MessageKind {
            when: None,
            protect,
            places: first..self.places.len(),
        }
    }
}

/// Keys that mean nothing to a route that opens no WebSocket.
fn without_messages(route: &Section<'_>, faults: &mut Faults<'_>) {
    for key in ["kinds", "binary"] {
        if route.has(key) {
            let message = format!("`{key}` speaks of messages, and the route has none");
            let help = "say what they are: `messages = \"json\"`";
            faults.error("policy::idle-key", route.key_span(key), message, help);
        }
    }
}

fn binary(route: &Section<'_>, faults: &mut Faults<'_>) -> bool {
    let Some(text) = route.text("binary", faults) else {
        return false;
    };
    if !BINARY.contains(&text.value) {
        faults.unknown_word("what happens to binary messages", &text, &BINARY);
    }
    text.value == "pass"
}

fn format(route: &Section<'_>, faults: &mut Faults<'_>) -> Option<Format> {
    let text = route.text("messages", faults)?;
    // A message says nothing of itself: a format that needs to be told something cannot be read.
    let reads = |format: &Format| {
        body::Plan::compile(*format, [("*", PlaceId(0)); 0]).map_or(true, |plan| {
            plan.inner(&Described::default(), Limits::default()).is_ok()
        })
    };
    let format = text.value.parse::<Format>().ok().filter(reads);
    if format.is_none() {
        let known: Vec<&str> = Format::ALL
            .iter()
            .filter(|format| reads(format))
            .map(|format| format.as_str())
            .collect();
        faults.unknown_word("a format of messages", &text, &known);
    }
    format
}

/// A WebSocket is opened by `GET` (RFC 6455 §4.1).
fn opens_by_get(patterns: &[Pattern], route: &Section<'_>, faults: &mut Faults<'_>) {
    let may = |method: &Method| match method {
        Method::Named(name) => name == "GET",
        _ => true,
    };
    if !patterns.is_empty() && !patterns.iter().any(|pattern| may(&pattern.method)) {
        let message = "a WebSocket is opened by `GET`, and the route takes none";
        let help = "write `match = \"GET /…\"`";
        faults.warning(
            "policy::no-socket",
            route.key_span("messages"),
            message,
            help,
        );
    }
}

fn when<'t>(section: &Section<'t>, faults: &mut Faults<'_>) -> Option<(Text<'t>, Vec<String>)> {
    let (table, span) = section.table("when", faults)?;
    let when = Section::open(table, span, "a `when`", WHEN, faults);
    let at = when.needed_text("at", "say which value of a message decides", faults);
    let is = when.texts("is", faults);
    if is.is_empty() && !when.has("is") {
        let help = "say what the value is: `is = \"message\"`, or a list";
        when.missing("is", help, faults);
    }
    let is = is.iter().map(|text| text.value.to_owned()).collect();
    Some((at?, is))
}

/// One plan for the values that tell kinds apart; kinds that look at the same one share it.
fn compile_keys(
    format: Format,
    read: Vec<ReadKind<'_>>,
    faults: &mut Faults<'_>,
) -> (Option<body::Plan>, Vec<MessageKind>) {
    let mut selectors: Vec<Text<'_>> = Vec::new();
    let mut kinds = Vec::new();
    for ReadKind { when, mut kind } in read {
        if let Some((at, is)) = when {
            let known = selectors.iter().position(|text| text.value == at.value);
            let index = known.unwrap_or(selectors.len());
            if known.is_none() {
                selectors.push(at);
            }
            // More kinds than ids are more than a route's places can be.
            let key = PlaceId(u16::try_from(index).unwrap_or(u16::MAX));
            kind.when = Some(When { key, is });
        }
        kinds.push(kind);
    }
    if selectors.is_empty() {
        return (None, kinds);
    }
    let selected = selectors
        .iter()
        .zip(0..)
        .map(|(text, id)| (text.value, PlaceId(id)));
    match body::Plan::compile(format, selected) {
        Ok(plan) => (Some(plan), kinds),
        Err((index, error)) => {
            if let Some(text) = selectors.get(index) {
                selector_fault(text, &error, format.help(), faults);
            }
            (None, kinds)
        }
    }
}
