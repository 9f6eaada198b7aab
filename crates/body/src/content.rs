//! What stands at a place of a container that streams: one value, held whole, or a body that goes through the
//! rewriter inside.

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::edit::{Comparison, Edit, Editor, Found, Opened, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Out;
use crate::{Limits, Rewriter, text};

/// The content of one part, member or run. It is written in its own encoding: what is around it escapes it.
pub(crate) enum Content {
    /// One value.
    Value(Value),
    /// A body.
    Body(Box<dyn Rewriter>),
}

/// A value of which pieces have come.
pub(crate) struct Value {
    place: PlaceId,
    limit: usize,
    text: Zeroizing<Vec<u8>>,
}

impl Content {
    /// Begins the content at a place.
    ///
    /// # Errors
    /// What the editor says.
    pub(crate) fn begin(
        opened: Opened<'_>,
        editor: &mut dyn Editor,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let place = opened.place;
        Ok(match editor.open(opened)? {
            Some(rewriter) => Self::Body(rewriter),
            None => Self::Value(Value {
                place,
                limit: limits.value,
                text: Zeroizing::default(),
            }),
        })
    }

    /// Takes the next piece. `out` speaks of another chunk afterwards ([`Out::begin`]).
    ///
    /// # Errors
    /// As [`Rewriter::push`]; [`ErrorKind::ValueTooLong`].
    pub(crate) fn push(
        &mut self,
        piece: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        match self {
            Self::Body(rewriter) => rewriter.push(piece, editor, out),
            Self::Value(value) => {
                let limit = value.limit;
                if value.text.len() + piece.len() > limit {
                    return Err(Error::new(ErrorKind::ValueTooLong { limit }, 0));
                }
                value.text.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    /// Ends the content.
    ///
    /// # Errors
    /// As [`Rewriter::finish`]; [`ErrorKind::Charset`] where a value is no text.
    pub(crate) fn finish(
        self,
        ordinal: &mut u32,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        match self {
            Self::Body(mut rewriter) => rewriter.finish(editor, out),
            Self::Value(value) => value.finish(ordinal, editor, out),
        }
    }

    /// Bytes held at the moment.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Body(rewriter) => rewriter.held(),
            Self::Value(value) => value.text.capacity(),
        }
    }
}

impl Value {
    fn finish(
        self,
        ordinal: &mut u32,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        if self.text.is_empty() {
            return Ok(());
        }
        if !text::is_text(&self.text) {
            return Err(Error::new(ErrorKind::Charset, 0));
        }
        let mut replacement = Zeroizing::new(Vec::new());
        let found = Found {
            place: self.place,
            ordinal: *ordinal,
            value_type: ValueType::String,
            text: &self.text,
            beside: &[],
            comparison: Comparison::Stored,
        };
        *ordinal = ordinal.saturating_add(1);
        match editor.value(found, &mut replacement)? {
            Edit::Keep => out.write(&self.text),
            Edit::Replace | Edit::Spelled => out.write(&replacement),
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, Escape::Plain),
            Edit::Nested => out.nest(editor.nested(), Escape::Plain),
        }
        Ok(())
    }
}
