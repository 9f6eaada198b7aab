//! The one budget of held bytes (design §4.6): memory is a number, and beyond it new work waits outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all exchanges together hold, against the most they may.
#[derive(Debug)]
pub struct Budget {
    limit: AtomicUsize,
    used: AtomicUsize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            used: AtomicUsize::new(0),
        })
    }

    /// Changes the limit; what is held already stays.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Whether nothing more may begin.
    pub fn is_spent(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.limit.load(Ordering::Relaxed)
    }

    /// Bytes held at the moment.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// One body's part of the budget, given back when dropped.
#[derive(Debug)]
pub struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Held {
    /// A part of nothing yet.
    pub fn new(budget: Arc<Budget>) -> Self {
        Self { budget, bytes: 0 }
    }

    /// Says what is held now; whether the whole is still within the budget.
    pub fn set(&mut self, bytes: usize) -> bool {
        let before = std::mem::replace(&mut self.bytes, bytes);
        if bytes > before {
            let grown = bytes - before;
            let used = self.budget.used.fetch_add(grown, Ordering::Relaxed) + grown;
            used <= self.budget.limit.load(Ordering::Relaxed)
        } else {
            self.budget
                .used
                .fetch_sub(before - bytes, Ordering::Relaxed);
            true
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_given_back() {
        let budget = Budget::new(100);
        let mut first = Held::new(Arc::clone(&budget));
        let mut second = Held::new(Arc::clone(&budget));
        assert!(first.set(60));
        assert!(!second.set(50));
        assert!(budget.is_spent());
        drop(first);
        assert_eq!(budget.used(), 50);
        assert!(second.set(20));
        drop(second);
        assert_eq!(budget.used(), 0);
    }
}
