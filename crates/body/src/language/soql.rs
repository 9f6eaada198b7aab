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

/// What a query asks: its object, and the other names its objects have in it.
#[derive(Default)]
pub(super) struct Scope {
    object: String,
    /// Aliases, and the path that each stands for.
    aliases: Vec<(String, String)>,
}

/// The dialect, and the queries that are open.
pub(super) struct Soql {
    flavour: Flavour,
    scopes: Vec<Scope>,
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

/// The words that end the objects and their aliases.
const CLAUSES: &[&str] = &[
    "where",
    "using",
    "with",
    "group",
    "having",
    "order",
    "orderby",
    "limit",
    "offset",
    "for",
    "update",
    "all",
    "startposition",
    "maxresults",
];

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
    /// Reads a whole query, up to what its grammar does not take.
    pub(super) fn query(&mut self) -> Result<(), Error> {
        self.deeper(|parser| {
            parser.tokens.need_word("select")?;
            parser.dialect.scopes.push(Scope::default());
            // The fields come before the objects that they are of.
            let list = parser.tokens.clone();
            parser.skip_to_objects()?;
            parser.objects()?;
            let rest = std::mem::replace(&mut parser.tokens, list);
            parser.selected()?;
            parser.tokens = rest;
            parser.clauses()?;
            parser.dialect.scopes.pop();
            Ok(())
        })
    }

    /// `Contact(Id, Name WHERE … LIMIT 10)`, of a search.
    pub(super) fn returned(&mut self) -> Result<(), Error> {
        let object = self.tokens.need_kind(Kind::Word, "an object")?;
        if !self.tokens.symbol("(")? {
            return Ok(());
        }
        self.dialect.scopes.push(Scope {
            object: self.tokens.text(object).to_lowercase(),
            aliases: Vec::new(),
        });
        self.expressions()?;
        if self.tokens.word("using")? {
            self.tokens.need_kind(Kind::Word, "a list view")?;
            self.tokens.need("=")?;
            self.tokens
                .need_kind(Kind::Word, "the name of a list view")?;
        }
        self.clauses()?;
        self.tokens.need(")")?;
        self.dialect.scopes.pop();
        Ok(())
    }

    fn skip_to_objects(&mut self) -> Result<(), Error> {
        let mut open = 0usize;
        while open > 0 || !self.tokens.is_word("from") {
            if self.tokens.is_symbol("(") {
                open += 1;
            } else if self.tokens.is_symbol(")") {
                let fail = self.tokens.fail("from");
                open = open.checked_sub(1).ok_or(fail)?;
            }
            match self.tokens.peek().kind {
                Kind::End => return Err(self.tokens.fail("from")),
                _ => self.tokens.take()?,
            };
        }
        Ok(())
    }

    /// `FROM Contact c, c.Account a USING SCOPE mine`
    fn objects(&mut self) -> Result<(), Error> {
        self.tokens.need_word("from")?;
        let mut scope = Scope::default();
        loop {
            let object = self.tokens.need_kind(Kind::Word, "an object")?;
            let object = self.tokens.text(object).to_lowercase();
            let first = scope.object.is_empty();
            let path = if first {
                scope.object.clone_from(&object);
                String::new()
            } else {
                let (alias, rest) = object.split_once('.').unwrap_or((&object, ""));
                let known = scope.aliases.iter().find(|(known, _)| known == alias);
                match known {
                    Some((_, of)) if of.is_empty() => rest.to_owned(),
                    Some((_, of)) => format!("{of}.{rest}"),
                    None if alias == scope.object => rest.to_owned(),
                    None => object.clone(),
                }
            };
            let named = self.tokens.word("as")?;
            if named || (self.tokens.peek().kind == Kind::Word && !self.tokens.is_one_of(CLAUSES)) {
                let alias = self.tokens.need_kind(Kind::Word, "an alias")?;
                let alias = self.tokens.text(alias).to_lowercase();
                scope.aliases.push((alias, path));
            }
            if !self.tokens.symbol(",")? {
                break;
            }
        }
        if self.tokens.word("using")? {
            self.tokens.need_word("scope")?;
            self.tokens.need_kind(Kind::Word, "a scope")?;
        }
        if let Some(open) = self.dialect.scopes.last_mut() {
            *open = scope;
        }
        Ok(())
    }

    /// `Id, (SELECT Name FROM Contacts), COUNT(Id) n, TYPEOF What WHEN Account THEN Name END`
    fn selected(&mut self) -> Result<(), Error> {
        loop {
            if self.tokens.is_word("typeof") {
                while !self.tokens.word("end")? {
                    match self.tokens.is_symbol(",") {
                        true => self.tokens.take()?,
                        false => self.tokens.need_kind(Kind::Word, "end")?,
                    };
                }
            } else {
                self.expression()?;
            }
            if self.tokens.peek().kind == Kind::Word && !self.tokens.is_word("from") {
                self.tokens.take()?;
            }
            if !self.tokens.symbol(",")? {
                break;
            }
        }
        match self.tokens.is_word("from") {
            true => Ok(()),
            false => Err(self.tokens.fail("from")),
        }
    }

    fn clauses(&mut self) -> Result<(), Error> {
        if self.tokens.word("where")? {
            self.expression()?;
        }
        if self.tokens.word("with")? {
            self.with()?;
        }
        if self.tokens.word("group")? {
            self.tokens.need_word("by")?;
            self.expressions()?;
        }
        if self.tokens.word("having")? {
            self.expression()?;
        }
        if self.tokens.word("orderby")? {
            self.order()?;
        } else if self.tokens.word("order")? {
            self.tokens.need_word("by")?;
            self.order()?;
        }
        for count in ["limit", "offset", "startposition", "maxresults"] {
            if self.tokens.word(count)? && !self.bound()? {
                self.tokens.need_kind(Kind::Number, "a number")?;
            }
        }
        while self.tokens.is_one_of(&["for", "update"]) {
            self.tokens.take()?;
            loop {
                self.tokens.need_kind(Kind::Word, "a word")?;
                if !self.tokens.symbol(",")? {
                    break;
                }
            }
        }
        if self.tokens.word("all")? {
            self.tokens.need_word("rows")?;
        }
        Ok(())
    }

    /// What is checked, or which data categories: words without literals.
    fn with(&mut self) -> Result<(), Error> {
        let mut open = 0usize;
        loop {
            if self.tokens.symbol("(")? {
                open += 1;
            } else if open > 0 && self.tokens.symbol(")")? {
                open -= 1;
            } else if !(open > 0 && self.tokens.symbol(",")?) {
                self.tokens.need_kind(Kind::Word, "a word")?;
            }
            let ends = self.tokens.is_one_of(CLAUSES) || self.tokens.is_symbol(")");
            if open == 0 && (ends || self.tokens.peek().kind == Kind::End) {
                return Ok(());
            }
        }
    }

    fn order(&mut self) -> Result<(), Error> {
        loop {
            self.expression()?;
            if self.tokens.is_one_of(&["asc", "desc"]) {
                self.tokens.take()?;
            }
            if self.tokens.word("nulls")? {
                self.tokens.need_kind(Kind::Word, "first or last")?;
            }
            if !self.tokens.symbol(",")? {
                return Ok(());
            }
        }
    }

    fn expressions(&mut self) -> Result<(), Error> {
        loop {
            self.expression()?;
            if !self.tokens.symbol(",")? {
                return Ok(());
            }
        }
    }

    /// Takes a bind variable, if one comes next.
    fn bound(&mut self) -> Result<bool, Error> {
        let is_it = self.tokens.symbol(":")?;
        if is_it {
            let variable = "the name of a variable";
            self.tokens.need_kind(Kind::Word, variable)?;
        }
        Ok(is_it)
    }

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
