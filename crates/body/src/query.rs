//! The query of a URL (RFC 3986 §3.4), read as a form (WHATWG URL §5.1), with the names of [`crate::form`].

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::Limits;
use crate::edit::{Comparison, Edit, Editor, Found, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::form::{HIDDEN, Name, Names, encoding};
use crate::literal::fhir_token::{self, Code};
use crate::nest::{self, Within};
use crate::out::Out;
use crate::plan::{Plan, Selected};
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

impl Syntax {
    /// Whether a search can ask for several values of this parameter at once.
    #[must_use]
    pub fn says_or(self) -> bool {
        self == Self::FhirToken
    }
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Places {
    names: Names,
    syntaxes: Vec<(PlaceId, Syntax)>,
    /// What stands in the parameters that are bodies themselves.
    inside: Arc<[Plan]>,
}

impl Places {
    /// Reads the selectors of one query.
    ///
    /// # Errors
    /// The index of the selector that is wrong, counted as they came, and what is wrong with it.
    pub fn compile<'a>(
        selectors: impl IntoIterator<Item = (Selected<'a>, Syntax)>,
    ) -> Result<Self, (usize, SelectorError)> {
        let (mut selected, kinds): (Vec<_>, Vec<_>) = selectors.into_iter().unzip();
        let inside = nest::slots(&mut selected)?;
        let mut names = Vec::new();
        let mut syntaxes = Vec::new();
        let mut lengths = Vec::new();
        for (index, (selected, syntax)) in selected.iter().zip(kinds).enumerate() {
            let (text, place) = (selected.at, selected.place);
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
            inside: inside.into(),
        })
    }

    /// The place of a decoded name, how its value is built, and the modifier of a search that stands behind it.
    fn find<'a>(&self, name: &'a [u8]) -> Option<(PlaceId, Syntax, &'a [u8])> {
        if let Some(place) = self.names.find(name) {
            return Some((place, self.syntax(place), &[]));
        }
        let colon = memchr::memchr(b':', name)?;
        let (name, modifier) = name.split_at(colon);
        let place = self.names.find(name)?;
        let syntax = self.syntax(place);
        (syntax == Syntax::FhirToken).then_some((place, syntax, modifier))
    }

    fn syntax(&self, place: PlaceId) -> Syntax {
        let found = self.syntaxes.iter().find(|(known, _)| *known == place);
        found.map_or(Syntax::Plain, |(_, syntax)| *syntax)
    }
}

/// Rewrites a query, given without its `?`. Nothing where no value changes; else the new query, with a hole for
/// each answer that is awaited.
///
/// # Errors
/// Where a name or a value at a place cannot be read in one way (as in [`crate::form`]), or the editor refuses.
pub fn rewrite(
    query: &str,
    places: &Places,
    editor: &mut dyn Editor,
    limits: Limits,
) -> Result<Option<Out>, Error> {
    let mut ordinal = 0;
    let mut within = Within::new(&places.inside, limits, false, &mut ordinal, editor);
    let chunk = Bytes::copy_from_slice(query.as_bytes());
    let mut out = Out::new();
    out.begin(&chunk);
    let mut writer = Writer {
        query: query.as_bytes(),
        editor: &mut within,
        out,
        done: 0,
        ordinal: 0,
        changed: false,
    };
    let mut at = 0;
    for pair in query.as_bytes().split(|byte| *byte == b'&') {
        let done = writer.pair(places, pair, at);
        done.map_err(|kind| Error::new(kind, at as u64))?;
        at += pair.len() + 1;
    }
    writer.keep_to(query.len());
    Ok(writer.changed.then_some(writer.out))
}

struct Writer<'a> {
    query: &'a [u8],
    editor: &'a mut dyn Editor,
    out: Out,
    /// Up to where the query is in the output.
    done: usize,
    ordinal: u32,
    changed: bool,
}

/// There are servers that split at `;` too: what one of them would find at a place is refused.
fn unhidden(places: &Places, pair: &[u8]) -> Result<(), ErrorKind> {
    for part in pair.split(|byte| *byte == b';').skip(1) {
        let name = part.split(|byte| *byte == b'=').next().unwrap_or_default();
        let mut decoded = Vec::new();
        if encoding::decode(name, &mut decoded).is_ok() && places.find(&decoded).is_some() {
            return Err(HIDDEN);
        }
    }
    Ok(())
}

/// A decoded text in another spelling.
type Spell = fn(Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>>;

impl Writer<'_> {
    fn pair(&mut self, places: &Places, pair: &[u8], at: usize) -> Result<(), ErrorKind> {
        let equals = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let mut name = Vec::new();
        encoding::decode(pair.get(..equals).unwrap_or_default(), &mut name)?;
        let Some((place, syntax, modifier)) = places.find(&name) else {
            return unhidden(places, pair);
        };
        if syntax != Syntax::Plain {
            unhidden(places, pair)?;
        }
        let raw = pair.get(equals + 1..).unwrap_or_default();
        let text = Decoded::read(raw, at + equals + 1)?;
        match syntax {
            Syntax::Plain => {
                let whole = 0..text.bytes.len();
                self.value(place, &text, whole, |text| text, |text| text)
                    .map(drop)
            }
            Syntax::FhirToken => {
                for Code { start, code } in fhir_token::values(&text.bytes, modifier)? {
                    let (read, spell) = (fhir_token::unescape as Spell, fhir_token::escape);
                    let system = text.spelled(start..code.start);
                    if self.value(place, &text, code.clone(), read, spell)? {
                        self.alternatives(place, &text, code, &system);
                    }
                }
                Ok(())
            }
        }
    }

    /// Writes what else the value that was just replaced is stored as, each as an alternative of its own.
    fn alternatives(
        &mut self,
        place: PlaceId,
        text: &Decoded,
        range: Range<usize>,
        system: &Range<usize>,
    ) {
        let plain = text.bytes.get(range).unwrap_or_default();
        let plain = fhir_token::unescape(Zeroizing::new(plain.to_vec()));
        let mut others = Vec::new();
        self.editor.alternatives(place, &plain, &mut others);
        for other in others {
            let mut written = b",".to_vec();
            written.extend_from_slice(self.query.get(system.clone()).unwrap_or_default());
            Escape::Form.write(&fhir_token::escape(Zeroizing::new(other)), &mut written);
            self.out.write(&written);
        }
    }

    /// Asks what is to happen to a part of a decoded value, and does it; says whether it was replaced.
    fn value(
        &mut self,
        place: PlaceId,
        text: &Decoded,
        range: Range<usize>,
        read: Spell,
        spell: Spell,
    ) -> Result<bool, ErrorKind> {
        let plain = text.bytes.get(range.clone()).unwrap_or_default();
        if plain.is_empty() {
            return Ok(false);
        }
        let plain = read(Zeroizing::new(plain.to_vec()));
        let mut replacement = Zeroizing::new(Vec::new());
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text: &plain,
            beside: &[],
            comparison: Comparison::Stored,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        let edit = self
            .editor
            .value(found, &mut replacement)
            .map_err(|error| error.kind)?;
        if edit == Edit::Keep {
            return Ok(false);
        }
        self.keep_to(text.offset(range.start));
        match edit {
            Edit::Keep => {}
            Edit::Replace | Edit::Spelled => {
                let mut written = Zeroizing::new(Vec::new());
                Escape::Form.write(&spell(replacement), &mut written);
                self.out.write(&written);
            }
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => self.out.hole(ask, Escape::Form),
            // Not every reader of an expression takes `+` for a space.
            Edit::Nested => self.out.nest(self.editor.nested(), Escape::Percent),
        }
        self.done = text.offset(range.end);
        self.changed = true;
        Ok(matches!(edit, Edit::Replace | Edit::Spelled))
    }

    fn keep_to(&mut self, end: usize) {
        if self.done < end && end <= self.query.len() {
            self.out.keep(self.done..end);
            self.done = end;
        }
    }
}

/// A decoded value that knows where each of its bytes is spelled in the query.
struct Decoded {
    bytes: Zeroizing<Vec<u8>>,
    /// The offset of each byte, and of the end.
    offsets: Vec<usize>,
}

impl Decoded {
    /// Reads a value that is spelled at `from`.
    fn read(raw: &[u8], from: usize) -> Result<Self, ErrorKind> {
        let mut read = Self {
            bytes: Zeroizing::default(),
            offsets: Vec::with_capacity(raw.len() + 1),
        };
        let mut at = 0;
        while let Some((byte, length)) = encoding::next(raw.get(at..).unwrap_or_default())? {
            read.bytes.push(byte);
            read.offsets.push(from + at);
            at += length;
        }
        read.offsets.push(from + at);
        if std::str::from_utf8(&read.bytes).is_err() {
            return Err(ErrorKind::Charset);
        }
        Ok(read)
    }

    fn offset(&self, at: usize) -> usize {
        self.offsets.get(at).copied().unwrap_or_default()
    }

    /// Where in the query these bytes are spelled.
    fn spelled(&self, range: Range<usize>) -> Range<usize> {
        self.offset(range.start)..self.offset(range.end)
    }
}
