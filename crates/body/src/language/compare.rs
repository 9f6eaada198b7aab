//! Where a protected field and a literal meet: what is noted, and what is refused.

use std::ops::Range;

use zeroize::Zeroizing;

use super::expression::{Compared, Dialect, Parser};
use super::lexer::{Kind, Token, expected};
use super::literal::{Escapes, Special, Spelling, unescape};
use super::operand::{How, Literal, Operand};
use super::site::Site;
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::Error;

impl<D: Dialect> Parser<'_, D> {
    /// The text of a token that must be a quoted text.
    pub(super) fn quoted(&self, token: Token) -> Result<String, Error> {
        let Kind::Text(quote, escapes) = token.kind else {
            return Err(expected("a quoted text", token.start));
        };
        let text = self.unescaped(inner(&token.range(), quote), quote, escapes)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn unescaped(
        &self,
        inner: Range<usize>,
        quote: char,
        escapes: Escapes,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let start = inner.start;
        unescape(self.tokens.slice(inner), quote, escapes)
            .map_err(|at| expected("an escape that the language defines", start + at))
    }

    /// Notes what is compared.
    pub(super) fn compare(
        &mut self,
        left: Operand,
        how: How,
        right: Operand,
        whole: Range<usize>,
        operator: Range<usize>,
    ) -> Result<(), Error> {
        match (left, right) {
            // What takes its place could be several values.
            (Operand::Field(_), Operand::Literal(literal))
                if matches!(how, How::As(Comparison::OneOf | Comparison::NotOneOf)) =>
            {
                Err(expected("a list in parentheses", literal.whole.start))
            }
            (Operand::Field(place), Operand::Literal(literal)) => {
                self.found(place, how, &literal, whole, operator)
            }
            (Operand::Literal(literal), Operand::Field(place)) => {
                let how = match how {
                    How::As(Comparison::OneOf) => How::EQUAL,
                    How::As(Comparison::NotOneOf) => How::NOT_EQUAL,
                    How::Like { .. } => How::CONTAINS,
                    other => other,
                };
                self.found(place, how, &literal, whole, operator)
            }
            (Operand::Field(place), Operand::List(items)) => {
                let how = match how {
                    How::Like { .. } => return Err(expected("one pattern", whole.start)),
                    How::As(Comparison::Equal) => How::ONE_OF,
                    How::As(Comparison::NotEqual) => How::NOT_ONE_OF,
                    other => other,
                };
                for item in items {
                    match item {
                        Operand::Literal(literal) => {
                            self.found(place, how, &literal, whole.clone(), operator.clone())?;
                        }
                        item if item.has_literal() => {
                            return Err(expected(ALONE, whole.start));
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            (left, right)
                if (left.is_protected() && right.has_literal())
                    || (right.is_protected() && left.has_literal()) =>
            {
                Err(expected(ALONE, whole.start))
            }
            (Operand::List(_), _) => Err(expected("a list behind its operator", whole.start)),
            (left @ Operand::Literal(_), right @ Operand::Literal(_))
                if left.has_text() && right.has_text() =>
            {
                Err(expected("a field beside a text", whole.start))
            }
            (Operand::Truth, other) | (other, Operand::Truth)
                if other.has_text() || other.is_protected() =>
            {
                Err(expected("true or false beside a comparison", whole.start))
            }
            _ => Ok(()),
        }
    }

    /// Notes a literal.
    fn found(
        &mut self,
        place: PlaceId,
        how: How,
        literal: &Literal,
        whole: Range<usize>,
        operator: Range<usize>,
    ) -> Result<(), Error> {
        let meant = self.meant(how, literal)?;
        let parts = Compared {
            literal: literal.whole.clone(),
            operator,
        };
        self.sites.push(Site {
            place,
            comparison: meant.comparison,
            value_type: literal.value_type,
            text: meant.text,
            at: meant.at,
            spelling: meant.spelling,
            or: self.dialect.or(meant.comparison, whole, parts),
        });
        Ok(())
    }

    /// What a literal stands for where it is compared so.
    fn meant(&self, how: How, literal: &Literal) -> Result<Meant, Error> {
        let Some((quote, escapes)) = literal.quote else {
            let text = self.tokens.slice(literal.whole.clone());
            return Ok(Meant {
                comparison: match how {
                    How::As(comparison) => comparison,
                    How::Like { .. } => Comparison::Contains,
                },
                text: Zeroizing::new(text.as_bytes().to_vec()),
                at: literal.whole.clone(),
                spelling: match literal.value_type {
                    ValueType::String => D::TEXT.shedding(),
                    ValueType::Number | ValueType::Boolean => D::TEXT,
                },
            });
        };
        let quoted = literal.whole.start + literal.prefix..literal.whole.end;
        let inside = inner(&quoted, quote);
        let special = special(quote, escapes);
        match how {
            How::As(comparison) => Ok(Meant {
                comparison,
                text: self.unescaped(inside.clone(), quote, escapes)?,
                at: inside,
                spelling: Spelling::inside(special),
            }),
            How::Like { not } => {
                let pattern = Pattern::of(self.tokens.slice(inside.clone()));
                let at = inside.start + pattern.inner.start..inside.start + pattern.inner.end;
                let escapes = match escapes {
                    Escapes::Backslash(_) => Escapes::Backslash(LIKE_ESCAPES),
                    other => other,
                };
                Ok(Meant {
                    comparison: match pattern.comparison {
                        Comparison::Equal if not => Comparison::NotEqual,
                        other => other,
                    },
                    text: self.unescaped(at.clone(), quote, escapes)?,
                    at,
                    spelling: Spelling::inside(like(special)),
                })
            }
        }
    }
}

/// What a literal stands for, and where and how something else is written in its place.
struct Meant {
    comparison: Comparison,
    text: Zeroizing<Vec<u8>>,
    at: Range<usize>,
    spelling: Spelling,
}

/// What is asked for where a literal and a protected field meet in another way than side by side.
pub(super) const ALONE: &str =
    "a protected field compared with a plain literal, nothing around either";

const LIKE_ESCAPES: &str = "nrtbfu'\"\\%_";

/// What stands between a literal's quotes.
pub(super) fn inner(whole: &Range<usize>, quote: char) -> Range<usize> {
    let width = quote.len_utf8();
    whole.start + width..whole.end.saturating_sub(width).max(whole.start + width)
}

/// What stands between quotes of which it is not known how they are escaped.
pub(super) const NO_ESCAPES: Special = Special::Never("'\"\\");

/// How what stands between these quotes is escaped.
pub(super) fn special(quote: char, escapes: Escapes) -> Special {
    match (escapes, quote) {
        (Escapes::Doubled, quote) => Special::Doubled(quote),
        (Escapes::Backslash(known), '"') if known.contains('n') => Special::Json,
        (Escapes::Backslash(_), '"') => Special::Backslash("\"\\"),
        (Escapes::Backslash(_), _) => Special::Backslash("'\\"),
        (Escapes::None, _) => NO_ESCAPES,
    }
}

fn like(special: Special) -> Special {
    match special {
        Special::Backslash(_) | Special::Json => Special::Backslash("'\"\\%_"),
        other => other,
    }
}

/// An SQL pattern: `%` is anything, `_` any character, a backslash takes their meaning.
struct Pattern {
    comparison: Comparison,
    /// What stands between the first and the last `%`.
    inner: Range<usize>,
}

impl Pattern {
    fn of(raw: &str) -> Self {
        let mut wild = Vec::new();
        let mut bytes = raw.bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => {
                    bytes.next();
                }
                b'%' | b'_' => wild.push((at, byte)),
                _ => {}
            }
        }
        let end = raw.len();
        let (comparison, inner) = match wild.as_slice() {
            [] => (Comparison::Equal, 0..end),
            [(at, b'%')] if at + 1 == end => (Comparison::Prefix, 0..*at),
            [(0, b'%')] => (Comparison::Contains, 1..end),
            [(0, b'%'), (at, b'%')] if at + 1 == end => (Comparison::Contains, 1..*at),
            _ => (Comparison::Contains, 0..end),
        };
        Self { comparison, inner }
    }
}
