//! What the tests of this crate share: a source of chance that repeats, and keys from a known secret.

use seal::{Chance, EpochSecret, FieldKey, KeyId, Sealing, SubjectName, SubjectSecret};

/// No commitment, length classes.
pub const PLAIN: Sealing = Sealing {
    commit: false,
    pad: seal::Pad::Classes,
};
/// A commitment, length classes.
pub const COMMITTED: Sealing = Sealing {
    commit: true,
    ..PLAIN
};

/// Gives the same bytes for the same seed (SplitMix64): for tests only.
pub struct Counter(u64);

impl Counter {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Chance for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed ^ mixed >> 27).to_be_bytes()[0];
        }
    }
}

/// The key of a field, always from the same secret and with the same id.
pub fn field_key(app: &str, field: &str, epoch: u32) -> FieldKey {
    FieldKey::derive(
        &EpochSecret::from_bytes(&[0x42; 32]),
        KeyId(0x0102_0304),
        app,
        field,
        epoch,
    )
}

/// The key of a subject in a field, always from the same secrets and with the same id: only the name differs.
pub fn subject_key(app: &str, field: &str, epoch: u32, subject: u8) -> FieldKey {
    FieldKey::derive_for_subject(
        &EpochSecret::from_bytes(&[0x42; 32]),
        &SubjectSecret::from_bytes(&[0x24; 32]),
        SubjectName([subject; 16]),
        KeyId(0x0102_0304),
        app,
        field,
        epoch,
    )
}
