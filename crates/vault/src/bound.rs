//! How many `stable` tokens are remembered. Counting reads a table from end to end and forgetting writes, so both are
//! done now and then, a portion at a time, while nobody waits for anything else for long.

/// The most that one portion forgets beside what was just added.
const PORTION: u64 = 1000;

/// The bound, and how far a table may be from it.
#[derive(Debug)]
pub struct Bound {
    most: u64,
    /// How many were added since the table was counted; at first, what an earlier run left.
    uncounted: u64,
    /// How many of the oldest are to be forgotten.
    excess: u64,
}

impl Bound {
    /// A bound of `most` tokens.
    pub fn new(most: u64) -> Self {
        Self {
            most,
            uncounted: u64::MAX,
            excess: 0,
        }
    }

    /// Notes that tokens were added, and says whether the table should be counted: about once for each hundredth of
    /// the bound.
    pub fn added(&mut self, tokens: usize) -> bool {
        let tokens = u64::try_from(tokens).unwrap_or(u64::MAX);
        self.uncounted = self.uncounted.saturating_add(tokens);
        self.uncounted > self.most / 100
    }

    /// Notes what was counted.
    pub fn counted(&mut self, tokens: u64) {
        self.uncounted = 0;
        self.excess = tokens.saturating_sub(self.most);
    }

    /// How many to forget at once after `added` came; they count as forgotten.
    pub fn portion(&mut self, added: usize) -> u64 {
        let added = u64::try_from(added).unwrap_or(u64::MAX);
        let portion = self.excess.min(added.saturating_add(PORTION));
        self.excess -= portion;
        portion
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_counted_at_once_and_then_for_each_hundredth() {
        let mut bound = Bound::new(1000);
        assert!(bound.added(1));
        bound.counted(500);
        assert_eq!(bound.portion(1), 0);
        assert!(!bound.added(10));
        assert!(bound.added(1));
    }

    #[test]
    fn what_is_too_much_goes_in_portions() {
        let mut bound = Bound::new(10);
        bound.counted(10 + 2500);
        assert_eq!(bound.portion(2), 1002);
        assert_eq!(bound.portion(2), 1002);
        assert_eq!(bound.portion(0), 496);
        assert_eq!(bound.portion(5), 0);
    }
}
