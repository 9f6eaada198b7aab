//! The same floors while tokens leave, in fixed memory: about 3 KiB a field, however many values it has.
//!
//! The most frequent value is found by the method of Misra and Gries (1982): with [`COUNTERS`] of them a count is
//! too small by at most one value in 65, so that nothing is said that is not so. Different values are kept until
//! there are enough. A value that is sent again and again counts each time: what is said is said of the traffic,
//! once, and refuses nothing.

use super::{FEW, Low, is_frequent};

/// How many values are counted at once.
const COUNTERS: usize = 64;
/// Nothing is said before so many values.
const FIRST: u32 = 1000;

/// Watches the tokens of one field.
#[derive(Clone, Debug, Default)]
pub struct Live {
    values: u32,
    counters: Vec<(u64, u32)>,
    /// The different fingerprints, in order, as long as they are few.
    different: Vec<u64>,
    said: bool,
}

impl Live {
    /// Takes the fingerprint of a token: equal for equal ones. Says what tells too much, once.
    pub fn meet(&mut self, fingerprint: u64) -> Option<Low> {
        if self.said {
            return None;
        }
        self.values = self.values.saturating_add(1);
        self.count(fingerprint);
        if self.different.len() < FEW as usize
            && let Err(at) = self.different.binary_search(&fingerprint)
        {
            self.different.insert(at, fingerprint);
        }
        let low = self.low()?;
        *self = Self {
            said: true,
            ..Self::default()
        };
        Some(low)
    }

    fn count(&mut self, fingerprint: u64) {
        let mut counters = self.counters.iter_mut();
        if let Some((_, count)) = counters.find(|(known, _)| *known == fingerprint) {
            *count = count.saturating_add(1);
        } else if self.counters.len() < COUNTERS {
            self.counters.push((fingerprint, 1));
        } else {
            self.counters.retain_mut(|(_, count)| {
                *count -= 1;
                *count > 0
            });
        }
    }

    fn low(&self) -> Option<Low> {
        if self.values < FIRST {
            return None;
        }
        let values = self.values;
        let count = self.counters.iter().map(|(_, count)| *count).max()?;
        if is_frequent(count, values) {
            return Some(Low::Frequent { count, values });
        }
        let distinct = u32::try_from(self.different.len()).unwrap_or(u32::MAX);
        (distinct < FEW).then_some(Low::Few { distinct, values })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(fingerprints: impl IntoIterator<Item = u64>) -> Vec<(u32, Low)> {
        let mut live = Live::default();
        let met = (1..).zip(fingerprints);
        met.filter_map(|(at, fingerprint)| Some((at, live.meet(fingerprint)?)))
            .collect()
    }

    #[test]
    fn a_floor_is_told_of_once_and_not_before_a_thousand_values() {
        assert_eq!(said((0..999).map(|at| at % 2)), []);
        let low = Low::Frequent {
            count: 500,
            values: 1000,
        };
        assert_eq!(said((0..5000).map(|at| at % 2)), [(1000, low)]);
        let low = Low::Few {
            distinct: 200,
            values: 1000,
        };
        assert_eq!(said((0..5000).map(|at| at % 200)), [(1000, low)]);
        assert_eq!(said(0..5000), []);
        assert_eq!(said((0..5000).map(|at| at % 256)), []);
    }

    #[test]
    fn what_becomes_frequent_later_is_told_of_then() {
        let later = (0..2000).chain((0..2000).map(|at| if at % 2 == 0 { 7 } else { 5000 + at }));
        let told = said(later);
        assert_eq!(told.len(), 1);
        assert!(matches!(told.first(), Some((at, Low::Frequent { .. })) if *at > 2000));
    }

    #[test]
    fn memory_is_fixed() {
        let mut live = Live::default();
        for fingerprint in 0..100_000_u64 {
            live.meet(fingerprint.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        assert!(live.counters.len() <= COUNTERS && live.different.len() <= FEW as usize);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn nothing_frequent_is_told_of_that_is_not(values in proptest::collection::vec(0_u64..400, 1000..2000)) {
            for (at, low) in said(values.iter().copied()) {
                if let Low::Frequent { count, .. } = low {
                    let seen = values.iter().take(at as usize);
                    let most = (0..400).map(|value| seen.clone().filter(|met| **met == value).count()).max();
                    prop_assert!(most >= Some(count as usize));
                }
            }
        }
    }
}
