//! `[[routes]]`: which requests, and where in them the fields stand.

use std::collections::BTreeMap;
use std::ops::Range;

use body::Format;

use crate::read::fields::NamedField;
use crate::read::places::{Reader, Spot};
use crate::read::reveals::{self, Answer};
use crate::read::section::{Faults, Keys, Section, TableAt, Text, named_texts};
use crate::route::{Place, Route};
use crate::template::{Method, Pattern, PatternFault};

const KEYS: Keys = Keys {
    known: &[
        "match",
        "body",
        "pieces",
        "protect",
        "query",
        "headers",
        "path",
        "reveal",
        "answer",
        "encoded-slash",
        "namespaces",
        "messages",
        "kinds",
        "binary",
    ],
    later: &[
        (
            "remember",
            "requests cannot be tied together yet: leave it out",
        ),
        (
            "length",
            "leave it out: a rewritten body is sent with the length it has, or chunked",
        ),
        (
            "when",
            "write the condition into the selector: `$.items[?@.kind == 'x'].value`",
        ),
        ("files", "file parts that no place names pass as they are"),
    ],
};

/// Formats of the language that are not built, so that they are not taken for slips.
const LATER_FORMATS: [&str; 1] = ["sse"];

/// The methods that people write; any other may be meant, and may be a slip.
const METHODS: [&str; 14] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "REPORT",
];

/// A route, and where its patterns stand.
#[derive(Debug)]
pub(crate) struct ReadRoute {
    pub(crate) route: Route,
    pub(crate) spans: Vec<Range<usize>>,
    /// Where each place stands.
    pub(crate) spots: Vec<Spot>,
    /// The places of its answers, and where they stand, however faulty.
    pub(crate) reveals: Vec<(Place, Spot)>,
}

/// Reads one route.
pub(crate) fn route<'t>(
    at: TableAt<'t>,
    fields: &mut Vec<NamedField<'t>>,
    used: &mut Vec<bool>,
    faults: &mut Faults<'_>,
) -> ReadRoute {
    let section = Section::open(at.0, at.1, "a route", KEYS, faults);
    let (patterns, spans): (Vec<_>, Vec<_>) = patterns(&section, faults).into_iter().unzip();
    let namespaces = namespaces(&section, faults);
    let mut reader = Reader {
        fields,
        used,
        patterns: &patterns,
        namespaces: &namespaces,
        places: Vec::new(),
        spots: Vec::new(),
    };
    let messages = reader.messages(&section, faults);
    let format = format(&section, &patterns, faults);
    let pieces = reader.pieces(&section, format, faults);
    let body = match format {
        Some(format) => reader.body(&section, format, faults),
        None if section.has("messages") => None,
        None => {
            reader.unread_body(&section, faults);
            None
        }
    };
    let query = reader.query(&section, faults);
    let headers = reader.headers(&section, faults);
    let path = reader.path(&section, faults);
    let places = std::mem::take(&mut reader.places);
    let spots = std::mem::take(&mut reader.spots);
    let answer = reveals::answer(&section, faults);
    let reveal = reader.reveal(&section, answer, faults);
    let reveals = reader.places.into_iter().zip(reader.spots).collect();
    let encoded_slash = section.flag("encoded-slash", faults);
    ReadRoute {
        route: Route {
            patterns,
            body,
            pieces,
            messages,
            query,
            headers,
            path,
            places,
            reveal,
            answers_files: answer == Some(Answer::Files),
            encoded_slash,
        },
        spans,
        spots,
        reveals,
    }
}

/// The prefixes of XML selectors: `namespaces = { l = "urn:x" }`.
fn namespaces(section: &Section<'_>, faults: &mut Faults<'_>) -> BTreeMap<String, String> {
    let Some((table, _)) = section.table("namespaces", faults) else {
        return BTreeMap::new();
    };
    named_texts(table, faults)
        .into_iter()
        .map(|(name, uri)| (name.value.to_owned(), uri.value.to_owned()))
        .collect()
}

fn patterns(section: &Section<'_>, faults: &mut Faults<'_>) -> Vec<(Pattern, Range<usize>)> {
    let help = "say which requests: `match = [\"POST /v1/customers\", \"GET /v1/customers/{id}\"]`";
    let texts = section.texts("match", faults);
    if !section.has("match") {
        section.missing("match", help, faults);
    } else if texts.is_empty() {
        faults.error(
            "policy::missing-key",
            section.key_span("match"),
            "the route takes no request",
            help,
        );
    }
    let mut patterns = Vec::new();
    for text in texts {
        match Pattern::parse(text.value) {
            Ok(pattern) => {
                unusual_method(&pattern, &text, faults);
                patterns.push((pattern, text.span));
            }
            Err(error) => {
                let span = text.inner(faults.source, error.at);
                let message = format!("`{}`: {}", text.value, error.fault);
                faults.error(
                    "policy::pattern",
                    span,
                    message,
                    pattern_help(error.fault, text.value),
                );
            }
        }
    }
    patterns
}

fn unusual_method(pattern: &Pattern, text: &Text<'_>, faults: &mut Faults<'_>) {
    let Method::Named(name) = &pattern.method else {
        return;
    };
    if METHODS.contains(&name.as_str()) {
        return;
    }
    if let Some(near) = crate::nearest::nearest(name, METHODS) {
        let span = text.inner(faults.source, 0..name.len());
        let message = format!("`{name}` is an unusual method");
        faults.warning(
            "policy::unusual-method",
            span,
            message,
            format!("did you mean `{near}`?"),
        );
    }
}

fn pattern_help(fault: PatternFault, text: &str) -> String {
    match fault {
        PatternFault::NoMethod if text.starts_with('/') => format!("write the method first: `POST {text}`"),
        PatternFault::NoMethod => "write the method, a space and the path: `POST /v1/customers`".to_owned(),
        PatternFault::Method => {
            let method = text.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            format!("write `{method}`; methods are case-sensitive")
        }
        PatternFault::Path(_) => {
            "write the path alone, from `/` on, without `//`, `.`, `..`, `;`, `?` and `#`".to_owned()
        }
        PatternFault::Brace | PatternFault::Name => {
            "write `{name}` for one segment, `before{name}after` for a part of one, `{**}` for any number".to_owned()
        }
        PatternFault::SameName => "give one of them another name".to_owned(),
        PatternFault::SecondRest => "write `{name}` for all but one of them, or make routes of each depth".to_owned(),
    }
}

fn format(section: &Section<'_>, patterns: &[Pattern], faults: &mut Faults<'_>) -> Option<Format> {
    if section.has("messages") {
        return None;
    }
    if section.has("protect") && !section.has("body") {
        let help = format!(
            "say what the body is: `body = \"json\"` (or `{}`)",
            names()[1..].join("`, `")
        );
        section.missing("body", &help, faults);
    }
    let text = section.text("body", faults)?;
    let Ok(format) = text.value.parse::<Format>() else {
        unknown_format(&text, faults);
        return None;
    };
    if !section.has("protect") && format != Format::Batch {
        let help = "name its places (`protect = […]`), or take `body` out: a route without places streams through";
        section.missing("protect", help, faults);
    }
    let bodiless =
        |method: &Method| matches!(method, Method::Named(name) if name == "GET" || name == "HEAD");
    if !patterns.is_empty() && patterns.iter().all(|pattern| bodiless(&pattern.method)) {
        let message = "the route takes only requests that have no body";
        let help = "take `body` and `protect` out, or add the methods that send one";
        faults.warning("policy::no-body", text.span, message, help);
    }
    Some(format)
}

/// The names of all formats.
fn names() -> Vec<&'static str> {
    Format::ALL.iter().map(|format| format.as_str()).collect()
}

/// Reports the name of a format that is none.
pub(super) fn unknown_format(text: &Text<'_>, faults: &mut Faults<'_>) {
    if LATER_FORMATS.contains(&text.value) {
        let remedy = "leave the route out, so that `unmatched = \"block\"` keeps its requests in";
        let what = format!("the body format `{}`", text.value);
        faults.later(&what, text.span.clone(), remedy);
    } else {
        faults.unknown_word("a body format", text, &names());
    }
}
