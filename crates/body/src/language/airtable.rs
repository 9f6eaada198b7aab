//! Airtable's formulas (`filterByFormula`): `AND({Name}='x', {Year}>2020)`.
//!
//! A field stands in braces, or bare where its name is one word. `FIND`, `SEARCH` and the `REGEX_` functions are
//! [`Comparison::Contains`](crate::edit::Comparison), `EXACT` is an equality, dates are compared by `IS_SAME`,
//! `IS_BEFORE` and `IS_AFTER`. Whatever else a formula makes of a protected field and a literal is refused: joined by
//! `&`, changed by `LOWER`, chosen by `SWITCH`.

use super::compare::ALONE;
use super::expression::{Dialect, Parser};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Token, Tokens, expected};
use super::literal::{Escapes, Special, Spelling};
use super::operand::{How, Operand};
use super::site::{Joined, Site};
use crate::error::Error;

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Airtable)?;
    parser.expression()?;
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

/// The one form of a field's name, from a selector.
pub(super) fn name(selector: &str) -> Result<String, &'static str> {
    let bad = |character: char| "{}\\".contains(character) || character.is_control();
    match selector.trim() == selector && !selector.is_empty() && !selector.contains(bad) {
        true => Ok(selector.to_lowercase()),
        false => Err("a field's name or id"),
    }
}

struct Airtable;

const ESCAPES: Escapes = Escapes::Backslash("nrt'\"\\");

static LEXICON: Lexicon = Lexicon {
    quotes: &[('\'', ESCAPES), ('"', ESCAPES)],
    name: Some(('{', '}')),
    begins: |character| character.is_alphabetic() || character == '_',
    goes_on: |character| character.is_alphanumeric() || character == '_',
    number: |character| character.is_ascii_digit() || character == '.',
    symbols: &[
        "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "&", "+", "-", "*", "/",
    ],
};

impl Dialect for Airtable {
    const LEXICON: &'static Lexicon = &LEXICON;
    const TEXT: Spelling = Spelling::quoted("'", Special::Backslash("'\\"));
    const OR: Joined = Joined::new("OR(", ", ", ")");
    const AND: Joined = Joined::new("AND(", ", ", ")");

    fn is_logic(_: &Tokens<'_>) -> bool {
        false
    }

    fn is_not(_: &Tokens<'_>) -> bool {
        false
    }

    fn is_join(tokens: &Tokens<'_>) -> bool {
        let joins = ["&", "+", "-", "*", "/"];
        joins.iter().any(|symbol| tokens.is_symbol(symbol))
    }

    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error> {
        let how = match tokens.next_text() {
            "=" => How::EQUAL,
            "!=" => How::NOT_EQUAL,
            "<" | ">" | "<=" | ">=" => How::ORDER,
            _ => return Ok(None),
        };
        tokens.take()?;
        Ok(Some(how))
    }

    fn operand(parser: &mut Parser<'_, Self>, _: bool) -> Result<Operand, Error> {
        let start = parser.tokens.peek().start;
        match parser.tokens.symbol("-")? {
            true => parser.signed(start, false),
            false => parser.plain(Parser::named, "a field or a value"),
        }
    }
}

impl Parser<'_, Airtable> {
    /// A field or a function.
    fn named(&mut self) -> Result<Operand, Error> {
        let token = self.tokens.take()?;
        let text = self.tokens.text(token);
        if token.kind == Kind::Word && self.tokens.symbol("(")? {
            return self.call(token);
        }
        let name = match token.kind {
            Kind::Name => text.trim_start_matches('{').trim_end_matches('}').trim(),
            _ => text,
        };
        let place = self.fields.find(name);
        Ok(place.map_or(Operand::NOTHING, Operand::Field))
    }

    /// A function, behind its parenthesis.
    fn call(&mut self, name: Token) -> Result<Operand, Error> {
        let function = self.tokens.text(name).to_ascii_uppercase();
        let arguments = self.list(")", false)?;
        let how = match function.as_str() {
            "AND" | "OR" | "NOT" | "XOR" if arguments.iter().any(Operand::has_text) => {
                return Err(expected("comparisons", name.start));
            }
            "AND" | "OR" | "NOT" | "XOR" => return Ok(Operand::Truth),
            "IF" => return Self::choice(&arguments, name.start),
            "EXACT" => How::EQUAL,
            "FIND" | "SEARCH" | "REGEX_MATCH" => How::CONTAINS,
            "IS_SAME" | "IS_BEFORE" | "IS_AFTER" => How::ORDER,
            _ => return Self::function(&arguments, name.start),
        };
        let whole = name.start..self.tokens.end;
        let mut arguments = arguments.into_iter();
        let (Some(first), Some(second)) = (arguments.next(), arguments.next()) else {
            return Err(expected("a function of two arguments", name.start));
        };
        // What else there is counts: where to look from, in which unit.
        if arguments.any(|rest| rest.is_protected()) {
            return Err(expected(ALONE, name.start));
        }
        self.compare(first, how, second, whole, name.range())?;
        Ok(Operand::Truth)
    }
}
