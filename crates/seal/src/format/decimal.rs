//! `number`: a JSON number stays one, of the same sign and size, that a double still holds exactly.
//!
//! What changes are the significant digits: leading zeros, sign and point stay where they stand, and so do zeros at
//! the end of a fraction, because whoever reads numbers as numbers drops them. The first significant digit and the
//! last of a fraction never become a zero.

use super::FormatError;
use super::domain::{DIGITS, Domain, NOT_ZERO, Place};
use super::symbols::Symbols;

/// Significant digits that any double holds.
const EXACT: usize = 15;

pub(crate) fn read(value: &str, symbols: &Symbols) -> Result<Domain, FormatError> {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && (digits(fraction) || unsigned == whole);
    if !is_number {
        return Err(FormatError::Structure {
            wants: "a JSON number without an exponent",
        });
    }
    let all = &symbols.upper;
    let first = all.iter().position(|digit| *digit != b'0');
    let kept = fraction.len() - fraction.trim_end_matches('0').len();
    let end = all.len() - kept;
    let first = first.filter(|first| *first < end).unwrap_or(end);
    if end - first > EXACT {
        return Err(FormatError::Length {
            takes: "at most 15 significant digits",
        });
    }
    let fractional = end > whole.len();
    let places = (first..end).map(|at| {
        let bound = at == first || (fractional && at + 1 == end);
        Place {
            at,
            set: if bound { NOT_ZERO } else { DIGITS },
        }
    });
    let behind = end.saturating_sub(whole.len());
    Ok(Domain {
        name: format!("number:{}.{behind}", end - first),
        places: places.collect(),
        kept: Vec::new(),
    })
}
