//! A JSON text that is held whole: where the members of its objects stand, so that some can be changed and the rest kept.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::places::Places;
use super::skip::past_space;
use super::stream::Stream;
use super::string;
use crate::ahead::Nobody;
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::{Limits, Rewriter};

/// A JSON text of which the grammar was checked.
#[derive(Clone, Copy)]
pub(crate) struct Checked<'a>(&'a [u8]);

/// A member of an object: its name, decoded, and where its value stands.
pub(crate) type Member<'a> = (Cow<'a, [u8]>, Range<usize>);

impl<'a> Checked<'a> {
    /// Checks a text; `nothing` are no places at all.
    ///
    /// # Errors
    /// As a JSON body.
    pub(crate) fn new(
        text: &'a [u8],
        nothing: &Arc<Places>,
        limits: Limits,
    ) -> Result<Self, ErrorKind> {
        let kind = |error: Error| error.kind;
        let mut stream = Stream::new(Arc::clone(nothing), limits);
        let mut nowhere = Out::new();
        let bytes = Bytes::copy_from_slice(text);
        stream
            .push(&bytes, &mut Nobody, &mut nowhere)
            .map_err(kind)?;
        stream.finish(&mut Nobody, &mut nowhere).map_err(kind)?;
        Ok(Self(text))
    }

    /// Where the whole value stands.
    pub(crate) fn value(self) -> Range<usize> {
        let start = past_space(self.0, 0);
        start..self.end(start)
    }

    /// What stands at a range.
    pub(crate) fn at(self, range: Range<usize>) -> &'a [u8] {
        self.0.get(range).unwrap_or_default()
    }

    /// The members of the object at a range; nothing where it is none.
    pub(crate) fn members(self, range: &Range<usize>) -> Option<Vec<Member<'a>>> {
        let mut members = Vec::new();
        let mut at = self.inside(range, b'{', b'}')?;
        while let Some(from) = at {
            let end = string::end(self.0, from + 1).map(|(end, _)| end)?;
            // Half of a surrogate pair is in no name that is known, and neither is this byte.
            let name = string::decode_key(self.at(from + 1..end - 1));
            let name = name.unwrap_or(Cow::Borrowed(b"\xff"));
            let value = past_space(self.0, past_space(self.0, end) + 1);
            let value = value..self.end(value);
            at = self.next(value.end);
            members.push((name, value));
        }
        Some(members)
    }

    /// The elements of the array at a range; nothing where it is none.
    pub(crate) fn elements(self, range: &Range<usize>) -> Option<Vec<Range<usize>>> {
        let mut elements = Vec::new();
        let mut at = self.inside(range, b'[', b']')?;
        while let Some(from) = at {
            let end = self.end(from);
            at = self.next(end);
            elements.push(from..end);
        }
        Some(elements)
    }

    /// The text of the string at a range; nothing where it is none.
    ///
    /// # Errors
    /// [`ErrorKind::Charset`] where it holds half of a surrogate pair.
    pub(crate) fn text(
        self,
        range: &Range<usize>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ErrorKind> {
        let spelled = self.at(range.clone());
        let Some(inner) = spelled.strip_prefix(b"\"") else {
            return Ok(None);
        };
        let inner = inner.strip_suffix(b"\"").unwrap_or_default();
        let mut text = Zeroizing::new(Vec::with_capacity(inner.len()));
        let decoded = string::decode(inner, &mut text);
        decoded.map_err(|string::LoneSurrogate| ErrorKind::Charset)?;
        Ok(Some(text))
    }

    /// Where the first entry begins of an object or array, if it has one.
    fn inside(self, range: &Range<usize>, open: u8, close: u8) -> Option<Option<usize>> {
        if self.0.get(range.start) != Some(&open) {
            return None;
        }
        let at = past_space(self.0, range.start + 1);
        Some((self.0.get(at) != Some(&close)).then_some(at))
    }

    /// Where the entry behind one that ends here begins, if there is one.
    fn next(self, end: usize) -> Option<usize> {
        let at = past_space(self.0, end);
        (self.0.get(at) == Some(&b',')).then(|| past_space(self.0, at + 1))
    }

    /// Where the value ends that begins at `start`.
    fn end(self, start: usize) -> usize {
        let (mut at, mut open) = (start, 0usize);
        while let Some(byte) = self.0.get(at) {
            match byte {
                b'"' => {
                    at = string::end(self.0, at + 1).map_or(self.0.len(), |(end, _)| end);
                    if open == 0 {
                        return at;
                    }
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' if open <= 1 => return at + open,
                b'}' | b']' => open -= 1,
                b',' | b' ' | b'\t' | b'\r' | b'\n' if open == 0 => return at,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

/// Whether some readers take these names for one: those that make no difference between upper and lower case.
pub(crate) fn alike(one: &[u8], other: &[u8]) -> bool {
    let fold = |name| String::from_utf8_lossy(name).to_uppercase().to_lowercase();
    one.eq_ignore_ascii_case(other) || fold(one) == fold(other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn check(text: &str, range: Range<usize>, oracle: &Value, checked: Checked<'_>) {
        let here = serde_json::from_slice::<Value>(checked.at(range.clone())).unwrap();
        assert_eq!(here, *oracle, "{text}");
        match oracle {
            Value::Object(object) => {
                let members = checked.members(&range).unwrap();
                assert_eq!(members.len(), object.len());
                for (name, value) in members {
                    let name = std::str::from_utf8(&name).unwrap();
                    check(text, value, &object[name], checked);
                }
            }
            Value::Array(array) => {
                let elements = checked.elements(&range).unwrap();
                assert_eq!(elements.len(), array.len());
                for (element, oracle) in elements.into_iter().zip(array) {
                    check(text, element, oracle, checked);
                }
            }
            Value::String(oracle) => {
                let known = checked.text(&range).unwrap().unwrap();
                assert_eq!(known.as_slice(), oracle.as_bytes());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                assert_eq!(checked.text(&range), Ok(None));
                assert!(checked.members(&range).is_none() && checked.elements(&range).is_none());
            }
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\\[\\]{},:\" \\\\]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"{\\[é]{0,3}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn members_stand_where_the_oracle_finds_them(oracle in value(), pretty: bool) {
            let text = if pretty {
                format!(" {}\n", serde_json::to_string_pretty(&oracle).unwrap())
            } else {
                oracle.to_string()
            };
            let nothing = Arc::new(Places::of(&[]).unwrap());
            let checked = Checked::new(text.as_bytes(), &nothing, Limits::default()).unwrap();
            check(&text, checked.value(), &oracle, checked);
        }
    }

    #[test]
    fn names_are_alike_in_any_case() {
        for (one, other) in [
            ("url", "URL"),
            ("requests", "reque\u{17f}t\u{17f}"),
            ("k", "\u{212a}"),
        ] {
            assert!(alike(one.as_bytes(), other.as_bytes()), "{other}");
        }
        assert!(!alike(b"url", b"uri") && !alike(b"url", b"\xff"));
    }
}
