//! Drive's search (`q`): `name contains 'x' and 'me' in owners and properties has { key='k' and value='v' }`.
//!
//! A property is the field `properties.k` or `appProperties.k`. `contains` is
//! [`Comparison::Contains`](crate::edit::Comparison) for every field.

use super::expression::{Dialect, Parser};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Tokens};
use super::literal::{Escapes, Special, Spelling};
use super::operand::{How, Operand};
use super::site::{Joined, Site};
use crate::error::Error;

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Drive)?;
    parser.expression()?;
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

struct Drive;

const ESCAPES: Escapes = Escapes::Backslash("'\"\\");

static LEXICON: Lexicon = Lexicon {
    quotes: &[('\'', ESCAPES), ('"', ESCAPES)],
    name: None,
    begins: |character| character.is_ascii_alphabetic() || character == '_',
    goes_on: |character| character.is_ascii_alphanumeric() || "_.".contains(character),
    number: |character| character.is_ascii_alphanumeric() || ".:+-".contains(character),
    symbols: &["!=", "<=", ">=", "=", "<", ">", "(", ")", "{", "}"],
};

impl Dialect for Drive {
    const LEXICON: &'static Lexicon = &LEXICON;
    const TEXT: Spelling = Spelling::quoted("'", Special::Backslash("'\\"));
    const OR: Joined = Joined::new("(", " or ", ")");
    const AND: Joined = Joined::new("(", " and ", ")");

    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error> {
        let how = match tokens.next_text().to_ascii_lowercase().as_str() {
            "=" => How::EQUAL,
            "!=" => How::NOT_EQUAL,
            "<" | ">" | "<=" | ">=" => How::ORDER,
            "contains" => How::CONTAINS,
            "in" => How::ONE_OF,
            _ => return Ok(None),
        };
        tokens.take()?;
        Ok(Some(how))
    }

    fn operand(parser: &mut Parser<'_, Self>, _: bool) -> Result<Operand, Error> {
        parser.plain(Parser::named, "a field or a value")
    }
}

impl Parser<'_, Drive> {
    /// A field, a property, `true` or `false`.
    fn named(&mut self) -> Result<Operand, Error> {
        if self.tokens.is_one_of(&["true", "false"]) {
            return self.literal();
        }
        let token = self.tokens.take()?;
        let name = self.tokens.text(token);
        if self.tokens.is_word("has") {
            return self.property(name, token.start);
        }
        let place = self.fields.find(name);
        Ok(place.map_or(Operand::NOTHING, Operand::Field))
    }

    /// `has { key='k' and value='v' }`
    fn property(&mut self, of: &str, start: usize) -> Result<Operand, Error> {
        self.tokens.need_word("has")?;
        self.tokens.need("{")?;
        self.tokens.need_word("key")?;
        self.tokens.need("=")?;
        let key = self.tokens.take()?;
        let key = self.quoted(key)?;
        self.tokens.need_word("and")?;
        self.tokens.need_word("value")?;
        let operator = self.tokens.peek().range();
        self.tokens.need("=")?;
        let value = match self.tokens.peek().kind {
            Kind::Text(..) => self.literal()?,
            _ => return Err(self.tokens.fail("a quoted text")),
        };
        self.tokens.need("}")?;
        if let Some(place) = self.fields.find(&format!("{of}.{key}")) {
            let whole = start..self.tokens.end;
            self.compare(Operand::Field(place), How::EQUAL, value, whole, operator)?;
        }
        Ok(Operand::Truth)
    }
}
