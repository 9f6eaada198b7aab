//! ServiceNow's encoded queries (`sysparm_query`): `active=true^last_nameSTARTSWITHM^ORemail=x^NQ…^ORDERBYname`.
//!
//! A condition is a field in lower case, an operator, and a value up to the next `^`; nothing is quoted or escaped. A
//! doubled `^` is read in two ways and refused. At a protected field a value that the server computes
//! (`javascript:…`, `DYNAMIC`) is refused as well, since a literal may stand in it.

use std::ops::Range;

use zeroize::Zeroizing;

use super::fields::{self, Fields};
use super::lexer::expected;
use super::literal::{Special, Spelling};
use super::site::{Joined, Or, Site};
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::Error;

/// What an operator says of the value behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    As(Comparison),
    /// Several values with commas between them.
    List(Comparison),
    /// No value of this field: none at all, or the name of another one.
    Nothing,
    /// Something that the server makes of it.
    Computed,
}

/// The operators, of which none stands after one that it begins with.
const OPERATORS: &[(&str, How)] = &[
    ("!=", How::As(Comparison::NotEqual)),
    (">=", How::As(Comparison::Order)),
    ("<=", How::As(Comparison::Order)),
    ("=", How::As(Comparison::Equal)),
    (">", How::As(Comparison::Order)),
    ("<", How::As(Comparison::Order)),
    ("NOT IN", How::List(Comparison::NotOneOf)),
    ("NOT LIKE", How::As(Comparison::Contains)),
    ("NOTLIKE", How::As(Comparison::Contains)),
    ("DOES NOT CONTAIN", How::As(Comparison::Contains)),
    ("INSTANCEOF", How::Nothing),
    ("IN", How::List(Comparison::OneOf)),
    ("LIKE", How::As(Comparison::Contains)),
    ("CONTAINS", How::As(Comparison::Contains)),
    ("STARTSWITH", How::As(Comparison::Prefix)),
    ("ENDSWITH", How::As(Comparison::Contains)),
    ("BETWEEN", How::As(Comparison::Order)),
    ("ISEMPTY", How::Nothing),
    ("ISNOTEMPTY", How::Nothing),
    ("EMPTYSTRING", How::Nothing),
    ("ANYTHING", How::Nothing),
    ("NSAMEAS", How::Nothing),
    ("SAMEAS", How::Nothing),
    ("GT_FIELD", How::Nothing),
    ("LT_FIELD", How::Nothing),
    ("GT_OR_EQUALS_FIELD", How::Nothing),
    ("LT_OR_EQUALS_FIELD", How::Nothing),
    ("VALCHANGES", How::Nothing),
    ("CHANGESFROM", How::As(Comparison::Equal)),
    ("CHANGESTO", How::As(Comparison::Equal)),
    ("NOTON", How::As(Comparison::Order)),
    ("ON", How::As(Comparison::Order)),
    ("MORETHAN", How::As(Comparison::Order)),
    ("LESSTHAN", How::As(Comparison::Order)),
    ("RELATIVE", How::As(Comparison::Order)),
    ("DATEPART", How::As(Comparison::Order)),
    ("DYNAMIC", How::Computed),
];

/// What stands behind a `^` without being a condition.
const CLAUSES: &[&str] = &["ORDERBYDESC", "ORDERBY", "GROUPBY"];

/// The field that a search for words is written as.
const WORDS: &str = "123TEXTQUERY321";

/// The one form of a field's name, from a selector.
pub(super) fn name(selector: &str) -> Result<String, &'static str> {
    match selector == WORDS {
        true => Ok(selector.to_lowercase()),
        false => fields::path(selector, '.'),
    }
}

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields) -> Result<Vec<Site>, Error> {
    if let Some(at) = statement.find("^^") {
        return Err(expected("a condition behind `^`", at + 1));
    }
    let mut sites = Vec::new();
    let mut start = 0;
    for part in statement.split('^') {
        condition(part, start, fields, &mut sites)?;
        start += part.len() + 1;
    }
    Ok(sites)
}

fn condition(
    part: &str,
    start: usize,
    fields: &Fields,
    sites: &mut Vec<Site>,
) -> Result<(), Error> {
    // What ends a query, or stands before its first condition.
    if part.is_empty() || part == "EQ" {
        return Ok(());
    }
    let joined = ["NQ", "OR"].into_iter().find_map(|join| {
        let rest = part.strip_prefix(join)?;
        let begins = rest.starts_with(|first: char| is_name(first) || first == '1');
        begins.then_some(rest)
    });
    let rest = joined.unwrap_or(part);
    let start = start + part.len() - rest.len();
    let by_clause = CLAUSES.iter().any(|clause| {
        let field = rest.strip_prefix(clause);
        field.is_some_and(|field| !field.is_empty() && field.chars().all(is_name))
    });
    if by_clause {
        return Ok(());
    }
    let length = match rest.starts_with(WORDS) {
        true => WORDS.len(),
        false => rest
            .find(|character| !is_name(character))
            .unwrap_or(rest.len()),
    };
    let (field, compared) = rest.split_at(length);
    let start = start + length;
    let mut operators = OPERATORS.iter();
    let operator = operators.find(|(operator, _)| compared.starts_with(operator));
    let Some((operator, how)) = operator.filter(|_| !field.is_empty()) else {
        return Err(expected("a field in lower case and an operator", start));
    };
    let Some(place) = fields.find(field) else {
        return Ok(());
    };
    let value = compared.get(operator.len()..).unwrap_or_default();
    let condition = Condition {
        place,
        whole: start - length..start + compared.len(),
        operator: start..start + operator.len(),
    };
    let how = match how {
        How::As(_) if field == WORDS => How::As(Comparison::Contains),
        how => *how,
    };
    condition.compare(how, value, sites)
}

/// A character of a field's name, or of a path.
fn is_name(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || "_.".contains(character)
}

/// A condition on a protected field.
struct Condition {
    place: PlaceId,
    whole: Range<usize>,
    operator: Range<usize>,
}

impl Condition {
    fn compare(&self, how: How, value: &str, sites: &mut Vec<Site>) -> Result<(), Error> {
        let start = self.operator.end;
        let computed = value.to_ascii_lowercase().contains("javascript:");
        match how {
            How::Computed => Err(expected("a value that stands there itself", start)),
            _ if computed => Err(expected("a value that stands there itself", start)),
            How::Nothing => match value.chars().all(is_name) {
                true => Ok(()),
                false => Err(expected("the end of the condition", start)),
            },
            How::As(comparison) => {
                let or = match comparison {
                    Comparison::Equal => Some(Joined::new("", "^OR", "").over(self.whole.clone())),
                    // Between `^OR`s, conditions that must all hold cannot be joined.
                    Comparison::NotEqual => Some(Or {
                        operator: Some((self.operator.clone(), "NOT IN")),
                        ..Joined::new("", ",", "").over(start..start + value.len())
                    }),
                    _ => None,
                };
                sites.push(self.site(comparison, value, start, or));
                Ok(())
            }
            How::List(comparison) => {
                let mut at = start;
                for item in value.split(',') {
                    let or = Joined::new("", ",", "").over(at..at + item.len());
                    sites.push(self.site(comparison, item, at, Some(or)));
                    at += item.len() + 1;
                }
                Ok(())
            }
        }
    }

    fn site(&self, comparison: Comparison, value: &str, at: usize, or: Option<Or>) -> Site {
        Site {
            place: self.place,
            comparison,
            value_type: ValueType::String,
            text: Zeroizing::new(value.as_bytes().to_vec()),
            at: at..at + value.len(),
            spelling: Spelling::inside(Special::Never("^,")),
            or,
        }
    }
}
