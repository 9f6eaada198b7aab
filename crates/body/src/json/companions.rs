//! Companions of a body's places: where each goes, and what it is written as.
//!
//! A place and the place of its companion share an element, the deepest object that both selectors lead into; from
//! there both name each step, so that on the way back the one is found from the other in any answer.

use super::path::{Path, Segment, Step};
use super::places::Places;
use super::tree::{MARK, Template};
use crate::companion::Write;
use crate::edit::PlaceId;
use crate::selector::{Reason, SelectorError, Which};

/// A place in an element where companions go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Insert {
    /// The names that lead there from the element.
    pub(super) names: Vec<Box<str>>,
    /// Whether they are appended to an array; else one takes the place of nothing.
    pub(super) append: bool,
    /// How many places of the element have one there.
    pub(super) places: usize,
}

/// The companion of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Companion {
    place: PlaceId,
    pub(super) insert: usize,
    /// How many steps the place stands inside the element.
    pub(super) steps: usize,
    pub(super) write: Write,
}

/// The companions of all places of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Companions {
    pub(super) inserts: Vec<Insert>,
    all: Vec<Companion>,
}

/// The selectors of a place and its companion, apart: what they share, and the names from there.
pub(crate) struct Bond {
    pub(super) shared: Vec<Segment>,
    pub(crate) place: Vec<Box<str>>,
    pub(crate) at: Vec<Box<str>>,
    pub(crate) append: bool,
}

impl Bond {
    /// Reads where the companion of a place goes.
    ///
    /// # Errors
    /// Where it does not stand in one element with its place, by names.
    pub(crate) fn parse(place: &Path, text: &str) -> Result<Self, SelectorError> {
        const APPEND: &str = "[+]";
        let whole = |reason| SelectorError::new(reason, 0..text.len()).of(Which::CompanionAt);
        let stripped = text.trim_end().strip_suffix(APPEND);
        let at =
            Path::parse(stripped.unwrap_or(text)).map_err(|error| error.of(Which::CompanionAt))?;
        let pairs = place.segments.iter().zip(&at.segments);
        let common = pairs.take_while(|(one, other)| one == other).count();
        let (shared, rest) = place.segments.split_at(common);
        let other = at.segments.get(common..).unwrap_or_default();
        if rest.is_empty() || other.is_empty() {
            return Err(whole(Reason::Nested));
        }
        Ok(Self {
            shared: shared.to_vec(),
            place: names(rest).map_err(whole)?,
            at: names(other).map_err(whole)?,
            append: stripped.is_some(),
        })
    }
}

fn names(segments: &[Segment]) -> Result<Vec<Box<str>>, Reason> {
    let name = |segment: &Segment| match &segment.step {
        Step::Name(name) if !segment.deep => Ok(name.clone()),
        _ => Err(Reason::Unsupported {
            what: "a step other than a name between a value and its companion",
            remedy: "begin both selectors with the same steps, down to the element that they share, and name each step from there",
        }),
    };
    segments.iter().map(name).collect()
}

impl Companions {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The companion of a place.
    pub(super) fn of(&self, place: PlaceId) -> Option<&Companion> {
        self.all.iter().find(|companion| companion.place == place)
    }
}

impl Places {
    /// Binds a companion to its place.
    ///
    /// # Errors
    /// What is wrong with which of its texts.
    pub(super) fn add_companion(
        &mut self,
        place: PlaceId,
        path: &Path,
        (at, write): (&str, &str),
    ) -> Result<(), SelectorError> {
        let bond = Bond::parse(path, at)?;
        let (write, _) = template(write)?;
        let steps = bond.place.len();
        let insert = self
            .insert(bond)
            .map_err(|reason| SelectorError::new(reason, 0..at.len()).of(Which::CompanionAt))?;
        self.companions.all.push(Companion {
            place,
            insert,
            steps,
            write,
        });
        Ok(())
    }

    /// The number of a place for companions, known or new.
    fn insert(&mut self, bond: Bond) -> Result<usize, Reason> {
        let element = self.descend(Self::ROOT, bond.shared)?;
        let known = self.node(element).sites.iter().find(|(number, level)| {
            let insert = self.companions.inserts.get(*number);
            *level == 0
                && insert
                    .is_some_and(|insert| insert.names == bond.at && insert.append == bond.append)
        });
        if let Some((number, _)) = known {
            let number = *number;
            if !bond.append {
                return Err(Reason::Twice);
            }
            if let Some(insert) = self.companions.inserts.get_mut(number) {
                insert.places += 1;
            }
            return Ok(number);
        }
        let number = self.companions.inserts.len();
        let mut at = element;
        self.mark_site(at, (number, 0));
        for (name, level) in bond.at.iter().zip(1..) {
            at = self.step(at, Step::Name(name.clone()));
            let node = self.node(at);
            if node.place.is_some() {
                return Err(Reason::Nested);
            }
            if node.sites.iter().any(|(_, level)| *level > 0) {
                return Err(Reason::Unsupported {
                    what: "a second companion on the way to another",
                    remedy: "put both into one list, with `[+]`",
                });
            }
            self.mark_site(at, (number, level));
        }
        self.companions.inserts.push(Insert {
            names: bond.at,
            append: bond.append,
            places: 1,
        });
        Ok(number)
    }
}

/// Reads what a companion is written as: JSON with the token in one of its strings.
///
/// # Errors
/// Where it is none.
pub(crate) fn template(text: &str) -> Result<(Write, Template), SelectorError> {
    let write = Write::parse(text)?;
    let fault = |expected| {
        let reason = Reason::Expected { expected };
        SelectorError::new(reason, 0..text.len()).of(Which::CompanionWrite)
    };
    let sample = [&*write.before, MARK, &*write.after].concat();
    let template = Template::parse(sample.as_bytes());
    let template =
        template.ok_or_else(|| fault("JSON with `{token}` in a string that is a value"))?;
    Ok((write, template))
}
