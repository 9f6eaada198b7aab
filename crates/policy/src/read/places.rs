//! The places of a route: `{ at = "$.name", field = "patient-name" }` in a body, query, header or path.

use std::ops::Range;

use body::PlaceId;
use body::query::Syntax;
use body::{Format, SelectorError};
use http::HeaderName;

use crate::diagnostic::Severity;
use crate::plan::{FieldIndex, Treatment};
use crate::read::fields::NamedField;
use crate::read::section::{Faults, Keys, Section, Text};
use crate::route::{HeaderPlace, Part, PathPlace, Place};
use crate::template::Pattern;

const LATER: &[(&str, &str)] = &[
    (
        "as",
        "what stands inside a value cannot be named yet: protect the whole value, or leave it out",
    ),
    (
        "protect",
        "what stands inside a value cannot be named yet: protect the whole value, or leave it out",
    ),
    (
        "companion",
        "a value cannot be moved to a neighbour yet: leave the place out",
    ),
    (
        "write",
        "a value cannot be moved to a neighbour yet: leave the place out",
    ),
    (
        "when",
        "write the condition into the selector: `$.items[?@.kind == 'x'].value`",
    ),
    (
        "subject",
        "leave it out: keys are by field and epoch, not by person",
    ),
];

const PLACE_KEYS: Keys = Keys {
    known: &["at", "field", "required"],
    later: LATER,
};
const QUERY_KEYS: Keys = Keys {
    known: &["at", "field", "required", "syntax"],
    later: LATER,
};

/// Syntaxes of the language that are not built, so that they are not taken for slips.
const LATER_SYNTAXES: [&str; 10] = [
    "soql", "sosl", "jql", "cql", "odata", "kql", "sysparm", "airtable", "stripe", "graphql",
];

/// Headers that say how a message is framed, routed or read: a token there would break the message itself.
const UNTOUCHABLE: [&str; 13] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The places of one route, as they are read.
pub(crate) struct Reader<'r, 't> {
    pub(crate) fields: &'r mut Vec<NamedField<'t>>,
    pub(crate) used: &'r mut Vec<bool>,
    pub(crate) places: Vec<Place>,
}

/// A place whose field is known.
struct Read<'t> {
    at: Text<'t>,
    place: PlaceId,
    section: Section<'t>,
}

impl<'t> Reader<'_, 't> {
    /// `protect`, in a body of `format`.
    pub(crate) fn body(
        &mut self,
        route: &Section<'t>,
        format: Format,
        faults: &mut Faults<'_>,
    ) -> Option<body::Plan> {
        let read = self.read_all(route, "protect", Part::Body, faults);
        let alone = read.iter().filter_map(|read| {
            let compiled = body::Plan::compile(format, [(read.at.value, read.place)]);
            compiled.err().map(|(_, error)| (read, error))
        });
        let faulty: Vec<_> = alone.collect();
        for (read, error) in &faulty {
            selector_fault(&read.at, error, body_help(format), faults);
        }
        if !faulty.is_empty() || read.is_empty() {
            return None;
        }
        let selectors = read.iter().map(|read| (read.at.value, read.place));
        match body::Plan::compile(format, selectors) {
            Ok(plan) => Some(plan),
            Err((index, error)) => {
                if let Some(read) = read.get(index) {
                    selector_fault(&read.at, &error, body_help(format), faults);
                }
                None
            }
        }
    }

    /// `protect`, where the body's format is unknown: what can be said without it is said.
    pub(crate) fn unread_body(&mut self, route: &Section<'t>, faults: &mut Faults<'_>) {
        self.read_all(route, "protect", Part::Body, faults);
    }

    /// `query`.
    pub(crate) fn query(
        &mut self,
        route: &Section<'t>,
        faults: &mut Faults<'_>,
    ) -> Option<body::query::Places> {
        const HELP: &str =
            "a place of a query is the parameter's decoded name: `family`, `filter[name]`";
        let mut selectors = Vec::new();
        for read in self.read_all(route, "query", Part::Query, faults) {
            let syntax = syntax(&read.section, faults);
            self.asked_for(&read, "query", syntax != Syntax::Plain, faults);
            match body::query::Places::compile([(read.at.value, syntax, read.place)]) {
                Ok(_) => selectors.push((read.at, syntax, read.place)),
                Err((_, error)) => selector_fault(&read.at, &error, HELP, faults),
            }
        }
        if selectors.is_empty() {
            return None;
        }
        match body::query::Places::compile(
            selectors
                .iter()
                .map(|(at, syntax, place)| (at.value, *syntax, *place)),
        ) {
            Ok(places) => Some(places),
            Err((index, error)) => {
                if let Some((at, ..)) = selectors.get(index) {
                    selector_fault(at, &error, HELP, faults);
                }
                None
            }
        }
    }

    /// `headers`.
    pub(crate) fn headers(
        &mut self,
        route: &Section<'t>,
        faults: &mut Faults<'_>,
    ) -> Vec<HeaderPlace> {
        let mut headers: Vec<HeaderPlace> = Vec::new();
        for read in self.read_all(route, "headers", Part::Header, faults) {
            let Ok(name) = HeaderName::from_bytes(read.at.value.as_bytes()) else {
                let message = format!("`{}` is no name of a header", read.at.value);
                faults.error(
                    "policy::bad-header",
                    read.at.span,
                    message,
                    "write it as it is sent: `If-None-Exist`",
                );
                continue;
            };
            if UNTOUCHABLE.contains(&name.as_str()) {
                let message = format!("`{}` says how the message is read", read.at.value);
                faults.error(
                    "policy::bad-header",
                    read.at.span,
                    message,
                    "take it out: no token can stand there",
                );
                continue;
            }
            if headers.iter().any(|known| known.name == name) {
                twice(&read.at, faults);
                continue;
            }
            self.pin(&read, "a header", faults);
            headers.push(HeaderPlace {
                name,
                place: read.place,
            });
        }
        headers
    }

    /// `path`.
    pub(crate) fn path(
        &mut self,
        route: &Section<'t>,
        patterns: &[Pattern],
        faults: &mut Faults<'_>,
    ) -> Vec<PathPlace> {
        let mut paths: Vec<PathPlace> = Vec::new();
        for read in self.read_all(route, "path", Part::Path, faults) {
            let name = read
                .at
                .value
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            let Some(name) = name.filter(|name| !name.is_empty() && *name != "**") else {
                let message = format!("`{}` names no segment of the path", read.at.value);
                let help = "write the parameter as `match` has it: `{email}`";
                faults.error("policy::bad-segment", read.at.span, message, help);
                continue;
            };
            if let Some(without) = patterns
                .iter()
                .find(|pattern| !pattern.template.has_parameter(name))
            {
                let message = format!("`{without}` has no parameter `{{{name}}}`");
                let help =
                    "write the parameter into every `match` of the route, or make two routes of it";
                faults.error("policy::bad-segment", read.at.span, message, help);
                continue;
            }
            if paths.iter().any(|known| known.parameter == name) {
                twice(&read.at, faults);
                continue;
            }
            self.asked_for(&read, "path", false, faults);
            paths.push(PathPlace {
                parameter: name.to_owned(),
                place: read.place,
            });
        }
        paths
    }

    fn read_all(
        &mut self,
        route: &Section<'t>,
        key: &'static str,
        part: Part,
        faults: &mut Faults<'_>,
    ) -> Vec<Read<'t>> {
        let keys = if part == Part::Query {
            QUERY_KEYS
        } else {
            PLACE_KEYS
        };
        let tables = route.tables(key, faults);
        if route.has(key) && tables.is_empty() {
            let message = format!("`{key}` names no place");
            let help =
                format!("take `{key}` out, or write `{key} = [{{ at = \"…\", field = \"…\" }}]`");
            faults.error("policy::idle-key", route.key_span(key), message, help);
        }
        let read = tables.into_iter().filter_map(|(table, span)| {
            let section = Section::open(table, span, "a place", keys, faults);
            let at = section.needed_text("at", "say where the value stands", faults);
            let field = section.needed_text(
                "field",
                "say which of the file's fields stands there",
                faults,
            );
            let required = section.flag("required", faults);
            let field = self.field(&field?, faults);
            let (at, field) = (at?, field?);
            let Ok(id) = u16::try_from(self.places.len()) else {
                let message = "the route has too many places";
                faults.error(
                    "policy::too-many",
                    at.span,
                    message,
                    "split the route by its paths",
                );
                return None;
            };
            self.places.push(Place {
                field,
                at: at.value.to_owned(),
                part,
                required,
            });
            Some(Read {
                at,
                place: PlaceId(id),
                section,
            })
        });
        read.collect()
    }

    fn field(&mut self, wanted: &Text<'_>, faults: &mut Faults<'_>) -> Option<FieldIndex> {
        match self
            .fields
            .iter()
            .position(|field| field.name.value == wanted.value)
        {
            Some(index) => {
                if let Some(used) = self.used.get_mut(index) {
                    *used = true;
                }
                Some(FieldIndex(index))
            }
            None => {
                let names: Vec<&str> = self.fields.iter().map(|field| field.name.value).collect();
                if names.is_empty() {
                    let message = format!("the file has no field `{}`", wanted.value);
                    let help = format!(
                        "write it: `[fields.{}]` with a class and a treatment",
                        wanted.value
                    );
                    faults.error("policy::unknown-field", wanted.span.clone(), message, help);
                } else {
                    let message = format!("the file has no field `{}`", wanted.value);
                    let known = names.join("`, `");
                    let help = match crate::nearest::nearest(wanted.value, names) {
                        Some(near) => format!("did you mean `{near}`? The file has `{known}`"),
                        None => format!("the file has `{known}`"),
                    };
                    faults.error("policy::unknown-field", wanted.span.clone(), message, help);
                }
                None
            }
        }
    }

    /// A place by which values are looked up must find what is stored.
    fn asked_for(
        &mut self,
        read: &Read<'_>,
        part: &str,
        can_say_or: bool,
        faults: &mut Faults<'_>,
    ) {
        let Some(field) = self.field_at(read.place).filter(|field| field.sound) else {
            return;
        };
        let name = field.name.value;
        match field.field.treatment {
            Treatment::Sealed { .. } => {
                let message = format!(
                    "`{name}` is `sealed`, and a `{part}` that asks for it can never match: no two tokens are equal"
                );
                let help = "make the field `match`, or give this place a field that is `block`";
                faults.error("policy::sealed-search", read.at.span.clone(), message, help);
            }
            Treatment::Vault => {
                let message = format!(
                    "`{name}` is in the vault, and a `{part}` cannot ask for what is kept there in this version"
                );
                let help = "make the field `match`, or give this place a field that is `block`";
                faults.error("policy::vault-search", read.at.span.clone(), message, help);
            }
            Treatment::Match if !can_say_or => self.pin(read, &format!("this `{part}`"), faults),
            Treatment::Match | Treatment::Mask | Treatment::Block | Treatment::Pass => {}
        }
    }

    /// Pins the epoch of a `match` field that is asked for where only one token can stand.
    fn pin(&mut self, read: &Read<'_>, place: &str, faults: &mut Faults<'_>) {
        let index = self
            .places
            .get(usize::from(read.place.0))
            .map(|place| place.field.0);
        let Some(named) = index.and_then(|index| self.fields.get_mut(index)) else {
            return;
        };
        if named.field.treatment == Treatment::Match && named.sound && !named.field.pinned {
            named.field.pinned = true;
            let message = format!(
                "`{}` keeps one epoch: {place} cannot ask for two tokens at once",
                named.name.value
            );
            let help = "nothing to do; `epoch = \"pinned\"` on the field says it and silences this";
            faults.add(
                Severity::Note,
                "policy::pinned",
                Some(read.at.span.clone()),
                message,
                help,
            );
        }
    }

    fn field_at(&self, place: PlaceId) -> Option<&NamedField<'t>> {
        self.fields
            .get(self.places.get(usize::from(place.0))?.field.0)
    }
}

fn syntax(section: &Section<'_>, faults: &mut Faults<'_>) -> Syntax {
    let Some(text) = section.text("syntax", faults) else {
        return Syntax::Plain;
    };
    if let Ok(syntax) = text.value.parse() {
        return syntax;
    }
    if LATER_SYNTAXES.contains(&text.value) {
        let remedy = "give the place a field that is `block`, or leave `syntax` out where the whole parameter is one value";
        faults.later(&format!("the syntax `{}`", text.value), text.span, remedy);
    } else {
        faults.unknown_word("a syntax", &text, &["fhir-token"]);
    }
    Syntax::Plain
}

fn selector_fault(at: &Text<'_>, error: &SelectorError, help: &str, faults: &mut Faults<'_>) {
    let span: Range<usize> = at.inner(faults.source, error.at.clone());
    faults.error(
        "policy::selector",
        span,
        format!("`{}`: {}", at.value, error.reason),
        help,
    );
}

fn body_help(format: Format) -> &'static str {
    match format {
        Format::Json => {
            "a place of a `json` body is JSONPath (RFC 9535), as far as one forward pass can match it: `$.name[*].family`"
        }
        Format::Form => {
            "a place of a `form` body is the field's decoded name: `person[name]`, `items[*][name]`"
        }
        Format::Multipart => "a place of a `multipart` body is the part's name",
        Format::Text => "the only place of a `text` body is `*`",
        _ => "write a selector of the body's format",
    }
}

fn twice(at: &Text<'_>, faults: &mut Faults<'_>) {
    let message = format!("`{}` is named twice", at.value);
    faults.error(
        "policy::place-twice",
        at.span.clone(),
        message,
        "take one of them out",
    );
}
