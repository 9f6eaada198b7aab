//! The reader of selectors (RFC 9535 §2), all but what stands behind a `?`.

use std::ops::Range;

use super::{Path, Segment, Step};
use crate::selector::{Reason, SelectorError};

/// RFC 9535 §2.1: integers are those that every implementation can hold.
const LARGEST_INDEX: u64 = (1 << 53) - 1;
/// A selector's text, and how far it is read.
pub(super) struct Parser<'a> {
    text: &'a str,
    pub(super) at: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads a whole selector.
    pub(super) fn path(&mut self) -> Result<Path, SelectorError> {
        self.expect("$", "`$`, the whole body,")?;
        let mut segments = Vec::new();
        loop {
            self.space();
            if self.rest().is_empty() {
                return Ok(Path { segments });
            }
            segments.push(self.segment()?);
        }
    }

    fn segment(&mut self) -> Result<Segment, SelectorError> {
        if self.eat("..") {
            let from = self.at;
            let step = if self.eat("[") {
                self.brackets()?
            } else {
                self.dotted()?
            };
            if matches!(step, Step::Filter(_)) {
                let what = "a filter right after `..`";
                let remedy = "name the list that holds the elements, as in `$..list[?…]`";
                return Err(SelectorError::new(
                    Reason::Unsupported { what, remedy },
                    from..self.at,
                ));
            }
            return Ok(Segment { deep: true, step });
        }
        let step = if self.eat(".") {
            self.dotted()?
        } else if self.eat("[") {
            self.brackets()?
        } else {
            return Err(self.expected("`.name`, `[…]` or the end"));
        };
        Ok(Segment { deep: false, step })
    }

    /// What follows a dot: a star or a name in shorthand (RFC 9535 §2.5.1.1).
    fn dotted(&mut self) -> Result<Step, SelectorError> {
        if self.eat("*") {
            return Ok(Step::Any);
        }
        self.shorthand().map(|name| Step::Name(name.into()))
    }

    pub(super) fn shorthand(&mut self) -> Result<&'a str, SelectorError> {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.expected("a name"));
        }
        if rest.get(end..).is_some_and(|after| after.starts_with('-')) {
            let what = "a name with `-` in shorthand";
            let reason = Reason::Unsupported {
                what,
                remedy: "write it as `['a-name']`",
            };
            return Err(SelectorError::new(reason, self.at..self.at + end + 1));
        }
        self.at += end;
        Ok(name)
    }

    /// What follows `[`, up to and with the `]`.
    fn brackets(&mut self) -> Result<Step, SelectorError> {
        self.space();
        let from = self.at;
        let step = match self.peek() {
            Some('*') => {
                self.at += 1;
                Step::Any
            }
            Some('\'' | '"') => Step::Name(self.string()?.into()),
            Some('?') => {
                self.at += 1;
                Step::Filter(self.filter()?)
            }
            Some('+') => {
                let what = "`[+]`";
                let remedy = "it appends, and may stand only where a value is put beside another";
                return Err(SelectorError::new(
                    Reason::Unsupported { what, remedy },
                    from..from + 1,
                ));
            }
            Some('-' | ':' | '0'..='9') => self.index()?,
            _ => return Err(self.expected("a name in quotes, `*`, an index or `?`")),
        };
        self.space();
        match self.peek() {
            Some(']') => {
                self.at += 1;
                Ok(step)
            }
            Some(',') => {
                let what = "several selectors in one bracket";
                let remedy = "write one place for each";
                Err(SelectorError::new(
                    Reason::Unsupported { what, remedy },
                    self.at..self.at + 1,
                ))
            }
            Some(':') => Err(self.slice(from)),
            _ => Err(self.expected("`]`")),
        }
    }

    fn index(&mut self) -> Result<Step, SelectorError> {
        let from = self.at;
        if self.eat("-") {
            self.digits();
            let what = "an index from the end";
            return Err(SelectorError::new(
                Reason::NotForward { what },
                from..self.at,
            ));
        }
        if self.peek() == Some(':') {
            return Err(self.slice(from));
        }
        let digits = self.digits();
        let value = digits
            .parse::<u64>()
            .ok()
            .filter(|value| *value <= LARGEST_INDEX);
        match value {
            Some(value) if digits == "0" || !digits.starts_with('0') => Ok(Step::Index(value)),
            _ => Err(SelectorError::new(
                Reason::Expected {
                    expected: "an index",
                },
                from..self.at,
            )),
        }
    }

    fn slice(&self, from: usize) -> SelectorError {
        let end = self
            .text
            .get(from..)
            .and_then(|rest| rest.find(']'))
            .map_or(self.text.len(), |at| from + at);
        let remedy = "write `[*]`, or one place for each index";
        SelectorError::new(
            Reason::Unsupported {
                what: "a slice",
                remedy,
            },
            from..end,
        )
    }

    fn digits(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// A string in either quotes (RFC 9535 §2.3.1.1).
    pub(super) fn string(&mut self) -> Result<String, SelectorError> {
        let from = self.at;
        let quote = self.next();
        let mut value = String::new();
        loop {
            match self.next() {
                None => {
                    return Err(SelectorError::new(
                        Reason::Expected {
                            expected: "a closing quote",
                        },
                        from..self.at,
                    ));
                }
                Some(c) if Some(c) == quote => return Ok(value),
                Some('\\') => value.push(self.escape(quote)?),
                Some(c) if c < ' ' => {
                    let reason = Reason::Expected {
                        expected: "an escape for a control character",
                    };
                    return Err(SelectorError::new(reason, self.at - 1..self.at));
                }
                Some(c) => value.push(c),
            }
        }
    }

    fn escape(&mut self, quote: Option<char>) -> Result<char, SelectorError> {
        let from = self.at - 1;
        let read = match self.next() {
            Some('b') => Some('\u{8}'),
            Some('t') => Some('\t'),
            Some('n') => Some('\n'),
            Some('f') => Some('\u{c}'),
            Some('r') => Some('\r'),
            Some(c @ ('/' | '\\')) => Some(c),
            Some('u') => self.unicode(),
            Some(c) if Some(c) == quote => Some(c),
            _ => None,
        };
        read.ok_or_else(|| {
            SelectorError::new(
                Reason::Expected {
                    expected: "an escape",
                },
                from..self.at,
            )
        })
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        self.eat("\\u").then_some(())?;
        let second = self.hex()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let eaten = self.rest().starts_with(token);
        if eaten {
            self.at += token.len();
        }
        eaten
    }

    pub(super) fn expect(
        &mut self,
        token: &str,
        expected: &'static str,
    ) -> Result<(), SelectorError> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.expected(expected))
        }
    }

    pub(super) fn space(&mut self) {
        while let Some(' ' | '\t' | '\n' | '\r') = self.peek() {
            self.at += 1;
        }
    }

    pub(super) fn expected(&self, expected: &'static str) -> SelectorError {
        SelectorError::new(Reason::Expected { expected }, self.here(1))
    }

    pub(super) fn unsupported(
        &self,
        what: &'static str,
        remedy: &'static str,
        length: usize,
    ) -> SelectorError {
        SelectorError::new(Reason::Unsupported { what, remedy }, self.here(length))
    }

    /// So many characters from here, as far as there are.
    fn here(&self, length: usize) -> Range<usize> {
        self.at
            ..self.at
                + self
                    .rest()
                    .chars()
                    .take(length)
                    .map(char::len_utf8)
                    .sum::<usize>()
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}
