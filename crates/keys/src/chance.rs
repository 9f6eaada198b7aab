//! Where random bytes come from: the caller says, so that the core stays a function of its inputs.

use std::fmt;

use aes::Aes256Enc;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

/// A source of random bytes.
///
/// What is sealed is as safe as this source. A gateway gives the operating system's (`file::SystemChance`, feature
/// `file`); a request that may be sent again gives a pseudorandom function of its idempotency key; a test
/// gives a counter.
pub trait Chance {
    /// Fills `out` with bytes that nobody else can guess.
    fn fill(&mut self, out: &mut [u8]);
}

/// Bytes of the generator's key.
const KEY: usize = 32;
/// Bytes of one step: the next key, then what is given out, the salts of nine values.
const STEP: usize = 256;
/// Steps between two keys from the source.
const STEPS: u32 = 8;

/// Gives the salts of many values for one question to a source: asking the system for a salt costs several times
/// the encryption.
///
/// A generator with fast key erasure: AES-256 in counter mode (NIST SP 800-38A) under a key from the source; the first
/// bytes of each step are the next step's key, and what was used is wiped, so that nothing given out can be told
/// from what is in memory later. After eight steps, 1,792 bytes, the source gives a new key.
///
/// **It lives as long as one message and no longer.** A virtual machine that is copied or set back gives the same
/// bytes twice from whatever state it holds. Here that is less than two thousand bytes within one message, whose
/// connection such a machine has lost (`docs/adr/0013`).
pub struct Ahead<C> {
    source: C,
    step: Zeroizing<[u8; STEP]>,
    used: usize,
    left: u32,
}

impl<C: Chance> Ahead<C> {
    /// Draws nothing until the first byte is asked for.
    pub fn new(source: C) -> Self {
        Self {
            source,
            step: Zeroizing::new([0; STEP]),
            used: STEP,
            left: 0,
        }
    }

    fn step(&mut self) {
        let mut key = Zeroizing::new([0; KEY]);
        if self.left == 0 {
            self.left = STEPS;
            self.source.fill(key.as_mut_slice());
        } else {
            key.copy_from_slice(&self.step[..KEY]);
        }
        self.left -= 1;
        let cipher = Aes256Enc::new((&*key).into());
        let (blocks, _) = Array::slice_as_chunks_mut(self.step.as_mut_slice());
        for (counter, block) in (0..).zip(blocks.iter_mut()) {
            *block = Array(u128::to_be_bytes(counter));
        }
        cipher.encrypt_blocks(blocks);
        self.used = KEY;
    }
}

impl<C: Chance> Chance for Ahead<C> {
    fn fill(&mut self, out: &mut [u8]) {
        let mut rest = out;
        while !rest.is_empty() {
            if self.used == STEP {
                self.step();
            }
            let taken = rest.len().min(STEP - self.used);
            let (now, later) = rest.split_at_mut(taken);
            let given = &mut self.step[self.used..self.used + taken];
            now.copy_from_slice(given);
            given.fill(0);
            self.used += taken;
            rest = later;
        }
    }
}

impl<C> fmt::Debug for Ahead<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ahead(‹256 bytes›)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a block of its number each time it is asked, and counts the questions.
    struct Numbered(u8);

    impl Chance for Numbered {
        fn fill(&mut self, out: &mut [u8]) {
            self.0 += 1;
            out.fill(self.0);
        }
    }

    fn drawn(sizes: &[usize]) -> (Vec<u8>, u8) {
        let mut ahead = Ahead::new(Numbered(0));
        let mut drawn = Vec::new();
        for &size in sizes {
            let start = drawn.len();
            drawn.resize(start + size, 0);
            ahead.fill(&mut drawn[start..]);
        }
        (drawn, ahead.source.0)
    }

    #[test]
    fn the_bytes_do_not_hang_on_how_they_are_drawn() {
        let (whole, asked) = drawn(&[4000]);
        assert_eq!(asked, 3, "a new key every 1,792 bytes");
        assert_eq!(drawn(&[24, 16, 0, 200, 760, 3000]), (whole, 3));
        assert_eq!(drawn(&[]).1, 0, "nothing is asked for what is not drawn");
        assert_eq!(drawn(&[1792]).1, 1);
    }

    #[test]
    fn nothing_is_given_twice_within_a_key_nor_under_the_next() {
        let (whole, _) = drawn(&[4000]);
        let mut blocks: Vec<&[u8]> = whole.chunks_exact(16).collect();
        blocks.sort_unstable();
        blocks.dedup();
        assert_eq!(blocks.len(), 250);
    }

    /// AES-256 under 32 ones: the blocks of the counters 2 and 3 are the first that are given out.
    #[test]
    fn the_first_bytes_are_those_of_counter_mode() {
        let cipher = Aes256Enc::new(&[1; 32].into());
        let mut expected = [Array(2_u128.to_be_bytes()), Array(3_u128.to_be_bytes())];
        cipher.encrypt_blocks(&mut expected);
        assert_eq!(drawn(&[32]).0, expected.concat());
    }

    #[test]
    fn i12_what_was_given_is_wiped() {
        let mut ahead = Ahead::new(Numbered(0));
        ahead.fill(&mut [0; 100]);
        assert_eq!(ahead.step[KEY..KEY + 100], [0; 100]);
        assert_ne!(ahead.step[KEY + 100..], [0; STEP - KEY - 100]);
    }
}
