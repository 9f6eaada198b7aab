//! What tokens that are equal for equal values tell of the values behind them: a measured answer, before the first
//! token leaves ([`Meter`], over a file of values) and while they leave ([`Live`], over their fingerprints).
//!
//! Equal tokens give away how often each value occurs, and for many columns everybody knows how often each value
//! occurs: Naveed, Kamara and Wright (CCS 2015) named most values of hospital columns by nothing but public
//! statistics, and later work did so from inside the server. What protects is a value set in which no value stands
//! out and that is too large to be listed. Two floors say when there is none, each worked out from what a stranger
//! with a table of public statistics gains:
//!
//! - **One value in 16** ([`FREQUENT`], a min-entropy of 4 bits). The most frequent token is the most frequent
//!   value; whoever says so of each record that holds it is right every time, without any other knowledge. Sex is
//!   at 1 bit, a province or a blood group below 2, the largest city of a province below 3; family names are at 6
//!   and more.
//! - **256 different values** ([`FEW`], 8 bits of choice). Fewer fit on a page whose shares are printed somewhere:
//!   provinces, years of birth, diagnosis groups, departments. A sample does not hold all that there are, so the
//!   number is that of Chao (1984), a lower bound from how many were seen once and twice.
//!
//! Neither floor makes what is above it safe; both name what is certainly not. Nothing here keeps a value: only
//! fingerprints of 64 bits and counts.

mod live;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};

pub use live::Live;

/// The value that is one in so many, or more of them, tells too much.
pub const FREQUENT: u32 = 16;
/// Fewer different values than this can be listed.
pub const FEW: u32 = 256;
/// Fewer values than this say nothing of how often each occurs.
pub const SAMPLE: u32 = 100;

/// Counts values that would have equal tokens.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    counts: BTreeMap<u64, u32>,
    values: u32,
}

impl Meter {
    /// Takes a value as its token would hold it: normalised.
    pub fn meet(&mut self, value: &[u8]) {
        let mut hasher = DefaultHasher::new();
        hasher.write(value);
        let count = self.counts.entry(hasher.finish()).or_default();
        *count = count.saturating_add(1);
        self.values = self.values.saturating_add(1);
    }

    /// What was measured.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut by_count: BTreeMap<u32, u32> = BTreeMap::new();
        for count in self.counts.values() {
            let values = by_count.entry(*count).or_default();
            *values = values.saturating_add(1);
        }
        let with = |count| by_count.get(&count).copied().unwrap_or_default();
        let total = f64::from(self.values);
        let surprise = by_count.iter().map(|(count, values)| {
            let share = f64::from(*count) / total;
            -share.log2() * share * f64::from(*values)
        });
        // A count that is one value's alone tells that value, where the statistics are known.
        let alone = by_count.iter().filter(|(_, values)| **values == 1);
        let distinct = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
        let (once, twice) = (f64::from(with(1)), f64::from(with(2)));
        let unseen = once * (once - 1.0).max(0.0) / (2.0 * (twice + 1.0));
        Figures {
            values: self.values,
            distinct,
            estimated: f64::from(distinct) + unseen,
            most_frequent: by_count.keys().next_back().copied().unwrap_or_default(),
            shannon: surprise.sum(),
            once: with(1),
            told_by_count: alone.fold(0, |sum, (count, _)| count.saturating_add(sum)),
        }
    }
}

/// What a [`Meter`] measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// How many values.
    pub values: u32,
    /// How many different ones.
    pub distinct: u32,
    /// How many different ones there are at least, seen or not (Chao 1984).
    pub estimated: f64,
    /// How many of the values are the most frequent one.
    pub most_frequent: u32,
    /// Shannon entropy, in bits.
    pub shannon: f64,
    /// How many of the values occur once: their tokens are equal to no other.
    pub once: u32,
    /// How many of the values are of a kind that occurs a number of times that no other does.
    pub told_by_count: u32,
}

impl Figures {
    /// Min-entropy in bits: how surprising the most frequent value is.
    #[must_use]
    pub fn min_entropy(&self) -> f64 {
        (f64::from(self.values) / f64::from(self.most_frequent.max(1)))
            .max(1.0)
            .log2()
    }

    /// So many of the values, in percent of all.
    #[must_use]
    pub fn percent(&self, of: u32) -> f64 {
        100.0 * f64::from(of) / f64::from(self.values.max(1))
    }

    /// Whether equal tokens may stand for such values.
    ///
    /// # Errors
    /// What tells too much, or that nothing can be said yet.
    pub fn verdict(&self) -> Result<(), Low> {
        if self.values < SAMPLE {
            return Err(Low::Sample {
                values: self.values,
            });
        }
        if is_frequent(self.most_frequent, self.values) {
            return Err(Low::Frequent {
                count: self.most_frequent,
                values: self.values,
            });
        }
        if self.estimated < f64::from(FEW) {
            return Err(Low::Few {
                distinct: self.distinct,
                values: self.values,
            });
        }
        Ok(())
    }
}

fn is_frequent(count: u32, values: u32) -> bool {
    u64::from(count) * u64::from(FREQUENT) > u64::from(values)
}

/// Why equal tokens tell too much of a value set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Low {
    /// Too little was seen.
    #[error("{values} values are too few to say how often each occurs: {SAMPLE} are needed")]
    Sample {
        /// How many were seen.
        values: u32,
    },
    /// One value stands out.
    #[error(
        "one value makes {count} of {values}, more than one in {FREQUENT}: whoever knows which value is the most \
         frequent knows it of each record that holds it"
    )]
    Frequent {
        /// How often it occurs.
        count: u32,
        /// How many values were seen.
        values: u32,
    },
    /// There are so few that they can be listed.
    #[error(
        "there are only {distinct} different values among {values}, of a set with fewer than {FEW}: whoever has a \
         list of them with their shares can tell which token is which"
    )]
    Few {
        /// How many different values were seen.
        distinct: u32,
        /// How many values were seen.
        values: u32,
    },
}

impl Low {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Sample { .. } => "measure a larger export of the column",
            Self::Frequent { .. } | Self::Few { .. } => {
                "use `sealed` or `vault` for the field, whose tokens are never equal; where the app must group or \
                 find by it, decide knowingly that its operator learns the value"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn measured<T: AsRef<[u8]>>(values: impl IntoIterator<Item = T>) -> Figures {
        let mut meter = Meter::default();
        for value in values {
            meter.meet(value.as_ref());
        }
        meter.figures()
    }

    /// So many values whose shares fall as 1/rank, as those of names and words do.
    fn by_rank(kinds: u32, most: u32) -> Vec<String> {
        let times = |rank: u32| (most / rank).max(1);
        (1..=kinds)
            .flat_map(|rank| (0..times(rank)).map(move |_| format!("value {rank}")))
            .collect()
    }

    #[test]
    fn the_figures_are_those_of_their_definitions() {
        let figures = measured(["a", "a", "b", "c"]);
        assert_eq!(
            (figures.values, figures.distinct, figures.most_frequent),
            (4, 3, 2)
        );
        assert!((figures.shannon - 1.5).abs() < 1e-9);
        assert!((figures.min_entropy() - 1.0).abs() < 1e-9);
        assert_eq!((figures.once, figures.told_by_count), (2, 2));
        // 3 seen, 2 of them once, none twice but one: 3 + 2·1 / (2·2).
        assert!((figures.estimated - 3.5).abs() < 1e-9);
        let none = measured::<&str>([]);
        assert_eq!(none.verdict(), Err(Low::Sample { values: 0 }));
        assert!(none.shannon.abs() < 1e-9 && none.min_entropy().abs() < 1e-9);
    }

    #[test]
    fn small_and_lopsided_sets_are_refused() {
        let sex = (0..1000).map(|at| if at % 2 == 0 { "f" } else { "m" });
        assert_eq!(
            measured(sex).verdict(),
            Err(Low::Frequent {
                count: 500,
                values: 1000
            })
        );
        let years = (0..5000).map(|at| (1920 + at % 100).to_string());
        assert_eq!(
            measured(years).verdict(),
            Err(Low::Few {
                distinct: 100,
                values: 5000
            })
        );
        let city = (0..2000).map(|at| {
            if at % 5 == 0 {
                "Montréal".to_owned()
            } else {
                format!("ville {at}")
            }
        });
        assert_eq!(
            measured(city).verdict(),
            Err(Low::Frequent {
                count: 400,
                values: 2000
            })
        );
    }

    #[test]
    fn names_and_numbers_pass_in_a_sample_too() {
        let numbers = (0..200).map(|at| format!("TREM{at:08}"));
        assert_eq!(measured(numbers).verdict(), Ok(()));
        assert_eq!(measured(by_rank(2000, 100)).verdict(), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn entropies_are_ordered_and_the_order_of_values_does_not_count(values in proptest::collection::vec(0_u8..20, 1..300)) {
            let figures = measured(values.iter().map(|value| [*value]));
            let mut turned = values.clone();
            turned.reverse();
            let other = measured(turned.iter().map(|value| [*value]));
            prop_assert!((figures.shannon - other.shannon).abs() < 1e-9);
            prop_assert_eq!((figures.distinct, figures.most_frequent, figures.once), (other.distinct, other.most_frequent, other.once));
            prop_assert!(figures.min_entropy() <= figures.shannon + 1e-9);
            prop_assert!(figures.shannon <= f64::from(figures.distinct).log2() + 1e-9);
            prop_assert!(figures.estimated >= f64::from(figures.distinct));
        }
    }
}
