//! JSON (RFC 8259), strictly, in one pass and in pieces.
//!
//! What is refused: everything the grammar does not allow, down to a control character in a string; a byte-order
//! mark and any charset but UTF-8; at a place, an object, an array or a string with half of a surrogate pair (no
//! text: it could not be sealed and come back); a key that stands twice on the way to a place, or that a filter
//! looks at, compared decoded (`"n\u0061me"` is `name`). What is not looked at passes byte for byte, a lone
//! surrogate and a key that stands twice with it.
//!
//! Speed: one check of the charset over each chunk, one walk in which strings are skipped eight bytes at a time;
//! no allocation per value, none at all for what is not looked at.

mod additions;
mod companions;
mod element;
mod hold;
mod members;
mod number;
mod pass;
mod path;
mod places;
mod siblings;
mod sites;
mod skip;
mod step;
mod stream;
mod string;
mod tree;
mod value;
mod walk;

pub use path::Path;
pub use places::Places;
pub use stream::Stream;

pub(crate) use companions::{Bond, template};
pub(crate) use members::{Checked, alike};
pub(crate) use string::decode_key;
pub(crate) use tree::{MARK, Template, Tree};
pub(crate) use walk::ALIKE;

use std::sync::Arc;

use crate::ahead::Ahead;
use crate::error::Error;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};

/// The places of a body.
#[derive(Debug)]
struct Json(Arc<Places>);

/// Reads the selectors: JSONPath.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let places = Places::of(selected)?;
    Ok(Arc::new(Json(Arc::new(places))))
}

impl Grammar for Json {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(rewriter(&self.0, limits, false))
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        Some(rewriter(&self.0, limits, true))
    }
}

/// A rewriter for documents that follow one another ([`Stream::restart`]); nothing where values have siblings.
pub(crate) fn documents(places: &Arc<Places>, limits: Limits, lenient: bool) -> Option<Stream> {
    let alone = siblings::Scout::new(places, limits).is_none();
    alone.then(|| {
        let mut stream = Stream::new(Arc::clone(places), limits);
        stream.lenient = lenient;
        stream
    })
}

/// A rewriter for one body, which looks ahead where values have siblings; `lenient` says that nothing fails.
pub(crate) fn rewriter(places: &Arc<Places>, limits: Limits, lenient: bool) -> Box<dyn Rewriter> {
    let mut stream = Stream::new(Arc::clone(places), limits);
    stream.lenient = lenient;
    match siblings::Scout::new(places, limits) {
        None => Box::new(stream),
        Some(scout) => {
            stream.waits = true;
            Box::new(Ahead::new(stream, scout, limits, true).lenient(lenient))
        }
    }
}
