//! The reader of filters (RFC 9535 §2.3.5): equalities, joined by `&&`.

use super::parser::Parser;
use super::{Filter, Literal, Test};
use crate::json::number::Number;
use crate::selector::{Reason, SelectorError};

/// Parentheses deeper than this serve nobody.
const DEEPEST_PARENTHESES: usize = 16;

impl Parser<'_> {
    pub(super) fn filter(&mut self) -> Result<Filter, SelectorError> {
        let mut tests = Vec::new();
        self.conjunction(&mut tests, 0)?;
        Ok(Filter { tests })
    }

    fn conjunction(&mut self, tests: &mut Vec<Test>, depth: usize) -> Result<(), SelectorError> {
        loop {
            self.space();
            if self.peek() == Some('(') {
                if depth == DEEPEST_PARENTHESES {
                    return Err(self.expected("fewer parentheses"));
                }
                self.at += 1;
                self.conjunction(tests, depth + 1)?;
                self.expect(")", "`)`")?;
            } else {
                tests.push(self.test()?);
            }
            self.space();
            if self.rest().starts_with("||") {
                let remedy = "write one place for each side";
                return Err(self.unsupported("`||`", remedy, 2));
            }
            if !self.eat("&&") {
                return Ok(());
            }
        }
    }

    fn test(&mut self) -> Result<Test, SelectorError> {
        let from = self.at;
        let read = if self.peek() == Some('@') {
            let path = self.relative()?;
            self.equals(from)?;
            Test {
                path,
                literal: self.literal()?,
            }
        } else {
            let literal = self.literal()?;
            self.equals(from)?;
            Test {
                path: self.relative()?,
                literal,
            }
        };
        Ok(read)
    }

    fn equals(&mut self, from: usize) -> Result<(), SelectorError> {
        let end = self.at;
        self.space();
        let remedy = "write an equality, as in `@.kind == 'x'`";
        if self.eat("==") {
            self.space();
            return Ok(());
        }
        match self.peek() {
            Some('!' | '<' | '>' | '=') => Err(self.unsupported("this comparison", remedy, 1)),
            Some(']' | '&' | '|' | ')') => {
                let what = "a test for existence";
                Err(SelectorError::new(
                    Reason::Unsupported { what, remedy },
                    from..end,
                ))
            }
            _ => Err(self.expected("`==`")),
        }
    }

    /// `@` and the names after it.
    fn relative(&mut self) -> Result<Vec<Box<str>>, SelectorError> {
        if self.peek() == Some('$') {
            return Err(SelectorError::new(
                Reason::NotForward {
                    what: "a look at the whole body",
                },
                self.at..self.at + 1,
            ));
        }
        let from = self.at;
        self.expect("@", "`@`")?;
        let mut names = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with("..") || rest.starts_with(".*") {
                return Err(self.unsupported("more than names after `@`", "name each step", 2));
            }
            if self.eat(".") {
                names.push(self.shorthand()?.into());
            } else if rest.starts_with('[') {
                self.at += 1;
                self.space();
                if !matches!(self.peek(), Some('\'' | '"')) {
                    return Err(self.unsupported("more than names after `@`", "name each step", 1));
                }
                names.push(self.string()?.into());
                self.space();
                self.expect("]", "`]`")?;
            } else if names.is_empty() {
                let remedy = "name the member that decides, as in `@.kind`";
                return Err(SelectorError::new(
                    Reason::Unsupported {
                        what: "`@` by itself",
                        remedy,
                    },
                    from..self.at,
                ));
            } else {
                return Ok(names);
            }
        }
    }

    fn literal(&mut self) -> Result<Literal, SelectorError> {
        let rest = self.rest();
        match self.peek() {
            Some('\'' | '"') => self.string().map(|text| Literal::String(text.into())),
            Some('-' | '0'..='9') => self.number(),
            Some('@' | '$') => {
                Err(self.unsupported("a comparison of two paths", "compare with a literal", 1))
            }
            Some('!') => {
                Err(self.unsupported("`!`", "write an equality, as in `@.kind == 'x'`", 1))
            }
            Some('a'..='z') => {
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                let literal = match rest.get(..end) {
                    Some("true") => Literal::Boolean(true),
                    Some("false") => Literal::Boolean(false),
                    Some("null") => Literal::Null,
                    _ if rest.get(end..).is_some_and(|after| after.starts_with('(')) => {
                        return Err(self.unsupported(
                            "a function",
                            "write an equality, as in `@.kind == 'x'`",
                            end,
                        ));
                    }
                    _ => return Err(self.expected("a literal")),
                };
                self.at += end;
                Ok(literal)
            }
            _ => Err(self.expected("`@` or a literal")),
        }
    }

    /// A number in JSON's spelling.
    fn number(&mut self) -> Result<Literal, SelectorError> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        let range = self.at..self.at + end;
        let well_formed = Number::whole(text.as_bytes());
        match text.parse::<f64>() {
            Ok(value) if well_formed && value.is_finite() => {
                self.at += end;
                Ok(Literal::Number(value))
            }
            _ => Err(SelectorError::new(
                Reason::Expected {
                    expected: "a number",
                },
                range,
            )),
        }
    }
}
