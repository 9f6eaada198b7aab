//! The walk's part in companions: where it tells [`Additions`](super::additions::Additions) what it meets.

use super::additions;
use super::pass::Pass;
use super::skip::Between;
use super::stream::{State, Stream, Use};
use super::value::{Scalar, Word};
use crate::companion::Token;
use crate::edit::{Edit, PlaceId};
use crate::error::Error;

impl Stream {
    /// What a scalar that stands here is for, where companions may go.
    pub(super) fn site(&self) -> Use {
        let mut next = self.walk.next.iter();
        let sites = next.any(|id| !self.places.node(*id).sites.is_empty());
        if sites { Use::Site } else { Use::Skip }
    }

    /// A value at a place was passed, and this was done with it.
    #[cold]
    pub(super) fn passed(
        &mut self,
        place: PlaceId,
        edit: Edit,
        pass: &mut Pass<'_>,
    ) -> Result<(), Error> {
        let token = match edit {
            Edit::Keep => None,
            _ => self.companion(place, pass)?,
        };
        let at = self.here(pass);
        self.additions
            .pass(&self.places, place, token, at, &self.limits, pass.out)
            .map_err(|kind| pass.error(kind))
    }

    /// What stands where companions go has ended, and may stand for nothing.
    #[cold]
    pub(super) fn at_site(&mut self, scalar: Scalar, pass: &mut Pass<'_>) -> Result<(), Error> {
        pass.keep_to(pass.token);
        let raw = std::mem::take(&mut self.raw);
        let whole = if raw.is_empty() {
            pass.token_to(pass.at)
        } else {
            &raw
        };
        pass.done = pass.at;
        let nothing = matches!(scalar, Scalar::Word(Word::Null)) || whole == b"\"\"";
        let (at, next) = (self.here(pass), &self.walk.next);
        if !nothing {
            pass.out.write(whole);
        }
        self.additions
            .value(&self.places, next, nothing.then_some(whole), at, pass.out)
            .map_err(|kind| pass.error(kind))
    }

    /// Where the walk stands, for companions.
    fn here(&self, pass: &Pass<'_>) -> additions::Place {
        additions::Place {
            depth: self.walk.depth(),
            offset: pass.offset(),
        }
    }

    /// The token of the companion of a value that was just replaced.
    fn companion(&self, place: PlaceId, pass: &mut Pass<'_>) -> Result<Option<Token>, Error> {
        if self.places.companions.of(place).is_none() {
            return Ok(None);
        }
        let token = Token::of(place, pass.editor);
        token.map_err(|error| pass.error(error.kind))
    }

    /// Something stands where companions may go.
    pub(super) fn occupied(&mut self, pass: &mut Pass<'_>) -> Result<(), Error> {
        let (at, next) = (self.here(pass), &self.walk.next);
        let taken = self.additions.value(&self.places, next, None, at, pass.out);
        taken.map_err(|kind| pass.error(kind))
    }

    /// Writes what belongs at the end of the object or array that ends here.
    pub(super) fn close_additions(&mut self, pass: &mut Pass<'_>) -> Result<(), Error> {
        let at = additions::Place {
            depth: self.walk.depth().saturating_sub(1),
            offset: pass.offset(),
        };
        if !self.additions.ends(at.depth) {
            return Ok(());
        }
        let first = [Between::FirstKey, Between::FirstElement];
        let empty = first
            .iter()
            .any(|between| self.state == State::Between(*between));
        pass.keep_to(pass.at);
        self.additions
            .close(&self.places, empty, at, &self.limits, pass.out)
            .map_err(|kind| pass.error(kind))
    }
}

/// Whether a value that begins like this may be one that stands for nothing: `null` or the empty string.
pub(super) fn is_nothing(bytes: &[u8]) -> bool {
    matches!(bytes, [b'n', ..] | [b'"'] | [b'"', b'"', ..])
}
