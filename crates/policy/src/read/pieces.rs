//! `pieces` of a route: a file that is sent in several requests.

use body::Format;
use http::HeaderName;

use crate::diagnostic::Severity;
use crate::pieces::{HeadPart, HeadValue, Pieces};
use crate::read::parts::selector_fault;
use crate::read::places::Reader;
use crate::read::routes::ReadRoute;
use crate::read::section::{Faults, Keys, Section, Text};

const KEYS: Keys = Keys {
    known: &["upload", "offset"],
    later: &[],
};

const VALUE: &str = "write a header (`Upload-Offset`), `?name` for a parameter of the query or `{name}` for one of the \
                     path, and behind a space the JSONPath of a value in its JSON \
                     (`Dropbox-API-Arg $.cursor.offset`)";

impl<'t> Reader<'_, 't> {
    /// `pieces`, of the body that the route says it takes.
    pub(crate) fn pieces(
        &self,
        route: &Section<'t>,
        body: Option<Format>,
        faults: &mut Faults<'_>,
    ) -> Option<Pieces> {
        let (table, span) = route.table("pieces", faults)?;
        let section = Section::open(table, span, "`pieces`", KEYS, faults);
        let upload = section.needed_text(
            "upload",
            "say what tells one upload from another: `upload = \"?upload_id\"`",
            faults,
        );
        let offset = section.needed_text(
            "offset",
            "say where in the file a piece begins: `offset = \"Content-Range\"`",
            faults,
        );
        if body != Some(Format::File) {
            let message = "pieces are of a file, and the route's body is none";
            let help = "write `body = \"file\"`, or take `pieces` out";
            let span = route.key_span("pieces");
            faults.error("policy::idle-key", span, message, help);
        }
        let upload = self.head_value(&upload?, faults);
        let offset = self.head_value(&offset?, faults);
        Some(Pieces {
            upload: upload?,
            offset: offset?,
        })
    }

    fn head_value(&self, text: &Text<'t>, faults: &mut Faults<'_>) -> Option<HeadValue> {
        let (name, path) = match text.value.split_once(' ') {
            Some((name, path)) => (name, Some(path)),
            None => (text.value, None),
        };
        let part = self.head_part(name, text, faults)?;
        let Some(path) = path else {
            return Some(HeadValue { part, inside: None });
        };
        match body::Plan::compile(Format::Json, [(path, HeadValue::PLACE)]) {
            Ok(plan) => Some(HeadValue {
                part,
                inside: Some(plan),
            }),
            Err((_, mut error)) => {
                let before = name.len() + 1;
                error.at = error.at.start + before..error.at.end + before;
                selector_fault(text, &error, Format::Json.help(), faults);
                None
            }
        }
    }

    fn head_part(&self, name: &str, text: &Text<'t>, faults: &mut Faults<'_>) -> Option<HeadPart> {
        let segment = name
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        if let Some(segment) = segment {
            let mut patterns = self.patterns.iter();
            if let Some(without) = patterns.find(|pattern| !pattern.template.has_parameter(segment))
            {
                let message = format!("`{without}` has no parameter `{{{segment}}}`");
                let help =
                    "write the parameter into every `match` of the route, or make two routes of it";
                faults.error("policy::bad-segment", text.span.clone(), message, help);
                return None;
            }
            return Some(HeadPart::Segment(segment.to_owned()));
        }
        let part = match name.strip_prefix('?') {
            Some("") => None,
            Some(name) => Some(HeadPart::Parameter(name.to_owned())),
            None => HeaderName::from_bytes(name.as_bytes())
                .ok()
                .map(HeadPart::Header),
        };
        if part.is_none() {
            let message = format!("`{name}` names no header and no parameter");
            faults.error("policy::bad-header", text.span.clone(), message, VALUE);
        }
        part
    }
}

/// A file that was sent in pieces is known by what the vault has of it, which is looked for where the policy says that
/// an answer is a file.
pub(crate) fn come_back(routes: &[ReadRoute], faults: &mut Faults<'_>) {
    if routes.iter().any(|read| read.route.answers_files) {
        return;
    }
    for read in routes.iter().filter(|read| read.route.pieces.is_some()) {
        let message =
            "what is sent here in pieces would never be opened: no route's answers are files";
        let help = "write `answer = \"file\"` on the routes that bring such files back";
        let span = read.spans.first().cloned();
        faults.add(
            Severity::Error,
            "policy::no-file-answer",
            span,
            message,
            help,
        );
    }
}
