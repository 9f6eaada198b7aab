//! Requests that stand in a body: in `multipart/mixed`, which is OData's `$batch` with its change sets (OData 4.01
//! Protocol §11.7.7) and Google's batch, or in objects of a JSON body ([`Shape`]).
//!
//! Each part of a `multipart/mixed` is a request of its own (`application/http`, RFC 9112 §10.2). Its head is read strictly and told to the
//! editor ([`Editor::request`](crate::Editor::request)), which says by which rules it goes on: another target, other
//! header values, and what its body is rewritten by. Whatever else stands in a batch is refused, since nobody would have
//! looked at it: other content types, batches within change sets, transfer encodings, a second request behind the first.
//!
//! A body of which the length is given is held up to [`Limits::value`](crate::Limits) where it is rewritten, so that the
//! length can be told truly; one of which it is not streams. Digests of a rewritten body go.

mod head;
mod object;
mod request;
mod shape;

use std::sync::Arc;

pub use head::{Decision, Head, Target};
pub use shape::{Base, Encoding, Headers, Shape, Way};

use crate::content_type::ContentType;
use crate::error::{Error, ErrorKind};
use crate::multipart::{self, LineEnd, PartHead};
use crate::plan::{Described, Grammar, Selected};
use crate::selector::{Reason, SelectorError};
use crate::{Limits, Rewriter, json};

/// A batch, and a change set in it.
const DEEPEST: usize = 2;

/// The requests of a batch; their places are those of their own routes.
#[derive(Debug)]
struct Batch;

/// Reads the selectors: there are none.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    match selected.first() {
        None => Ok(Arc::new(Batch)),
        Some(place) => {
            let reason = Reason::Unsupported {
                what: "a place in a `batch` body",
                remedy: "name the place in the route that the request inside has by itself",
            };
            Err((0, SelectorError::new(reason, 0..place.at.len())))
        }
    }
}

/// Reads the shape of requests that stand in JSON objects.
///
/// # Errors
/// [`Reason::Nested`] where it means one member twice, or one inside of another.
pub(crate) fn objects(shape: Shape) -> Result<Arc<dyn Grammar>, SelectorError> {
    if !shape.is_sound() {
        return Err(SelectorError::new(Reason::Nested, 0..0));
    }
    let nothing = json::Places::of(&[]).map_err(|(_, error)| error)?;
    Ok(Arc::new(object::Objects {
        shape: Arc::new(shape),
        nothing: Arc::new(nothing),
    }))
}

impl Grammar for Batch {
    fn rewriter(&self, body: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        let kind = body
            .content_type
            .ok_or(Error::new(ErrorKind::ContentType, 0))?;
        parts(kind, 1, limits).map_err(|kind| Error::new(kind, 0))
    }
}

/// A rewriter for a batch, or for a change set in one.
fn parts(
    content_type: &ContentType,
    depth: usize,
    limits: Limits,
) -> Result<Box<dyn Rewriter>, ErrorKind> {
    let boundary = content_type.boundary().ok_or(ErrorKind::ContentType)?;
    multipart::requests(boundary, depth, limits).map_err(|error| error.kind)
}

/// A rewriter for the content of a part of a batch so deep.
///
/// # Errors
/// [`ErrorKind::ContentType`] where it is no request and no change set, [`ErrorKind::Depth`] where change sets stand in
/// one another, [`ErrorKind::Coding`] where it is encoded.
pub(crate) fn part(
    head: &PartHead,
    line_end: LineEnd,
    depth: usize,
    limits: Limits,
) -> Result<Box<dyn Rewriter>, ErrorKind> {
    let content_type = head.content_type()?.ok_or(ErrorKind::ContentType)?;
    if head.encoding() != multipart::Encoding::Identity {
        let why = "a request in a batch has a transfer encoding";
        return Err(ErrorKind::Coding { why });
    }
    match content_type.essence() {
        "application/http" => {
            let content_id = head.content_id().unwrap_or_default();
            let request = request::Request::new(content_id, line_end, limits);
            Ok(Box::new(request))
        }
        "multipart/mixed" if depth < DEEPEST => parts(&content_type, depth + 1, limits),
        "multipart/mixed" => Err(ErrorKind::Depth { limit: DEEPEST }),
        _ => Err(ErrorKind::ContentType),
    }
}

/// What an editor says that knows of no routes.
pub(crate) fn unroutable(_: &Head<'_>) -> Result<Decision, Error> {
    Err(Error::new(ErrorKind::Unroutable, 0))
}
