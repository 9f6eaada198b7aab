//! The selector of forms, multipart bodies and queries: a field's decoded name, where `[*]` stands for one
//! bracket with anything in it (`items[*][name]`, `tags[*]`).

use std::ops::Range;

use super::alike::Alike;
use super::beside::{Beside, Stars};
use super::encoding;
use crate::charset;
use crate::edit::PlaceId;
use crate::error::ErrorKind;
use crate::selector::{Reason, SelectorError};

/// A field's name, or a family of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// What stands before, between and after the `[*]`; one piece where there is none.
    pieces: Vec<Box<[u8]>>,
}

const STAR: &str = "[*]";

impl Name {
    /// Reads a selector.
    ///
    /// # Errors
    /// Where it is empty, or a `*` stands elsewhere than alone in brackets.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.is_empty() {
            return Err(SelectorError::new(
                Reason::Expected {
                    expected: "the name of a field",
                },
                0..0,
            ));
        }
        let mut pieces: Vec<Box<[u8]>> = Vec::new();
        let mut from = 0;
        for piece in text.split(STAR) {
            if let Some(star) = piece.find('*') {
                let what = "a `*` outside brackets of its own";
                let remedy = "write `[*]` for one bracket with anything in it";
                return Err(SelectorError::new(
                    Reason::Unsupported { what, remedy },
                    star_at(from, star),
                ));
            }
            from += piece.len() + STAR.len();
            pieces.push(piece.as_bytes().into());
        }
        if pieces.first().is_some_and(|first| first.is_empty()) {
            return Err(SelectorError::new(
                Reason::Expected {
                    expected: "the name of a field",
                },
                0..STAR.len(),
            ));
        }
        Ok(Self { pieces })
    }

    /// Whether a decoded name is meant.
    #[must_use]
    pub fn matches(&self, name: &[u8]) -> bool {
        self.read(name, |_| ()).is_some()
    }

    /// What stands in a decoded name for each `[*]`; nothing where the name is not meant.
    pub(crate) fn stars(&self, name: &[u8]) -> Option<Stars> {
        let mut stars = Stars::new();
        self.read(name, |star| stars.push(star.into()))?;
        Some(stars)
    }

    /// How many `[*]` this name has, if another begins like it up to the last of them.
    pub(super) fn stars_of(&self, other: &Self) -> Option<usize> {
        let stars = self.pieces.len().saturating_sub(1);
        let begins = self.pieces.get(..stars) == other.pieces.get(..stars);
        (begins && stars < other.pieces.len()).then_some(stars)
    }

    /// Reads a decoded name, and what stands in it for each `[*]`.
    fn read<'a>(&self, name: &'a [u8], mut star: impl FnMut(&'a [u8])) -> Option<()> {
        let (first, others) = self.pieces.split_first()?;
        let mut rest = name.strip_prefix(&**first)?;
        for piece in others {
            let inner = rest.strip_prefix(b"[")?;
            let end = inner.iter().position(|byte| matches!(byte, b'[' | b']'))?;
            let (inside, after) = inner.split_at(end);
            star(inside);
            rest = after.strip_prefix(b"]")?.strip_prefix(&**piece)?;
        }
        rest.is_empty().then_some(())
    }

    /// The name of the list of which this family is the items: `tags` for `tags[*]`.
    pub(super) fn list(&self) -> Option<&[u8]> {
        match self.pieces.as_slice() {
            [list, last] if last.is_empty() => Some(list),
            _ => None,
        }
    }

    /// The same name, what stands around its `[*]` changed.
    pub(super) fn map(&self, change: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let pieces = self.pieces.iter().map(|piece| change(piece).into());
        Self {
            pieces: pieces.collect(),
        }
    }

    /// Whether `[*]` stands in it.
    #[must_use]
    pub fn is_family(&self) -> bool {
        self.pieces.len() > 1
    }
}

fn star_at(from: usize, star: usize) -> Range<usize> {
    from + star..from + star + 1
}

/// A name that only some servers take for that of a protected field.
const ALIKE: ErrorKind = ErrorKind::Syntax {
    expected: "a protected field's name as the policy spells it, or one that is not like it",
};

/// Whether a field of this name makes some servers run another method than the request line's, and so another route than
/// the one that the body is read by (Rails, Laravel, Symfony; the JavaScript of Salesforce).
fn is_override(name: &[u8]) -> bool {
    matches!(name, b"_method" | b"$httpMethod")
}

/// The names of one route, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    exact: Vec<(Box<[u8]>, PlaceId)>,
    families: Vec<(Name, PlaceId)>,
    alike: Alike,
    /// What stands beside the fields of a body.
    pub(super) beside: Beside,
}

impl Names {
    /// Puts names together.
    ///
    /// # Errors
    /// The index of a name that stands there a second time.
    pub fn compile(names: Vec<(Name, PlaceId)>) -> Result<Self, usize> {
        let mut compiled = Self::default();
        for (index, (name, place)) in names.into_iter().enumerate() {
            let twice = match name.pieces.as_slice() {
                [only] => compiled.exact.iter().any(|(known, _)| known == only),
                _ => compiled.families.iter().any(|(known, _)| *known == name),
            };
            if twice {
                return Err(index);
            }
            match <[Box<[u8]>; 1]>::try_from(name.pieces) {
                Ok([only]) => {
                    compiled.alike.add(&only);
                    compiled.exact.push((only, place));
                }
                Err(pieces) => {
                    let family = Name { pieces };
                    compiled.alike.add_family(&family);
                    compiled.families.push((family, place));
                }
            }
        }
        compiled.alike.prepare();
        Ok(compiled)
    }

    /// The place that a decoded name means: exact names before families, then the order of the policy.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<PlaceId> {
        let exact = self
            .exact
            .iter()
            .find(|(known, _)| **known == *name)
            .map(|(_, place)| *place);
        exact.or_else(|| {
            self.families
                .iter()
                .find(|(known, _)| known.matches(name))
                .map(|(_, place)| *place)
        })
    }

    /// The place that the decoded name of a field in a body means.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where some servers would take it for the name of a place: they make no difference between
    /// upper and lower case, cut blanks off, read `.` and blanks as `_`, or take a list where one value is named;
    /// [`ErrorKind::MethodOverride`] where it is none and makes some servers run another method.
    pub(crate) fn look(&self, name: &[u8]) -> Result<Option<PlaceId>, ErrorKind> {
        match self.find(name) {
            None if is_override(name) => Err(ErrorKind::MethodOverride),
            None if self.alike.has(name) => Err(ALIKE),
            place => Ok(place),
        }
    }

    /// Whether a name, as a form spells it, is surely none that means something here.
    #[inline]
    pub(super) fn surely_lacks(&self, spelled: &[u8]) -> bool {
        if !self.beside.companions.is_empty() {
            return false;
        }
        let mut room = [0; 64];
        let name = encoding::decode_short(spelled, &mut room);
        name.is_some_and(|name| {
            name != charset::FIELD && !is_override(name) && self.alike.surely_lacks(name)
        })
    }

    /// What stands in a decoded name for each `[*]` of the name of its place.
    pub(crate) fn stars(&self, place: PlaceId, name: &[u8]) -> Stars {
        let mut families = self.families.iter();
        let family = families.find(|(known, id)| *id == place && known.matches(name));
        family
            .and_then(|(family, _)| family.stars(name))
            .unwrap_or_default()
    }

    /// Whether no name stands here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.families.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Name::parse(pattern).unwrap().matches(name.as_bytes())
    }

    #[test]
    fn names_match_exactly() {
        assert!(matches("person[name]", "person[name]"));
        assert!(!matches("person[name]", "person[names]"));
        assert!(!matches("name", "Name"));
    }

    #[test]
    fn a_star_is_one_bracket() {
        assert!(matches("items[*][name]", "items[0][name]"));
        assert!(matches("items[*][name]", "items[][name]"));
        assert!(matches("tags[*]", "tags[]"));
        assert!(matches("a[*][*]", "a[1][2]"));
        for name in [
            "items[0][1][name]",
            "items[name]",
            "items[0",
            "items[0][name]x",
            "xitems[0][name]",
        ] {
            assert!(!matches("items[*][name]", name), "{name}");
        }
    }

    #[test]
    fn a_star_elsewhere_is_refused_where_it_stands() {
        assert_eq!(Name::parse("a[*]b*").unwrap_err().at, 5..6);
        assert!(Name::parse("").is_err());
        assert!(Name::parse("[*]").is_err());
        assert!(Name::parse("a[x*]").is_err());
    }

    #[test]
    fn exact_names_come_before_families() {
        let name = |text| Name::parse(text).unwrap();
        let names =
            Names::compile(vec![(name("a[*]"), PlaceId(0)), (name("a[b]"), PlaceId(1))]).unwrap();
        assert_eq!(names.find(b"a[b]"), Some(PlaceId(1)));
        assert_eq!(names.find(b"a[c]"), Some(PlaceId(0)));
        assert_eq!(names.find(b"a"), None);
        assert_eq!(
            Names::compile(vec![(name("a"), PlaceId(0)), (name("a"), PlaceId(1))]),
            Err(1)
        );
    }

    #[test]
    fn names_are_found_however_they_are_spelled() {
        let note = Name::parse("note").unwrap();
        let names = Names::compile(vec![(note, PlaceId(0))]).unwrap();
        for spelled in [
            "note",
            "n%6Fte",
            "NOTE%5B%5d",
            "+note%5B0%5D",
            "note%",
            "%5Fcharset_",
            "_charset_",
        ] {
            assert!(!names.surely_lacks(spelled.as_bytes()), "{spelled}");
        }
        for spelled in ["notes", "prenom%5B%5D", "note%5Bx%5d", "%6Eom"] {
            assert!(names.surely_lacks(spelled.as_bytes()), "{spelled}");
        }
    }
}
