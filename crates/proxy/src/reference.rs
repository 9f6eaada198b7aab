//! Names for exchanges: twelve characters that a person can read out, unguessable enough that one names one exchange.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use border::Reference;

/// Letters and digits without those that are mistaken for one another (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Gives each exchange its name: a counter under a keyed hash of this process.
#[derive(Debug, Default)]
pub struct References {
    key: RandomState,
    next: AtomicU64,
}

impl References {
    /// The next name.
    pub fn next(&self) -> Reference {
        let mut bits = self.key.hash_one(self.next.fetch_add(1, Ordering::Relaxed));
        Reference(std::array::from_fn(|_| {
            let place = usize::from((bits & 31) as u8);
            bits >>= 5;
            ALPHABET.get(place).copied().unwrap_or(b'0')
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same() {
        let references = References::default();
        let names: std::collections::HashSet<_> =
            (0..10_000).map(|_| references.next().0).collect();
        assert_eq!(names.len(), 10_000);
    }
}
