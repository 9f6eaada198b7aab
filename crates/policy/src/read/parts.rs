//! The parts of a request that have places: body, query, headers, path. Each reads its own selectors.

use std::borrow::Cow;
use std::ops::Range;

use body::plan::Selected;
use body::query::Syntax;
use body::selector::Which;
use body::{Format, SelectorError};
use http::HeaderName;

use crate::read::places::{Around, Read, Reader};
use crate::read::section::{Faults, Section, Text};
use crate::route::{Content, HeaderPlace, Part, PathPlace};

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

impl<'t> Reader<'_, 't> {
    /// `protect`, in a body of `format`.
    pub(crate) fn body(
        &mut self,
        route: &Section<'t>,
        format: Format,
        faults: &mut Faults<'_>,
    ) -> Option<body::Plan> {
        let read = self.read_all(
            route,
            "protect",
            outermost(Part::Body, Some(format)),
            faults,
        );
        if format == Format::Batch && !route.has("protect") {
            // The requests in it have the places of their own routes.
            return body::Plan::compile(format, [] as [Selected<'_>; 0]).ok();
        }
        self.plan(format, &read, faults)
    }

    /// The plan of places that were read, each with what stands beside it.
    pub(super) fn plan(
        &self,
        format: Format,
        read: &[Read<'t>],
        faults: &mut Faults<'_>,
    ) -> Option<body::Plan> {
        let mut sound = !read.is_empty();
        let mut expanded = Vec::with_capacity(read.len());
        for read in read {
            let at = self.expanded(format, read.at.value);
            match at.and_then(|at| self.alone(format, read, &at).map(|()| at)) {
                Ok(at) => expanded.push(at),
                Err(error) => {
                    read.fault(&error, format.help(), faults);
                    sound = false;
                }
            }
        }
        if !sound {
            return None;
        }
        let selected = read.iter().zip(&expanded);
        let selected = selected.map(|(read, at)| self.selected(read, at));
        match body::Plan::compile(format, selected) {
            Ok(plan) => Some(plan),
            Err((index, error)) => {
                if let Some(read) = read.get(index) {
                    read.fault(&error, format.help(), faults);
                }
                None
            }
        }
    }

    /// Whether a place is right by itself, so that every one that is not is reported.
    fn alone(&self, format: Format, read: &Read<'t>, at: &str) -> Result<(), SelectorError> {
        let plan = body::Plan::compile(format, [self.selected(read, at)]);
        plan.map(drop).map_err(|(_, error)| error)
    }

    /// A selector with the route's prefixes in it resolved, in the formats that have them.
    fn expanded<'s>(&self, format: Format, at: &'s str) -> Result<Cow<'s, str>, SelectorError> {
        if format != Format::Xml {
            return Ok(Cow::Borrowed(at));
        }
        body::xml::expand(at, self.namespaces).map(Cow::Owned)
    }

    fn selected<'r>(&'r self, read: &'r Read<'t>, at: &'r str) -> Selected<'r> {
        let place = match &read.content {
            Content::Value(place) => *place,
            Content::Body(plan) => return Selected::body(at, plan.clone()),
        };
        let known = self.places.get(usize::from(place.0));
        let companion = read.companion.as_ref();
        Selected {
            beside: known
                .map(|place| place.beside().collect())
                .unwrap_or_default(),
            companion: companion.map(|companion| (companion.at.value, companion.write.value)),
            ..Selected::new(at, place)
        }
    }

    /// `protect`, where the body's format is unknown: what can be said without it is said.
    pub(crate) fn unread_body(&mut self, route: &Section<'t>, faults: &mut Faults<'_>) {
        self.read_all(route, "protect", outermost(Part::Body, None), faults);
    }

    /// `query`.
    pub(crate) fn query(
        &mut self,
        route: &Section<'t>,
        faults: &mut Faults<'_>,
    ) -> Option<body::query::Places> {
        const HELP: &str =
            "a place of a query is the parameter's decoded name: `family`, `filter[name]`";
        let mut reads = Vec::new();
        for read in self.read_all(route, "query", outermost(Part::Query, None), faults) {
            let syntax = syntax(&read.section, faults);
            self.asked_for(&read, "query", syntax != Syntax::Plain, faults);
            match body::query::Places::compile([(self.selected(&read, read.at.value), syntax)]) {
                Ok(_) => reads.push((read, syntax)),
                Err((_, error)) => selector_fault(&read.at, &error, HELP, faults),
            }
        }
        if reads.is_empty() {
            return None;
        }
        let selected = reads.iter();
        let selected = selected.map(|(read, syntax)| (self.selected(read, read.at.value), *syntax));
        match body::query::Places::compile(selected) {
            Ok(places) => Some(places),
            Err((index, error)) => {
                if let Some((read, _)) = reads.get(index) {
                    selector_fault(&read.at, &error, HELP, faults);
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
        for read in self.read_all(route, "headers", outermost(Part::Header, None), faults) {
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
            self.in_header(&read, faults);
            headers.push(HeaderPlace {
                name,
                content: read.content,
            });
        }
        headers
    }

    /// `path`.
    pub(crate) fn path(&mut self, route: &Section<'t>, faults: &mut Faults<'_>) -> Vec<PathPlace> {
        let mut paths: Vec<PathPlace> = Vec::new();
        for read in self.read_all(route, "path", outermost(Part::Path, None), faults) {
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
            if let Some(without) = self
                .patterns
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
                content: read.content,
            });
        }
        paths
    }
}

impl Read<'_> {
    /// Reports what a format says of the place, at the text that it means.
    fn fault(&self, error: &SelectorError, help: &str, faults: &mut Faults<'_>) {
        let companion = self.companion.as_ref();
        let text = match error.which {
            Which::Place => None,
            Which::Beside(number) => match self.beside.get(number) {
                Some(meant) if meant.here => Some(&meant.text),
                Some(meant) => {
                    let message = format!(
                        "`{}`, the subject of `{}`: {}",
                        meant.text.value, self.at.value, error.reason
                    );
                    faults.error("policy::selector", self.at.span.clone(), message, help);
                    return;
                }
                None => None,
            },
            Which::CompanionAt => companion.map(|companion| &companion.at),
            Which::CompanionWrite => companion.map(|companion| &companion.write),
        };
        selector_fault(text.unwrap_or(&self.at), error, help, faults);
    }
}

/// What a route's own places of a part are in.
fn outermost(part: Part, format: Option<Format>) -> Around<'static> {
    Around {
        part,
        format,
        outer: None,
    }
}

fn syntax(section: &Section<'_>, faults: &mut Faults<'_>) -> Syntax {
    let Some(text) = section.text("syntax", faults) else {
        return Syntax::Plain;
    };
    if let Ok(syntax) = text.value.parse() {
        return syntax;
    }
    if text.value.parse::<Format>().is_ok_and(Format::is_query) {
        let message = format!("`{}` is a format of its own", text.value);
        let help = format!(
            "say `as = \"{}\", protect = [{{ at = \"…\", field = \"…\" }}]` in the place of `syntax` and `field`",
            text.value
        );
        faults.error("policy::unknown-word", text.span, message, help);
    } else {
        faults.unknown_word("a syntax", &text, &["fhir-token"]);
    }
    Syntax::Plain
}

pub(super) fn selector_fault(
    at: &Text<'_>,
    error: &SelectorError,
    help: &str,
    faults: &mut Faults<'_>,
) {
    let span: Range<usize> = at.inner(faults.source, error.at.clone());
    faults.error(
        "policy::selector",
        span,
        format!("`{}`: {}", at.value, error.reason),
        help,
    );
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
