//! How many characters tokens have, so that a policy can say before the first value whether a column takes them.

use keys::KeyId;

use crate::header::{
    Header, Kind, LENGTH_LIMIT, LONGEST_CLASS, SHORTEST_CLASS, ValueType, class_of,
};

pub use crate::pointer::POINTER_LEN;

/// The longest plaintext, in bytes, that a `sealed` token takes.
pub const SEALED_LIMIT: usize = LONGEST_CLASS - 1;
/// The longest plaintext, in bytes, that a `match` token takes.
pub const MATCHED_LIMIT: usize = LENGTH_LIMIT;

/// Characters of the `sealed` token of a plaintext of so many bytes; nothing beyond [`SEALED_LIMIT`].
pub fn sealed(plain: usize, commit: bool) -> Option<usize> {
    class_of(plain).map(|class| characters(sealed_kind(commit), class))
}

/// Characters of the `match` token of a plaintext of so many bytes; nothing beyond [`MATCHED_LIMIT`].
pub fn matched(plain: usize) -> Option<usize> {
    (plain <= MATCHED_LIMIT).then(|| characters(Kind::Match, plain))
}

/// The longest plaintext, in bytes, whose `sealed` token fits into so many characters; nothing when none does.
pub fn longest_sealed(max_characters: usize, commit: bool) -> Option<usize> {
    let mut fits = None;
    let mut class = SHORTEST_CLASS;
    while class <= LONGEST_CLASS && characters(sealed_kind(commit), class) <= max_characters {
        fits = Some(class - 1);
        class *= 2;
    }
    fits
}

/// The longest plaintext, in bytes, whose `match` token fits into so many characters; nothing when none does.
pub fn longest_matched(max_characters: usize) -> Option<usize> {
    // The length grows with the plaintext, so the first that does not fit is found by halving.
    let (mut fits, mut beyond) = (0, MATCHED_LIMIT + 1);
    if characters(Kind::Match, fits) > max_characters {
        return None;
    }
    while beyond - fits > 1 {
        let middle = fits + (beyond - fits) / 2;
        if characters(Kind::Match, middle) <= max_characters {
            fits = middle;
        } else {
            beyond = middle;
        }
    }
    Some(fits)
}

fn sealed_kind(commit: bool) -> Kind {
    if commit {
        Kind::Committed
    } else {
        Kind::Sealed
    }
}

fn characters(kind: Kind, length: usize) -> usize {
    Header {
        kind,
        value_type: ValueType::String,
        key_id: KeyId(0),
        length,
    }
    .characters()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_design_hold() {
        for (plain, characters) in [
            (0, 40),
            (6, 49),
            (10, 56),
            (15, 64),
            (25, 80),
            (33, 92),
            (60, 136),
        ] {
            assert_eq!(matched(plain), Some(characters), "match of {plain}");
        }
        let table = [
            (16, 104, 129),
            (32, 129, 155),
            (64, 180, 206),
            (128, 284, 310),
            (256, 489, 515),
        ];
        for (class, plain, committed) in table {
            assert_eq!(
                sealed(class - 1, false),
                Some(plain),
                "sealed class {class}"
            );
            assert_eq!(
                sealed(class - 1, true),
                Some(committed),
                "committed class {class}"
            );
            assert_ne!(
                sealed(class, false),
                Some(plain),
                "the padding of class {class} takes a byte"
            );
        }
    }

    #[test]
    fn the_longest_that_fits_fits_and_the_next_does_not() {
        for max in 0..1000 {
            match longest_matched(max) {
                Some(plain) => {
                    assert!(matched(plain).is_some_and(|characters| characters <= max));
                    assert!(matched(plain + 1).is_some_and(|characters| characters > max));
                }
                None => assert!(max < 40),
            }
            for commit in [false, true] {
                match longest_sealed(max, commit) {
                    Some(plain) => {
                        assert!(sealed(plain, commit).is_some_and(|characters| characters <= max));
                        assert!(
                            sealed(plain + 1, commit).is_some_and(|characters| characters > max)
                        );
                    }
                    None => assert!(sealed(0, commit).is_some_and(|characters| characters > max)),
                }
            }
        }
        assert_eq!(longest_matched(usize::MAX), Some(MATCHED_LIMIT));
        assert_eq!(longest_sealed(usize::MAX, false), Some(SEALED_LIMIT));
        assert_eq!(sealed(SEALED_LIMIT + 1, false), None);
        assert_eq!(matched(MATCHED_LIMIT + 1), None);
    }
}
