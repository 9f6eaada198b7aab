//! The fields that a policy names in a language, and how a statement's own names find them.

use crate::edit::PlaceId;
use crate::plan::Selected;
use crate::selector::{Reason, SelectorError, Which};

/// The protected fields of one statement's language, without regard to case.
///
/// A selector is the field's path as the language spells it; `*.name` (in OData `*/name`) is that name at the end
/// of any path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    names: Vec<(Box<str>, PlaceId)>,
    ends: Vec<(Box<str>, PlaceId)>,
}

impl Fields {
    /// Reads the selectors. `read` gives the one form that a field's name is compared in, or says what a selector
    /// must be.
    ///
    /// # Errors
    /// The index of the selector that is wrong, and what is wrong with it.
    pub(super) fn compile(
        selected: &[Selected<'_>],
        read: impl Fn(&str) -> Result<String, &'static str>,
    ) -> Result<Self, (usize, SelectorError)> {
        let mut fields = Self::default();
        for (index, place) in selected.iter().enumerate() {
            let fault = |reason, text: &str| {
                let error = SelectorError::new(reason, 0..text.len());
                Err((index, error))
            };
            if let Some(text) = place.beside.first() {
                let reason = Reason::Unsupported {
                    what: "a value beside a literal",
                    remedy: "a statement only asks: leave it out",
                };
                let error = SelectorError::new(reason, 0..text.len());
                return Err((index, error.of(Which::Beside(0))));
            }
            if let Some((text, _)) = place.companion {
                let reason = Reason::Unsupported {
                    what: "a companion of a literal",
                    remedy: "a statement only asks: leave it out",
                };
                let error = SelectorError::new(reason, 0..text.len());
                return Err((index, error.of(Which::CompanionAt)));
            }
            let anywhere = ["*.", "*/"]
                .into_iter()
                .find_map(|any| place.at.strip_prefix(any));
            let name = match read(anywhere.unwrap_or(place.at)) {
                Ok(name) => name.into_boxed_str(),
                Err(expected) => return fault(Reason::Expected { expected }, place.at),
            };
            let list = match anywhere {
                Some(_) => &mut fields.ends,
                None => &mut fields.names,
            };
            if list.iter().any(|(known, _)| *known == name) {
                return fault(Reason::Twice, place.at);
            }
            list.push((name, place.place));
        }
        Ok(fields)
    }

    /// The place of a field, by its path.
    pub(super) fn find(&self, path: &str) -> Option<PlaceId> {
        let path = path.to_lowercase();
        let named = self.names.iter().find(|(name, _)| **name == *path);
        let ends_with = |name: &str| {
            let before = path.strip_suffix(name);
            before.is_some_and(|before| before.is_empty() || before.ends_with(['.', '/']))
        };
        let by_end = || self.ends.iter().find(|(name, _)| ends_with(name));
        named.or_else(by_end).map(|(_, place)| *place)
    }
}

/// A path of names joined by one character, in the form that it is compared in.
pub(super) fn path(text: &str, join: char) -> Result<String, &'static str> {
    let is_name = |name: &str| {
        let mut characters = name.chars();
        let first = characters.next();
        first.is_some_and(|first| first.is_alphabetic() || first == '_')
            && characters.all(|character| character.is_alphanumeric() || character == '_')
    };
    match text.split(join).all(is_name) {
        true => Ok(text.to_lowercase()),
        false => Err("a field's name, or a path of names,"),
    }
}
