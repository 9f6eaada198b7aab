//! Stripe's search: `email:"x" AND metadata["key"]:"v"`, clauses joined by `AND` or by `OR`, never by both.
//!
//! A `-` before a clause negates it. `~` finds a part of the text, [`Comparison::Contains`]. Since `OR` cannot stand
//! among clauses joined by `AND`, a field is asked for by one token.

use super::compare::inner;
use super::fields::Fields;
use super::lexer::{Kind, Lexicon, Tokens, expected};
use super::literal::{Escapes, Special, Spelling, unescape};
use super::site::Site;
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::Error;
use zeroize::Zeroizing;

const ESCAPES: Escapes = Escapes::Backslash("'\"\\");

static LEXICON: Lexicon = Lexicon {
    quotes: &[('\'', ESCAPES), ('"', ESCAPES)],
    name: None,
    begins: |character| character.is_ascii_alphabetic() || character == '_',
    goes_on: |character| character.is_ascii_alphanumeric() || "_.".contains(character),
    number: |character| character.is_ascii_digit() || character == '.',
    symbols: &["<=", ">=", "<", ">", ":", "~", "[", "]", "-"],
};

/// The one form of a field's name, from a selector.
pub(super) fn name(selector: &str) -> Result<String, &'static str> {
    let (field, key) = selector.split_once('[').unwrap_or((selector, "key]"));
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_.".contains(&byte);
    let key = key
        .strip_suffix(']')
        .filter(|key| !key.is_empty() && !key.contains(['[', ']']));
    match key.is_some() && !field.is_empty() && field.bytes().all(good) {
        true => Ok(selector.to_lowercase()),
        false => Err("a field, or `metadata[key]`,"),
    }
}

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields) -> Result<Vec<Site>, Error> {
    let mut tokens = Tokens::at(statement, &LEXICON, 0)?;
    let mut sites = Vec::new();
    while tokens.peek().kind != Kind::End {
        clause(&mut tokens, fields, &mut sites)?;
        if tokens.is_one_of(&["and", "or"]) {
            tokens.take()?;
            if tokens.peek().kind == Kind::End {
                return Err(tokens.fail("a field"));
            }
        }
    }
    Ok(sites)
}

fn clause(tokens: &mut Tokens<'_>, fields: &Fields, sites: &mut Vec<Site>) -> Result<(), Error> {
    let negated = tokens.symbol("-")?;
    let field = tokens.need_kind(Kind::Word, "a field")?;
    let mut name = tokens.text(field).to_owned();
    if tokens.symbol("[")? {
        let key = tokens.take()?;
        let Kind::Text(quote, escapes) = key.kind else {
            return Err(expected("a key in quotes", key.start));
        };
        let raw = inner(&key.range(), quote);
        let start = raw.start;
        let key = unescape(tokens.slice(raw), quote, escapes)
            .map_err(|at| expected("an escape that the language defines", start + at))?;
        tokens.need("]")?;
        name = format!("{name}[{}]", String::from_utf8_lossy(&key));
    }
    let comparison = match tokens.next_text() {
        ":" if negated => Comparison::NotEqual,
        ":" => Comparison::Equal,
        "~" => Comparison::Contains,
        "<" | ">" | "<=" | ">=" => Comparison::Order,
        _ => return Err(tokens.fail("an operator")),
    };
    tokens.take()?;
    value(tokens, fields.find(&name), comparison, sites)
}

fn value(
    tokens: &mut Tokens<'_>,
    place: Option<PlaceId>,
    comparison: Comparison,
    sites: &mut Vec<Site>,
) -> Result<(), Error> {
    let token = tokens.peek();
    let (text, at, value_type, spelling) = match token.kind {
        Kind::Text(quote, escapes) => {
            let at = inner(&token.range(), quote);
            let text = unescape(tokens.slice(at.clone()), quote, escapes).map_err(|offset| {
                expected("an escape that the language defines", at.start + offset)
            })?;
            let special = Special::Backslash(if quote == '"' { "\"\\" } else { "'\\" });
            (text, at, ValueType::String, Spelling::inside(special))
        }
        Kind::Number => {
            let text = Zeroizing::new(tokens.text(token).as_bytes().to_vec());
            let quoted = Spelling::quoted("\"", Special::Backslash("\"\\"));
            (text, token.range(), ValueType::Number, quoted)
        }
        Kind::Word if tokens.word("null")? => return Ok(()),
        Kind::Word | Kind::Name | Kind::Symbol | Kind::End => {
            return Err(tokens.fail("a value in quotes, or a number"));
        }
    };
    tokens.take()?;
    sites.extend(place.map(|place| Site {
        place,
        comparison,
        value_type,
        text,
        at,
        spelling,
        or: None,
    }));
    Ok(())
}
