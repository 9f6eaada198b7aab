//! The part of JSONPath (RFC 9535) that one forward pass can match.
//!
//! Taken: `$`, `.name`, `['name']`, `.*`, `[*]`, `[0]`, `..` before a name, a star or an index, and filters of
//! equalities joined by `&&` (`[?@.system == 'urn:x' && @.use == 'official']`, `[?@.a.b == 1]`). What decides a
//! filter may stand before or after the value it governs: the element is held within `lookahead`. All else is
//! refused with the reason and the bytes it stands at.

use std::ops::Range;

use crate::selector::{Reason, SelectorError};

/// A selector that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub(super) segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Segment {
    /// Whether it was written with `..`: at any depth.
    pub(super) deep: bool,
    pub(super) step: Step,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Name(Box<str>),
    Any,
    Index(u64),
    Filter(Filter),
}

/// Equalities that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter {
    pub(super) tests: Vec<Test>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    /// The names after `@`.
    pub(super) path: Vec<Box<str>>,
    pub(super) literal: Literal,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    String(Box<str>),
    Number(f64),
    Boolean(bool),
    Null,
}

/// RFC 9535 §2.1: integers are those that every implementation can hold.
const LARGEST_INDEX: u64 = (1 << 53) - 1;
/// Parentheses deeper than this serve nobody.
const DEEPEST_PARENTHESES: usize = 16;

impl Path {
    /// Reads a selector.
    ///
    /// # Errors
    /// Where the text is not JSONPath, or not of the part described in the module.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut parser = Parser { text, at: 0 };
        parser.expect("$", "`$`, the whole body,")?;
        let mut segments = Vec::new();
        loop {
            parser.space();
            if parser.rest().is_empty() {
                return Ok(Self { segments });
            }
            segments.push(parser.segment()?);
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
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

    fn shorthand(&mut self) -> Result<&'a str, SelectorError> {
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
    fn string(&mut self) -> Result<String, SelectorError> {
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

    fn filter(&mut self) -> Result<Filter, SelectorError> {
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
        let well_formed = super::number::Number::whole(text.as_bytes());
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

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, token: &str) -> bool {
        let eaten = self.rest().starts_with(token);
        if eaten {
            self.at += token.len();
        }
        eaten
    }

    fn expect(&mut self, token: &str, expected: &'static str) -> Result<(), SelectorError> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.expected(expected))
        }
    }

    fn space(&mut self) {
        while let Some(' ' | '\t' | '\n' | '\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expected(&self, expected: &'static str) -> SelectorError {
        SelectorError::new(Reason::Expected { expected }, self.here(1))
    }

    fn unsupported(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Range<usize>, Reason) {
        let error = Path::parse(text).unwrap_err();
        (error.at, error.reason)
    }

    #[test]
    fn both_notations_read_the_same() {
        assert_eq!(
            Path::parse("$.a.b[*]").unwrap(),
            Path::parse("$ ['a'] [\"b\"].*").unwrap()
        );
        assert_eq!(
            Path::parse("$['n\\u0061me']").unwrap(),
            Path::parse("$.name").unwrap()
        );
        assert_eq!(
            Path::parse("$.prénom").unwrap(),
            Path::parse("$['prénom']").unwrap()
        );
        assert_eq!(Path::parse("$").unwrap().segments, []);
    }

    #[test]
    fn filters_are_conjunctions_of_equalities() {
        let path = Path::parse("$.x[?(@.a == 'it\\'s' && 1.5 == @.b['c'])].v").unwrap();
        let Step::Filter(filter) = &path.segments[1].step else {
            panic!("a filter")
        };
        assert_eq!(
            filter.tests,
            [
                Test {
                    path: vec!["a".into()],
                    literal: Literal::String("it's".into())
                },
                Test {
                    path: vec!["b".into(), "c".into()],
                    literal: Literal::Number(1.5)
                },
            ]
        );
        assert!(
            Path::parse("$.x[?@.a==true].v").is_ok() && Path::parse("$.x[?@.a == null].v").is_ok()
        );
    }

    #[test]
    fn what_no_forward_pass_matches_is_refused_where_it_stands() {
        assert_eq!(
            refused("$.a[-1]"),
            (
                4..6,
                Reason::NotForward {
                    what: "an index from the end"
                }
            )
        );
        assert_eq!(refused("$.a[?$.b == 1]").0, 5..6);
        assert_eq!(refused("$.a[1:2]").0, 4..7);
        assert_eq!(refused("$.a[:2]").0, 4..6);
        assert_eq!(refused("$[?@.a || @.b]").0, 3..6);
        assert_eq!(refused("$[?@.a == 1 || @.b == 2]").0, 12..14);
        assert_eq!(refused("$[?length(@.a) == 2]").0, 3..9);
        assert_eq!(refused("$['a','b']").0, 5..6);
        assert_eq!(refused("$.a[+]").0, 4..5);
        assert_eq!(refused("$..[?@.a == 1]").0, 3..14);
        assert_eq!(refused("$.first-name").0, 2..8);
    }

    #[test]
    fn what_is_no_jsonpath_is_refused() {
        for text in [
            "",
            "name",
            "$.",
            "$a",
            "$..",
            "$[",
            "$[]",
            "$['a",
            "$[a]",
            "$[01]",
            "$[9007199254740992]",
            "$['\\x']",
            "$['\\ud800']",
            "$[?]",
            "$[?@.a == ]",
            "$[?@.a == 01]",
            "$[?@.a = 1]",
            "$[?(@.a == 1]",
            "$.a ]",
            "$.1",
            "$[?@.a == x]",
            "$[?@ == 1]",
            "$[?@.a == 1e999]",
        ] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }
}
