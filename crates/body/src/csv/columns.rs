//! The selectors: a column's name as the header spells it, its number (`#3`), or either with a test of a sibling
//! (`value[?field_name == 'last_name']`).
//!
//! A name that begins with `#` or `"`, or holds `[?`, is written as a quoted cell would be: `"#3"`.

use std::ops::Range;

use crate::edit::PlaceId;
use crate::plan::Selected;
use crate::selector::{Reason, SelectorError, Which};

/// The most columns that a spreadsheet has.
const MOST: usize = 16_384;

/// The compiled selectors of one body.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    pub(super) places: Vec<Place>,
}

/// One protected column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) at: At,
    pub(super) place: PlaceId,
    /// The column that is tested, and what must stand there.
    pub(super) when: Option<Test>,
    /// The columns whose values are needed with it.
    pub(super) beside: Vec<At>,
}

/// A column that is tested, and what must stand there.
pub(super) type Test = (At, Box<str>);

/// What names a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Its cell in the header, decoded.
    Named(Box<str>),
    /// Its number, from 0 on.
    Index(usize),
}

impl Columns {
    /// Reads the places of a policy.
    ///
    /// # Errors
    /// The index of the place that is wrong, and what is wrong with which of its texts.
    pub fn of(selected: &[Selected<'_>]) -> Result<Self, (usize, SelectorError)> {
        let mut places: Vec<Place> = Vec::with_capacity(selected.len());
        for (index, selected) in selected.iter().enumerate() {
            let place = read(selected).map_err(|error| (index, error))?;
            let clashes = |known: &Place| {
                let either = known.when.is_none() || place.when.is_none();
                known.at == place.at && (either || known.when == place.when)
            };
            if places.iter().any(clashes) {
                let error = SelectorError::new(Reason::Twice, 0..selected.at.len());
                return Err((index, error));
            }
            places.push(place);
        }
        Ok(Self { places })
    }

    /// Every column that is spoken of.
    pub(super) fn all(&self) -> impl Iterator<Item = &At> {
        self.places.iter().flat_map(|place| {
            let when = place.when.iter().map(|(at, _)| at);
            std::iter::once(&place.at).chain(when).chain(&place.beside)
        })
    }

    /// Whether a column of exactly this name is spoken of.
    pub(super) fn names(&self, cell: &str) -> bool {
        self.all()
            .any(|at| matches!(at, At::Named(name) if **name == *cell))
    }

    /// Whether the first row is a header: a column is named.
    pub(super) fn has_header(&self) -> bool {
        self.all().any(|at| matches!(at, At::Named(_)))
    }
}

fn read(selected: &Selected<'_>) -> Result<Place, SelectorError> {
    let (at, when) = selector(selected.at)?;
    let mut beside = Vec::with_capacity(selected.beside.len());
    for (number, text) in selected.beside.iter().enumerate() {
        let column = column(text, 0..text.len());
        beside.push(column.map_err(|error| error.of(Which::Beside(number)))?);
    }
    if let Some((at, _)) = selected.companion {
        let reason = Reason::Unsupported {
            what: "a companion in a CSV body",
            remedy: "protect the column with a treatment whose token it takes",
        };
        return Err(SelectorError::new(reason, 0..at.len()).of(Which::CompanionAt));
    }
    Ok(Place {
        at,
        place: selected.place,
        when,
        beside,
    })
}

/// A whole selector.
fn selector(text: &str) -> Result<(At, Option<Test>), SelectorError> {
    let end = match text.starts_with('"') {
        true => quoted_end(text).unwrap_or(text.len()),
        false => text.find("[?").unwrap_or(text.len()),
    };
    let at = column(text, 0..end)?;
    let Some(test) = text.get(end..).filter(|rest| !rest.is_empty()) else {
        return Ok((at, None));
    };
    let expected =
        |expected, range: Range<usize>| SelectorError::new(Reason::Expected { expected }, range);
    let whole = end..text.len();
    let inside = test
        .strip_prefix("[?")
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or(expected("`[?column == 'value']`", whole.clone()))?;
    let start = end + 2;
    let name_at = start + (inside.len() - inside.trim_start().len());
    let quoted = inside.trim_start().starts_with('"');
    let name_ends = match quoted.then(|| quoted_end(text.get(name_at..)?)).flatten() {
        Some(length) => name_at - start + length,
        None => 0,
    };
    let equals = inside
        .get(name_ends..)
        .and_then(|rest| rest.find("=="))
        .map(|at| name_ends + at)
        .ok_or(expected("`==` and a value in quotes", whole))?;
    let (name, literal) = inside.split_at(equals);
    let tested = column(text, name_at..name_at + name.trim().len())?;
    let literal_at = start + equals + 2;
    let literal = literal
        .trim_start_matches("==")
        .trim()
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .filter(|literal| !literal.is_empty() && !literal.contains('\''))
        .ok_or(expected(
            "a value in single quotes that holds none",
            literal_at..text.len() - 1,
        ))?;
    Ok((at, Some((tested, literal.into()))))
}

/// Where a quoted name ends that `text` begins with.
fn quoted_end(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text.get(at..)?.find('"')? + 1;
        if !text.get(at..)?.starts_with('"') {
            return Some(at);
        }
        at += 1;
    }
}

/// The column that a range of a selector names.
fn column(text: &str, range: Range<usize>) -> Result<At, SelectorError> {
    let name = text.get(range.clone()).unwrap_or_default();
    let expected = |expected| {
        Err(SelectorError::new(
            Reason::Expected { expected },
            range.clone(),
        ))
    };
    if name.is_empty() {
        return expected("the name of a column, or its number as `#3`");
    }
    if let Some(number) = name.strip_prefix('#') {
        let all_digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse::<usize>().ok().filter(|_| all_digits);
        return match number {
            Some(number @ 1..=MOST) => Ok(At::Index(number - 1)),
            _ => expected("a number from 1 to 16384, or the name in double quotes"),
        };
    }
    if name.starts_with('"') {
        let inner = super::cell::inner(name.as_bytes()).filter(|_| name.len() > 2);
        let inner = inner.filter(|_| quoted_end(name) == Some(name.len()));
        let Some(inner) = inner else {
            return expected("a name between double quotes, those in it doubled");
        };
        let mut plain = Vec::with_capacity(inner.len());
        super::cell::unquote(inner, &mut plain);
        return match String::from_utf8(plain) {
            Ok(plain) => Ok(At::Named(plain.into())),
            Err(_) => expected("a name"),
        };
    }
    Ok(At::Named(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> At {
        At::Named(name.into())
    }

    fn read(text: &str) -> Result<(At, Option<Test>), Range<usize>> {
        selector(text).map_err(|error| error.at)
    }

    #[test]
    fn a_column_is_named_or_counted() {
        assert_eq!(read("patient_name"), Ok((named("patient_name"), None)));
        assert_eq!(read("a b "), Ok((named("a b "), None)));
        assert_eq!(read("#3"), Ok((At::Index(2), None)));
        assert_eq!(read("\"#3\""), Ok((named("#3"), None)));
        assert_eq!(read("\"a\"\"b[?\""), Ok((named("a\"b[?"), None)));
        for (text, at) in [
            ("", 0..0),
            ("#0", 0..2),
            ("#+3", 0..3),
            ("#x", 0..2),
            ("#16385", 0..6),
            ("\"a", 0..2),
            ("\"a\"b", 3..4),
            ("\"\"", 0..2),
        ] {
            assert_eq!(read(text), Err(at), "{text}");
        }
    }

    #[test]
    fn a_value_is_chosen_by_its_sibling() {
        let when = |column, literal: &str| Some((column, literal.into()));
        assert_eq!(
            read("value[?field_name=='last_name']"),
            Ok((named("value"), when(named("field_name"), "last_name")))
        );
        assert_eq!(
            read("#4[? \"a=='b'\" == ' x' ]"),
            Ok((At::Index(3), when(named("a=='b'"), " x")))
        );
        assert_eq!(
            read("#4[? #3 == 'x y' ]"),
            Ok((At::Index(3), when(At::Index(2), "x y")))
        );
        for (text, at) in [
            ("v[?a]", 1..5),
            ("v[?a==b]", 6..7),
            ("v[?=='b']", 3..3),
            ("v[?a=='']", 6..8),
            ("v[?a=='b'", 1..9),
        ] {
            assert_eq!(read(text), Err(at), "{text}");
        }
    }

    #[test]
    fn a_column_is_protected_once() {
        let columns = |texts: &[&str]| {
            let selected: Vec<_> = texts
                .iter()
                .map(|text| Selected::new(text, PlaceId(0)))
                .collect();
            Columns::of(&selected).map_err(|(index, error)| (index, error.reason))
        };
        assert!(columns(&["a", "b", "c[?b=='1']", "c[?b=='2']"]).is_ok());
        assert_eq!(columns(&["a", "\"a\""]), Err((1, Reason::Twice)));
        assert_eq!(columns(&["a", "a[?b=='1']"]), Err((1, Reason::Twice)));
    }
}
