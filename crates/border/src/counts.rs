//! What an exchange counted, shared between it and its two flows.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// The most `match` tokens of one exchange of which a fingerprint is kept: enough to measure how often values repeat.
const MOST_MET: usize = 32;

/// Counters by field of the app. The flows add, the exchange reads when they have ended.
#[derive(Debug)]
pub(crate) struct Counts {
    protected: Box<[AtomicU32]>,
    revealed: Box<[AtomicU32]>,
    unopened: AtomicU32,
    met: Mutex<Vec<(usize, u64)>>,
}

impl Counts {
    pub fn new(fields: usize) -> Self {
        let zeros = || (0..fields).map(|_| AtomicU32::new(0)).collect();
        Self {
            protected: zeros(),
            revealed: zeros(),
            unopened: AtomicU32::new(0),
            met: Mutex::default(),
        }
    }

    pub fn protect(&self, field: usize) {
        add(self.protected.get(field));
    }

    pub fn reveal(&self, field: usize) {
        add(self.revealed.get(field));
    }

    pub fn unopened(&self) {
        add(Some(&self.unopened));
    }

    /// Takes note of a `match` token that leaves: equal tokens have equal fingerprints.
    pub fn met(&self, field: usize, token: &[u8]) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if met.len() < MOST_MET {
            let mut hasher = DefaultHasher::new();
            hasher.write(token);
            met.push((field, hasher.finish()));
        }
    }

    /// (field index, fingerprint) of the `match` tokens that left.
    pub fn matched(&self) -> Vec<(usize, u64)> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut met)
    }

    pub fn total_protected(&self) -> u32 {
        self.protected.iter().map(|count| count.load(Relaxed)).sum()
    }

    pub fn total_revealed(&self) -> u32 {
        self.revealed.iter().map(|count| count.load(Relaxed)).sum()
    }

    pub fn total_unopened(&self) -> u32 {
        self.unopened.load(Relaxed)
    }

    /// (field index, protected, revealed) of each field that was met.
    pub fn by_field(&self) -> impl Iterator<Item = (usize, u32, u32)> {
        self.protected
            .iter()
            .zip(&self.revealed)
            .map(|(protected, revealed)| (protected.load(Relaxed), revealed.load(Relaxed)))
            .enumerate()
            .filter(|(_, (protected, revealed))| protected + revealed > 0)
            .map(|(field, (protected, revealed))| (field, protected, revealed))
    }
}

fn add(counter: Option<&AtomicU32>) {
    if let Some(counter) = counter {
        counter.fetch_add(1, Relaxed);
    }
}
