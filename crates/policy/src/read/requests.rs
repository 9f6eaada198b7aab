//! `request` of a place in JSON: which members of the object there are the method, the URL, the headers and the body of
//! a request that goes by the route it would have by itself.

use body::batch::{Base, Encoding, Headers, Shape, Way};
use body::{Plan, SelectorError};
use http::HeaderName;

use crate::read::places::Read;
use crate::read::section::{Faults, Keys, Section, Text, TextOrTable, named_texts};
use crate::route::Content;

const KEYS: Keys = Keys {
    known: &["method", "url", "headers", "body", "encoding", "base"],
    later: &[],
};

const HELP: &str = "a member of a request is named by JSONPath from the object that holds it: `$.url`, `$.request.url`";

/// Reads a place with `request`; what is wrong is reported.
pub(super) fn inside<'t>(
    section: Section<'t>,
    at: Text<'t>,
    faults: &mut Faults<'_>,
) -> Option<Read<'t>> {
    let other = [
        "field",
        "as",
        "protect",
        "required",
        "subject",
        "tweak",
        "companion",
    ];
    if let Some(key) = other.into_iter().find(|key| section.has(key)) {
        let message = format!(
            "`{key}` stands beside `request`: what stands there is a request and nothing else"
        );
        let help = "take it out: the request has the places of its own route";
        faults.error("policy::inside", section.key_span(key), message, help);
        return None;
    }
    let (table, span) = section.table("request", faults)?;
    let request = Section::open(table, span, "a request", KEYS, faults);
    let method = way(&request, "method", faults);
    let url = way(&request, "url", faults);
    let body = way(&request, "body", faults);
    let headers = headers(&request, faults);
    let encoding = encoding(&request, faults);
    let base = base(&request, faults);
    let shape = Shape {
        method: method?,
        url: url?,
        headers: headers?,
        body: body?,
        encoding: encoding?,
        base: base?,
    };
    let Ok(plan) = Plan::requests(shape) else {
        let message = "two members of the request are one, or one stands in the other";
        let help = "name a member of its own for each: method, URL, headers and body";
        faults.error("policy::inside", section.key_span("request"), message, help);
        return None;
    };
    Some(Read {
        at,
        content: Content::Body(plan),
        section,
        beside: Vec::new(),
        companion: None,
    })
}

/// The member that a key names, which must be there.
fn way(request: &Section<'_>, key: &str, faults: &mut Faults<'_>) -> Option<Way> {
    let help = format!("say which member it is: `{key} = \"$.{key}\"`");
    let text = request.needed_text(key, &help, faults)?;
    parsed(&text, faults)
}

fn parsed(text: &Text<'_>, faults: &mut Faults<'_>) -> Option<Way> {
    let report = |error: SelectorError| {
        let span = text.inner(faults.source, error.at.clone());
        let message = format!("`{}`: {}", text.value, error.reason);
        faults.error("policy::selector", span, message, HELP);
    };
    Way::parse(text.value).map_err(report).ok()
}

/// One member that holds them all, or one for each.
fn headers(request: &Section<'_>, faults: &mut Faults<'_>) -> Option<Headers> {
    let table = match request.text_or_table("headers", faults) {
        None if request.has("headers") => return None,
        None => return Some(Headers::None),
        Some(TextOrTable::Text(text)) => return parsed(&text, faults).map(Headers::All),
        Some(TextOrTable::Table((table, _))) => table,
    };
    let mut each = Vec::new();
    for (name, at) in named_texts(table, faults) {
        if HeaderName::from_bytes(name.value.as_bytes()).is_err() {
            let message = format!("`{}` is no header name", name.value);
            let help = "write the name as it would stand in a message: `If-Match`";
            faults.error("policy::bad-header", name.span, message, help);
            return None;
        }
        each.push((name.value.to_owned(), parsed(&at, faults)?));
    }
    Some(Headers::Each(each))
}

fn encoding(request: &Section<'_>, faults: &mut Faults<'_>) -> Option<Option<Encoding>> {
    let Some(text) = request.text("encoding", faults) else {
        return Some(None);
    };
    let encoding = text.value.parse().ok();
    if encoding.is_none() {
        faults.unknown_word(
            "what a body that is a string holds",
            &text,
            &Encoding::WORDS,
        );
    }
    encoding.map(Some)
}

fn base(request: &Section<'_>, faults: &mut Faults<'_>) -> Option<Option<Base>> {
    let Some(text) = request.text("base", faults) else {
        return Some(None);
    };
    let base = text.value.parse().ok();
    if base.is_none() {
        let message = format!("`{}` is no folder of URLs", text.value);
        let help = "write a path from `/` on, `\".\"` for the batch's own path, or `\"..\"`, `\"../..\"` for one above it";
        faults.error("policy::bad-path", text.span, message, help);
    }
    base.map(Some)
}
