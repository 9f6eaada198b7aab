//! Multipart bodies (RFC 2046 §5.1): the fields and files of a form (RFC 7578), and `multipart/related`, `mixed` and
//! `alternative`, of which parts are chosen by their number.
//!
//! What stands at a place is text, held whole, or a body of its own that streams. Everything else, files above all,
//! passes without a copy. A file's name is a place of its own. A head that two servers could read differently (a folded
//! line, two names that disagree, an ambiguous quote) is refused in every part, since it might be one that the policy
//! means; so is a line that begins with the delimiter and goes on, a delimiter after a line feed alone, and a body
//! without its last delimiter. Nothing but line breaks may stand before the first delimiter, and no delimiter behind the
//! last: readers begin and end at different ones.
//!
//! A part in base64 is decoded and encoded again (RFC 2045 §6.8); one in another transfer encoding is refused at a
//! place. Headers of a part that measure its content (`Content-Length`, `Content-MD5`, digests) go where the content
//! changes or streams. Nothing that is written holds a delimiter: values are looked at, and tokens have no line breaks.

mod boundary;
mod change;
mod file_name;
mod head;
mod parameter;
mod part;
mod places;
mod stream;

use std::sync::Arc;

pub(crate) use boundary::{Boundary, End, LineEnd};
pub(crate) use head::{Encoding, Head as PartHead, MEASURES};
use places::{Parts, Places};
use stream::Stream;

use crate::ahead::Ahead;
use crate::content_type::ContentType;
use crate::error::{Error, ErrorKind};
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};

/// The places of a body.
#[derive(Debug)]
struct Multipart(Arc<Places>);

/// Reads the selectors: names and numbers of parts.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let places = Places::of(selected)?;
    Ok(Arc::new(Multipart(Arc::new(places))))
}

/// A rewriter for a body whose parts are the requests of a batch, or of a change set so deep in one.
///
/// # Errors
/// As [`Stream::new`].
pub(crate) fn requests(
    boundary: &str,
    depth: usize,
    limits: Limits,
) -> Result<Box<dyn Rewriter>, Error> {
    let stream = Stream::new(Arc::default(), boundary, false, limits)?;
    Ok(Box::new(stream.of_requests(depth)))
}

impl Grammar for Multipart {
    fn rewriter(&self, body: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        let content_type = body.content_type;
        let boundary = content_type.and_then(ContentType::boundary);
        let boundary = boundary.ok_or(Error::new(ErrorKind::ContentType, 0))?;
        let form = content_type.is_some_and(|kind| kind.essence() == "multipart/form-data");
        let stream = |places| Stream::new(places, boundary, form, limits);
        let Some(siblings) = self.0.contents.names.siblings() else {
            return Ok(Box::new(stream(Arc::clone(&self.0))?));
        };
        let siblings = Places {
            contents: Parts::named(siblings.clone()),
            ..Places::default()
        };
        let scout = stream(siblings.into())?.capturing();
        let walker = stream(Arc::clone(&self.0))?.waiting();
        Ok(Box::new(Ahead::new(walker, scout, limits, false)))
    }
}
