//! Protocol Buffers on the wire (protobuf.dev/programming-guides/encoding): places are paths of field numbers.
//!
//! No schema is known, so a path says what is a message: `1.3.2` is field 2 of the message in field 3 of the message
//! in field 1, in each of their occurrences. What stands at its end is text, of a `string` or a `bytes` field. A field
//! that stands twice is protected twice, whether its list is meant or its last occurrence counts.
//!
//! Bytes outside places are kept. Where a value changes, so do the lengths of the messages around it: a field of the
//! outermost message that leads to a place is held whole, up to [`Limits::value`]; all others stream.
//!
//! Refused, or on the way back passed as it came: groups, another wire type than bytes on the way to a place, a message that does not parse there, a value
//! that is not UTF-8.

mod message;
mod path;
mod stream;
mod wire;

use std::sync::Arc;

use crate::content_type::ContentType;
use crate::error::Error;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};
use path::Node;
pub(crate) use stream::Stream;

/// Whether a body of this content type is one message (there is no registered type but `application/protobuf`).
pub(crate) fn is_named_by(content_type: &ContentType) -> bool {
    const NAMES: [&str; 4] = [
        "application/protobuf",
        "application/x-protobuf",
        "application/vnd.google.protobuf",
        "application/x-google-protobuf",
    ];
    NAMES.contains(&content_type.essence())
}

/// The places of a message.
#[derive(Debug)]
pub(crate) struct Places(Arc<Node>);

impl Places {
    /// Reads the paths.
    pub(crate) fn of(selected: &[Selected<'_>]) -> Result<Self, (usize, SelectorError)> {
        path::read(selected).map(|root| Self(Arc::new(root)))
    }

    /// A rewriter of one message.
    pub(crate) fn stream(&self, limits: Limits) -> Stream {
        Stream::new(Arc::clone(&self.0), limits)
    }

    /// A rewriter of one message for which nothing fails.
    pub(crate) fn lenient_stream(&self, limits: Limits) -> Stream {
        self.stream(limits).lenient()
    }
}

/// Reads the selectors of a message.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    Ok(Arc::new(Places::of(selected)?))
}

impl Grammar for Places {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(self.stream(limits)))
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        Some(Box::new(self.lenient_stream(limits)))
    }
}
