//! Numbers of up to 192 bits in mixed radix: where a value stands among all that look like it.

use zeroize::Zeroize;

/// A number below 2^192, as three limbs, most significant first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Zeroize)]
#[zeroize(drop)]
pub(crate) struct Rank([u64; 3]);

impl Rank {
    pub(crate) const ZERO: Self = Self([0; 3]);
    pub(crate) const ONE: Self = Self([0, 0, 1]);

    /// Appends a digit of this radix at the end; nothing when the number has no room for it.
    pub(crate) fn push(&mut self, radix: u64, digit: u64) -> Option<()> {
        let mut carry = u128::from(digit);
        for limb in self.0.iter_mut().rev() {
            let wide = u128::from(*limb) * u128::from(radix) + carry;
            *limb = low(wide);
            carry = wide >> 64;
        }
        (carry == 0).then_some(())
    }

    /// Takes the last digit of this radix off.
    pub(crate) fn pop(&mut self, radix: u64) -> u64 {
        let radix = u128::from(radix.max(1));
        let mut rest = 0;
        for limb in &mut self.0 {
            let wide = rest << 64 | u128::from(*limb);
            *limb = low(wide / radix);
            rest = wide % radix;
        }
        low(rest)
    }

    /// Bits of the greatest number below this one.
    pub(crate) fn bits_below(&self) -> u32 {
        let mut below = self.clone();
        let mut borrow = true;
        for limb in below.0.iter_mut().rev() {
            (*limb, borrow) = limb.overflowing_sub(u64::from(borrow));
        }
        let zeros = |limbs: &[u64; 3]| match limbs {
            [0, 0, c] => 128 + c.leading_zeros(),
            [0, b, _] => 64 + b.leading_zeros(),
            [a, ..] => a.leading_zeros(),
        };
        192 - zeros(&below.0)
    }

    /// What stands above the last `bits` (of 1 to 127) and they themselves.
    pub(crate) fn split(&self, bits: u32) -> (u128, u128) {
        let [a, b, c] = self.0.map(u128::from);
        let tail = b << 64 | c;
        (a << (128 - bits) | tail >> bits, tail & ((1 << bits) - 1))
    }

    /// The reverse of [`split`](Self::split).
    pub(crate) fn join((head, tail): (u128, u128), bits: u32) -> Self {
        let below = head << bits | tail;
        Self([low(head >> (128 - bits)), low(below >> 64), low(below)])
    }
}

impl From<u64> for Rank {
    fn from(number: u64) -> Self {
        Self([0, 0, number])
    }
}

/// The last 64 bits.
fn low(wide: u128) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = wide.to_be_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_has_no_room_is_said() {
        let mut rank = Rank::ONE;
        for _ in 0..191 {
            assert_eq!(rank.push(2, 1), Some(()));
        }
        assert_eq!(rank.bits_below(), 192);
        assert_eq!(rank.push(2, 0), None);
        assert_eq!(Rank::ONE.bits_below(), 0);
    }

    proptest! {
        #[test]
        fn digits_come_off_as_they_were_put_on(
            digits in proptest::collection::vec((1_u64..1_000_000_000_000, any::<u64>()), 0..5),
        ) {
            let mut rank = Rank::ZERO;
            let mut pushed = Vec::new();
            for (radix, digit) in digits {
                prop_assume!(rank.push(radix, digit % radix).is_some());
                pushed.push((radix, digit % radix));
            }
            for (radix, digit) in pushed.into_iter().rev() {
                prop_assert_eq!(rank.pop(radix), digit);
            }
            prop_assert!(rank == Rank::ZERO);
        }

        #[test]
        fn a_number_is_its_two_ends(a in any::<u128>(), b in any::<u128>(), bits in 10_u32..=96) {
            let halves = (a >> 32 & ((1 << bits) - 1), b & ((1 << bits) - 1));
            prop_assert_eq!(Rank::join(halves, bits).split(bits), halves);
        }
    }
}
