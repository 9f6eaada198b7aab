//! Xero's `where`, an expression as .NET has them: `Name=="x" AND EmailAddress.StartsWith("a")`.
//!
//! How a quote is escaped is not documented, so a backslash or a doubled quote is refused.

use super::compare::NO_ESCAPES;
use super::expression::{Dialect, Parser};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Token, Tokens};
use super::literal::{Escapes, Spelling};
use super::operand::{How, Operand};
use super::site::{Joined, Site};
use crate::error::Error;

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Xero)?;
    parser.expression()?;
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

struct Xero;

static LEXICON: Lexicon = Lexicon {
    quotes: &[('"', Escapes::None)],
    name: None,
    begins: |character| character.is_ascii_alphabetic() || "_.".contains(character),
    goes_on: |character| character.is_ascii_alphanumeric() || "_.".contains(character),
    number: |character| character.is_ascii_alphanumeric() || character == '.',
    symbols: &[
        "==", "!=", "<>", "<=", ">=", "&&", "||", "=", "<", ">", "!", "(", ")", ",", "-",
    ],
};

/// How a method compares what it is called on with its argument.
const METHODS: &[(&str, How)] = &[
    ("startswith", How::PREFIX),
    ("endswith", How::CONTAINS),
    ("contains", How::CONTAINS),
    ("equals", How::EQUAL),
];

impl Dialect for Xero {
    const LEXICON: &'static Lexicon = &LEXICON;
    const TEXT: Spelling = Spelling::quoted("\"", NO_ESCAPES);
    const OR: Joined = Joined::new("(", " OR ", ")");
    const AND: Joined = Joined::new("(", " AND ", ")");

    fn is_logic(tokens: &Tokens<'_>) -> bool {
        tokens.is_one_of(&["and", "or"]) || tokens.is_symbol("&&") || tokens.is_symbol("||")
    }

    fn is_not(tokens: &Tokens<'_>) -> bool {
        tokens.is_word("not") || tokens.is_symbol("!")
    }

    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error> {
        let how = match tokens.next_text() {
            "==" | "=" => How::EQUAL,
            "!=" | "<>" => How::NOT_EQUAL,
            "<" | ">" | "<=" | ">=" => How::ORDER,
            _ => return Ok(None),
        };
        tokens.take()?;
        Ok(Some(how))
    }

    fn operand(parser: &mut Parser<'_, Self>, _: bool) -> Result<Operand, Error> {
        parser.plain(Parser::member, "a field or a value")
    }
}

impl Parser<'_, Xero> {
    /// A field, a function, a method of either, `true` or `false`.
    fn member(&mut self) -> Result<Operand, Error> {
        if self.tokens.is_one_of(&["true", "false"]) {
            return self.literal();
        }
        let token = self.tokens.take()?;
        let name = self.tokens.text(token);
        if !self.tokens.symbol("(")? {
            let place = self.fields.find(name);
            return Ok(place.map_or(Operand::NOTHING, Operand::Field));
        }
        let arguments = self.list(")", false)?;
        let mut value = match name.rsplit_once('.') {
            Some((path, method)) => {
                let place = self.fields.find(path);
                let field = place.map_or(Operand::NOTHING, Operand::Field);
                self.method(field, method, arguments, token)?
            }
            None => Self::function(&arguments, token.start)?,
        };
        while self.tokens.peek().kind == Kind::Word && self.tokens.next_text().starts_with('.') {
            let method = self.tokens.take()?;
            let method = self.tokens.text(method);
            let arguments = match self.tokens.symbol("(")? {
                true => self.list(")", false)?,
                false => Vec::new(),
            };
            value = self.method(value, method.trim_start_matches('.'), arguments, token)?;
        }
        Ok(value)
    }

    fn method(
        &mut self,
        value: Operand,
        method: &str,
        mut arguments: Vec<Operand>,
        start: Token,
    ) -> Result<Operand, Error> {
        let method = method.to_ascii_lowercase();
        let known = METHODS.iter().find(|(known, _)| *known == method);
        match (known, arguments.as_slice()) {
            (Some((_, how)), [_]) => {
                let argument = arguments.remove(0);
                let whole = start.start..self.tokens.end;
                self.compare(value, *how, argument, whole, start.range())?;
                Ok(Operand::Truth)
            }
            _ => {
                arguments.push(value);
                Self::function(&arguments, start.start)
            }
        }
    }
}
