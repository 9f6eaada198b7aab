//! GraphQL (specification of October 2021, and GraphQL over HTTP): a JSON envelope, or several of them in an array,
//! with a document in `query` and its `variables`; or the document by itself (`application/graphql`).
//!
//! A selector that begins with `$` is JSONPath over the envelope, `$.variables.input.name`, and means the same in
//! each envelope of an array. Any other names an argument of the document, `createContact(input.lastName)`, see
//! [`arguments`]. The envelope is JSON with a document inside: this module knows both only by their formats.
//!
//! A string that stands in the document itself is refused unless a selector names its argument; a field that passes
//! may be named too. So a policy that expects its values in variables never lets one through that was written into
//! the document.

pub(crate) mod arguments;
mod document;
mod lexer;

use std::sync::Arc;

use crate::edit::PlaceId;
use crate::error::Error;
use crate::format::Format;
use crate::plan::{Described, Grammar, Plan, Selected};
use crate::selector::{SelectorError, Which};
use crate::{Limits, Rewriter};

/// What reads a message, whichever shape it has.
#[derive(Debug)]
struct Graphql {
    envelope: Arc<dyn Grammar>,
    document: Plan,
}

impl Grammar for Graphql {
    fn rewriter(&self, body: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        let alone = body
            .content_type
            .is_some_and(|kind| kind.essence() == DOCUMENT);
        match alone {
            true => self.document.inner(body, limits),
            false => self.envelope.rewriter(body, limits),
        }
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        self.envelope.lenient(limits)
    }
}

/// The content type of a document by itself.
pub(crate) const DOCUMENT: &str = "application/graphql";

/// Reads the selectors of one message.
///
/// # Errors
/// As [`Plan::compile`].
pub(crate) fn compile(selected: Vec<Selected<'_>>) -> Result<Plan, (usize, SelectorError)> {
    let lengths: Vec<usize> = selected.iter().map(|place| place.at.len()).collect();
    let mut in_document = Vec::new();
    let mut in_envelope = Vec::new();
    for (index, place) in selected.into_iter().enumerate() {
        match place.at.starts_with('$') {
            true => in_envelope.push((index, place)),
            false => in_document.push((index, place)),
        }
    }
    let (indices, places): (Vec<usize>, Vec<Selected<'_>>) = in_document.into_iter().unzip();
    let document = Plan::compile(Format::GraphqlDocument, places)
        .map_err(|(index, error)| (indices.get(index).copied().unwrap_or_default(), error))?;

    let twins: Vec<Option<Texts>> = in_envelope
        .iter()
        .map(|(_, place)| Texts::in_array(place))
        .collect();
    let mut indices = Vec::new();
    let mut places = Vec::new();
    for ((index, place), twin) in in_envelope.into_iter().zip(&twins) {
        // The place itself comes first: what is wrong with it is told of its own text, not of its twin's.
        let twin = twin
            .as_ref()
            .map(|twin| twin.selected(place.place, place.inside.clone()));
        for place in std::iter::once(place).chain(twin) {
            indices.push(index);
            places.push(place);
        }
    }
    for at in ["$.query", "$[*].query"] {
        places.push(Selected::body(at, document.clone()));
    }
    let envelope = Plan::of(Format::Graphql, places).map_err(|(index, mut error)| {
        let index = indices.get(index).copied().unwrap_or_default();
        let length = lengths.get(index).copied().unwrap_or_default();
        if error.which == Which::Place && error.at.end > length {
            // It is of a twin, or of the document that a place encloses: said of the whole place.
            error.at = 0..length;
        }
        (index, error)
    })?;
    Ok(envelope.with(|envelope| Arc::new(Graphql { envelope, document })))
}

/// The texts of a place as they are in each envelope of an array.
struct Texts {
    at: String,
    beside: Vec<String>,
    companion: Option<(String, String)>,
}

impl Texts {
    fn in_array(place: &Selected<'_>) -> Option<Self> {
        let within = |text: &str| text.strip_prefix('$').map(|rest| format!("$[*]{rest}"));
        // A place that is said of an array itself has no other.
        if !place.at.starts_with("$.") {
            return None;
        }
        let companion = place.companion;
        Some(Self {
            at: within(place.at)?,
            beside: place
                .beside
                .iter()
                .map(|text| within(text).unwrap_or_default())
                .collect(),
            companion: companion
                .map(|(at, write)| (within(at).unwrap_or_default(), write.to_owned())),
        })
    }

    fn selected(&self, place: PlaceId, inside: Option<Plan>) -> Selected<'_> {
        let companion = self.companion.as_ref();
        Selected {
            at: &self.at,
            place,
            inside,
            element: false,
            beside: self.beside.iter().map(String::as_str).collect(),
            companion: companion.map(|(at, write)| (at.as_str(), write.as_str())),
        }
    }
}
