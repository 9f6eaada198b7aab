//! XML 1.0 (fifth edition) with Namespaces in XML 1.0; SOAP, FHIR and XHTML among it.
//!
//! Places are the text of elements and the values of attributes ([`expand`] has the selectors' grammar). Text is
//! read as every reader must: references undone, CDATA sections joined, line ends as LF (§2.11), white space in
//! attributes as blanks (§3.3.3). What is written has references for whatever could be markup; a text that stood in
//! a CDATA section is written without one.
//!
//! What two readers could take for two structures is refused: a document type and with it every entity but the five
//! of the standard, tags that do not match, an attribute that stands twice, a `<` in a tag, comments that another
//! reader ends elsewhere, a version other than 1.0, control characters, text around
//! the root. At a place also: a comment or an instruction in the text, a reference that is none, a
//! prefix that is not declared, an element where a text is protected. Inside another body a fragment is read too:
//! several elements, and text between them.

mod edit;
mod markup;
mod name;
mod places;
mod pure;
mod reader;
mod scope;
mod selector;
mod step;
mod stream;
mod tag;
mod value;
mod walk;

use std::sync::Arc;

pub(crate) use reader::{Element, Event, Reader};
pub use selector::expand;

use crate::error::Error;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};
use places::Places;
use stream::Stream;

/// The compiled selectors of a body.
#[derive(Debug)]
struct Compiled(Arc<Places>);

/// Reads selectors in their expanded form.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    Places::of(selected).map(|places| Arc::new(Compiled(places.into())) as Arc<dyn Grammar>)
}

impl Grammar for Compiled {
    fn rewriter(&self, body: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        let inside = body.content_type.is_none();
        let places = Arc::clone(&self.0);
        Ok(Box::new(Stream::new(places, inside, limits, false)))
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        let places = Arc::clone(&self.0);
        Some(Box::new(Stream::new(places, true, limits, true)))
    }
}
