//! `multipart/form-data` (RFC 7578, RFC 2046 §5.1).
//!
//! Small text parts that a place names are protected; all else, files above all, streams through without a copy.
//! At a place must stand text in UTF-8 without a transfer encoding. A file may stand at a place only if its part
//! says `text/…`; any other file that a place names is refused, since this format has no layout for its bytes. A
//! head that two servers could read differently (a folded line, two names, `name*`, an ambiguous quote) is
//! refused in every part, since it might be one that the policy means; so is a line that begins with the
//! delimiter and goes on, and a body without its last delimiter. Preamble and epilogue pass.

mod head;
mod stream;

pub use stream::Stream;

use std::sync::Arc;

use crate::ahead::Ahead;
use crate::content_type::ContentType;
use crate::error::{Error, ErrorKind};
use crate::form::Names;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};

/// The names of parts.
#[derive(Debug)]
struct Multipart(Arc<Names>);

/// Reads the selectors: names of parts.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let names = Names::of(selected, false)?;
    Ok(Arc::new(Multipart(Arc::new(names))))
}

impl Grammar for Multipart {
    fn rewriter(&self, body: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        let boundary = body.content_type.and_then(ContentType::boundary);
        let boundary = boundary.ok_or(Error::new(ErrorKind::ContentType, 0))?;
        rewriter(&self.0, boundary, limits)
    }
}

/// A rewriter for one body with this boundary, which looks ahead where parts have siblings.
///
/// # Errors
/// As [`Stream::new`].
pub(crate) fn rewriter(
    names: &Arc<Names>,
    boundary: &str,
    limits: Limits,
) -> Result<Box<dyn Rewriter>, Error> {
    let stream = Stream::new(Arc::clone(names), boundary, limits)?;
    Ok(match names.siblings() {
        None => Box::new(stream),
        Some(siblings) => {
            let scout = Stream::new(siblings.clone().into(), boundary, limits)?.capturing();
            Box::new(Ahead::new(stream.waiting(), scout, limits, false))
        }
    })
}
