//! Bodies that hold bodies: each of those is revealed by a [`Reveal`] of its own.

use std::sync::Arc;

use bytes::Bytes;

use super::Reveal;
use super::archive::Archive;
use super::companions::Companions;
use super::medium::{Format, Medium};
use super::multipart::Multipart;
use super::part::Part;
use super::tokens::{Counts, Tokens};
use super::transfer::{Coding, Transfer};
use crate::Limits;
use crate::escape::Escape;
use crate::out::Out;

/// Containers within one another are followed so deep.
const DEEPEST: u8 = 5;

/// A body that is taken apart as it comes. Nothing fails: what is not as it should be passes as it came.
pub(super) trait Container: Send {
    /// Takes the next chunk.
    fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out);

    /// Ends the body.
    fn finish(&mut self, tokens: &mut dyn Tokens, out: &mut Out);

    /// Tells, before the first chunk, which companions come back. What stands in another knows it from its setting.
    fn with_companions(&mut self, _setting: &Setting) {}

    /// Bytes held, beside a constant.
    fn held(&self) -> usize;

    /// What was done so far.
    fn counts(&self) -> Counts;
}

/// What a body inside is to know of what it stands in.
#[derive(Clone)]
pub(super) struct Setting {
    pub limits: Limits,
    pub companions: Option<Arc<Companions>>,
    /// In how many containers it stands.
    depth: u8,
    /// In how many runs of base64 it stands.
    runs: u8,
    /// Around every value: it may not end the part that it stands in.
    around: Escape,
}

impl Setting {
    /// Of a body that stands in nothing.
    pub(super) fn outermost(limits: Limits) -> Self {
        Self {
            limits,
            companions: None,
            depth: 0,
            runs: 0,
            around: Escape::Plain,
        }
    }

    /// Of what stands in so many runs of base64.
    pub(super) fn in_runs(limits: Limits, runs: u8) -> Self {
        Self {
            runs,
            ..Self::outermost(limits)
        }
    }

    /// In how many runs of base64 it stands.
    pub(super) fn runs(&self) -> u8 {
        self.runs
    }

    /// Of what stands in such a body.
    pub(super) fn inside(&self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self.clone()
        }
    }

    /// The same, where values stand in a part with this boundary.
    pub(super) fn in_part(self, boundary: &Arc<[u8]>) -> Self {
        Self {
            around: self.around.within(Escape::Part(Arc::clone(boundary))),
            ..self
        }
    }

    /// The same, where what is written is encoded so that it ends nothing.
    pub(super) fn encoded(self) -> Self {
        Self {
            around: Escape::Plain,
            ..self
        }
    }

    /// What is around every value.
    pub(super) fn around(&self) -> &Escape {
        &self.around
    }

    /// Whether it is written where it stands, its bytes as they are.
    pub(super) fn is_bare(&self) -> bool {
        self.around == Escape::Plain
    }

    /// What reveals a body of this medium; nothing where it stands too deep.
    pub(super) fn reveal(self, medium: &Medium) -> Option<Box<Reveal>> {
        (self.depth <= DEEPEST).then(|| Box::new(Reveal::within(medium, self)))
    }

    /// What reveals a body of this medium in an encoding; nothing where it stands too deep.
    pub(super) fn reveal_through(self, coding: Coding, medium: &Medium) -> Option<Box<Reveal>> {
        let limits = self.limits;
        let inner = self.clone().encoded().reveal(medium)?;
        let transfer = Transfer::new(coding, inner, limits);
        Some(Box::new(Reveal::through(Box::new(transfer), self)))
    }
}

/// What takes a body of this medium apart, if it is one that holds others.
pub(super) fn of(medium: &Medium, setting: &Setting) -> Option<Box<dyn Container>> {
    match medium.format() {
        Format::Multipart(boundary) => Some(Box::new(Multipart::new(boundary, setting.clone())?)),
        Format::Message => Some(Box::new(Part::new(setting.inside()))),
        Format::Document => Some(Box::new(Archive::new(setting.clone()))),
        _ => None,
    }
}
