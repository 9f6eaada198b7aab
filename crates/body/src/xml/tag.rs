//! Tags (XML 1.0 §3.1): where the names and values of one tag stand.
//!
//! A tag is read as a unit, since what it declares last may decide what it means first. One that the end of a chunk
//! cuts is held until its end has come, which [`Scan`] finds byte by byte, whatever is wrong in it; only then is it
//! read, so that what is wrong is the same at every chunking.

use super::name::{Name, get, is_space, past_space};
use std::ops::Range;

/// How many attributes a tag may have.
const ATTRIBUTES: usize = 512;
/// The longest name.
const LONGEST_NAME: usize = 1024;

/// What is wrong with a tag: what the grammar asks for.
pub(super) type Expected = &'static str;

/// An attribute: its name, and its value without the quotes.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: Name,
    pub(super) value: Range<usize>,
}

impl Attribute {
    /// The prefix that this attribute declares (nothing for the default one); `None` where it declares none.
    #[inline]
    pub(super) fn declares<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        if bytes.get(self.name.from) != Some(&b'x') {
            return None;
        }
        match self.name.colon {
            None => (self.name.whole(bytes) == b"xmlns").then_some(&[]),
            Some(_) => (self.name.prefix(bytes) == b"xmlns").then(|| self.name.local(bytes)),
        }
    }
}

/// A start tag or an empty element's tag. Offsets count from its `<`.
#[derive(Debug, Default)]
pub(super) struct Tag {
    pub(super) name: Name,
    pub(super) attributes: Vec<Attribute>,
    /// Whether an attribute begins with `xmlns`.
    pub(super) declares: bool,
    pub(super) empty: bool,
    /// The offset after its `>`.
    pub(super) end: usize,
}

impl Tag {
    /// Reads the tag that begins with `bytes`; says whether it stands there whole.
    ///
    /// # Errors
    /// What is wrong with it. More may be wrong with what follows: [`Scan`] says whether it has ended.
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<bool, Expected> {
        self.attributes.clear();
        self.declares = false;
        let Some(name) = name(bytes, 1)? else {
            return Ok(false);
        };
        self.name = name;
        let mut at = name.end;
        let mut marks = 0_u64;
        loop {
            let from = at;
            at = past_space(bytes, at);
            match bytes.get(at) {
                None => return Ok(false),
                Some(b'>') => {
                    self.empty = false;
                    self.end = at + 1;
                    return Ok(true);
                }
                Some(b'/') => {
                    self.empty = true;
                    self.end = at + 2;
                    return match bytes.get(at + 1) {
                        None => Ok(false),
                        Some(b'>') => Ok(true),
                        Some(_) => Err("`>` after `/` in a tag"),
                    };
                }
                Some(_) if from == at => return Err("a blank before an attribute"),
                Some(_) => {}
            }
            match self.attribute(bytes, at, &mut marks)? {
                None => return Ok(false),
                Some(end) => at = end,
            }
        }
    }

    /// Reads one attribute; gives the offset after it.
    #[inline]
    fn attribute(
        &mut self,
        bytes: &[u8],
        at: usize,
        marks: &mut u64,
    ) -> Result<Option<usize>, Expected> {
        let Some(name) = name(bytes, at)? else {
            return Ok(None);
        };
        let mut at = name.end;
        if bytes.get(at) != Some(&b'=') {
            at = past_space(bytes, at);
        }
        match bytes.get(at) {
            None => return Ok(None),
            Some(b'=') => at += 1,
            Some(_) => return Err("`=` after an attribute's name"),
        }
        if !matches!(bytes.get(at), Some(b'"' | b'\'')) {
            at = past_space(bytes, at);
        }
        let quote = match bytes.get(at) {
            None => return Ok(None),
            Some(quote @ (b'"' | b'\'')) => *quote,
            Some(_) => return Err("a quoted value after `=`"),
        };
        let from = at + 1;
        let rest = bytes.get(from..).unwrap_or_default();
        let end = match memchr::memchr2(quote, b'<', rest) {
            None => return Ok(None),
            Some(length) => from + length,
        };
        if bytes.get(end) == Some(&b'<') {
            return Err(NO_LESS);
        }
        let mark = mark(name.whole(bytes));
        let is_new = |known: &Attribute| known.name.whole(bytes) != name.whole(bytes);
        if *marks & mark != 0 && !self.attributes.iter().all(is_new) {
            return Err("no attribute that stands twice");
        }
        if self.attributes.len() == ATTRIBUTES {
            return Err("fewer attributes in a tag");
        }
        *marks |= mark;
        self.declares |= get(bytes, name.from..name.from + 5) == b"xmlns";
        self.attributes.push(Attribute {
            name,
            value: from..end,
        });
        Ok(Some(end + 1))
    }
}

/// What a tag must not hold, in or out of its values.
const NO_LESS: Expected = "no `<` in a tag";

/// Reads a name of a tag.
#[inline]
fn name(bytes: &[u8], at: usize) -> Result<Option<Name>, Expected> {
    match Name::read(bytes, at) {
        Ok(Some(name)) if name.end - name.from > LONGEST_NAME => Err("a shorter name"),
        Ok(name) => Ok(name),
        Err(_) => Err("a name"),
    }
}

/// The bit of a name, by which most names are told from those that are looked for.
#[inline]
pub(super) fn mark(name: &[u8]) -> u64 {
    let first = name.first().copied().unwrap_or_default();
    let last = name.last().copied().unwrap_or_default();
    let sum = usize::from(first) * 3 + usize::from(last) * 11 + name.len() * 7;
    1 << (sum & 63)
}

/// Whether `bytes` begin with the end tag of `name`: the offset after it, or nothing where it is cut.
///
/// # Errors
/// It is another's, or malformed.
#[inline]
pub(super) fn end_tag(bytes: &[u8], name: &[u8]) -> Result<Option<usize>, Expected> {
    const OWN: Expected = "the end tag of the element that is open";
    let rest = bytes.get(2..).unwrap_or_default();
    let Some(rest) = rest.strip_prefix(name) else {
        return if name.starts_with(rest) {
            Ok(None)
        } else {
            Err(OWN)
        };
    };
    let space = past_space(rest, 0);
    match rest.get(space) {
        None => Ok(None),
        Some(b'>') => Ok(Some(2 + name.len() + space + 1)),
        Some(byte) if space == 0 && !is_space(*byte) => Err(OWN),
        Some(_) => Err("`>` after the name in an end tag"),
    }
}

/// Finds the end of a tag in pieces, whatever else is wrong in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    quote: Option<u8>,
    /// How many bytes of the tag it has gone over.
    at: usize,
}

impl Default for Scan {
    fn default() -> Self {
        Self { quote: None, at: 1 }
    }
}

impl Scan {
    /// Goes on in the bytes of a tag from where it stopped; gives the offset after its end.
    ///
    /// # Errors
    /// A `<` stands in it.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Expected> {
        while let Some(rest) = bytes.get(self.at..).filter(|rest| !rest.is_empty()) {
            let found = match self.quote {
                Some(quote) => memchr::memchr2(quote, b'<', rest),
                None => rest
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'\'' | b'<' | b'>')),
            };
            let Some(found) = found else {
                self.at = bytes.len();
                return Ok(None);
            };
            self.at += found + 1;
            self.quote = match (self.quote, rest.get(found)) {
                (_, Some(b'<')) => return Err(NO_LESS),
                (None, Some(b'>')) => return Ok(Some(self.at)),
                (None, quote) => quote.copied(),
                (Some(_), _) => None,
            };
        }
        Ok(None)
    }
}
