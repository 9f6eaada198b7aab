//! A search of FHIR R4 as text: `identifier=urn:ramq|TREM&family:exact=Roy`, as `If-None-Exist` and
//! `Bundle.entry.request` hold it, with `Patient?` before it or without (Search, §3.1.1.4).
//!
//! A selector is a parameter, `family`, or a chain of them, `patient.family`, whatever types stand in it
//! (`subject:Patient.family`). One with `|` behind it, `identifier|`, is a token's, read as [`crate::literal`] reads
//! it. Any other is a string's, which by itself asks for a beginning; `:exact` is an equality and `:contains` a part.

use zeroize::Zeroizing;

use super::fields::Fields;
use super::lexer::expected;
use super::literal::{Special, Spelling};
use super::site::{Joined, Site};
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::form::encoding;
use crate::literal::fhir_token::{self, Code};

/// The one form of a parameter's name, from a selector.
pub(super) fn name(selector: &str) -> Result<String, &'static str> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    let bare = selector.strip_suffix('|').unwrap_or(selector);
    let chained = bare.starts_with("_has:") || !bare.contains(':');
    match !bare.is_empty() && chained && bare.bytes().all(good) {
        true => Ok(selector.to_lowercase()),
        false => Err("a search parameter without its modifier, `family` or `identifier|`,"),
    }
}

/// Finds the sites of a search.
pub(super) fn read(search: &str, fields: &Fields) -> Result<Vec<Site>, Error> {
    let mut start = match search.find('?') {
        Some(at) => at + 1,
        // A resource by itself.
        None if !search.contains('=') => return Ok(Vec::new()),
        None => 0,
    };
    let mut sites = Vec::new();
    for pair in search.get(start..).unwrap_or_default().split('&') {
        parameter(pair, start, fields, &mut sites)?;
        start += pair.len() + 1;
    }
    Ok(sites)
}

/// A parameter that stands at `start` of the search.
fn parameter(
    pair: &str,
    start: usize,
    fields: &Fields,
    sites: &mut Vec<Site>,
) -> Result<(), Error> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let at = |kind: ErrorKind| Error::new(kind, start as u64);
    let mut decoded = Vec::new();
    encoding::decode(name.as_bytes(), &mut decoded).map_err(at)?;
    let decoded = String::from_utf8_lossy(&decoded);
    // There are servers that part pairs here too.
    if pair.contains([';', '#']) {
        return Err(expected("parameters joined by `&`", start));
    }
    let (path, modifier) = path(&decoded);
    let token = fields.find(&format!("{path}|"));
    let Some(place) = token.or_else(|| fields.find(&path)) else {
        return Ok(());
    };
    let value = Value::read(value, start + name.len() + 1).map_err(at)?;
    let (codes, comparison) = match (token, modifier) {
        (Some(_), modifier) => {
            let codes = fhir_token::values(&value.text, modifier.as_bytes()).map_err(at)?;
            let not = modifier == ":not";
            (
                codes,
                if not {
                    Comparison::NotEqual
                } else {
                    Comparison::Equal
                },
            )
        }
        (None, ":missing") => return Ok(()),
        (None, modifier) => {
            let comparison = match modifier {
                "" => Comparison::Prefix,
                ":exact" => Comparison::Equal,
                ":contains" => Comparison::Contains,
                _ => return Err(expected("a string search without this modifier", start)),
            };
            (value.alternatives(), comparison)
        }
    };
    sites.extend(
        codes
            .into_iter()
            .map(|code| value.site(&code, place, comparison)),
    );
    Ok(())
}

/// The path of a parameter, without the types in it, and its modifier with its `:`.
fn path(name: &str) -> (String, &str) {
    if name.starts_with("_has:") {
        return (name.to_owned(), "");
    }
    let last = name.rfind('.').map_or(0, |dot| dot + 1);
    let colon = name.get(last..).and_then(|last| last.find(':'));
    let (path, modifier) = name.split_at(colon.map_or(name.len(), |colon| last + colon));
    let steps = path
        .split('.')
        .map(|step| step.split(':').next().unwrap_or(step));
    (steps.collect::<Vec<_>>().join("."), modifier)
}

/// A decoded value that knows where each of its bytes is spelled.
struct Value {
    text: Zeroizing<Vec<u8>>,
    /// The offset of each byte in the search, and of the end.
    offsets: Vec<usize>,
}

impl Value {
    fn read(raw: &str, start: usize) -> Result<Self, ErrorKind> {
        let mut value = Self {
            text: Zeroizing::default(),
            offsets: Vec::with_capacity(raw.len() + 1),
        };
        let mut at = 0;
        while let Some((byte, length)) =
            encoding::next(raw.as_bytes().get(at..).unwrap_or_default())?
        {
            value.text.push(byte);
            value.offsets.push(start + at);
            at += length;
        }
        value.offsets.push(start + at);
        match std::str::from_utf8(&value.text) {
            Ok(_) => Ok(value),
            Err(_) => Err(ErrorKind::Charset),
        }
    }

    /// What stands between its commas.
    fn alternatives(&self) -> Vec<Code> {
        let mut all = Vec::new();
        let mut start = 0;
        let mut bytes = self.text.iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => {
                    bytes.next();
                }
                b',' => {
                    all.push(Code {
                        start,
                        code: start..at,
                    });
                    start = at + 1;
                }
                _ => {}
            }
        }
        all.push(Code {
            start,
            code: start..self.text.len(),
        });
        all
    }

    fn site(&self, code: &Code, place: PlaceId, comparison: Comparison) -> Site {
        let offset = |at: usize| self.offsets.get(at).copied().unwrap_or_default();
        let text = self.text.get(code.code.clone()).unwrap_or_default();
        let whole = offset(code.start)..offset(code.code.end);
        Site {
            place,
            comparison,
            value_type: ValueType::String,
            text: fhir_token::unescape(Zeroizing::new(text.to_vec())),
            at: offset(code.code.start)..offset(code.code.end),
            spelling: Spelling::inside(Special::Search),
            or: Some(Joined::new("", ",", "").over(whole)),
        }
    }
}
