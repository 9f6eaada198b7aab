//! Which members are places, by their names.
//!
//! Office formats compare names without regard to ASCII case (ISO/IEC 29500-2 §6.2.2), so places are found so, too. A
//! name that some programs would read as another one is refused in every member, since it might be one that the
//! policy means.

use std::sync::Arc;

use crate::edit::PlaceId;
use crate::error::ErrorKind;
use crate::plan::Selected;
use crate::selector::{Reason, SelectorError, Which};

/// The longest name of a member.
const LONGEST: usize = 4096;

/// The members that are places.
#[derive(Debug)]
pub(super) struct Names(Vec<(Box<[u8]>, PlaceId)>);

impl Names {
    /// Reads the names of a policy: exact, or with `*` for any run of characters but `/`.
    ///
    /// # Errors
    /// The index of the one that is wrong, and what is wrong with it.
    pub(super) fn of(selected: &[Selected<'_>]) -> Result<Arc<Self>, (usize, SelectorError)> {
        let mut names: Vec<(Box<[u8]>, PlaceId)> = Vec::with_capacity(selected.len());
        for (index, place) in selected.iter().enumerate() {
            let fault = |reason| (index, SelectorError::new(reason, 0..place.at.len()));
            let alone = |text: &str, which| {
                let reason = Reason::Unsupported {
                    what: "anything beside a member of an archive",
                    remedy: "say it of the places inside",
                };
                (index, SelectorError::new(reason, 0..text.len()).of(which))
            };
            if let Some(text) = place.beside.first() {
                return Err(alone(text, Which::Beside(0)));
            }
            if let Some((text, _)) = place.companion {
                return Err(alone(text, Which::CompanionAt));
            }
            if place.at.contains("**") || place.at.ends_with('/') || !is_plain(place.at.as_bytes())
            {
                return Err(fault(Reason::Expected {
                    expected: "a member's name, such as `word/document.xml` or `xl/worksheets/*.xml`,",
                }));
            }
            let name: Box<[u8]> = place.at.to_ascii_lowercase().into_bytes().into();
            if names.iter().any(|(known, _)| *known == name) {
                return Err(fault(Reason::Twice));
            }
            names.push((name, place.place));
        }
        Ok(Arc::new(Self(names)))
    }

    /// The place that a member of this name is.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where programs could read the name in two ways.
    pub(super) fn place(&self, name: &[u8]) -> Result<Option<PlaceId>, ErrorKind> {
        const PLAIN: ErrorKind = ErrorKind::Syntax {
            expected: "a member's name that all programs read alike",
        };
        if name.len() > LONGEST || !is_plain(name.strip_suffix(b"/").unwrap_or(name)) {
            return Err(PLAIN);
        }
        let place = self.find(name);
        let hidden = |name: &[u8]| place.is_none() && self.find(name).is_some();
        if name.contains(&b'%') && hidden(&unescaped(name)) {
            return Err(PLAIN);
        }
        // A part in pieces (ISO/IEC 29500-2 §8.2.3): `document.xml/[0].piece`.
        if let Some(at) = memchr::memmem::rfind(name, b"/[")
            && hidden(name.get(..at).unwrap_or_default())
        {
            return Err(PLAIN);
        }
        Ok(place)
    }

    fn find(&self, name: &[u8]) -> Option<PlaceId> {
        let name = name.to_ascii_lowercase();
        let found = self.0.iter().find(|(pattern, _)| fits(pattern, &name));
        found.map(|(_, place)| *place)
    }
}

/// Whether a name is a path of plain segments: no root, no way up, no other separator.
fn is_plain(name: &[u8]) -> bool {
    let segments = name.split(|byte| *byte == b'/');
    let odd = |byte: &u8| *byte == b'\\' || byte.is_ascii_control();
    !name.iter().any(odd)
        && segments
            .into_iter()
            .all(|segment| !matches!(segment, b"" | b"." | b".."))
        && !matches!(name, [drive, b':', ..] if drive.is_ascii_alphabetic())
}

/// Whether a name fits a pattern in which `*` is any run without a `/`.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // Where the last star stands, and the name that it has not taken.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), name.split_first()) {
            (Some((b'*', rest)), _) => {
                star = Some((rest, name));
                pattern = rest;
            }
            (Some((one, rest)), Some((other, behind))) if one == other => {
                pattern = rest;
                name = behind;
            }
            (None, None) => return true,
            _ => match star {
                Some((rest, [first, behind @ ..])) if *first != b'/' => {
                    star = Some((rest, behind));
                    pattern = rest;
                    name = behind;
                }
                _ => return false,
            },
        }
    }
}

/// A name with its percent sequences undone, as far as they are any.
fn unescaped(name: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut written = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, behind)) = rest.split_first() {
        let pair = (*first == b'%').then(|| (digit(behind.first()), digit(behind.get(1))));
        if let Some((Some(high), Some(low))) = pair
            && let Ok(byte) = u8::try_from(high << 4 | low)
        {
            written.push(byte);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            written.push(*first);
            rest = behind;
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_names() {
        let selected = ["word/document.xml", "xl/worksheets/*.xml", "a*b*c"];
        let selected: Vec<_> = selected
            .iter()
            .zip(0..)
            .map(|(at, place)| Selected::new(at, PlaceId(place)))
            .collect();
        let names = Names::of(&selected).unwrap();
        for (name, place) in [
            ("word/document.xml", Some(0)),
            ("Word/Document.XML", Some(0)),
            ("word/document.xml/", None),
            ("word/document2.xml", None),
            ("xl/worksheets/sheet1.xml", Some(1)),
            ("xl/worksheets/.xml", Some(1)),
            ("xl/worksheets/_rels/sheet1.xml", None),
            ("abbcc", Some(2)),
            ("abcb", None),
            ("a%62.xml", None),
            ("mimetype", None),
        ] {
            assert_eq!(
                names.place(name.as_bytes()),
                Ok(place.map(PlaceId)),
                "{name}"
            );
        }
        for name in [
            "",
            "/word/document.xml",
            "word\\document.xml",
            "word//document.xml",
            "word/./document.xml",
            "x/../word/document.xml",
            "word/document.xml\0",
            "C:word/document.xml",
            "word/%64ocument.xml",
            "word%2Fdocument.xml",
            "word/document.xml/[0].piece",
        ] {
            assert!(names.place(name.as_bytes()).is_err(), "{name}");
        }
    }
}
