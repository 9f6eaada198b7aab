//! How many characters tokens have, so that a policy can say before the first value whether a column takes them.

use keys::KeyId;

use crate::header::{Header, Kind, LENGTH_LIMIT, LONGEST_PADDED, ValueType};
use crate::sealing::Sealing;
use crate::words::{WORD_LEN, WORDS_LIMIT};

pub use crate::pointer::POINTER_LEN;

/// The longest plaintext, in bytes, that a `sealed` token takes; a pad may take less
/// ([`Pad::longest`](crate::Pad::longest)).
pub const SEALED_LIMIT: usize = LONGEST_PADDED - 1;
/// The longest plaintext, in bytes, that a `match` token takes.
pub const MATCHED_LIMIT: usize = LENGTH_LIMIT;

/// Characters of the `sealed` token of a plaintext of so many bytes; nothing where the pad takes no such plaintext.
pub fn sealed(plain: usize, sealing: Sealing) -> Option<usize> {
    let padded = sealing.pad.padded(plain)?;
    Some(characters(Kind::of(sealing), padded))
}

/// Characters of the `words` token of a plaintext of so many bytes with its set of so many word tokens; nothing where
/// the pad takes no such plaintext or a token is not followed by so many.
pub fn worded(plain: usize, words: usize, sealing: Sealing) -> Option<usize> {
    if words > WORDS_LIMIT {
        return None;
    }
    let padded = sealing.pad.padded(plain)?;
    Some(characters(Kind::of_words(sealing), padded) + words * (1 + WORD_LEN))
}

/// Characters of the `match` token of a plaintext of so many bytes; nothing beyond [`MATCHED_LIMIT`].
pub fn matched(plain: usize) -> Option<usize> {
    (plain <= MATCHED_LIMIT).then(|| characters(Kind::Match, plain))
}

/// The longest plaintext, in bytes, whose `sealed` token fits into so many characters; nothing when none does.
pub fn longest_sealed(max_characters: usize, sealing: Sealing) -> Option<usize> {
    longest(SEALED_LIMIT, |plain| {
        sealed(plain, sealing).is_some_and(|characters| characters <= max_characters)
    })
}

/// The longest plaintext, in bytes, whose `match` token fits into so many characters; nothing when none does.
pub fn longest_matched(max_characters: usize) -> Option<usize> {
    longest(MATCHED_LIMIT, |plain| {
        characters(Kind::Match, plain) <= max_characters
    })
}

/// The largest number up to `limit` that fits, where whatever is less than one that fits does so too.
fn longest(limit: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut known, mut beyond) = (0, limit + 1);
    if !fits(known) {
        return None;
    }
    while beyond - known > 1 {
        let middle = known + (beyond - known) / 2;
        if fits(middle) {
            known = middle;
        } else {
            beyond = middle;
        }
    }
    Some(known)
}

fn characters(kind: Kind, length: usize) -> usize {
    Header {
        kind,
        value_type: ValueType::String,
        key_id: KeyId(0),
        length,
        words: 0,
    }
    .characters()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::Pad;

    const PLAIN: Sealing = Sealing {
        commit: false,
        pad: Pad::Classes,
    };
    const COMMITTED: Sealing = Sealing {
        commit: true,
        pad: Pad::Classes,
    };

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
                sealed(class - 1, PLAIN),
                Some(plain),
                "sealed class {class}"
            );
            assert_eq!(
                sealed(class - 1, COMMITTED),
                Some(committed),
                "committed class {class}"
            );
            assert_ne!(
                sealed(class, PLAIN),
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
            for sealing in sealings() {
                let next = sealed(
                    longest_sealed(max, sealing).map_or(0, |plain| plain + 1),
                    sealing,
                );
                assert!(
                    next.is_none_or(|characters| characters > max),
                    "{sealing:?} {max}"
                );
                if let Some(plain) = longest_sealed(max, sealing) {
                    assert!(sealed(plain, sealing).is_some_and(|characters| characters <= max));
                }
            }
        }
        assert_eq!(longest_matched(usize::MAX), Some(MATCHED_LIMIT));
        assert_eq!(matched(MATCHED_LIMIT + 1), None);
        for sealing in sealings() {
            let longest = sealing.pad.longest();
            assert_eq!(longest_sealed(usize::MAX, sealing), Some(longest));
            assert_eq!(sealed(longest + 1, sealing), None);
        }
        assert_eq!(Sealing::default().pad.longest(), SEALED_LIMIT);
    }

    fn sealings() -> impl Iterator<Item = Sealing> {
        let pads = [
            Pad::Classes,
            Pad::Multiple(1),
            Pad::Multiple(48),
            Pad::Fixed(100),
        ];
        pads.into_iter()
            .flat_map(|pad| [false, true].map(|commit| Sealing { commit, pad }))
    }
}
