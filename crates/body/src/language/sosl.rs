//! SOSL, the search language of Salesforce: `FIND {words} IN NAME FIELDS RETURNING Contact(Id WHERE …)`.
//!
//! The words search all fields at once, so they are a place of their own, which the selector `FIND` names; they must
//! be plain words there. What is returned is filtered as in [`super::soql`].

use super::expression::Parser;
use super::fields::Fields;
use super::lexer::{Kind, Tokens, expected};
use super::literal::{Escapes, Special, Spelling, unescape};
use super::site::Site;
use super::soql::{Flavour, Soql};
use crate::edit::{Comparison, ValueType};
use crate::error::Error;

/// What has a meaning in the words that are searched for, and loses it behind a backslash.
const RESERVED: &str = "?&|!{}[]()^~*:\\\"'+-";

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let (words, end) = words(statement, fields)?;
    let dialect = Soql::new(Flavour::Salesforce);
    let mut parser = Parser::at(statement, fields, depth, dialect, end)?;
    parser.sites.extend(words);
    if parser.tokens.word("in")? {
        parser.tokens.need_kind(Kind::Word, "a group of fields")?;
        parser.tokens.need_word("fields")?;
    }
    if parser.tokens.word("returning")? {
        loop {
            parser.returned()?;
            if !parser.tokens.symbol(",")? {
                break;
            }
        }
    }
    options(&mut parser.tokens)?;
    Ok(parser.sites)
}

/// What is searched for, and where it ends.
fn words(statement: &str, fields: &Fields) -> Result<(Option<Site>, usize), Error> {
    let rest = statement.trim_start();
    let start = statement.len() - rest.len();
    let find = rest
        .get(..4)
        .filter(|find| find.eq_ignore_ascii_case("find"));
    let rest = find.and_then(|_| rest.get(4..)).map(str::trim_start);
    let rest = rest.ok_or_else(|| expected("find", start))?;
    let start = statement.len() - rest.len();
    let (open, close) = match rest.chars().next() {
        Some('{') => ('{', '}'),
        Some('\'') => ('\'', '\''),
        _ => return Err(expected("{", start)),
    };
    let at = start + open.len_utf8();
    let length = plain_length(statement.get(at..).unwrap_or_default(), close);
    let end = at + length.ok_or_else(|| expected("the end of what is searched for", start))?;
    let Some(place) = fields.find("find") else {
        return Ok((None, end + close.len_utf8()));
    };
    let raw = statement.get(at..end).unwrap_or_default();
    let is_operator =
        |word: &str| matches!(word.to_ascii_uppercase().as_str(), "AND" | "OR" | "NOT");
    if raw.split_whitespace().any(is_operator) || has_reserved(raw) {
        return Err(expected("plain words to search for", at));
    }
    let text = unescape(raw, close, Escapes::Backslash(RESERVED))
        .map_err(|offset| expected("an escape that the language defines", at + offset))?;
    let site = Site {
        place,
        comparison: Comparison::Contains,
        value_type: ValueType::String,
        text,
        at: at..end,
        spelling: Spelling::inside(Special::Backslash(RESERVED)),
        or: None,
    };
    Ok((Some(site), end + close.len_utf8()))
}

/// How many bytes stand before what closes.
fn plain_length(text: &str, close: char) -> Option<usize> {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            _ if character == close => return Some(at),
            _ => {}
        }
    }
    None
}

fn has_reserved(raw: &str) -> bool {
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if RESERVED.contains(character) {
            return true;
        }
    }
    false
}

/// What stands behind the objects: how the answer is divided, marked and limited, which compares nothing with fields.
fn options(tokens: &mut Tokens<'_>) -> Result<(), Error> {
    while tokens.peek().kind != Kind::End {
        tokens.take()?;
    }
    Ok(())
}
