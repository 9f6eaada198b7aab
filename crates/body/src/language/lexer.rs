//! The tokens of a statement: words, numbers, quoted texts, names in brackets, symbols. What is none of them is
//! refused.

use std::ops::Range;

use super::literal::Escapes;
use crate::error::{Error, ErrorKind};

/// What the tokens of a language look like.
#[derive(Debug)]
pub(super) struct Lexicon {
    /// The quotes of texts, and what is escaped between them.
    pub(super) quotes: &'static [(char, Escapes)],
    /// The brackets of names.
    pub(super) name: Option<(char, char)>,
    /// Whether a character begins a word.
    pub(super) begins: fn(char) -> bool,
    /// Whether a character goes on with a word.
    pub(super) goes_on: fn(char) -> bool,
    /// Whether a character goes on with what began with a digit.
    pub(super) number: fn(char) -> bool,
    /// The symbols, of which none stands after one that it begins with.
    pub(super) symbols: &'static [&'static str],
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name, a keyword, a bare value.
    Word,
    /// What begins with a digit.
    Number,
    /// A quoted text: which of the lexicon's quotes it has.
    Text(char, Escapes),
    /// A name in brackets.
    Name,
    /// One of the lexicon's symbols.
    Symbol,
    /// The end of the statement.
    End,
}

/// A token and where it stands, with its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<K = Kind> {
    pub(crate) kind: K,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<K> Token<K> {
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A statement that could not be read: what was expected, and where.
pub(crate) fn expected(expected: &'static str, at: usize) -> Error {
    Error::new(ErrorKind::Syntax { expected }, at as u64)
}

/// The tokens of one statement, one after the other.
#[derive(Clone)]
pub(super) struct Tokens<'a> {
    pub(super) statement: &'a str,
    lexicon: &'static Lexicon,
    /// The token that comes next.
    next: Token,
    /// Where the token before it ended.
    pub(super) end: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens from an offset on.
    pub(super) fn at(
        statement: &'a str,
        lexicon: &'static Lexicon,
        from: usize,
    ) -> Result<Self, Error> {
        let mut tokens = Self {
            statement,
            lexicon,
            next: Token {
                kind: Kind::End,
                start: from,
                end: from,
            },
            end: from,
        };
        tokens.next = tokens.read(from)?;
        Ok(tokens)
    }

    /// The token that comes next.
    pub(super) fn peek(&self) -> Token {
        self.next
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<Token, Error> {
        let token = self.next;
        self.end = token.end;
        self.next = self.read(token.end)?;
        Ok(token)
    }

    /// What stands in a range of the statement.
    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.statement.get(range).unwrap_or_default()
    }

    /// How a token is spelled.
    pub(super) fn text(&self, token: Token) -> &'a str {
        self.slice(token.range())
    }

    /// How what comes next is spelled.
    pub(super) fn next_text(&self) -> &'a str {
        self.text(self.next)
    }

    /// Whether a keyword comes next, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.next.kind == Kind::Word && self.next_text().eq_ignore_ascii_case(word)
    }

    /// Whether one of these keywords comes next, in any case.
    pub(super) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    /// Whether a symbol comes next.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.next.kind == Kind::Symbol && self.next_text() == symbol
    }

    /// Takes a keyword if it comes next.
    pub(super) fn word(&mut self, word: &str) -> Result<bool, Error> {
        let is_it = self.is_word(word);
        if is_it {
            self.take()?;
        }
        Ok(is_it)
    }

    /// Takes a symbol if it comes next.
    pub(super) fn symbol(&mut self, symbol: &str) -> Result<bool, Error> {
        let is_it = self.is_symbol(symbol);
        if is_it {
            self.take()?;
        }
        Ok(is_it)
    }

    /// Takes a keyword that must come next.
    pub(super) fn need_word(&mut self, word: &'static str) -> Result<(), Error> {
        match self.word(word)? {
            true => Ok(()),
            false => Err(self.fail(word)),
        }
    }

    /// Takes a symbol that must come next.
    pub(super) fn need(&mut self, symbol: &'static str) -> Result<(), Error> {
        match self.symbol(symbol)? {
            true => Ok(()),
            false => Err(self.fail(symbol)),
        }
    }

    /// Takes a token of a kind that must come next.
    pub(super) fn need_kind(&mut self, kind: Kind, what: &'static str) -> Result<Token, Error> {
        match self.next.kind == kind {
            true => self.take(),
            false => Err(self.fail(what)),
        }
    }

    /// Takes the end of the statement, which must come next.
    pub(super) fn need_end(&mut self) -> Result<(), Error> {
        self.need_kind(Kind::End, "the end of the statement")
            .map(drop)
    }

    /// Says what should come next and does not.
    pub(super) fn fail(&self, what: &'static str) -> Error {
        expected(what, self.next.start)
    }

    fn read(&self, from: usize) -> Result<Token, Error> {
        let rest = self.statement.get(from..).unwrap_or_default();
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let start = from + rest.len() - trimmed.len();
        let token = |kind, length| {
            Ok(Token {
                kind,
                start,
                end: start + length,
            })
        };
        let Some(first) = trimmed.chars().next() else {
            return token(Kind::End, 0);
        };
        let mut quotes = self.lexicon.quotes.iter();
        if let Some((quote, escapes)) = quotes.find(|(quote, _)| *quote == first) {
            let length = text_length(trimmed, *quote, *escapes);
            let length = length.map_err(|what| expected(what, start))?;
            return token(Kind::Text(*quote, *escapes), length);
        }
        if let Some((open, close)) = self.lexicon.name
            && first == open
        {
            let length = name_length(trimmed, open, close);
            return token(
                Kind::Name,
                length.ok_or_else(|| expected("a name in brackets", start))?,
            );
        }
        let length = |goes_on: fn(char) -> bool| {
            let more = trimmed.char_indices().skip(1);
            more.into_iter()
                .find(|(_, character)| !goes_on(*character))
                .map_or(trimmed.len(), |(at, _)| at)
        };
        if first.is_ascii_digit() {
            return token(Kind::Number, length(self.lexicon.number));
        }
        if (self.lexicon.begins)(first) {
            return token(Kind::Word, length(self.lexicon.goes_on));
        }
        let symbols = self.lexicon.symbols.iter();
        match symbols
            .into_iter()
            .find(|symbol| trimmed.starts_with(**symbol))
        {
            Some(symbol) => token(Kind::Symbol, symbol.len()),
            None => Err(expected("a word, a literal or an operator", start)),
        }
    }
}

/// How long the quoted text is that this begins with.
fn text_length(text: &str, quote: char, escapes: Escapes) -> Result<usize, &'static str> {
    let mut characters = text.char_indices().skip(1).peekable();
    let mut before = quote;
    while let Some((at, character)) = characters.next() {
        match escapes {
            Escapes::Backslash(_) if character == '\\' => {
                characters.next();
                continue;
            }
            Escapes::Doubled if character == quote => {
                if characters.next_if(|(_, next)| *next == quote).is_some() {
                    continue;
                }
            }
            Escapes::None if character == quote => {
                let next = characters.peek().map(|(_, next)| *next);
                if before == '\\' || next == Some(quote) {
                    return Err("a text without quotes in it");
                }
            }
            Escapes::Backslash(_) | Escapes::Doubled | Escapes::None => {}
        }
        if character == quote {
            return Ok(at + quote.len_utf8());
        }
        before = character;
    }
    Err("a closing quote")
}

/// How long the name in brackets is that this begins with. A bracket or a backslash in it is not read.
fn name_length(text: &str, open: char, close: char) -> Option<usize> {
    let end = text
        .char_indices()
        .skip(1)
        .find(|(_, character)| *character == open || *character == close || *character == '\\')?;
    (end.1 == close && end.0 > open.len_utf8()).then(|| end.0 + close.len_utf8())
}
