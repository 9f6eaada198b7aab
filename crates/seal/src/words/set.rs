//! How far a set of word tokens reaches, as far as it is there: apps cut what they show.

use super::{WORD_LEN, WORD_LETTER};
use crate::base32;

/// Parts word tokens from each other and from the token in front.
pub(crate) const PART: u8 = b'-';
/// Characters of a word with the hyphen in front.
const STEP: usize = 1 + WORD_LEN;

/// Where a set ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// After so many bytes.
    Ends(usize),
    /// More input decides; it ends after so many bytes at most.
    More(usize),
}

/// How far the set of at most `most` words reaches that `bytes` begin with; `last` says that no more input follows.
///
/// A word that was cut, by the end of the input or by the app, belongs to it from its letter on: a hyphen alone may
/// be anybody's.
pub(crate) fn reach(bytes: &[u8], most: u8, last: bool) -> Reach {
    let mut at = 0;
    for left in (1..=usize::from(most)).rev() {
        let rest = bytes.get(at..).unwrap_or_default();
        let alike = alike(rest);
        if alike == STEP {
            at += STEP;
        } else if alike == rest.len() && !last {
            return Reach::More(at + left * STEP);
        } else {
            return Reach::Ends(at + if alike > 1 { alike } else { 0 });
        }
    }
    Reach::Ends(at)
}

/// How many bytes at the beginning are like a word with its hyphen. A word whole has a digit.
fn alike(bytes: &[u8]) -> usize {
    let shape = |(at, &byte): (usize, &u8)| match at {
        0 => byte == PART,
        1 => byte.eq_ignore_ascii_case(&WORD_LETTER),
        _ => base32::value(byte).is_some(),
    };
    let word = &bytes[..bytes.len().min(STEP)];
    let alike = word
        .iter()
        .enumerate()
        .take_while(|byte| shape(*byte))
        .count();
    if alike == STEP && !word.iter().any(u8::is_ascii_digit) {
        0
    } else {
        alike
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reaches_as_far_as_it_is_there() {
        for (text, most, ends) in [
            ("", 3, 0),
            ("-w4kz-w7m2-w000", 3, 15),
            ("-w4kz-w7m2-w000", 2, 10),
            ("-W4KZ-W7M2", 3, 10),
            ("-w4kz-w7", 3, 8),
            ("-w4kz-w…", 3, 7),
            ("-w4kz-", 3, 5),
            ("-w4kz- et", 3, 5),
            ("-w4kz", 0, 0),
            ("-west", 3, 0),
            ("-x4kz", 3, 0),
            (" -w4kz", 3, 0),
        ] {
            assert_eq!(
                reach(text.as_bytes(), most, true),
                Reach::Ends(ends),
                "{text}"
            );
        }
        assert_eq!(reach(b"-w4kz-w7", 3, false), Reach::More(15));
        assert_eq!(reach(b"-w4kz", 1, false), Reach::Ends(5));
        assert_eq!(reach(b"", 2, false), Reach::More(10));
    }
}
