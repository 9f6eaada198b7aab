//! SOQL, the query language of Salesforce, and the SQL of QuickBooks Online, which has the same shape: a list of
//! fields, `FROM`, `WHERE` with its comparisons, and clauses that order and limit.
//!
//! A field is found by its path from the object that is asked: `LastName`, `Account.Name`. The object's own name and
//! its aliases are taken off (`c.LastName` after `FROM Contact c`), and put on for selectors that begin with it.
//! In a subquery the object is the relationship it asks. Ordering and grouping by a protected field pass, as do bind
//! variables.

use std::ops::Range;

use super::expression::{Compared, Dialect, Parser};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Tokens};
use super::literal::{Escapes, Special, Spelling};
use super::operand::{How, Literal, Operand};
use super::site::{Joined, Or, Site};
use super::soql_query::Scope;
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::Error;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    Salesforce,
    Quickbooks,
}

/// Finds the sites of a statement.
pub(super) fn read(
    statement: &str,
    fields: &Fields,
    depth: usize,
    flavour: Flavour,
) -> Result<Vec<Site>, Error> {
    let mut parser = Parser::new(statement, fields, depth, Soql::new(flavour))?;
    parser.query()?;
    parser.tokens.need_end()?;
    Ok(parser.sites)
}

/// The dialect, and the queries that are open.
pub(super) struct Soql {
    flavour: Flavour,
    pub(super) scopes: Vec<Scope>,
}

static LEXICON: Lexicon = Lexicon {
    quotes: &[('\'', Escapes::Backslash("nNrRtTbBfFu'\"\\"))],
    name: None,
    begins: |character| character.is_ascii_alphabetic() || character == '_',
    goes_on: |character| character.is_ascii_alphanumeric() || "_.".contains(character),
    number: |character| character.is_ascii_alphanumeric() || ".:+-".contains(character),
    symbols: &[
        "<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ",", ":", "-", "+", "*",
    ],
};

/// What the names of dates begin with; some are followed by `:` and a number.
const DATES: &[&str] = &["YESTERDAY", "TODAY", "TOMORROW", "LAST_", "THIS_", "NEXT_"];

impl Dialect for Soql {
    const LEXICON: &'static Lexicon = &LEXICON;
    const TEXT: Spelling = Spelling::quoted("'", Special::Backslash("'\\"));
    const OR: Joined = Joined::new("(", " OR ", ")");
    const AND: Joined = Joined::new("(", " AND ", ")");

    fn operator(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<How>, Error> {
        let how = match tokens.next_text().to_ascii_lowercase().as_str() {
            "=" => How::EQUAL,
            "!=" | "<>" => How::NOT_EQUAL,
            "<" | ">" | "<=" | ">=" => How::ORDER,
            "in" => How::ONE_OF,
            "like" => How::Like { not: false },
            "includes" | "excludes" => How::CONTAINS,
            "not" => {
                tokens.take()?;
                tokens.need_word("in")?;
                return Ok(Some(How::NOT_ONE_OF));
            }
            _ => return Ok(None),
        };
        tokens.take()?;
        Ok(Some(how))
    }

    fn operand(parser: &mut Parser<'_, Self>, right: bool) -> Result<Operand, Error> {
        let token = parser.tokens.peek();
        match token.kind {
            Kind::Text(..) | Kind::Number => parser.literal(),
            Kind::Word => parser.named(right),
            Kind::Symbol if parser.tokens.symbol("(")? => parser.enclosed(right),
            Kind::Symbol if parser.dialect.all_fields(&mut parser.tokens)? => Ok(Operand::NOTHING),
            Kind::Symbol if parser.tokens.symbol(":")? => {
                let variable = "the name of a variable";
                parser.tokens.need_kind(Kind::Word, variable)?;
                Ok(Operand::NOTHING)
            }
            Kind::Symbol if parser.tokens.symbol("-")? || parser.tokens.symbol("+")? => {
                parser.tokens.need_kind(Kind::Number, "a number")?;
                let whole = token.start..parser.tokens.end;
                Ok(Literal::bare(whole, ValueType::Number))
            }
            Kind::Symbol | Kind::Name | Kind::End => Err(parser.tokens.fail("a field or a value")),
        }
    }

    fn or(&self, comparison: Comparison, whole: Range<usize>, parts: Compared) -> Option<Or> {
        match (comparison, self.flavour) {
            // There is no 'or', and there are no parentheses around comparisons.
            (Comparison::Equal, Flavour::Quickbooks) => {
                let is_behind = parts.operator.end <= parts.literal.start;
                is_behind.then(|| Or {
                    operator: Some((parts.operator, " IN ")),
                    ..Joined::new("(", ", ", ")").over(parts.literal)
                })
            }
            (Comparison::NotEqual, Flavour::Quickbooks) => {
                Some(Joined::new("", " AND ", "").over(whole))
            }
            _ => Self::repeated(comparison, whole, parts),
        }
    }
}

impl Soql {
    pub(super) fn new(flavour: Flavour) -> Self {
        Self {
            flavour,
            scopes: Vec::new(),
        }
    }

    /// Takes the sign for all fields, of the language that has it.
    fn all_fields(&self, tokens: &mut Tokens<'_>) -> Result<bool, Error> {
        Ok(self.flavour == Flavour::Quickbooks && tokens.symbol("*")?)
    }

    /// The place of a field.
    fn find(&self, path: &str, fields: &Fields) -> Option<PlaceId> {
        let path = path.to_lowercase();
        let Some(scope) = self.scopes.last() else {
            return fields.find(&path);
        };
        let (first, rest) = path.split_once('.').unwrap_or((&path, ""));
        let known = scope.aliases.iter().find(|(alias, _)| alias == first);
        let own = match known {
            _ if rest.is_empty() => path.clone(),
            Some((_, object)) if object.is_empty() => rest.to_owned(),
            Some((_, object)) => format!("{object}.{rest}"),
            None if first == scope.object => rest.to_owned(),
            None => path.clone(),
        };
        let of_object = || fields.find(&format!("{}.{own}", scope.object));
        // A relationship may have the name of the object.
        let as_spelled = || fields.find(&path);
        fields.find(&own).or_else(of_object).or_else(as_spelled)
    }
}

impl Parser<'_, Soql> {
    /// What stands in parentheses, behind the first of them: a query, a list of values, or comparisons.
    fn enclosed(&mut self, right: bool) -> Result<Operand, Error> {
        if self.tokens.is_word("select") {
            self.query()?;
            self.tokens.need(")")?;
            return Ok(Operand::NOTHING);
        }
        if right {
            return self.list(")", true).map(Operand::List);
        }
        let inside = self.expression()?;
        self.tokens.need(")")?;
        Ok(inside)
    }

    /// A field, a function, or a value that has a name.
    fn named(&mut self, right: bool) -> Result<Operand, Error> {
        if self.tokens.is_one_of(&["true", "false"]) {
            return self.literal();
        }
        let token = self.tokens.take()?;
        let name = self.tokens.text(token);
        if self.tokens.symbol("(")? {
            let arguments = self.list(")", false)?;
            return Self::function(&arguments, token.start);
        }
        let place = self.dialect.find(name, self.fields);
        if let Some(place) = place {
            return Ok(Operand::Field(place));
        }
        if !right {
            return Ok(Operand::NOTHING);
        }
        let date = name.to_ascii_uppercase();
        if DATES.iter().any(|begin| date.starts_with(begin)) {
            if self.tokens.symbol(":")? {
                self.tokens.need_kind(Kind::Number, "a number")?;
            }
            return Ok(Operand::NOTHING);
        }
        Ok(match name.eq_ignore_ascii_case("null") {
            true => Operand::NOTHING,
            // An amount with its currency, or a text that lacks its quotes.
            false => Operand::OPAQUE,
        })
    }
}
