//! `ramq`: Quebec's health insurance number. Four letters, a date of birth with the sex in its month, a sequence
//! digit, a check digit.
//!
//! The check digit is computed over the full year, and the digits of the two centuries never give the same one: so
//! the number says its century, and the whole is one rank. Who was born before 2026 is exchanged for somebody born
//! from 1900 to 2025, so that no stand-in is born after its holder's number was given out; who is born later keeps
//! the year.

use crate::calendar;

use super::FormatError;
use super::card::{number, spell_number};
use super::domain::{Domain, Set};
use super::symbols::Symbols;

/// Letters, birth, sequence, check.
pub(crate) const WIDTH: usize = 12;
const LETTERS: u64 = 26 * 26 * 26 * 26;
/// Sequence digits run from 1.
const SEQUENCES: u64 = 9;
const SEXES: u64 = 2;
/// What a woman's month is more.
const WOMAN: u64 = 50;
/// The last year of those who are exchanged across years.
const MIXED: (u16, u16) = (1900, 2025);

/// Years of birth within which a number is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Born {
    first: u16,
    last: u16,
}

impl Born {
    fn within(year: u16) -> Self {
        let (first, last) = if year <= MIXED.1 { MIXED } else { (year, year) };
        Self { first, last }
    }

    /// The days of its years, as numbers of the calendar: the first, and how many.
    fn days(self) -> (u64, u64) {
        let first = calendar::first_day(u32::from(self.first));
        let end = calendar::first_day(u32::from(self.last) + 1);
        (u64::from(first), u64::from(end - first))
    }
}

/// What a number says.
struct Holder {
    year: u16,
    /// Counted from the first day of the year 1.
    day: u64,
    woman: bool,
}

pub(crate) fn read(symbols: &Symbols) -> Result<Domain, FormatError> {
    let (letters, digits) = symbols
        .upper
        .split_at_checked(4)
        .filter(|(_, digits)| digits.len() == 8)
        .ok_or(FormatError::Length {
            takes: "four letters and eight digits",
        })?;
    let formed =
        letters.iter().all(u8::is_ascii_uppercase) && digits.iter().all(u8::is_ascii_digit);
    if !formed {
        return Err(FormatError::Structure {
            wants: "four letters, then eight digits",
        });
    }
    if !exists(digits) {
        return Err(FormatError::Structure {
            wants: "a date of birth behind the letters, and a sequence digit from 1",
        });
    }
    let holder = holder(&symbols.upper).ok_or(FormatError::Check)?;
    let born = Born::within(holder.year);
    let name = format!("ramq:{}-{}", born.first, born.last);
    Ok(Domain::one(name, Set::Insured(born)))
}

/// Whether the date is one in either century, and the sequence digit one that is given.
fn exists(digits: &[u8]) -> bool {
    let dated = [1900, 2000]
        .iter()
        .any(|century| birth(digits, *century).is_some());
    dated && digits.get(6).is_some_and(|digit| *digit != b'0')
}

/// Who is born in the century in which the check digit is right.
fn holder(symbols: &[u8]) -> Option<Holder> {
    let (_, digits) = symbols.split_at_checked(4)?;
    if !exists(digits) {
        return None;
    }
    [1900, 2000].into_iter().find_map(|century| {
        let holder = birth(digits, century)?;
        (symbols.last() == Some(&check_digit(symbols, holder.year, holder.woman))).then_some(holder)
    })
}

fn birth(digits: &[u8], century: u16) -> Option<Holder> {
    let two = |at: usize| digits.get(at..at + 2).map(number);
    let (year, month, day) = (two(0)?, two(2)?, two(4)?);
    let woman = month > WOMAN;
    let month = if woman { month - WOMAN } else { month };
    let year = century + u16::try_from(year).ok()?;
    let day = calendar::day_number(
        u32::from(year),
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    )?;
    Some(Holder {
        year,
        day: u64::from(day),
        woman,
    })
}

/// The check digit: EBCDIC codes of letters, full year, sex, month, day and sequence, weighted.
fn check_digit(symbols: &[u8], year: u16, woman: bool) -> u8 {
    const WEIGHTS: [u32; 14] = [1, 3, 7, 9, 1, 7, 1, 3, 4, 5, 7, 6, 9, 1];
    let mut text = [b'0'; 14];
    if let (Some(letters), Some(rest)) = (symbols.get(..4), symbols.get(6..11)) {
        text[..4].copy_from_slice(letters);
        text[9..].copy_from_slice(rest);
    }
    spell_number(u64::from(year), &mut text[4..8]);
    text[8] = if woman { b'F' } else { b'M' };
    if woman {
        let month = number(&text[9..11]);
        spell_number(month.saturating_sub(WOMAN), &mut text[9..11]);
    }
    let sum: u32 = text
        .iter()
        .zip(WEIGHTS)
        .map(|(&symbol, weight)| ebcdic(symbol) * weight)
        .sum();
    b'0' + u8::try_from(sum % 10).unwrap_or(0)
}

fn ebcdic(symbol: u8) -> u32 {
    let code = match symbol {
        b'A'..=b'I' => symbol - b'A' + 193,
        b'J'..=b'R' => symbol - b'J' + 209,
        b'S'..=b'Z' => symbol - b'S' + 226,
        _ => symbol.wrapping_sub(b'0').wrapping_add(240),
    };
    u32::from(code)
}

pub(crate) fn size(born: Born) -> u64 {
    let (_, days) = born.days();
    LETTERS * SEXES * days * SEQUENCES
}

pub(crate) fn rank(born: Born, symbols: &[u8]) -> Option<u64> {
    let holder = holder(symbols)?;
    let (first, days) = born.days();
    let day = holder.day.checked_sub(first).filter(|day| *day < days)?;
    let letters = symbols.iter().take(4).fold(0, |rank, letter| {
        rank * 26 + u64::from(letter.wrapping_sub(b'A'))
    });
    let sequence = number(symbols.get(10..11)?).checked_sub(1)?;
    Some(((letters * SEXES + u64::from(holder.woman)) * days + day) * SEQUENCES + sequence)
}

pub(crate) fn spell(born: Born, rank: u64, into: &mut [u8]) {
    let (first, days) = born.days();
    let (rest, sequence) = (rank / SEQUENCES, rank % SEQUENCES);
    let (rest, day) = (rest / days, rest % days);
    let (mut letters, woman) = (rest / SEXES, rest % SEXES == 1);
    let date = u32::try_from(first + day).ok().and_then(calendar::date_of);
    let (Some((year, month, day)), WIDTH) = (date, into.len()) else {
        return;
    };
    for place in into[..4].iter_mut().rev() {
        *place = b'A' + u8::try_from(letters % 26).unwrap_or(0);
        letters /= 26;
    }
    let month = u64::from(month) + if woman { WOMAN } else { 0 };
    spell_number(u64::from(year % 100), &mut into[4..6]);
    spell_number(month, &mut into[6..8]);
    spell_number(u64::from(day), &mut into[8..10]);
    spell_number(sequence + 1, &mut into[10..11]);
    let year = u16::try_from(year).unwrap_or(0);
    into[11] = check_digit(into, year, woman);
}
