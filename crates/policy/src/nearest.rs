//! Which known word somebody may have meant.

/// The one of `known` that is nearest to `word`, if it is near enough to be a slip of the fingers.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let longest = word.chars().count();
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + longest.max(candidate.chars().count()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and substitutions between two words; a slip of two neighbours counts once.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (at, character) in left.chars().enumerate() {
        let mut next = vec![at + 1];
        for (column, other) in right.iter().enumerate() {
            let cost = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let swapped = column.checked_sub(1).and_then(|previous| {
                let is_swap = right.get(previous) == Some(&character) && last == Some(*other);
                is_swap.then(|| cost(&before, previous) + 1)
            });
            let best = (cost(&row, column) + usize::from(character != *other))
                .min(cost(&row, column + 1) + 1)
                .min(cost(&next, column) + 1)
                .min(swapped.unwrap_or(usize::MAX));
            next.push(best);
        }
        last = Some(character);
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        assert_eq!(distance("tretment", "treatment"), 1);
        assert_eq!(distance("ma", "am"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(
            nearest("treatmnet", ["class", "treatment"]),
            Some("treatment")
        );
        assert_eq!(nearest("protects", ["path", "protect"]), Some("protect"));
        assert_eq!(nearest("colour", ["class", "treatment"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
