//! Gmail's search: `from:a@example.org subject:(dinner movie) -label:old "a phrase" {this that}`.
//!
//! What stands behind an operator is a place by the operator's name; what stands by itself is the place `*`. A whole
//! address behind an operator that takes addresses is an equality; all else searches for words, which is
//! [`Comparison::Contains`].

use zeroize::Zeroizing;

use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Token, expected};
use super::literal::Escapes;
use super::search::{Search, Terms, is_address, spelled};
use super::site::{Joined, Site};
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::Error;

static LEXICON: Lexicon = Lexicon {
    quotes: &[('"', Escapes::None)],
    name: None,
    begins: |character| goes_on(character) && !"-+".contains(character),
    goes_on,
    number: goes_on,
    symbols: &["(", ")", "{", "}", ":", "-", "+"],
};

fn goes_on(character: char) -> bool {
    !character.is_whitespace() && !character.is_control() && !"\"(){}:".contains(character)
}

/// The operators that take addresses.
const ADDRESSES: &[&str] = &["from", "to", "cc", "bcc", "deliveredto", "list"];

/// The one form of an operator's name, from a selector.
pub(super) fn name(selector: &str) -> Result<String, &'static str> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    match selector == "*" || (!selector.is_empty() && selector.bytes().all(good)) {
        true => Ok(selector.to_lowercase()),
        false => Err("an operator, or `*`,"),
    }
}

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    Search::<Gmail>::read(statement, fields, depth)
}

struct Gmail;

/// The operator that terms stand behind.
#[derive(Clone, Copy)]
struct Behind {
    place: Option<PlaceId>,
    takes_addresses: bool,
    /// Where it stands, if the term follows it without a parenthesis.
    start: Option<usize>,
}

impl Terms for Gmail {
    const LEXICON: &'static Lexicon = &LEXICON;
    const CLOSES: &'static [&'static str] = &[")", "}"];
    type Behind = Behind;

    fn term(search: &mut Search<'_, Self>, behind: Option<Behind>) -> Result<(), Error> {
        search.term(behind)
    }
}

impl Search<'_, Gmail> {
    fn term(&mut self, behind: Option<Behind>) -> Result<(), Error> {
        let negated = self.tokens.symbol("-")?;
        if !negated {
            self.tokens.symbol("+")?;
        }
        let token = self.tokens.peek();
        if self.group(behind)? {
            return Ok(());
        }
        self.tokens.take()?;
        match token.kind {
            Kind::Text(..) => {}
            Kind::Word | Kind::Number => {
                if self.tokens.symbol(":")? {
                    return self.operator(token, negated);
                }
                let word = self.tokens.text(token);
                if matches!(word, "AND" | "OR" | "AROUND") {
                    return Ok(());
                }
            }
            Kind::Symbol | Kind::Name | Kind::End => {
                return Err(expected("a word", token.start));
            }
        }
        let words = Behind {
            place: self.fields.find("*"),
            takes_addresses: false,
            start: None,
        };
        self.found(token, behind.unwrap_or(words), negated)
    }

    /// Reads terms in parentheses or braces, if they come next.
    fn group(&mut self, behind: Option<Behind>) -> Result<bool, Error> {
        for (open, close) in [("(", ")"), ("{", "}")] {
            if self.tokens.symbol(open)? {
                self.terms(behind)?;
                self.tokens.need(close)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What stands behind an operator and its colon.
    fn operator(&mut self, operator: Token, negated: bool) -> Result<(), Error> {
        let name = self.tokens.text(operator);
        let takes_addresses = ADDRESSES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        let behind = Behind {
            place: self.fields.find(name),
            takes_addresses,
            start: None,
        };
        if self.group(Some(behind))? {
            return Ok(());
        }
        let token = self.tokens.take()?;
        match token.kind {
            Kind::Text(..) | Kind::Word | Kind::Number if !self.tokens.is_symbol(":") => {}
            _ => return Err(self.tokens.fail("a word, and a space behind it")),
        }
        let start = Some(operator.start);
        self.found(token, Behind { start, ..behind }, negated)
    }

    /// Notes a word or a phrase, behind which there must be a space or what closes.
    fn found(&mut self, token: Token, behind: Behind, negated: bool) -> Result<(), Error> {
        let next = self.tokens.peek();
        if next.start == token.end
            && matches!(next.kind, Kind::Text(..) | Kind::Word | Kind::Number)
        {
            return Err(self.tokens.fail("a space"));
        }
        let Some(place) = behind.place else {
            return Ok(());
        };
        let (at, spelling) = spelled(token);
        let text = self.tokens.slice(at.clone());
        let comparison = match behind.takes_addresses && is_address(text) {
            true if negated => Comparison::NotEqual,
            true => Comparison::Equal,
            false => Comparison::Contains,
        };
        let whole = behind.start.unwrap_or(token.start)..token.end;
        self.sites.push(Site {
            place,
            comparison,
            value_type: ValueType::String,
            text: Zeroizing::new(text.as_bytes().to_vec()),
            at,
            spelling,
            or: Some(Joined::new("{", " ", "}").over(whole)),
        });
        Ok(())
    }
}
