//! Keyword Query Language: what Microsoft's search takes in a query string, `subject:"two words" author=x NOT body:y`,
//! and Graph's `$search`, whose clauses stand in quotes, `"displayName:Roy" OR "mail:roy"`.
//!
//! What stands behind a property and its operator is a place by the property's name; what stands by itself is the
//! place `*`. `=` is an equality, and `:` is one where it takes an address as a whole. Any other `:` looks for words,
//! which is [`Comparison::Contains`]. A clause in quotes has one property; what would be two is refused where either is
//! protected. How alternatives are written hangs on where the search stands: a field is asked for by one token.

use std::ops::Range;

use zeroize::Zeroizing;

use super::compare::{NO_ESCAPES, inner};
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Token, expected};
use super::literal::{Escapes, Spelling};
use super::search::{Search, Terms, is_address, spelled};
use super::site::Site;
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::Error;

static LEXICON: Lexicon = Lexicon {
    quotes: &[('"', Escapes::None)],
    name: None,
    begins: |character| goes_on(character) && !"-+".contains(character),
    goes_on,
    number: goes_on,
    symbols: &["(", ")", "<>", "<=", ">=", ":", "=", "<", ">", "-", "+"],
};

/// What parts a property from its value.
const OPERATORS: [char; 4] = [':', '=', '<', '>'];

fn goes_on(character: char) -> bool {
    !character.is_whitespace() && !character.is_control() && !"\"():=<>".contains(character)
}

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    Search::<Kql>::read(statement, fields, depth)
}

struct Kql;

/// What terms are compared with, and how.
#[derive(Clone, Copy)]
struct Behind {
    place: Option<PlaceId>,
    comparison: Comparison,
}

impl Terms for Kql {
    const LEXICON: &'static Lexicon = &LEXICON;
    const CLOSES: &'static [&'static str] = &[")"];
    type Behind = Behind;

    fn term(search: &mut Search<'_, Self>, behind: Option<Behind>) -> Result<(), Error> {
        search.term(behind)
    }
}

impl Search<'_, Kql> {
    fn term(&mut self, behind: Option<Behind>) -> Result<(), Error> {
        let mut negated = false;
        while self
            .tokens
            .is_one_of(&["not", "and", "or", "near", "onear"])
            || self.tokens.is_symbol("-")
            || self.tokens.is_symbol("+")
        {
            negated |= self.tokens.is_symbol("-") || self.tokens.is_word("not");
            self.tokens.take()?;
        }
        if self.tokens.symbol("(")? {
            self.terms(behind)?;
            return self.tokens.need(")");
        }
        if self.closes() {
            return Ok(());
        }
        let token = self.tokens.take()?;
        let next = self.tokens.peek();
        let is_operator = self.tokens.next_text().starts_with(OPERATORS);
        match token.kind {
            Kind::Word | Kind::Number if is_operator => self.property(token, negated),
            // A function of the language: what it makes of its arguments is not known here.
            Kind::Word if self.tokens.is_symbol("(") && next.start == token.end => {
                Err(expected("a word", token.start))
            }
            Kind::Word | Kind::Number => self.found(token, self.behind(behind)),
            Kind::Text(..) if is_operator => Err(self.tokens.fail("a word")),
            Kind::Text(..) => match (behind, self.tokens.text(token).contains(OPERATORS)) {
                (None, true) => self.clause(inner(&token.range(), '"'), negated),
                _ => self.found(token, self.behind(behind)),
            },
            Kind::Symbol | Kind::Name | Kind::End => Err(expected("a word", token.start)),
        }
    }

    /// What terms are compared with that stand by themselves, or behind a property.
    fn behind(&self, behind: Option<Behind>) -> Behind {
        behind.unwrap_or(Behind {
            place: self.fields.find("*"),
            comparison: Comparison::Contains,
        })
    }

    /// A property, its operator, and what stands behind them.
    fn property(&mut self, name: Token, negated: bool) -> Result<(), Error> {
        let operator = self.tokens.take()?;
        let next = self.tokens.peek();
        // With blanks between them they are words by themselves, or a property, as the reader likes.
        if operator.start != name.end || next.start != operator.end {
            return Err(expected(
                "a property and its value without blanks",
                name.start,
            ));
        }
        let behind = Behind {
            place: self.fields.find(self.tokens.text(name)),
            comparison: compared(self.tokens.text(operator), negated),
        };
        if self.tokens.symbol("(")? {
            self.terms(Some(behind))?;
            return self.tokens.need(")");
        }
        let token = self.tokens.take()?;
        if !matches!(token.kind, Kind::Text(..) | Kind::Word | Kind::Number) {
            return Err(expected("a word", token.start));
        }
        let mut last = token;
        // A time has colons.
        while behind.place.is_none() && self.glued(last) && self.tokens.is_symbol(":") {
            let colon = self.tokens.take()?;
            let named = self.fields.find(self.tokens.text(last)).is_some();
            if named || !self.glued(colon) {
                return Err(expected("one property", name.start));
            }
            last = self.tokens.take()?;
        }
        self.found(token, behind)
    }

    /// What stands in quotes and has an operator in it: a property, and its value to the end.
    fn clause(&mut self, inside: Range<usize>, negated: bool) -> Result<(), Error> {
        let text = self.tokens.slice(inside.clone());
        let Some(at) = text.find(OPERATORS) else {
            return Ok(());
        };
        let rest = text.get(at..).unwrap_or_default();
        let value = rest.trim_start_matches(OPERATORS);
        let operator = rest.get(..rest.len() - value.len()).unwrap_or_default();
        let named = |text: &str| {
            let name = text.rsplit(|character| !goes_on(character)).next();
            self.fields.find(name.unwrap_or_default())
        };
        let name = text.get(..at).unwrap_or_default();
        let place = named(name).filter(|_| name.chars().all(goes_on));
        let mut pieces = text.split(OPERATORS);
        pieces.next_back();
        let protected = pieces.filter(|piece| named(piece).is_some()).count();
        let is_plain = !value.contains(|character| !goes_on(character) && character != ' ');
        let words = self.fields.find("*").is_some() && (value.contains(' ') || name.contains(' '));
        if protected != usize::from(place.is_some()) || (place.is_some() && !is_plain) || words {
            return Err(expected("one property in quotes", inside.start));
        }
        let at = inside.end - value.len()..inside.end;
        let comparison = compared(operator, negated);
        self.site(
            at,
            Behind { place, comparison },
            Spelling::inside(NO_ESCAPES),
        );
        Ok(())
    }

    /// Notes a word or a phrase, behind which there must be a blank or what closes.
    fn found(&mut self, token: Token, behind: Behind) -> Result<(), Error> {
        if self.glued(token) && !self.tokens.is_symbol(")") {
            return Err(self.tokens.fail("a blank"));
        }
        let (at, spelling) = spelled(token);
        self.site(at, behind, spelling);
        Ok(())
    }

    /// Whether what comes next stands right behind a token.
    fn glued(&self, token: Token) -> bool {
        let next = self.tokens.peek();
        next.start == token.end && next.kind != Kind::End
    }

    fn site(&mut self, at: Range<usize>, behind: Behind, spelling: Spelling) {
        let Some(place) = behind.place else {
            return;
        };
        let text = self.tokens.slice(at.clone());
        let comparison = match behind.comparison {
            Comparison::Order => Comparison::Order,
            _ if text.ends_with('*') => Comparison::Prefix,
            Comparison::Contains if is_address(text) => Comparison::Equal,
            other => other,
        };
        let text = match comparison {
            Comparison::Prefix => text.trim_end_matches('*'),
            _ => text,
        };
        self.sites.push(Site {
            place,
            comparison,
            value_type: ValueType::String,
            text: Zeroizing::new(text.as_bytes().to_vec()),
            at,
            spelling,
            or: None,
        });
    }
}

fn compared(operator: &str, negated: bool) -> Comparison {
    match (operator, negated) {
        (":", _) => Comparison::Contains,
        ("=", false) | ("<>", true) => Comparison::Equal,
        ("=", true) | ("<>", false) => Comparison::NotEqual,
        _ => Comparison::Order,
    }
}
