//! An object or an array at a place that is a body itself: it is held whole and handed over as the text it is, and what
//! becomes of it takes its stead as JSON.

use zeroize::Zeroizing;

use super::pass::Pass;
use super::skip::Between;
use super::stream::{State, Stream};
use super::value::fits;
use crate::Limits;
use crate::edit::{Edit, PlaceId};
use crate::error::Error;
use crate::escape::Escape;

/// An element that has begun.
pub(super) struct Element {
    place: PlaceId,
    /// How many objects and arrays are open around it.
    depth: usize,
    /// Where it begins, or goes on, in the bytes at hand.
    from: usize,
    /// Its bytes from earlier ones.
    raw: Zeroizing<Vec<u8>>,
}

impl Element {
    /// Keeps what these bytes have of it.
    pub(super) fn gather(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), Error> {
        let more = bytes.get(self.from..).unwrap_or_default();
        self.raw.extend_from_slice(more);
        self.from = 0;
        fits(self.raw.len(), limits)
    }

    pub(super) fn held(&self) -> usize {
        self.raw.capacity()
    }
}

impl Stream {
    /// Begins an element whose first byte stands here.
    pub(super) fn begin_element(
        &mut self,
        place: PlaceId,
        object: bool,
        pass: &mut Pass<'_>,
    ) -> Result<bool, Error> {
        pass.keep_to(pass.at);
        self.element = Some(Element {
            place,
            depth: self.walk.depth(),
            from: pass.at,
            raw: Zeroizing::default(),
        });
        // Nothing in it is a place of this body.
        self.walk.pass();
        let depth = self.limits.depth;
        let opened = self.walk.open(object, &self.places, depth, pass.offset());
        opened.map_err(|kind| pass.error(kind))?;
        self.walk.watch();
        pass.at += 1;
        self.state = State::Between(if object {
            Between::FirstKey
        } else {
            Between::FirstElement
        });
        Ok(false)
    }

    /// An object or an array was closed: ends the element, if it was that.
    pub(super) fn end_element(&mut self, pass: &mut Pass<'_>) -> Result<(), Error> {
        let ends = |element: &mut Element| element.depth == self.walk.depth();
        let Some(mut element) = self.element.take_if(ends) else {
            return Ok(());
        };
        let here = pass.bytes.get(element.from..pass.at).unwrap_or_default();
        let cut = !element.raw.is_empty();
        if cut {
            element.raw.extend_from_slice(here);
        }
        let whole = if cut { &element.raw } else { here };
        let decided = self
            .values
            .decide_element(element.place, whole, &self.limits, pass.editor);
        let edit = decided.map_err(|error| pass.error(error.kind))?;
        match edit {
            Edit::Keep if !cut => return Ok(()),
            Edit::Nested => pass.out.nest(pass.editor.nested(), Escape::Plain),
            edit => self.values.write(edit, whole, false, pass.editor, pass.out),
        }
        pass.done = pass.at;
        Ok(())
    }
}
