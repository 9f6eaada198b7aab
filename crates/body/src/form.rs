//! `application/x-www-form-urlencoded` (WHATWG URL §5).
//!
//! A form may repeat a name: each of its values is protected. Names are compared decoded. What cannot be decoded
//! in one way (a malformed percent sequence, another charset than UTF-8) is refused in every name, since it
//! might be one that the policy means, and in values at places; other values pass as they came.

mod additions;
mod alike;
mod beside;
pub(crate) mod encoding;
mod fields;
mod name;
mod stream;

pub use name::{Name, Names};
pub(crate) use stream::HIDDEN;
pub use stream::Stream;

pub(crate) use fields::{Fields, Walk, pause};

use std::sync::Arc;

use crate::ahead::Ahead;
use crate::error::Error;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};

/// The names of a form's fields.
#[derive(Debug)]
struct Form(Arc<Names>);

/// Reads the selectors: decoded names.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let names = Names::of(selected, true)?;
    Ok(Arc::new(Form(Arc::new(names))))
}

impl Grammar for Form {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(rewriter(&self.0, limits, false))
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        Some(rewriter(&self.0, limits, true))
    }
}

/// A rewriter for one body, which looks ahead where fields have siblings; `lenient` says that nothing fails.
pub(crate) fn rewriter(names: &Arc<Names>, limits: Limits, lenient: bool) -> Box<dyn Rewriter> {
    let stream = Stream::new(Arc::clone(names), limits).lenient(lenient);
    match names.siblings() {
        None => Box::new(stream),
        Some(siblings) => {
            let scout = Stream::new(siblings.clone().into(), limits).capturing();
            Box::new(Ahead::new(stream.waiting(), scout, limits, false).lenient(lenient))
        }
    }
}
