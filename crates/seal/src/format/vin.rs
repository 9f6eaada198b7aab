//! `vin`: vehicle identification numbers (ISO 3779) with the check digit of North America (49 CFR 565).
//!
//! Letters stay letters and digits digits, so that the last digits that many apps want stay digits. The model year
//! never becomes a symbol that no year has.

use super::FormatError;
use super::domain::{DIGITS, Domain, NOT_ZERO, Place, Set};
use super::symbols::Symbols;

const LENGTH: usize = 17;
/// Where the check digit stands, and the model year.
const CHECK: usize = 8;
const YEAR: usize = 9;

const LETTERS: Set = Set::Of(b"ABCDEFGHJKLMNPRSTUVWXYZ");
const YEAR_LETTERS: Set = Set::Of(b"ABCDEFGHJKLMNPRSTVWXY");

pub(crate) fn read(symbols: &Symbols) -> Result<Domain, FormatError> {
    let digit = check_digit(&symbols.upper).ok_or(FormatError::Length {
        takes: "17 letters and digits, none of them I, O or Q",
    })?;
    if symbols.upper[CHECK] != digit {
        return Err(FormatError::Check);
    }
    if digit == b'X' && symbols.is_lower(CHECK) != others_lower(symbols) {
        return Err(FormatError::Structure {
            wants: "a check letter in the case of the first letter",
        });
    }
    let places: Vec<Place> = (0..LENGTH)
        .filter(|at| *at != CHECK)
        .map(|at| Place {
            at,
            set: set(at, symbols.upper[at].is_ascii_digit()),
        })
        .collect();
    let mut pattern = symbols.pattern();
    pattern.remove(CHECK);
    Ok(Domain {
        name: format!("vin:{pattern}"),
        places,
        kept: Vec::new(),
    })
}

fn set(at: usize, digit: bool) -> Set {
    match (at == YEAR, digit) {
        (true, true) => NOT_ZERO,
        (true, false) => YEAR_LETTERS,
        (false, true) => DIGITS,
        (false, false) => LETTERS,
    }
}

/// Sets the check digit; a letter takes the case of the first other letter.
pub(crate) fn check(symbols: &mut Symbols) {
    let digit = check_digit(&symbols.upper);
    let lower = digit == Some(b'X') && others_lower(symbols);
    symbols.set_lower(CHECK, lower);
    if let (Some(digit), Some(place)) = (digit, symbols.upper.get_mut(CHECK)) {
        *place = digit;
    }
}

fn others_lower(symbols: &Symbols) -> bool {
    let mut others = symbols.upper.iter().enumerate();
    others
        .find(|(at, symbol)| *at != CHECK && symbol.is_ascii_alphabetic())
        .is_some_and(|(at, _)| symbols.is_lower(at))
}

/// The weighted sum modulo 11, ten being `X`; nothing when a symbol is none of a VIN.
fn check_digit(symbols: &[u8]) -> Option<u8> {
    const WEIGHTS: [u32; LENGTH] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if symbols.len() != LENGTH {
        return None;
    }
    let mut sum = 0;
    for (&symbol, weight) in symbols.iter().zip(WEIGHTS) {
        sum += u32::from(value(symbol)?) * weight;
    }
    match u8::try_from(sum % 11).unwrap_or(0) {
        10 => Some(b'X'),
        digit => Some(b'0' + digit),
    }
}

fn value(symbol: u8) -> Option<u8> {
    match symbol {
        b'0'..=b'9' => Some(symbol - b'0'),
        b'A'..=b'H' => Some(symbol - b'A' + 1),
        b'J'..=b'N' => Some(symbol - b'J' + 1),
        b'P' => Some(7),
        b'R' => Some(9),
        b'S'..=b'Z' => Some(symbol - b'S' + 2),
        _ => None,
    }
}
