//! What the tests of this crate share: a source of chance that repeats.

use keys::Chance;

/// Gives the same bytes for the same seed (SplitMix64): for tests only.
pub struct Counter(pub u64);

impl Chance for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed ^ mixed >> 27).to_be_bytes()[0];
        }
    }
}
