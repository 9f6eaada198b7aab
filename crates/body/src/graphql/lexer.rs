//! The tokens of a document (specification §2.1): names, numbers, strings, punctuators. Comments, commas and white
//! space mean nothing.

use zeroize::Zeroizing;

use crate::error::Error;
pub(super) use crate::language::expected;
use crate::language::{Escapes, unescape};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Int,
    Float,
    String,
    Block,
    Punctuator,
    End,
}

/// A token and where it stands.
pub(super) type Token = crate::language::Token<Kind>;

/// The tokens of one document.
pub(super) struct Tokens<'a> {
    document: &'a str,
    next: Token,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(document: &'a str) -> Result<Self, Error> {
        let next = Token {
            kind: Kind::End,
            start: 0,
            end: 0,
        };
        let mut tokens = Self { document, next };
        tokens.next = tokens.read(0)?;
        Ok(tokens)
    }

    pub(super) fn peek(&self) -> Token {
        self.next
    }

    pub(super) fn take(&mut self) -> Result<Token, Error> {
        let token = self.next;
        self.next = self.read(token.end)?;
        Ok(token)
    }

    pub(super) fn text(&self, token: Token) -> &'a str {
        self.document.get(token.range()).unwrap_or_default()
    }

    /// Whether this punctuator or name comes next.
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.next.kind, Kind::Name | Kind::Punctuator) && self.text(self.next) == text
    }

    /// Takes this punctuator or name if it comes next.
    pub(super) fn took(&mut self, text: &str) -> Result<bool, Error> {
        let is_it = self.is(text);
        if is_it {
            self.take()?;
        }
        Ok(is_it)
    }

    /// Takes this punctuator or name, which must come next.
    pub(super) fn need(&mut self, text: &'static str) -> Result<(), Error> {
        match self.took(text)? {
            true => Ok(()),
            false => Err(self.fail(text)),
        }
    }

    /// Takes the name that must come next.
    pub(super) fn name(&mut self) -> Result<Token, Error> {
        match self.next.kind == Kind::Name {
            true => self.take(),
            false => Err(self.fail("a name")),
        }
    }

    pub(super) fn fail(&self, what: &'static str) -> Error {
        expected(what, self.next.start)
    }

    /// What a string stands for.
    pub(super) fn string(&self, token: Token) -> Result<Zeroizing<Vec<u8>>, Error> {
        let text = self.text(token);
        if token.kind == Kind::Block {
            let raw = text.get(3..text.len().saturating_sub(3));
            return Ok(block(raw.unwrap_or_default()));
        }
        let raw = text.get(1..text.len().saturating_sub(1));
        unescape(
            raw.unwrap_or_default(),
            '"',
            Escapes::Backslash("nrtbfu\"\\/"),
        )
        .map_err(|at| expected("an escape that the language defines", token.start + 1 + at))
    }

    fn read(&self, from: usize) -> Result<Token, Error> {
        let mut start = from;
        loop {
            let rest = self.document.get(start..).unwrap_or_default();
            let ignored = rest
                .bytes()
                .take_while(|byte| b" \t\r\n,".contains(byte))
                .count();
            start += ignored;
            match rest.get(ignored..) {
                Some(rest) if rest.starts_with('#') => {
                    start += rest.find(['\n', '\r']).unwrap_or(rest.len());
                }
                _ => break,
            }
        }
        let rest = self.document.get(start..).unwrap_or_default();
        let (kind, length) = first(rest).map_err(|what| expected(what, start))?;
        Ok(Token {
            kind,
            start,
            end: start + length,
        })
    }
}

/// The token that a text begins with.
fn first(text: &str) -> Result<(Kind, usize), &'static str> {
    let Some(byte) = text.bytes().next() else {
        return Ok((Kind::End, 0));
    };
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let count = |is: fn(u8) -> bool| text.bytes().take_while(|byte| is(*byte)).count();
    match byte {
        b'"' if text.starts_with("\"\"\"") => block_length(text).map(|end| (Kind::Block, end)),
        b'"' => string_length(text).map(|end| (Kind::String, end)),
        b'-' | b'0'..=b'9' => {
            let length = count(goes_on_number);
            match text.get(..length) {
                Some(number) if crate::escape::is_number(number.as_bytes()) => {
                    let whole = !number.contains(['.', 'e', 'E']);
                    Ok((if whole { Kind::Int } else { Kind::Float }, length))
                }
                _ => Err("a number"),
            }
        }
        b'.' if text.starts_with("...") => Ok((Kind::Punctuator, 3)),
        _ if b"!$&():=@[]{|}".contains(&byte) => Ok((Kind::Punctuator, 1)),
        _ if goes_on(byte) => Ok((
            Kind::Name,
            count(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
        )),
        _ => Err("a name, a value or a punctuator"),
    }
}

fn goes_on_number(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte)
}

fn string_length(text: &str) -> Result<usize, &'static str> {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Ok(at + 1),
            b'\\' => {
                bytes.next();
            }
            b'\n' | b'\r' => break,
            _ => {}
        }
    }
    Err("a closing quote on the same line")
}

fn block_length(text: &str) -> Result<usize, &'static str> {
    let mut at = 3;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("\"\"\"") {
            return Ok(at + 3);
        }
        let escaped = rest.starts_with("\\\"\"\"");
        match rest.chars().next() {
            Some(_) if escaped => at += 4,
            Some(character) => at += character.len_utf8(),
            None => break,
        }
    }
    Err("the end of a block string")
}

/// What a block string stands for (§2.9.4, BlockStringValue).
fn block(raw: &str) -> Zeroizing<Vec<u8>> {
    let raw = Zeroizing::new(raw.replace("\\\"\"\"", "\"\"\""));
    let lines = Zeroizing::new(raw.replace("\r\n", "\n").replace('\r', "\n"));
    let lines: Vec<&str> = lines.split('\n').collect();
    let is_blank = |line: &&str| line.bytes().all(|byte| b" \t".contains(&byte));
    let indent = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let after_first = lines.iter().skip(1).filter(|line| !is_blank(line));
    let common = after_first.map(indent).min().unwrap_or(0);
    let mut kept: Vec<&str> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| match number {
            0 => line,
            _ => line.get(common..).unwrap_or_default(),
        })
        .collect();
    let blank_at_start = kept.iter().take_while(|line| is_blank(line)).count();
    kept.drain(..blank_at_start);
    while kept.last().is_some_and(is_blank) {
        kept.pop();
    }
    Zeroizing::new(kept.join("\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(document: &str) -> Result<Vec<(Kind, &str)>, Error> {
        let mut tokens = Tokens::new(document)?;
        let mut all = Vec::new();
        while tokens.peek().kind != Kind::End {
            let token = tokens.take()?;
            all.push((token.kind, tokens.text(token)));
        }
        Ok(all)
    }

    #[test]
    fn tokens_are_told_apart() {
        use Kind::{Block, Float, Int, Name, Punctuator, String};
        assert_eq!(
            tokens("{a(b:-1, c:\"x\\\"\"#no\n d:1.5e3)...@f \"\"\"a\\\"\"\"b\"\"\"").unwrap(),
            [
                (Punctuator, "{"),
                (Name, "a"),
                (Punctuator, "("),
                (Name, "b"),
                (Punctuator, ":"),
                (Int, "-1"),
                (Name, "c"),
                (Punctuator, ":"),
                (String, "\"x\\\"\""),
                (Name, "d"),
                (Punctuator, ":"),
                (Float, "1.5e3"),
                (Punctuator, ")"),
                (Punctuator, "..."),
                (Punctuator, "@"),
                (Name, "f"),
                (Block, "\"\"\"a\\\"\"\"b\"\"\""),
            ]
        );
        for bad in [
            "\"a", "\"a\nb\"", "\"\"\"a", "01", "1a", "a.b", "é", "'a'", "%",
        ] {
            assert!(tokens(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_block_string_loses_its_indent() {
        let read = |raw: &str| String::from_utf8(block(raw).to_vec()).unwrap();
        assert_eq!(
            read("\n    Hello,\n      World!\n\n    Yours\n  "),
            "Hello,\n  World!\n\nYours"
        );
        assert_eq!(read("a\\\"\"\"b"), "a\"\"\"b");
        assert_eq!(read(" a\r\n  b"), " a\nb");
        assert_eq!(read("  \n \n"), "");
    }
}
