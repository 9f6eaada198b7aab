//! The query of a URL, with the field names of [`crate::form`].

use std::str::FromStr;

use crate::edit::PlaceId;
use crate::form::{Name, Names};
use crate::selector::{Reason, SelectorError};

/// How a parameter's value is built, as a policy spells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Syntax {
    /// The whole parameter is one value.
    #[default]
    Plain,
    /// `fhir-token`: values behind `system|`, with `,` for 'or' (FHIR R4, Search, token).
    FhirToken,
}

/// A syntax that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown syntax of a query parameter; fhir-token is known")]
pub struct UnknownSyntax;

impl FromStr for Syntax {
    type Err = UnknownSyntax;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "fhir-token" => Ok(Self::FhirToken),
            _ => Err(UnknownSyntax),
        }
    }
}

/// The parameters of one route's query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    names: Names,
    syntaxes: Vec<(PlaceId, Syntax)>,
}

impl Places {
    /// Reads the selectors of one query.
    ///
    /// # Errors
    /// The index of the selector that is wrong, counted as they came, and what is wrong with it.
    pub fn compile<'a>(
        selectors: impl IntoIterator<Item = (&'a str, Syntax, PlaceId)>,
    ) -> Result<Self, (usize, SelectorError)> {
        let mut names = Vec::new();
        let mut syntaxes = Vec::new();
        let mut lengths = Vec::new();
        for (index, (text, syntax, place)) in selectors.into_iter().enumerate() {
            names.push((Name::parse(text).map_err(|error| (index, error))?, place));
            lengths.push(text.len());
            if syntax != Syntax::Plain {
                syntaxes.push((place, syntax));
            }
        }
        let twice = |index: usize| {
            let length = lengths.get(index).copied().unwrap_or_default();
            (index, SelectorError::new(Reason::Twice, 0..length))
        };
        Ok(Self {
            names: Names::compile(names).map_err(twice)?,
            syntaxes,
        })
    }
}
