//! What stands beside a field: fields that its editor needs with it, and one that its companion goes to.
//!
//! `[*]`s that both names begin with mean the same bracket: `items[*][id]` beside `items[*][name]` is the one of that
//! item. A form has no end of an item, so a field that is not there is waited for until the form ends.

use zeroize::Zeroizing;

use super::name::{Name, Names};
use crate::ahead;
use crate::companion::Write;
use crate::edit::PlaceId;
use crate::error::ErrorKind;
use crate::plan::Selected;
use crate::selector::{Reason, SelectorError, Which};

/// A sibling of a place: its number among the names that are looked for, and how many brackets both share.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bond {
    sibling: PlaceId,
    shared: usize,
}

/// The companion of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Companion {
    pub(super) place: PlaceId,
    pub(super) at: Box<[u8]>,
    pub(super) write: Write,
}

/// All that stands beside the fields of one body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    bonds: Vec<(PlaceId, Vec<Bond>)>,
    /// The names of the siblings; how many brackets each shares with the places it stands beside.
    pub(super) siblings: Option<Box<Names>>,
    shared: Vec<Vec<usize>>,
    pub(super) companions: Vec<Companion>,
}

impl Names {
    /// Reads the fields of a policy, with what stands beside them.
    ///
    /// # Errors
    /// The index of the place that is wrong, and what is wrong with which of its texts.
    pub(crate) fn of(
        selected: &[Selected<'_>],
        companions: bool,
    ) -> Result<Self, (usize, SelectorError)> {
        let mut names = Vec::new();
        for (index, place) in selected.iter().enumerate() {
            let name = Name::parse(place.at).map_err(|error| (index, error))?;
            names.push((name, place.place));
        }
        let twice = |index: usize| {
            let length = selected.get(index).map_or(0, |place| place.at.len());
            (index, SelectorError::new(Reason::Twice, 0..length))
        };
        let mut compiled = Self::compile(names.clone()).map_err(twice)?;
        let mut siblings = Vec::new();
        let mut beside = Beside::default();
        for (index, (place, (name, _))) in selected.iter().zip(&names).enumerate() {
            let bound = beside.bind(place, name, &mut siblings);
            bound.map_err(|error| (index, error))?;
            if let Some(companion) = place.companion {
                let added = beside.add_companion(place.place, name, companion, companions);
                added.map_err(|error| (index, error))?;
                if compiled.find(companion.0.as_bytes()).is_some() {
                    let error = SelectorError::new(Reason::Twice, 0..companion.0.len());
                    return Err((index, error.of(Which::CompanionAt)));
                }
            }
        }
        if !siblings.is_empty() {
            // Each name is bound under one number.
            let names = siblings.into_iter().zip(0..);
            let names = names.map(|(name, id)| (name, PlaceId(id))).collect();
            beside.siblings = Self::compile(names).ok().map(Box::new);
        }
        compiled.beside = beside;
        Ok(compiled)
    }
}

impl Beside {
    fn bind(
        &mut self,
        place: &Selected<'_>,
        name: &Name,
        siblings: &mut Vec<Name>,
    ) -> Result<(), SelectorError> {
        let mut bonds = Vec::new();
        for (number, text) in place.beside.iter().enumerate() {
            let which = Which::Beside(number);
            let fault = |reason| SelectorError::new(reason, 0..text.len()).of(which);
            let sibling = Name::parse(text).map_err(|error| error.of(which))?;
            if sibling == *name {
                return Err(fault(Reason::Nested));
            }
            let shared = sibling.stars_of(name).ok_or_else(|| {
                fault(Reason::Unsupported {
                    what: "a sibling of which there may be many",
                    remedy: "begin both names alike, up to the last `[*]` of the sibling",
                })
            })?;
            let known = siblings.iter().position(|known| *known == sibling);
            let index = known.unwrap_or(siblings.len());
            if known.is_none() {
                siblings.push(sibling);
                self.shared.push(Vec::new());
            }
            if let Some(all) = self.shared.get_mut(index)
                && !all.contains(&shared)
            {
                all.push(shared);
            }
            let sibling = u16::try_from(index).map_err(|_| fault(Reason::TooMany))?;
            bonds.push(Bond {
                sibling: PlaceId(sibling),
                shared,
            });
        }
        if !bonds.is_empty() {
            self.bonds.push((place.place, bonds));
        }
        Ok(())
    }

    fn add_companion(
        &mut self,
        place: PlaceId,
        name: &Name,
        (at, write): (&str, &str),
        supported: bool,
    ) -> Result<(), SelectorError> {
        let fault = |reason| SelectorError::new(reason, 0..at.len()).of(Which::CompanionAt);
        if !supported {
            return Err(fault(Reason::Unsupported {
                what: "a companion in a `multipart` body",
                remedy: "have the app take a form or JSON here, or give the field another treatment",
            }));
        }
        let parsed = Name::parse(at).map_err(|error| error.of(Which::CompanionAt))?;
        if name.is_family() || parsed.is_family() || parsed == *name {
            return Err(fault(Reason::Unsupported {
                what: "a companion of a family of fields, or in one",
                remedy: "name one field and another for its companion",
            }));
        }
        if self
            .companions
            .iter()
            .any(|known| *known.at == *at.as_bytes())
        {
            return Err(fault(Reason::Twice));
        }
        self.companions.push(Companion {
            place,
            at: at.as_bytes().into(),
            write: Write::parse(write)?,
        });
        Ok(())
    }

    /// Whether a place has siblings.
    pub(super) fn has(&self, place: PlaceId) -> bool {
        self.bonds.iter().any(|(known, _)| *known == place)
    }

    /// The companion of a place, by its number.
    pub(super) fn companion(&self, place: PlaceId) -> Option<(usize, &Companion)> {
        let mut companions = self.companions.iter().enumerate();
        companions.find(|(_, companion)| companion.place == place)
    }

    /// The companion that goes to the field of this name, by its number.
    pub(super) fn companion_at(&self, name: &[u8]) -> Option<usize> {
        self.companions
            .iter()
            .position(|companion| *companion.at == *name)
    }
}

/// A sibling that was found: its number, the brackets of its name, and its value, unless that is empty.
type Entry = (PlaceId, Stars, Option<Zeroizing<Vec<u8>>>);

/// What was found of the siblings.
#[derive(Default)]
pub(crate) struct Captured {
    entries: Vec<Entry>,
    held: usize,
    ended: bool,
}

/// The brackets of a name that stand for `[*]`.
pub(crate) type Stars = Vec<Box<[u8]>>;

impl Names {
    /// Whether a place has siblings.
    pub(crate) fn has_siblings(&self, place: PlaceId) -> bool {
        self.beside.has(place)
    }

    /// The names of all siblings.
    pub(crate) fn siblings(&self) -> Option<&Names> {
        self.beside.siblings.as_deref()
    }

    /// The siblings of a field, whose brackets are `stars`; nothing as long as one of them may come.
    pub(crate) fn values(
        &self,
        place: PlaceId,
        stars: &Stars,
        captured: &Captured,
    ) -> Option<ahead::Values> {
        let (_, bonds) = self
            .beside
            .bonds
            .iter()
            .find(|(known, _)| *known == place)?;
        let value = |bond: &Bond| {
            let wanted = stars.get(..bond.shared);
            let found = captured.entries.iter().find(|(sibling, stars, _)| {
                *sibling == bond.sibling && Some(stars.as_slice()) == wanted
            });
            match found {
                Some((_, _, value)) => Some(value.clone()),
                None => captured.ended.then_some(None),
            }
        };
        bonds.iter().map(value).collect()
    }
}

impl Captured {
    /// Takes a sibling; at most `limit` bytes of all are held.
    ///
    /// # Errors
    /// [`ErrorKind::Ambiguous`] where it stands twice, [`ErrorKind::Lookahead`] beyond the limit.
    pub(crate) fn take(
        &mut self,
        sibling: PlaceId,
        stars: Stars,
        text: &[u8],
        limit: usize,
    ) -> Result<(), ErrorKind> {
        let same = |(known, of, _): &(PlaceId, Stars, _)| *known == sibling && *of == stars;
        if self.entries.iter().any(same) {
            return Err(ErrorKind::Ambiguous);
        }
        let names: usize = stars
            .iter()
            .map(|star| star.len() + size_of::<Stars>())
            .sum();
        self.held += text.len() + names;
        if self.held > limit {
            return Err(ErrorKind::Lookahead { limit });
        }
        let value = (!text.is_empty()).then(|| Zeroizing::new(text.to_vec()));
        self.entries.push((sibling, stars, value));
        Ok(())
    }

    /// The body has ended: what was not met is not there.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    pub(crate) fn held(&self) -> usize {
        self.held
    }
}
