//! `phone`: numbers with `+` and their country (ITU-T E.164), and North American ones without.
//!
//! The country code, a trunk `1` and an extension stay; the rest changes. North American numbers keep the plan's
//! rules: area and exchange are `[2-9]XX` and neither ends in `11`.

use super::FormatError;
use super::card::{number, spell_number};
use super::domain::{DIGITS, Domain, NOT_ZERO, Place, Set};
use super::symbols::Symbols;

/// Digits of a North American number: area, exchange, line.
pub(crate) const WIDTH: usize = 10;
/// Areas and exchanges: eight first digits, a hundred ways on, less `11`.
const CODES: u64 = 8 * 99;
const LINES: u64 = 10_000;
/// How many North American numbers there are.
pub(crate) const SIZE: u64 = CODES * CODES * LINES;
/// Digits of the longest number, country and all.
const LONGEST: usize = 15;

/// Country codes of one and of two digits; every other has three (ITU-T E.164, list of assigned codes).
const ONE_DIGIT: &[u8] = b"17";
const TWO_DIGITS: &[u8] =
    b"20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 \
62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

/// The number without its extension (`x12`, `ext. 12`, `poste 12`), and the extension.
pub(crate) fn without_extension(value: &str) -> Result<(&str, &str), FormatError> {
    let Some(letter) = value.find(|character: char| character.is_alphabetic()) else {
        return Ok((value, ""));
    };
    let (head, extension) = value.split_at(letter);
    let end = extension.find(|character: char| !character.is_ascii_alphabetic());
    let (word, rest) = extension.split_at(end.unwrap_or(extension.len()));
    let digits = rest
        .strip_prefix('.')
        .unwrap_or(rest)
        .trim_start_matches([' ', '\u{a0}', ':']);
    let known = ["x", "ext", "poste", "extension"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known));
    let short = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if known && short {
        Ok((head, extension))
    } else {
        Err(FormatError::Structure {
            wants: "digits, and at most an extension such as `poste 12` behind them",
        })
    }
}

pub(crate) fn read(head: &str, symbols: &Symbols) -> Result<Domain, FormatError> {
    let digits = &symbols.upper[..];
    let begins = |character: char| character == '+' || character.is_ascii_digit();
    let international = head
        .find(begins)
        .is_some_and(|at| head[at..].starts_with('+'));
    let north_american = |at| Domain {
        name: "phone:1".to_owned(),
        places: vec![Place {
            at,
            set: Set::NorthAmerican,
        }],
        kept: Vec::new(),
    };
    match (digits, international) {
        ([b'1', national @ ..], _) if national.len() == WIDTH => Ok(north_american(1)),
        ([b'1', ..], true) => Err(FormatError::Length {
            takes: "ten digits behind +1",
        }),
        (_, true) => other_country(digits),
        (_, false) if digits.len() == WIDTH => Ok(north_american(0)),
        (_, false) => Err(FormatError::Length {
            takes: "`+` and the country's code, or the ten digits of a North American number",
        }),
    }
}

/// A number of another country: its first digit stays a zero or none, so that it still looks dialled from abroad.
fn other_country(digits: &[u8]) -> Result<Domain, FormatError> {
    let code = match digits {
        [first, ..] if ONE_DIGIT.contains(first) => 1,
        [first, second, ..]
            if TWO_DIGITS
                .split(|&byte| byte == b' ')
                .any(|code| code == [*first, *second]) =>
        {
            2
        }
        _ => 3,
    };
    let national = digits.get(code..).unwrap_or_default();
    let (Some(first), true) = (national.first(), digits.len() <= LONGEST) else {
        return Err(FormatError::Length {
            takes: "8 to 15 digits behind `+`",
        });
    };
    let zero = *first == b'0';
    let places = (code + usize::from(zero)..digits.len()).map(|at| Place {
        at,
        set: if at == code { NOT_ZERO } else { DIGITS },
    });
    let (country, length) = (number(&digits[..code]), national.len());
    let trunk = if zero { ":0" } else { "" };
    Ok(Domain {
        name: format!("phone:{country}:{length}{trunk}"),
        places: places.collect(),
        kept: Vec::new(),
    })
}

pub(crate) fn rank(digits: &[u8]) -> Option<u64> {
    let (area, rest) = digits.split_at_checked(3)?;
    let (exchange, line) = rest.split_at_checked(3)?;
    Some((code(area)? * CODES + code(exchange)?) * LINES + number(line))
}

pub(crate) fn spell(rank: u64, into: &mut [u8]) {
    let (codes, line) = (rank / LINES, rank % LINES);
    let (area, exchange) = (codes / CODES, codes % CODES);
    if let Some((first, rest)) = into.split_at_mut_checked(3)
        && let Some((second, last)) = rest.split_at_mut_checked(3)
    {
        spell_code(area, first);
        spell_code(exchange, second);
        spell_number(line, last);
    }
}

/// Which of the area codes or exchanges it is.
fn code(digits: &[u8]) -> Option<u64> {
    let (hundreds, rest) = (number(digits) / 100, number(digits) % 100);
    let possible = (2..=9).contains(&hundreds) && rest != 11;
    possible.then(|| (hundreds - 2) * 99 + rest - u64::from(rest > 11))
}

fn spell_code(rank: u64, into: &mut [u8]) {
    let (hundreds, rest) = (rank / 99 + 2, rank % 99);
    spell_number(hundreds * 100 + rest + u64::from(rest >= 11), into);
}
