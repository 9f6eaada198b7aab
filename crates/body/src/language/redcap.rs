//! REDCap's filter logic: `[first_name] = 'Ada' and [event_1][age] > 5`.
//!
//! A field stands in brackets, its event before it and the instance behind it in brackets of their own. How a quote
//! is escaped is not documented, so a backslash or a doubled quote is refused.

use super::compare::NO_ESCAPES;
use super::expression::{Dialect, Parser};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Tokens, expected};
use super::literal::{Escapes, Spelling};
use super::operand::{How, Operand};
use super::site::{Joined, Site};
use crate::error::Error;

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Redcap)?;
    parser.expression()?;
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

/// The one form of a field's name, from a selector.
pub(super) fn name(selector: &str) -> Result<String, &'static str> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match !selector.is_empty() && selector.bytes().all(good) {
        true => Ok(selector.to_lowercase()),
        false => Err("a field's name"),
    }
}

struct Redcap;

static LEXICON: Lexicon = Lexicon {
    quotes: &[('\'', Escapes::None), ('"', Escapes::None)],
    name: Some(('[', ']')),
    begins: |character| character.is_ascii_alphabetic() || character == '_',
    goes_on: |character| character.is_ascii_alphanumeric() || character == '_',
    number: |character| character.is_ascii_digit() || character == '.',
    symbols: &[
        "<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "+", "-", "*", "/", "^",
    ],
};

impl Dialect for Redcap {
    const LEXICON: &'static Lexicon = &LEXICON;
    const TEXT: Spelling = Spelling::quoted("'", NO_ESCAPES);
    const OR: Joined = Joined::new("(", " or ", ")");
    const AND: Joined = Joined::new("(", " and ", ")");

    fn is_join(tokens: &Tokens<'_>) -> bool {
        let joins = ["+", "-", "*", "/", "^"];
        joins.iter().any(|symbol| tokens.is_symbol(symbol))
    }

    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error> {
        let how = match tokens.next_text() {
            "=" => How::EQUAL,
            "!=" | "<>" => How::NOT_EQUAL,
            "<" | ">" | "<=" | ">=" => How::ORDER,
            _ => return Ok(None),
        };
        tokens.take()?;
        Ok(Some(how))
    }

    fn operand(parser: &mut Parser<'_, Self>, _: bool) -> Result<Operand, Error> {
        parser.plain(Parser::named, "a field or a value")
    }
}

impl Parser<'_, Redcap> {
    fn named(&mut self) -> Result<Operand, Error> {
        let token = self.tokens.peek();
        if token.kind == Kind::Name {
            return self.field();
        }
        self.tokens.take()?;
        let name = self.tokens.text(token).to_ascii_lowercase();
        self.tokens.need("(")?;
        self.call(&name, token.start)
    }

    /// `[event][field][instance]`: protected if any of its names is.
    fn field(&mut self) -> Result<Operand, Error> {
        let mut place = None;
        let mut end = self.tokens.peek().start;
        while self.tokens.peek().kind == Kind::Name && self.tokens.peek().start == end {
            let token = self.tokens.take()?;
            end = token.end;
            let name = self.tokens.text(token);
            let name = name.trim_start_matches('[').trim_end_matches(']').trim();
            // What stands behind the name says which box is meant, or how it is shown.
            let length = name.find(['(', ':']).unwrap_or(name.len());
            let name = name.get(..length).unwrap_or_default().trim();
            place = place.or_else(|| self.fields.find(name));
        }
        Ok(place.map_or(Operand::NOTHING, Operand::Field))
    }

    /// A function, behind its parenthesis.
    fn call(&mut self, name: &str, start: usize) -> Result<Operand, Error> {
        let arguments = self.list(")", false)?;
        let how = match name {
            "contains" | "not_contain" | "ends_with" => How::CONTAINS,
            "starts_with" => How::PREFIX,
            // One of its results, chosen by a comparison.
            "if" => return Self::choice(&arguments, start),
            _ => return Self::function(&arguments, start),
        };
        let mut arguments = arguments.into_iter();
        let (Some(first), Some(second), None) =
            (arguments.next(), arguments.next(), arguments.next())
        else {
            return Err(expected("a function of two arguments", start));
        };
        let whole = start..self.tokens.end;
        self.compare(first, how, second, whole.clone(), whole)?;
        Ok(Operand::Truth)
    }
}
