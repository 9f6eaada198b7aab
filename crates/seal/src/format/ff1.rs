//! FF1 (NIST SP 800-38G, algorithms 7 and 8): a keyed permutation of the numeral strings of one radix and length.
//!
//! A string is handled as its two halves, each a number below 2^96: then a round is one block of AES, since the
//! round's input and its output of `d` bytes both fit into one. That covers 56 decimal digits and 192 bits. It never
//! allocates but for a long tweak, and floating point, by which the standard defines `b`, is replaced by the exact
//! number of bits.

use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser};
use zeroize::{Zeroize, Zeroizing};

/// Rounds.
const ROUNDS: u8 = 10;
/// Bytes that a half has at most, so that `d` is at most a block.
const HALF: usize = 12;

/// The halves of a numeral string, most significant first, as the numbers they spell.
pub(crate) type Halves = (u128, u128);

/// Radix and length of the strings that are permuted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strings {
    pub(crate) radix: u32,
    pub(crate) length: u32,
    first: u128,
    second: u128,
    half_bytes: usize,
}

impl Strings {
    /// Strings of `length` numerals of a radix from 2 to 65,536; nothing when a half of them exceeds 96 bits.
    pub(crate) fn new(radix: u32, length: u32) -> Option<Self> {
        let second_length = length.div_ceil(2);
        let first = u128::from(radix).checked_pow(length / 2)?;
        let second = u128::from(radix).checked_pow(second_length)?;
        let bits = u128::BITS - second.checked_sub(1)?.leading_zeros();
        let half_bytes = usize::try_from(bits.div_ceil(8)).ok()?;
        let possible = (2..=1 << 16).contains(&radix) && length >= 2 && half_bytes <= HALF;
        possible.then_some(Self {
            radix,
            length,
            first,
            second,
            half_bytes,
        })
    }
}

/// FF1 under one key.
pub(crate) struct Ff1<C>(C);

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Ff1<C> {
    pub(crate) fn new(cipher: C) -> Self {
        Self(cipher)
    }

    /// Algorithm 7. The halves are below the radix to the power of their length, and so are those that come back.
    pub(crate) fn encrypt(&self, strings: Strings, tweak: &[u8], halves: Halves) -> Halves {
        let round = self.round(strings, tweak);
        let (mut a, mut b) = halves;
        for i in 0..ROUNDS {
            let modulus = strings.modulus(i);
            let c = (a + round.number(i, b) % modulus) % modulus;
            (a, b) = (b, c);
        }
        (a, b)
    }

    /// Algorithm 8.
    pub(crate) fn decrypt(&self, strings: Strings, tweak: &[u8], halves: Halves) -> Halves {
        let round = self.round(strings, tweak);
        let (mut a, mut b) = halves;
        for i in (0..ROUNDS).rev() {
            let modulus = strings.modulus(i);
            let c = (b + modulus - round.number(i, a) % modulus) % modulus;
            (a, b) = (c, a);
        }
        (a, b)
    }

    /// What every round begins with: the state of CBC-MAC after all blocks but the last, and the last one's start.
    fn round(&self, strings: Strings, tweak: &[u8]) -> Round<'_, C> {
        let b = strings.half_bytes;
        let [_, radix @ ..] = strings.radix.to_be_bytes();
        let [.., half] = (strings.length / 2).to_be_bytes();
        // A tweak is never longer than `TWEAK_LIMIT`.
        let tweak_length = u32::try_from(tweak.len()).unwrap_or(u32::MAX);
        let mut state = [0; 16];
        state[..3].copy_from_slice(&[1, 2, 1]);
        state[3..6].copy_from_slice(&radix);
        state[6..8].copy_from_slice(&[ROUNDS, half]);
        state[8..12].copy_from_slice(&strings.length.to_be_bytes());
        state[12..].copy_from_slice(&tweak_length.to_be_bytes());
        self.permute(&mut state);
        // The tweak and zeros fill up to where round number and half stand at the end of the last block.
        let front = tweak.len() + (16 - (tweak.len() + b + 1) % 16) % 16;
        let mut padded = Zeroizing::new(vec![0; front + b + 1]);
        padded[..tweak.len()].copy_from_slice(tweak);
        let (blocks, _) = padded.as_chunks::<16>();
        let (last, blocks) = match blocks.split_last() {
            Some((last, blocks)) => (*last, blocks),
            None => ([0; 16], blocks),
        };
        for block in blocks {
            xor(&mut state, block);
            self.permute(&mut state);
        }
        xor(&mut state, &last);
        Round {
            cipher: self,
            state,
            half_bytes: b,
        }
    }

    fn permute(&self, block: &mut [u8; 16]) {
        let mut array = Array::from(*block);
        self.0.encrypt_block(&mut array);
        *block = array.into();
    }
}

impl Strings {
    /// What the half that changes in round `i` is a number modulo of.
    fn modulus(self, i: u8) -> u128 {
        if i.is_multiple_of(2) {
            self.first
        } else {
            self.second
        }
    }
}

struct Round<'a, C> {
    cipher: &'a Ff1<C>,
    state: [u8; 16],
    half_bytes: usize,
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Round<'_, C> {
    /// `y` of step 6: what the other half and the round's number give.
    fn number(&self, i: u8, half: u128) -> u128 {
        let mut block = self.state;
        let at = 16 - self.half_bytes;
        block[at - 1] ^= i;
        let bytes = half.to_be_bytes();
        xor(&mut block[at..], &bytes[at..]);
        self.cipher.permute(&mut block);
        let d = 4 * self.half_bytes.div_ceil(4) + 4;
        let number = u128::from_be_bytes(block) >> (8 * (16 - d));
        block.zeroize();
        number
    }
}

impl<C> Drop for Round<'_, C> {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}

fn xor(into: &mut [u8], other: &[u8]) {
    into.iter_mut()
        .zip(other)
        .for_each(|(byte, with)| *byte ^= with);
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::KeyInit;
    use aes::{Aes128, Aes192, Aes256};
    use fpe::ff1::{FF1, FlexibleNumeralString};
    use proptest::prelude::*;

    /// The shorter keys of the samples are the beginnings of the longest.
    const KEY: [u8; 32] = [
        0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f,
        0x3c, 0xef, 0x43, 0x59, 0xd8, 0xd5, 0x80, 0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f, 0x04, 0xfc,
        0x6a, 0x94,
    ];

    fn number(numerals: &str, radix: u32) -> u128 {
        u128::from_str_radix(numerals, radix).unwrap()
    }

    /// The samples FF1 1 to 9 that NIST publishes with SP 800-38G.
    #[test]
    fn the_samples_of_the_standard() {
        let tweak = [0x39, 0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31, 0x30];
        let long = [
            0x37, 0x37, 0x37, 0x37, 0x70, 0x71, 0x72, 0x73, 0x37, 0x37, 0x37,
        ];
        let ten = "0123456789";
        let nineteen = "0123456789abcdefghi";
        let samples: [(usize, u32, &[u8], &str, &str); 9] = [
            (16, 10, &[], ten, "2433477484"),
            (16, 10, &tweak, ten, "6124200773"),
            (16, 36, &long, nineteen, "a9tv40mll9kdu509eum"),
            (24, 10, &[], ten, "2830668132"),
            (24, 10, &tweak, ten, "2496655549"),
            (24, 36, &long, nineteen, "xbj3kv35jrawxv32ysr"),
            (32, 10, &[], ten, "6657667009"),
            (32, 10, &tweak, ten, "1001623463"),
            (32, 36, &long, nineteen, "xs8a0azh2avyalyzuwd"),
        ];
        for (bytes, radix, tweak, plain, expected) in samples {
            let strings = Strings::new(radix, u32::try_from(plain.len()).unwrap()).unwrap();
            let halves = |text: &str| {
                let (a, b) = text.split_at(text.len() / 2);
                (number(a, radix), number(b, radix))
            };
            let (made, back) = match bytes {
                16 => both(
                    Aes128::new_from_slice(&KEY[..16]).unwrap(),
                    strings,
                    tweak,
                    halves(plain),
                ),
                24 => both(
                    Aes192::new_from_slice(&KEY[..24]).unwrap(),
                    strings,
                    tweak,
                    halves(plain),
                ),
                _ => both(
                    Aes256::new_from_slice(&KEY).unwrap(),
                    strings,
                    tweak,
                    halves(plain),
                ),
            };
            assert_eq!(made, halves(expected), "{bytes} {radix}");
            assert_eq!(back, halves(plain));
        }
    }

    fn both<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>>(
        cipher: C,
        strings: Strings,
        tweak: &[u8],
        halves: Halves,
    ) -> (Halves, Halves) {
        let ff1 = Ff1::new(cipher);
        let made = ff1.encrypt(strings, tweak, halves);
        (made, ff1.decrypt(strings, tweak, made))
    }

    #[test]
    fn halves_beyond_96_bits_are_refused() {
        assert!(Strings::new(10, 56).is_some());
        assert!(Strings::new(10, 57).is_none());
        assert!(Strings::new(2, 192).is_some());
        assert!(Strings::new(2, 193).is_none());
        assert!(Strings::new(1, 20).is_none());
        assert!(Strings::new(10, u32::MAX).is_none());
    }

    fn spelled(number: u128, radix: u32, length: u32) -> Vec<u16> {
        let mut numerals = vec![0; usize::try_from(length).unwrap()];
        let mut rest = number;
        for numeral in numerals.iter_mut().rev() {
            *numeral = u16::try_from(rest % u128::from(radix)).unwrap();
            rest /= u128::from(radix);
        }
        numerals
    }

    proptest! {
        /// Two implementations agree at every length, radix and length of tweak.
        #[test]
        fn the_same_as_an_implementation_of_its_own(
            key in any::<[u8; 32]>(),
            radix in prop_oneof![Just(2_u32), Just(10), Just(26), Just(36)],
            length in 20_u32..=192,
            tweak in proptest::collection::vec(any::<u8>(), 0..40),
            (a, b) in any::<(u128, u128)>(),
        ) {
            let length = if radix == 2 { length } else { length % 32 + 6 };
            let Some(strings) = Strings::new(radix, length) else {
                return Ok(());
            };
            let halves = (a % strings.first, b % strings.second);
            let cipher = Aes256::new(&key.into());
            let ours = Ff1::new(cipher).encrypt(strings, &tweak, halves);
            let text = |(a, b): Halves| {
                [spelled(a, radix, length / 2), spelled(b, radix, length.div_ceil(2))].concat()
            };
            let theirs = FF1::<Aes256>::new(&key, radix).unwrap()
                .encrypt(&tweak, &FlexibleNumeralString::from(text(halves))).unwrap();
            prop_assert_eq!(text(ours), Vec::from(theirs));
        }
    }
}
