//! Opaque bytes: a body, or what stands in one, that nobody here looks into.
//!
//! It is never held: what becomes of it is the editor's ([`Editor::file`]), whose rewriter takes the bytes as they
//! come. A body without a byte passes, as an empty value does.

use std::sync::Arc;

use bytes::Bytes;

use crate::edit::{Editor, PlaceId};
use crate::error::Error;
use crate::out::Out;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter, text};

/// The one place of a file.
#[derive(Debug)]
struct Place(PlaceId);

/// Reads the one selector.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    text::whole(selected).map(|place| Arc::new(Place(place)) as Arc<dyn Grammar>)
}

impl Grammar for Place {
    fn rewriter(&self, _: &Described<'_>, _: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Stream {
            place: self.0,
            state: State::Empty,
        }))
    }
}

/// One file on its way out.
struct Stream {
    place: PlaceId,
    state: State,
}

enum State {
    /// No byte has come.
    Empty,
    /// The bytes go through the editor's rewriter.
    Rewritten(Box<dyn Rewriter>),
    /// The bytes stay as they came.
    Kept,
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if matches!(self.state, State::Empty) && !chunk.is_empty() {
            self.state = match editor.file(self.place)? {
                Some(rewriter) => State::Rewritten(rewriter),
                None => State::Kept,
            };
        }
        match &mut self.state {
            State::Rewritten(rewriter) => rewriter.push(chunk, editor, out),
            State::Empty | State::Kept => {
                out.begin(chunk);
                out.keep(0..chunk.len());
                Ok(())
            }
        }
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        match &mut self.state {
            State::Rewritten(rewriter) => rewriter.finish(editor, out),
            State::Empty | State::Kept => {
                out.begin(&Bytes::new());
                Ok(())
            }
        }
    }

    fn held(&self) -> usize {
        match &self.state {
            State::Rewritten(rewriter) => rewriter.held(),
            State::Empty | State::Kept => 0,
        }
    }

    fn length(&self, input: u64) -> Option<u64> {
        match &self.state {
            State::Rewritten(rewriter) => rewriter.length(input),
            State::Kept => Some(input),
            State::Empty => None,
        }
    }
}
