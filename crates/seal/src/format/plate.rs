//! `plate`: Quebec's licence plates. Letters stay letters and digits digits, in every pattern that is on the road.

use super::FormatError;
use super::domain::{DIGITS, Domain, LETTERS, Set};
use super::symbols::Symbols;

/// Passenger plates since 2010, 2022 and 2023, and those of before; commercial ones.
const PATTERNS: [&str; 9] = [
    "A99AAA", "99AAAA", "AAA99A", "999AAA", "AAA999", "A99999", "A999999", "AA99999", "AA999999",
];
/// The first letter of a plate whose second symbol is a digit says what it is: these are for trade.
const COMMERCIAL: &[u8] = b"CFLRTV";
const PASSENGER: &[u8] = b"ABDEGHIJKMNOPQSUWXYZ";

pub(crate) fn read(symbols: &Symbols) -> Result<Domain, FormatError> {
    let mut pattern = symbols.pattern();
    if !PATTERNS.contains(&pattern.as_str()) && !is_personal(&pattern) {
        return Err(FormatError::Structure {
            wants: "a Quebec plate: `A12 BCD`, `12A BCD`, `ABC 12D`, `123 ABC`, `ABC 123`, a commercial or a \
                    personalised one",
        });
    }
    let class = |symbol: &u8| {
        if symbol.is_ascii_digit() {
            DIGITS
        } else {
            LETTERS
        }
    };
    let mut sets: Vec<Set> = symbols.upper.iter().map(class).collect();
    if pattern.starts_with("A9")
        && let (Some(first), Some(set)) = (symbols.upper.first(), sets.first_mut())
    {
        let trade = COMMERCIAL.contains(first);
        *set = Set::Of(if trade { COMMERCIAL } else { PASSENGER });
        pattern.replace_range(..1, if trade { "C" } else { "P" });
    }
    Ok(Domain::row(format!("plate:{pattern}"), sets))
}

/// Letters, with digits at the ends at most and fewer of them.
fn is_personal(pattern: &str) -> bool {
    let letters = pattern.trim_matches('9');
    let few = letters.len() > pattern.len() - letters.len();
    few && pattern.len() <= 7 && !letters.contains('9')
}
