//! What is put beside a value: the text around its token, as a policy writes it.

use crate::edit::{Edit, Editor, PlaceId};
use crate::error::Error;
use crate::escape::Escape;
use crate::out::{AskId, Piece};
use crate::selector::{Reason, SelectorError, Which};

/// What stands in a text where its token goes.
const TOKEN: &str = "{token}";

/// A text with one token in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) before: Box<str>,
    pub(crate) after: Box<str>,
}

impl Write {
    /// Reads the text of a policy.
    ///
    /// # Errors
    /// Where `{token}` does not stand in it once.
    pub(crate) fn parse(text: &str) -> Result<Self, SelectorError> {
        let fault = |expected, at| {
            SelectorError::new(Reason::Expected { expected }, at).of(Which::CompanionWrite)
        };
        let Some((before, after)) = text.split_once(TOKEN) else {
            return Err(fault("a text with `{token}` in it", 0..text.len()));
        };
        if let Some(second) = after.find(TOKEN) {
            let from = before.len() + TOKEN.len() + second;
            return Err(fault("no second `{token}`", from..from + TOKEN.len()));
        }
        Ok(Self {
            before: before.into(),
            after: after.into(),
        })
    }
}

/// The token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Known(Vec<u8>),
    Asked(AskId),
}

impl Token {
    /// Asks an editor for the token of a place whose value was just replaced.
    ///
    /// # Errors
    /// What the editor says.
    pub(crate) fn of(place: PlaceId, editor: &mut dyn Editor) -> Result<Option<Self>, Error> {
        let mut text = Vec::new();
        Ok(match editor.companion(place, &mut text)? {
            Edit::Keep | Edit::Nested => None,
            Edit::Replace | Edit::Spelled => Some(Self::Known(text)),
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => Some(Self::Asked(ask)),
        })
    }

    /// Adds the token in an escape.
    pub(crate) fn write(&self, escape: Escape, pieces: &mut Vec<Piece>) {
        pieces.push(match self {
            Self::Known(text) => {
                let mut written = Vec::with_capacity(text.len());
                escape.write(text, &mut written);
                Piece::Bytes(written)
            }
            Self::Asked(ask) => Piece::Hole(*ask, escape),
        });
    }
}
