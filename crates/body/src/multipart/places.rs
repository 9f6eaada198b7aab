//! The selectors of multipart bodies: a part's name, `#2` for the second part, `*` for every part; and the name of a
//! part's file, with ` @filename` behind any of them.

use std::sync::Arc;

use crate::edit::PlaceId;
use crate::error::ErrorKind;
use crate::form::Names;
use crate::plan::Selected;
use crate::selector::{Reason, SelectorError, Which};

/// What names a file's name.
const FILE_NAME: &str = " @filename";

/// Parts that are places, or whose files' names are.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) names: Arc<Names>,
    numbered: Vec<(usize, PlaceId)>,
    every: Option<PlaceId>,
}

/// The places of a body.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) contents: Parts,
    pub(super) file_names: Parts,
}

impl Parts {
    /// Parts that are chosen by name only.
    pub(super) fn named(names: Names) -> Self {
        Self {
            names: Arc::new(names),
            ..Self::default()
        }
    }

    /// The place of a part that none is for by its name.
    fn other(&self, number: usize) -> Option<PlaceId> {
        let mut numbered = self.numbered.iter();
        let found = numbered.find(|(known, _)| *known == number);
        found.map(|(_, place)| *place).or(self.every)
    }

    /// The place that a part has, whichever of these readings of its name a server takes.
    ///
    /// # Errors
    /// Where they disagree, and as [`Names::look`].
    pub(super) fn find(
        &self,
        readings: &[Vec<u8>],
        number: usize,
    ) -> Result<Option<PlaceId>, ErrorKind> {
        let mut places = readings.iter().map(|name| self.names.look(name));
        let named = places.next().transpose()?.flatten();
        for other in places {
            if other? != named {
                return Err(super::parameter::ONE_READING);
            }
        }
        Ok(named.or_else(|| self.other(number)))
    }

    fn compile(
        selected: &[Selected<'_>],
        chosen: &[(usize, &str)],
    ) -> Result<Self, (usize, SelectorError)> {
        let mut parts = Self::default();
        let mut named: Vec<Selected<'_>> = Vec::new();
        let mut indices = Vec::new();
        for (index, at) in chosen {
            let Some(place) = selected.get(*index) else {
                continue;
            };
            let whole = |reason| (*index, SelectorError::new(reason, 0..place.at.len()));
            let twice = if *at == "*" {
                parts.every.replace(place.place).is_some()
            } else if let Some(number) = at.strip_prefix('#').and_then(|text| text.parse().ok()) {
                if number == 0 {
                    let expected = "a number from 1 on";
                    return Err(whole(Reason::Expected { expected }));
                }
                let known = parts.other_numbered(number);
                parts.numbered.push((number, place.place));
                known
            } else {
                indices.push(*index);
                named.push(Selected {
                    at,
                    ..place.clone()
                });
                continue;
            };
            if twice {
                return Err(whole(Reason::Twice));
            }
            alone(place).map_err(|error| (*index, error))?;
        }
        let names = Names::of(&named, false);
        let names = names
            .map_err(|(among, error)| (indices.get(among).copied().unwrap_or_default(), error))?;
        parts.names = Arc::new(names);
        Ok(parts)
    }

    fn other_numbered(&self, number: usize) -> bool {
        self.numbered.iter().any(|(known, _)| *known == number)
    }
}

impl Places {
    /// Reads the selectors of a policy.
    ///
    /// # Errors
    /// The index of the place that is wrong, and what is wrong with it.
    pub(super) fn of(selected: &[Selected<'_>]) -> Result<Self, (usize, SelectorError)> {
        let mut contents = Vec::new();
        let mut file_names = Vec::new();
        for (index, place) in selected.iter().enumerate() {
            match place.at.strip_suffix(FILE_NAME) {
                Some(at) => {
                    alone(place).map_err(|error| (index, error))?;
                    file_names.push((index, at));
                }
                None => contents.push((index, place.at)),
            }
        }
        Ok(Self {
            contents: Parts::compile(selected, &contents)?,
            file_names: Parts::compile(selected, &file_names)?,
        })
    }
}

/// Whether nothing stands beside a place: parts that are not chosen by their names have no siblings.
fn alone(place: &Selected<'_>) -> Result<(), SelectorError> {
    let fault = |text: &str, which| {
        let reason = Reason::Unsupported {
            what: "a value beside a file's name, or beside a part that is not chosen by its name",
            remedy: "name the part, or take the other value from the path",
        };
        Err(SelectorError::new(reason, 0..text.len()).of(which))
    };
    match (place.beside.first(), place.companion) {
        (Some(text), _) => fault(text, Which::Beside(0)),
        (None, Some((at, _))) => fault(at, Which::CompanionAt),
        (None, None) => Ok(()),
    }
}
