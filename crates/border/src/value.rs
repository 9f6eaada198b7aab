//! A value at a place of a request, and what its treatment needs to know beside its text.

use body::{AskId, Comparison, Found, ValueType};
use policy::{Beside, Part, Place};
use zeroize::Zeroizing;

/// A value for a person to read, in memory only.
pub(crate) type Plain = Zeroizing<Vec<u8>>;

/// A value on its way out. Its text travels apart, since it changes on the way: parts opened, steps normalised.
/// Not to be printed: what stands beside it is as plain as it is.
#[derive(Clone)]
pub(crate) struct Value {
    /// The number of its request in the message.
    pub request: usize,
    /// The index of its place in the route.
    pub place: usize,
    /// How many values of the message stood before it.
    pub ordinal: u32,
    /// The type it had.
    pub value_type: ValueType,
    /// Whose it is, where the policy says so and the message does.
    pub subject: Option<Plain>,
    /// What its format-preserving token depends on, where the policy says so and the message does.
    pub tweak: Option<Plain>,
    /// The hole that already stands for it in the output.
    pub hole: Option<AskId>,
    /// It is what goes to the place's companion.
    pub is_companion: bool,
    /// It is looked for, not kept: what is made of it must be what was kept.
    pub is_asked: bool,
}

impl Value {
    /// The value that a format found, with its siblings; `read` brings what stands at a selector to the spelling
    /// that requests and answers have in common.
    pub fn new(
        found: &Found<'_>,
        place: &Place,
        request: usize,
        parameters: &Parameters,
        read: impl Fn(&str, &[u8]) -> Plain,
    ) -> Self {
        let mut siblings = found.beside.iter();
        let mut beside = |wanted: Option<&Beside>| match wanted? {
            Beside::Parameter(name) => parameters.get(name),
            Beside::Selector(at) => siblings.next()?.map(|text| read(at, text)),
        };
        Self {
            request,
            place: usize::from(found.place.0),
            ordinal: found.ordinal,
            value_type: found.value_type,
            subject: beside(place.subject.as_ref()),
            tweak: beside(place.tweak.as_ref()),
            hole: None,
            is_companion: false,
            is_asked: place.part != Part::Body || found.comparison != Comparison::Stored,
        }
    }
}

/// The decoded values of the path parameters that a route's places name.
#[derive(Clone, Default)]
pub(crate) struct Parameters(pub Vec<(String, Plain)>);

impl Parameters {
    pub(crate) fn get(&self, name: &str) -> Option<Plain> {
        let mut parameters = self.0.iter();
        let found = parameters.find(|(known, _)| known == name);
        found.map(|(_, text)| text.clone())
    }
}
