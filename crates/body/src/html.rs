//! HTML (WHATWG HTML): documents, and the fragments that editors send.
//!
//! Selectors are CSS selectors. What stands at one is the content of an element as one value (its text, or its
//! markup where it has any), each run of text in it (`text()`), or an attribute (`@href`). `lol_html` reads the tags
//! and matches the selectors; it only says where things stand, and the bytes are kept or written here (ADR 22).
//!
//! Trees are not built, so what only a tree could tell is refused: an element at a place, and all that it holds, must
//! be closed by its own end tags in order; where a selector speaks of ancestors, so must the whole document. What
//! readers of HTML and of XML take differently is refused likewise (a section of CDATA with markup in it, an element
//! at a place that ends in `/>`), as is what scripting decides (`noscript`).

mod guard;
mod reader;
mod selector;
mod stream;
mod value;

use std::sync::Arc;

use crate::edit::PlaceId;
use crate::error::Error;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::{Reason, SelectorError, Which};
use crate::{Limits, Rewriter};
use selector::Selector;
use stream::Stream;

/// The places of HTML.
#[derive(Debug)]
struct Places {
    selectors: Vec<(Selector, PlaceId)>,
}

/// Reads the selectors.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let mut selectors = Vec::with_capacity(selected.len());
    for (index, place) in selected.iter().enumerate() {
        let fault = |text: &str, reason, which| {
            (index, SelectorError::new(reason, 0..text.len()).of(which))
        };
        let selector = Selector::parse(place.at).map_err(|error| (index, error))?;
        if selectors.iter().any(|(known, _)| *known == selector) {
            return Err(fault(place.at, Reason::Twice, Which::Place));
        }
        let alone = Reason::Unsupported {
            what: "another value beside one of HTML",
            remedy: "take it from the path, or leave it out",
        };
        if let Some(text) = place.beside.first() {
            return Err(fault(text, alone, Which::Beside(0)));
        }
        if let Some((text, _)) = place.companion {
            return Err(fault(text, alone, Which::CompanionAt));
        }
        selectors.push((selector, place.place));
    }
    Ok(Arc::new(Places { selectors }))
}

impl Grammar for Places {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Stream::new(&self.selectors, limits)))
    }
}
