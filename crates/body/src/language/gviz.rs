//! The query language of Google's visualization API, in which sheets are asked: `select A, sum(B) where C = 'x' and D
//! contains 'y' group by A label A 'Name'`. A column is its letter, or a name in backquotes.
//!
//! Comparisons stand behind `where`; texts elsewhere (labels, formats) are compared with nothing. The language has no
//! escapes: a text in which its quote or a backslash stands is refused.

use super::compare::NO_ESCAPES;
use super::expression::{Dialect, Parser};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Tokens};
use super::literal::{Escapes, Spelling};
use super::operand::{How, Operand};
use super::site::{Joined, Site};
use crate::error::Error;

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Gviz)?;
    let mut asks = false;
    while parser.tokens.peek().kind != Kind::End {
        if !parser.tokens.word("where")? {
            parser.tokens.take()?;
            continue;
        }
        if asks {
            return Err(parser.tokens.fail("one `where`"));
        }
        asks = true;
        parser.expression()?;
        if parser.tokens.peek().kind != Kind::End && !parser.tokens.is_one_of(CLAUSES) {
            return Err(parser.tokens.fail("the end of the condition"));
        }
    }
    Ok(parser.sites)
}

/// What may follow a condition.
const CLAUSES: &[&str] = &[
    "group", "pivot", "order", "skipping", "limit", "offset", "label", "format", "options",
];

/// The one form of a column, from a selector.
pub(super) fn name(selector: &str) -> Result<String, &'static str> {
    match selector.is_empty() || selector.contains(['`', '\\']) {
        true => Err("a column's letter, or its name,"),
        false => Ok(selector.to_lowercase()),
    }
}

struct Gviz;

static LEXICON: Lexicon = Lexicon {
    quotes: &[('\'', Escapes::None), ('"', Escapes::None)],
    name: Some(('`', '`')),
    begins: |character| character.is_alphabetic() || character == '_',
    goes_on: |character| character.is_alphanumeric() || character == '_',
    number: |character| character.is_ascii_alphanumeric() || character == '.',
    symbols: &[
        "<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ",", "+", "-", "*", "/",
    ],
};

/// What stands before the text of a date or a time.
const TYPES: &[&str] = &["date", "datetime", "timestamp", "timeofday"];

impl Dialect for Gviz {
    const LEXICON: &'static Lexicon = &LEXICON;
    const TEXT: Spelling = Spelling::quoted("'", NO_ESCAPES);
    const OR: Joined = Joined::new("(", " or ", ")");
    const AND: Joined = Joined::new("(", " and ", ")");

    fn is_join(tokens: &Tokens<'_>) -> bool {
        ["+", "-", "*", "/"]
            .iter()
            .any(|symbol| tokens.is_symbol(symbol))
    }

    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error> {
        let how = match tokens.next_text().to_ascii_lowercase().as_str() {
            "=" => How::EQUAL,
            "!=" | "<>" => How::NOT_EQUAL,
            "<" | ">" | "<=" | ">=" => How::ORDER,
            "contains" | "matches" | "ends" => How::CONTAINS,
            "like" => How::Like { not: false },
            "starts" => How::PREFIX,
            "is" => How::EQUAL,
            _ => return Ok(None),
        };
        if tokens.is_one_of(&["starts", "ends"]) {
            tokens.take()?;
            tokens.need_word("with")?;
        } else if tokens.word("is")? {
            tokens.word("not")?;
        } else {
            tokens.take()?;
        }
        Ok(Some(how))
    }

    fn operand(parser: &mut Parser<'_, Self>, _: bool) -> Result<Operand, Error> {
        parser.plain(Parser::named, "a column or a value")
    }
}

impl Parser<'_, Gviz> {
    /// A column, a function, `date '2020-01-31'`, `null`, `true` or `false`.
    fn named(&mut self) -> Result<Operand, Error> {
        if self.tokens.is_one_of(&["true", "false"]) {
            return self.literal();
        }
        let token = self.tokens.take()?;
        let name = self.tokens.text(token);
        if token.kind == Kind::Name {
            let place = self.fields.find(name.trim_matches('`'));
            return Ok(place.map_or(Operand::NOTHING, Operand::Field));
        }
        let is_text = matches!(self.tokens.peek().kind, Kind::Text(..));
        if is_text && TYPES.iter().any(|is| name.eq_ignore_ascii_case(is)) {
            let mut literal = self.literal()?;
            if let Operand::Literal(literal) = &mut literal {
                literal.prefix = literal.whole.start - token.start;
                literal.whole.start = token.start;
            }
            return Ok(literal);
        }
        if self.tokens.symbol("(")? {
            let arguments = self.list(")", false)?;
            return Self::function(&arguments, token.start);
        }
        if name.eq_ignore_ascii_case("null") {
            return Ok(Operand::NOTHING);
        }
        let place = self.fields.find(name);
        Ok(place.map_or(Operand::NOTHING, Operand::Field))
    }
}
