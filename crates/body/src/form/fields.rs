//! What forms and multipart bodies do alike with the fields they meet: a name finds its place, a value waits for its
//! siblings, and is told to the editor. How fields are spelled is each format's own.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::beside::{Captured, Stars};
use super::name::Names;
use crate::ahead::{self, Nobody, Pause};
use crate::edit::{Comparison, Edit, Editor, Found, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::nest::Within;
use crate::out::Out;
use crate::{Limits, Rewriter};

/// The fields of one body, as they are met.
pub(crate) struct Fields {
    pub(crate) names: Arc<Names>,
    pub(crate) limits: Limits,
    ordinal: u32,
    /// Whether values with siblings wait for them.
    waits: bool,
    /// The value that waits for its siblings, and these once they are known.
    waiting: Option<PlaceId>,
    ready: Option<ahead::Values>,
    /// The brackets in the name of the field that is being read.
    stars: Stars,
    /// What was found, where this body is only looked at for siblings.
    captured: Option<Captured>,
}

impl Fields {
    pub(crate) fn new(names: Arc<Names>, limits: Limits) -> Self {
        Self {
            names,
            limits,
            ordinal: 0,
            waits: false,
            waiting: None,
            ready: None,
            stars: Stars::new(),
            captured: None,
        }
    }

    /// From here on values wait for their siblings.
    pub(crate) fn wait(&mut self) {
        self.waits = true;
    }

    /// From here on nothing is told: siblings are looked for.
    pub(crate) fn capture(&mut self) {
        self.captured = Some(Captured::default());
    }

    /// A field of this name begins: its place.
    ///
    /// # Errors
    /// As [`Names::look`].
    pub(crate) fn begin(&mut self, name: &[u8]) -> Result<Option<PlaceId>, ErrorKind> {
        let place = if self.captured.is_some() {
            self.names.find(name)
        } else {
            self.names.look(name)?
        };
        self.begin_at(place, name);
        Ok(place)
    }

    /// A field of this name begins, which stands at this place.
    pub(crate) fn begin_at(&mut self, place: Option<PlaceId>, name: &[u8]) {
        self.ready = None;
        if let Some(place) = place
            && (self.captured.is_some() || self.names.has_siblings(place))
        {
            self.stars = self.names.stars(place, name);
        }
    }

    /// The editor, for what counts values by itself.
    pub(crate) fn counted<'a>(&'a mut self, editor: &'a mut dyn Editor) -> Within<'a> {
        Within::new(&[], self.limits, false, &mut self.ordinal, editor)
    }

    /// Whether the value at this place, of which nothing was read, must wait for its siblings.
    pub(crate) fn must_wait(&mut self, place: PlaceId) -> bool {
        let waits = self.waits && self.ready.is_none() && self.names.has_siblings(place);
        self.waiting = waits.then_some(place);
        waits
    }

    /// Whether a value waits.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Whether what stands at this place is needed beside another value, or needs one.
    pub(crate) fn is_bound(&self, place: PlaceId) -> bool {
        self.captured.is_some() || self.names.has_siblings(place)
    }

    /// Asks what is to happen to a decoded value.
    ///
    /// # Errors
    /// The editor's, and what is wrong with siblings.
    pub(crate) fn decide(
        &mut self,
        place: PlaceId,
        text: &[u8],
        editor: &mut dyn Editor,
        replacement: &mut Vec<u8>,
    ) -> Result<Edit, ErrorKind> {
        let siblings = self.ready.take().unwrap_or_default();
        if let Some(captured) = &mut self.captured {
            let stars = std::mem::take(&mut self.stars);
            captured.take(place, stars, text, self.limits.lookahead)?;
            return Ok(Edit::Keep);
        }
        if text.is_empty() {
            return Ok(Edit::Keep);
        }
        let beside: Vec<Option<&[u8]>> = siblings
            .iter()
            .map(|text| text.as_ref().map(|text| text.as_slice()))
            .collect();
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text,
            beside: &beside,
            comparison: Comparison::Stored,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        editor.value(found, replacement).map_err(|error| error.kind)
    }

    /// Whether a value may be as long.
    ///
    /// # Errors
    /// [`ErrorKind::ValueTooLong`].
    pub(crate) fn fits(&self, length: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.value;
        if length > limit {
            return Err(ErrorKind::ValueTooLong { limit });
        }
        Ok(())
    }

    /// No field follows.
    pub(crate) fn end(&mut self) {
        if let Some(captured) = &mut self.captured {
            captured.end();
        }
    }

    fn held(&self) -> usize {
        self.captured.as_ref().map_or(0, Captured::held)
    }
}

/// A rewriter of fields that can stop before a value, and look ahead for siblings as a scout of itself.
pub(crate) trait Walk: Rewriter {
    fn fields(&self) -> &Fields;

    fn fields_mut(&mut self) -> &mut Fields;

    /// Takes a chunk; says where it waits for siblings.
    fn walk_chunk(
        &mut self,
        chunk: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<Option<Pause>, Error>;
}

/// Where a walk stopped in the chunk it was given.
pub(crate) fn pause(at: usize) -> Pause {
    Pause {
        before: Zeroizing::default(),
        at,
    }
}

impl<W: Walk> ahead::Walker for W {
    type Scout = Self;

    fn walk(
        &mut self,
        bytes: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<Option<Pause>, Error> {
        out.begin(bytes);
        self.walk_chunk(bytes, editor, out)
    }

    fn siblings(&self, scout: &Self) -> Option<ahead::Values> {
        let captured = scout.fields().captured.as_ref()?;
        let fields = self.fields();
        fields
            .names
            .values(fields.waiting?, &fields.stars, captured)
    }

    fn resume(&mut self, siblings: ahead::Values) {
        let fields = self.fields_mut();
        fields.waiting = None;
        fields.ready = Some(siblings);
    }

    fn end(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        self.finish(editor, out)
    }

    fn held(&self) -> usize {
        Rewriter::held(self)
    }
}

impl<W: Walk> ahead::Scout<W> for W {
    fn look(&mut self, bytes: &Bytes) -> Result<(), Error> {
        let mut nowhere = Out::new();
        nowhere.begin(bytes);
        self.walk_chunk(bytes, &mut Nobody, &mut nowhere).map(drop)
    }

    fn end(&mut self) -> Result<(), Error> {
        // What the body ends with may be a sibling.
        self.finish(&mut Nobody, &mut Out::new())?;
        self.fields_mut().end();
        Ok(())
    }

    fn forget(&mut self, _: &W, _: u64) {}

    fn held(&self) -> usize {
        Rewriter::held(self) + self.fields().held()
    }
}
