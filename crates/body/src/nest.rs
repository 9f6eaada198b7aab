//! Bodies that stand in one another: JSON in a form's field, base64 in JSON, a table in a multipart file.
//!
//! A format that meets a value hands it to an [`Editor`]. Where the place is a *slot*, the editor that it meets is
//! this module's, which runs the plan inside over the value and gives back what became of it, holes and all. So
//! formats stand in one another to any depth without knowing of each other. Formats whose content streams ask for
//! the rewriter inside ([`Editor::open`]) and push the content through it.
//!
//! The decoded bytes of an inner body are kept as the format inside keeps them; the spelling around it (which
//! characters of a JSON string are escaped) is kept only where nothing inside changes.

use std::sync::Arc;

use bytes::Bytes;

use crate::batch;
use crate::edit::{Edit, Editor, Found, Opened, PlaceId};
use crate::error::Error;
use crate::out::Out;
use crate::plan::{Described, Plan, Selected};
use crate::selector::{Reason, SelectorError, Which};
use crate::{Limits, Rewriter};

/// The first identity that a plan gives to places that are bodies themselves; editors use those below.
pub const FIRST_SLOT: u16 = 0x8000;

/// The identity of the slot of this number.
pub(crate) fn slot(number: usize) -> Option<PlaceId> {
    let number = u16::try_from(number).ok()?;
    FIRST_SLOT.checked_add(number).map(PlaceId)
}

/// Gives a slot to each place that is a body itself, and takes the plans out.
pub(crate) fn slots(selected: &mut [Selected<'_>]) -> Result<Vec<Plan>, (usize, SelectorError)> {
    let mut inside = Vec::new();
    for (index, place) in selected.iter_mut().enumerate() {
        let Some(plan) = place.inside.take() else {
            continue;
        };
        place.element = plan.is_element();
        let fault =
            |reason, at: &str, which| (index, SelectorError::new(reason, 0..at.len()).of(which));
        let alone = Reason::Unsupported {
            what: "anything beside a value that is a body itself",
            remedy: "say it of the places inside",
        };
        if let Some(text) = place.beside.first() {
            return Err(fault(alone, text, Which::Beside(0)));
        }
        if let Some((text, _)) = place.companion {
            return Err(fault(alone, text, Which::CompanionAt));
        }
        let slot = slot(inside.len());
        place.place = slot.ok_or_else(|| fault(Reason::TooMany, place.at, Which::Place))?;
        inside.push(plan);
    }
    Ok(inside)
}

/// Rewrites a value of a head by the plan of what stands in it; nothing where nothing changes.
///
/// # Errors
/// As [`Rewriter`].
pub fn rewrite(
    plan: &Plan,
    text: &[u8],
    editor: &mut dyn Editor,
    limits: Limits,
) -> Result<Option<Out>, Error> {
    let mut ordinal = 0;
    let plans = std::slice::from_ref(plan);
    let mut within = Within::new(plans, limits, false, &mut ordinal, editor);
    let edit = within.run(plan, text)?;
    Ok((edit == Edit::Nested).then(|| within.nested()))
}

/// A rewriter at some of whose places other bodies stand.
pub(crate) struct Nest {
    outer: Box<dyn Rewriter>,
    inside: Arc<[Plan]>,
    limits: Limits,
    lenient: bool,
    ordinal: u32,
}

impl Nest {
    pub(crate) fn new(
        outer: Box<dyn Rewriter>,
        inside: Arc<[Plan]>,
        limits: Limits,
        lenient: bool,
    ) -> Self {
        Self {
            outer,
            inside,
            limits,
            lenient,
            ordinal: 0,
        }
    }
}

impl Rewriter for Nest {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let mut within = Within::new(
            &self.inside,
            self.limits,
            self.lenient,
            &mut self.ordinal,
            editor,
        );
        self.outer.push(chunk, &mut within, out)
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let mut within = Within::new(
            &self.inside,
            self.limits,
            self.lenient,
            &mut self.ordinal,
            editor,
        );
        self.outer.finish(&mut within, out)
    }

    fn held(&self) -> usize {
        self.outer.held()
    }
}

/// The editor that a format meets whose plan has slots.
pub(crate) struct Within<'a> {
    inside: &'a [Plan],
    limits: Limits,
    lenient: bool,
    ordinal: &'a mut u32,
    editor: &'a mut dyn Editor,
    nested: Option<Out>,
}

impl<'a> Within<'a> {
    pub(crate) fn new(
        inside: &'a [Plan],
        limits: Limits,
        lenient: bool,
        ordinal: &'a mut u32,
        editor: &'a mut dyn Editor,
    ) -> Self {
        Self {
            inside,
            limits,
            lenient,
            ordinal,
            editor,
            nested: None,
        }
    }

    fn plan(&self, place: PlaceId) -> Option<&'a Plan> {
        let number = place.0.checked_sub(FIRST_SLOT)?;
        self.inside.get(usize::from(number))
    }

    /// Runs the plan that stands at a slot over the whole text there.
    fn run(&mut self, plan: &Plan, text: &[u8]) -> Result<Edit, Error> {
        let rewriter = if self.lenient {
            plan.lenient(self.limits)
        } else {
            Some(plan.inner(&Described::default(), self.limits)?)
        };
        let Some(mut rewriter) = rewriter else {
            return Ok(Edit::Keep);
        };
        let mut out = Out::new();
        rewriter.push(&Bytes::copy_from_slice(text), self, &mut out)?;
        rewriter.finish(self, &mut out)?;
        if out.is(text) {
            return Ok(Edit::Keep);
        }
        self.nested = Some(out);
        Ok(Edit::Nested)
    }
}

impl Editor for Within<'_> {
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error> {
        match self.plan(found.place) {
            Some(plan) => self.run(plan, found.text),
            None => {
                // Each body counts its own values; the editor counts those of the message.
                let ordinal = *self.ordinal;
                *self.ordinal = ordinal.saturating_add(1);
                self.editor.value(Found { ordinal, ..found }, replacement)
            }
        }
    }

    fn nested(&mut self) -> Out {
        match self.nested.take() {
            Some(out) => out,
            None => self.editor.nested(),
        }
    }

    fn open(&mut self, opened: Opened<'_>) -> Result<Option<Box<dyn Rewriter>>, Error> {
        match self.plan(opened.place) {
            Some(plan) => {
                let described = Described {
                    content_type: opened.content_type,
                };
                plan.opened(&described, self.limits).map(Some)
            }
            None => self.editor.open(opened),
        }
    }

    fn file(&mut self, place: PlaceId) -> Result<Option<Box<dyn Rewriter>>, Error> {
        match self.plan(place) {
            Some(plan) => plan.inner(&Described::default(), self.limits).map(Some),
            None => self.editor.file(place),
        }
    }

    fn request(&mut self, head: &batch::Head<'_>) -> Result<batch::Decision, Error> {
        self.editor.request(head)
    }

    fn request_ended(&mut self) {
        self.editor.request_ended();
    }

    fn alternatives(&mut self, place: PlaceId, value: &[u8], others: &mut Vec<Vec<u8>>) {
        self.editor.alternatives(place, value, others);
    }

    fn companion(&mut self, place: PlaceId, text: &mut Vec<u8>) -> Result<Edit, Error> {
        self.editor.companion(place, text)
    }
}
