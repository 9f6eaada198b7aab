//! What is done with a value that somebody looks at: an editor, or a filter.

use zeroize::Zeroizing;

use super::hold::Hold;
use super::number::Number;
use super::path::Literal;
use super::places::Places;
use super::string;
use super::walk::Walk;
use crate::Limits;
use crate::edit::{Comparison, Edit, Editor, Found, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Out;

/// A word of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    True,
    False,
    Null,
}

impl Word {
    pub(super) fn spelling(self) -> &'static [u8] {
        match self {
            Self::True => b"true",
            Self::False => b"false",
            Self::Null => b"null",
        }
    }
}

/// A value that is no object and no array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    String {
        /// It must be decoded.
        escaped: bool,
    },
    Number,
    Word(Word),
}

/// The buffers that values pass through, used again for each.
#[derive(Default)]
pub(super) struct Values {
    ordinal: u32,
    plain: Zeroizing<Vec<u8>>,
    replacement: Zeroizing<Vec<u8>>,
}

impl Values {
    /// Asks the editor what is to happen to the value at a place, of which `whole` is the spelling.
    ///
    /// # Errors
    /// [`ErrorKind::ValueTooLong`], [`ErrorKind::Charset`] where the value is no text, and what the editor says.
    pub(super) fn decide(
        &mut self,
        place: PlaceId,
        whole: &[u8],
        scalar: Scalar,
        siblings: &[Option<Zeroizing<Vec<u8>>>],
        limits: &Limits,
        editor: &mut dyn Editor,
    ) -> Result<Edit, Error> {
        fits(whole.len(), limits)?;
        let text = text(whole, scalar, &mut self.plain).map_err(|kind| Error::new(kind, 0))?;
        let Some((value_type, text)) = text else {
            return Ok(Edit::Keep);
        };
        self.replacement.clear();
        let mut beside: Vec<Option<&[u8]>> = Vec::new();
        if !siblings.is_empty() {
            let texts = siblings.iter().map(Option::as_ref);
            beside.extend(texts.map(|text| text.map(|text| text.as_slice())));
        }
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type,
            text,
            beside: &beside,
            comparison: Comparison::Stored,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        editor.value(found, &mut self.replacement)
    }

    /// As [`Values::decide`], for an object or an array that is a body itself.
    ///
    /// # Errors
    /// [`ErrorKind::ValueTooLong`], and what the editor says.
    pub(super) fn decide_element(
        &mut self,
        place: PlaceId,
        whole: &[u8],
        limits: &Limits,
        editor: &mut dyn Editor,
    ) -> Result<Edit, Error> {
        fits(whole.len(), limits)?;
        self.replacement.clear();
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text: whole,
            beside: &[],
            comparison: Comparison::Stored,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        editor.value(found, &mut self.replacement)
    }

    /// Writes what the edit that was just decided makes of a value; `inert` says that it must stay harmless in a page,
    /// as what is revealed must.
    pub(super) fn write(
        &mut self,
        edit: Edit,
        whole: &[u8],
        inert: bool,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) {
        match edit {
            Edit::Keep => out.write(whole),
            Edit::Replace | Edit::Spelled if inert => {
                let escape = if edit == Edit::Replace {
                    Escape::JsonWhole(ValueType::String)
                } else {
                    Escape::JsonSpelled
                };
                let mut written = Zeroizing::new(Vec::new());
                escape.write(&self.replacement, &mut written);
                out.write(&written);
            }
            Edit::Replace => {
                let length = self.replacement.len() + 2;
                out.write_with(length, |tail| string::write(&self.replacement, tail));
            }
            Edit::Spelled => out.write_with(self.replacement.len() + 2, |tail| {
                if is_bare(&self.replacement) {
                    tail.extend_from_slice(&self.replacement);
                } else {
                    string::write(&self.replacement, tail);
                }
            }),
            Edit::Pending(ask) => {
                out.write(b"\"");
                out.hole(ask, Escape::Json);
                out.write(b"\"");
            }
            Edit::PendingSpelled(ask) => out.hole(ask, Escape::JsonSpelled),
            Edit::Nested => {
                out.write(b"\"");
                out.nest(editor.nested(), Escape::Json);
                out.write(b"\"");
            }
        }
    }

    /// Takes a value to the filters that look at it.
    pub(super) fn test(
        &mut self,
        whole: &[u8],
        scalar: Scalar,
        hold: &mut Hold,
        walk: &Walk,
        places: &Places,
    ) {
        self.plain.clear();
        let text = match scalar {
            Scalar::String { .. } => string::decode(inner(whole), &mut self.plain)
                .ok()
                .map(|()| &*self.plain),
            Scalar::Number | Scalar::Word(_) => None,
        };
        hold.test(walk, places, |literal| match (literal, scalar) {
            (Literal::String(literal), Scalar::String { .. }) => {
                text.is_some_and(|text| *text == literal.as_bytes())
            }
            (Literal::Number(literal), Scalar::Number) => equals(*literal, whole),
            (Literal::Boolean(true), Scalar::Word(Word::True))
            | (Literal::Boolean(false), Scalar::Word(Word::False))
            | (Literal::Null, Scalar::Word(Word::Null)) => true,
            _ => false,
        });
    }

    /// Passes a key that may be known, of which `whole` is the spelling.
    ///
    /// # Errors
    /// As [`Walk::key`].
    #[inline]
    pub(super) fn key(
        &mut self,
        whole: &[u8],
        escaped: bool,
        walk: &mut Walk,
        places: &Places,
    ) -> Result<(), ErrorKind> {
        let key = inner(whole);
        if !escaped {
            return walk.key(places, key);
        }
        self.plain.clear();
        match string::decode(key, &mut self.plain) {
            Ok(()) => walk.key(places, &self.plain),
            // No name that is known holds half of a surrogate pair, or this byte.
            Err(string::LoneSurrogate) => walk.key(places, b"\xff"),
        }
    }

    /// Bytes that are held here.
    pub(super) fn held(&self) -> usize {
        self.plain.capacity() + self.replacement.capacity()
    }
}

/// The decoded text of a value of which `whole` is the spelling; nothing for `null` and the empty string.
///
/// # Errors
/// [`ErrorKind::Charset`] where it is no text.
#[inline]
fn text<'a>(
    whole: &'a [u8],
    scalar: Scalar,
    plain: &'a mut Vec<u8>,
) -> Result<Option<(ValueType, &'a [u8])>, ErrorKind> {
    let (value_type, text) = match scalar {
        Scalar::String { .. } => (ValueType::String, inner(whole)),
        Scalar::Number => (ValueType::Number, whole),
        Scalar::Word(Word::True | Word::False) => (ValueType::Boolean, whole),
        Scalar::Word(Word::Null) => return Ok(None),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let text = match scalar {
        Scalar::String { escaped: true } => {
            plain.clear();
            let decoded = string::decode(text, plain);
            decoded.map_err(|string::LoneSurrogate| ErrorKind::Charset)?;
            plain
        }
        Scalar::String { escaped: false } | Scalar::Number | Scalar::Word(_) => text,
    };
    Ok(Some((value_type, text)))
}

/// A value found for others of its element.
struct Entry {
    sibling: PlaceId,
    /// The elements that it is shared in: their depth and where they begin in the body.
    shared: Vec<(usize, u64)>,
    /// Where it ends in the body.
    end: u64,
    value: Option<Zeroizing<Vec<u8>>>,
}

/// The siblings that were found and may still be asked for.
#[derive(Default)]
pub(super) struct Captured {
    entries: Vec<Entry>,
}

impl Captured {
    /// Takes a sibling that ends at `end`.
    ///
    /// # Errors
    /// [`ErrorKind::Ambiguous`] where the element has one already, [`ErrorKind::Lookahead`] where it is too long to
    /// be held, [`ErrorKind::Charset`] where it is no text.
    pub(super) fn take(
        &mut self,
        sibling: PlaceId,
        whole: &[u8],
        scalar: Scalar,
        shared: Vec<(usize, u64)>,
        end: u64,
        limits: &Limits,
    ) -> Result<(), ErrorKind> {
        let limit = limits.lookahead;
        if whole.len() > limit {
            return Err(ErrorKind::Lookahead { limit });
        }
        let known = shared
            .iter()
            .any(|(depth, start)| self.entry(sibling, *depth, *start).is_some());
        if known {
            return Err(ErrorKind::Ambiguous);
        }
        let mut plain = Zeroizing::new(Vec::new());
        let value = text(whole, scalar, &mut plain)?;
        let value = value.map(|(_, text)| Zeroizing::new(text.to_vec()));
        self.entries.push(Entry {
            sibling,
            shared,
            end,
            value,
        });
        Ok(())
    }

    fn entry(&self, sibling: PlaceId, depth: usize, start: u64) -> Option<&Entry> {
        let is_it =
            |entry: &&Entry| entry.sibling == sibling && entry.shared.contains(&(depth, start));
        self.entries.iter().find(is_it)
    }

    /// The value of a sibling in the element at `depth` that begins at `start`, if it was met.
    pub(super) fn find(
        &self,
        sibling: PlaceId,
        depth: usize,
        start: u64,
    ) -> Option<Option<Zeroizing<Vec<u8>>>> {
        self.entry(sibling, depth, start)
            .map(|entry| entry.value.clone())
    }

    /// Lets go of what stands behind `offset` in elements that `walk` has left.
    pub(super) fn forget(&mut self, walk: &Walk, offset: u64) {
        self.entries.retain(|entry| {
            let mut shared = entry.shared.iter();
            entry.end > offset || shared.any(|(depth, start)| walk.start(*depth) == Some(*start))
        });
    }

    /// Bytes that are held here.
    pub(super) fn held(&self) -> usize {
        let values = self.entries.iter().filter_map(|entry| entry.value.as_ref());
        values.map(|value| value.capacity()).sum()
    }
}

/// Whether a value of this spelling may stand at a place.
///
/// # Errors
/// [`ErrorKind::ValueTooLong`].
pub(super) fn fits(length: usize, limits: &Limits) -> Result<(), Error> {
    let limit = limits.value;
    if length > limit {
        Err(Error::new(ErrorKind::ValueTooLong { limit }, 0))
    } else {
        Ok(())
    }
}

/// Whether a text may stand for itself, without quotes.
fn is_bare(text: &[u8]) -> bool {
    matches!(text, b"true" | b"false") || Number::whole(text)
}

/// A string without its quotes.
#[inline]
fn inner(whole: &[u8]) -> &[u8] {
    whole
        .get(1..whole.len().saturating_sub(1))
        .unwrap_or_default()
}

/// Numbers are compared as every implementation holds them (RFC 9535 §2.3.5.2.2).
#[expect(
    clippy::float_cmp,
    reason = "the standard compares numbers for equality"
)]
fn equals(literal: f64, spelling: &[u8]) -> bool {
    let number = std::str::from_utf8(spelling)
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    number.is_some_and(|number| number == literal)
}
