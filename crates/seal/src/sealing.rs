//! How a field wants its `sealed` values: with a commitment or without, and padded to what.
//!
//! Padding is what keeps a diagnosis from being guessed by its length. It always takes at least one byte (ISO/IEC
//! 7816-4: `80`, then zeros), so that a length says nothing but what the pad says. The reader needs none of this:
//! a token says its padded length, and the padding says where the value ends.

use crate::header::LONGEST_PADDED;

/// The shortest length class.
const SHORTEST_CLASS: usize = 16;

/// What a field asks of its `sealed` tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sealing {
    /// The token commits to its key: 16 bytes more.
    pub commit: bool,
    /// What values are padded to.
    pub pad: Pad,
}

/// What values are padded to before they are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pad {
    /// The least power of two from 16 on: a length says the class only.
    #[default]
    Classes,
    /// The least multiple of so many bytes, 1 to [`Pad::LARGEST_MULTIPLE`]: with 1, a length is told exactly.
    Multiple(u32),
    /// Always so many bytes, 1 to [`Pad::LARGEST_FIXED`], for a value of at least one byte less: nothing is told.
    Fixed(u32),
}

impl Pad {
    /// The largest multiple that values are padded to, in bytes.
    pub const LARGEST_MULTIPLE: u32 = 1 << 16;
    /// The largest length that values are all padded to, in bytes.
    pub const LARGEST_FIXED: u32 = 1 << 20;

    /// Bytes of a value of so many bytes after padding; nothing where it is longer than [`Pad::longest`].
    pub(crate) fn padded(self, plain: usize) -> Option<usize> {
        let least = plain.checked_add(1)?;
        let padded = match self {
            Self::Classes => least.checked_next_power_of_two()?.max(SHORTEST_CLASS),
            Self::Multiple(step) => least.checked_next_multiple_of(bytes(step)?)?,
            Self::Fixed(length) => bytes(length).filter(|&length| least <= length)?,
        };
        (padded <= LONGEST_PADDED).then_some(padded)
    }

    /// The longest value, in bytes, that can be padded so.
    pub fn longest(self) -> usize {
        let padded = match self {
            Self::Classes => Some(LONGEST_PADDED),
            Self::Multiple(step) => bytes(step).map(|step| {
                LONGEST_PADDED.saturating_sub(LONGEST_PADDED.checked_rem(step).unwrap_or(0))
            }),
            Self::Fixed(length) => bytes(length).filter(|&length| length <= LONGEST_PADDED),
        };
        padded.unwrap_or(0).saturating_sub(1)
    }
}

/// A pad's number as a length, which is not zero.
fn bytes(number: u32) -> Option<usize> {
    usize::try_from(number).ok().filter(|&number| number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_leave_room_for_padding() {
        for (plain, class) in [
            (0, 16),
            (15, 16),
            (16, 32),
            (31, 32),
            (32, 64),
            (255, 256),
            (256, 512),
        ] {
            assert_eq!(Pad::Classes.padded(plain), Some(class));
        }
    }

    #[test]
    fn a_pad_that_is_none_takes_nothing() {
        for pad in [
            Pad::Multiple(0),
            Pad::Fixed(0),
            Pad::Fixed(Pad::LARGEST_FIXED + 1),
        ] {
            assert_eq!(pad.padded(0), None, "{pad:?}");
            assert_eq!(pad.longest(), 0, "{pad:?}");
        }
    }

    fn pads() -> impl Strategy<Value = Pad> {
        prop_oneof![
            Just(Pad::Classes),
            (1..=Pad::LARGEST_MULTIPLE).prop_map(Pad::Multiple),
            (1..=Pad::LARGEST_FIXED).prop_map(Pad::Fixed),
        ]
    }

    proptest! {
        #[test]
        fn padding_takes_at_least_a_byte_and_no_more_than_it_must(pad in pads(), plain in 0..LONGEST_PADDED + 10) {
            let padded = pad.padded(plain);
            prop_assert_eq!(padded.is_some(), plain <= pad.longest());
            let Some(padded) = padded else { return Ok(()) };
            prop_assert!(padded > plain && padded <= LONGEST_PADDED);
            match pad {
                Pad::Classes => prop_assert!(padded.is_power_of_two() && padded < 2 * (plain + 16)),
                Pad::Multiple(step) => prop_assert!(padded % step as usize == 0 && padded <= plain + step as usize),
                Pad::Fixed(length) => prop_assert_eq!(padded, length as usize),
            }
        }
    }

    #[test]
    fn no_number_overflows() {
        for pad in [Pad::Classes, Pad::Multiple(u32::MAX), Pad::Fixed(u32::MAX)] {
            assert_eq!(pad.padded(usize::MAX), None);
            assert_eq!(pad.padded(usize::MAX - 1), None);
            assert!(pad.longest() < LONGEST_PADDED);
        }
    }
}
