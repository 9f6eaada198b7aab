//! What the vault is asked to keep and what it brings back: sealed bytes and where they belong, never a plaintext.

use std::ops::Range;

/// The identities of a 16-character pointer: 40 bits.
pub const POINTERS: Range<u64> = 0..1 << 40;

/// How many identities are drawn for one value before its space counts as full.
const DRAWS: u64 = 1024;

/// A value to keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Keep {
    /// The app whose pointer this is.
    pub app: String,
    /// The field.
    pub field: String,
    /// The identity to try first; where another row has it, the next free one drawn from it is taken. A row that
    /// is kept already, the same in all else, keeps the identity that it has: equal values, sealed so that equal
    /// values are equal, share one.
    pub first: u64,
    /// The identities that the pointer's shape can spell: [`POINTERS`] where it is a token.
    pub space: Range<u64>,
    /// The value, sealed.
    pub sealed: Vec<u8>,
}

impl Keep {
    /// The identities to try, in order: `first`, then steps that visit every number of the space once before any
    /// comes again. Lazy: the first is nearly always free.
    pub(crate) fn draws(&self) -> impl Iterator<Item = u64> + use<> {
        // No factor in common with 2, 3 or 5, of which the lengths of all spaces are made.
        const STEP: u64 = 0x9E_3779_B97F;
        let start = self.space.start;
        let length = self.space.end.saturating_sub(start);
        let offset = self.first.saturating_sub(start);
        (0..DRAWS.min(length)).map(move |draw| {
            let far = u128::from(offset) + u128::from(draw) * u128::from(STEP);
            // Below `length`, so it is 64 bits again.
            let within = u64::try_from(far % u128::from(length)).unwrap_or_default();
            start + within
        })
    }
}

/// A row as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The field it was kept for.
    pub field: String,
    /// The value, sealed.
    pub sealed: Vec<u8>,
}

/// The token most recently revealed under a name, sealed: what a `stable` field sends again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stable {
    /// The app.
    pub app: String,
    /// Names field, resource and value without telling them.
    pub name: [u8; 20],
    /// The token, sealed.
    pub sealed: Vec<u8>,
}

/// What opens a segment of a file that was sent in pieces: it does not fit where the file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The app.
    pub app: String,
    /// What it is found by: the file's first bytes, or the segment's place.
    pub fingerprint: [u8; 32],
    /// What stays home, sealed.
    pub sealed: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn keep(first: u64, space: Range<u64>) -> Keep {
        Keep {
            app: "a".into(),
            field: "f".into(),
            first,
            space,
            sealed: vec![1],
        }
    }

    #[test]
    fn draws_begin_with_the_first_stay_in_the_space_and_never_repeat() {
        for space in [POINTERS, 100_000..1_000_000, 10..100, 5..6] {
            let first = (space.start + space.end) / 2;
            let draws: Vec<u64> = keep(first, space.clone()).draws().collect();
            assert_eq!(draws.first(), Some(&first));
            assert!(draws.iter().all(|draw| space.contains(draw)));
            let distinct: HashSet<_> = draws.iter().collect();
            assert_eq!(distinct.len(), draws.len());
            assert_eq!(draws.len() as u64, DRAWS.min(space.end - space.start));
        }
    }

    #[test]
    fn a_first_outside_the_space_is_brought_within_and_an_empty_space_gives_nothing() {
        assert!(
            keep(u64::MAX, 10..20)
                .draws()
                .all(|draw| (10..20).contains(&draw))
        );
        assert!(keep(3, 10..20).draws().all(|draw| (10..20).contains(&draw)));
        assert_eq!(keep(3, 7..7).draws().next(), None);
        assert_eq!(keep(3, Range { start: 7, end: 5 }).draws().next(), None);
    }

    #[test]
    fn identities_drawn_by_version_1_are_drawn_again() {
        assert_eq!(
            keep(7, POINTERS).draws().take(2).collect::<Vec<_>>(),
            [7, 679_535_556_998]
        );
    }
}
