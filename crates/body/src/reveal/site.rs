//! Something that may be a companion, and how it is taken out of its answer: with the commas around it, and with
//! what stands around nothing else.

use std::ops::Range;

/// A member on the way from the element to a companion.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Where its key begins.
    pub(super) key: u64,
    /// Where the member before it ends.
    pub(super) previous: Option<u64>,
    /// Where its value ends.
    pub(super) end: Option<u64>,
    pub(super) next: Option<Next>,
}

/// What follows a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A member, whose key begins there.
    Key(u64),
    /// The end of the object.
    Close,
}

/// A value that may be a companion: an element of an array, or all there is.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) range: Range<u64>,
    /// The rules that it looks like the companion of, and its token by each.
    pub(super) tokens: Vec<(usize, Vec<u8>)>,
}

/// The place for companions in an element, as far as it was read.
#[derive(Debug)]
pub(super) struct Site {
    /// The number of its path.
    pub(super) path: usize,
    pub(super) chain: Vec<Member>,
    pub(super) items: Vec<Item>,
    /// Whether all of its items have been read.
    pub(super) whole: bool,
}

impl Site {
    /// Where the first byte stands that may be taken out.
    pub(super) fn start(&self) -> u64 {
        let first = self.chain.first();
        first.map_or(0, |first| first.previous.unwrap_or(first.key))
    }

    /// What is to be taken out with these of its items; nothing as long as that is not known.
    pub(super) fn cut(&self, taken: &[usize]) -> Option<Cut> {
        if taken.len() == self.items.len() {
            return self.cut_member();
        }
        let mut ranges = Vec::new();
        let kept = |index: &usize| !taken.contains(index);
        let last = (0..self.items.len()).rev().find(kept)?;
        for index in taken.iter().filter(|index| **index < last) {
            let next = self.items.get(index + 1)?;
            ranges.push(self.items.get(*index)?.range.start..next.range.start);
        }
        if last + 1 < self.items.len() {
            ranges.push(self.items.get(last)?.range.end..self.items.last()?.range.end);
        }
        Some(Cut {
            ranges,
            member: None,
        })
    }

    /// The member that holds nothing but companions, and what holds nothing but it.
    fn cut_member(&self) -> Option<Cut> {
        for (level, member) in self.chain.iter().enumerate().rev() {
            let end = member.end?;
            let range = match (member.next?, member.previous) {
                (Next::Key(next), _) => member.key..next,
                (Next::Close, Some(previous)) => previous..end,
                (Next::Close, None) if level == 0 => member.key..end,
                (Next::Close, None) => continue,
            };
            return Some(Cut {
                ranges: vec![range],
                member: Some((level, *member)),
            });
        }
        None
    }
}

/// What is taken out with companions.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) ranges: Vec<Range<u64>>,
    /// The member that goes as a whole, by its number on the way.
    pub(super) member: Option<(usize, Member)>,
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "one range is what is cut")]
mod tests {
    use super::*;

    fn site(chain: &[(u64, Option<u64>, u64, Next)], items: &[Range<u64>]) -> Site {
        let member = |(key, previous, end, next): &(u64, Option<u64>, u64, Next)| Member {
            key: *key,
            previous: *previous,
            end: Some(*end),
            next: Some(*next),
        };
        let item = |range: &Range<u64>| Item {
            range: range.clone(),
            tokens: Vec::new(),
        };
        Site {
            path: 0,
            chain: chain.iter().map(member).collect(),
            items: items.iter().map(item).collect(),
            whole: true,
        }
    }

    fn cut(site: &Site, taken: &[usize]) -> Option<Vec<Range<u64>>> {
        site.cut(taken).map(|cut| cut.ranges)
    }

    #[test]
    fn commas_go_with_what_they_parted() {
        // {"a":[1,2,3]}
        let list = site(&[(1, None, 12, Next::Close)], &[6..7, 8..9, 10..11]);
        assert_eq!(cut(&list, &[0]), Some(vec![6..8]));
        assert_eq!(cut(&list, &[1]), Some(vec![8..10]));
        assert_eq!(cut(&list, &[2]), Some(vec![9..11]));
        assert_eq!(cut(&list, &[0, 1]), Some(vec![6..8, 8..10]));
        assert_eq!(cut(&list, &[1, 2]), Some(vec![7..11]));
        assert_eq!(cut(&list, &[0, 2]), Some(vec![6..8, 9..11]));
        assert_eq!(cut(&list, &[0, 1, 2]), Some(vec![1..12]));
    }

    #[test]
    fn what_stands_around_nothing_else_goes_too() {
        // {"x":1,"m":{"a":[1]}}
        let inner = (12, None, 19, Next::Close);
        let alone = site(&[(7, Some(6), 20, Next::Close), inner], &[17..18]);
        assert_eq!(cut(&alone, &[0]), Some(vec![6..20]));
        let first = site(&[(1, None, 14, Next::Key(15)), inner], &[17..18]);
        assert_eq!(cut(&first, &[0]), Some(vec![1..15]));
        let beside = site(
            &[(7, Some(6), 26, Next::Close), (12, None, 19, Next::Key(20))],
            &[17..18],
        );
        assert_eq!(cut(&beside, &[0]), Some(vec![12..20]));
        let mut open = site(&[(7, Some(6), 20, Next::Close), inner], &[17..18]);
        open.chain[0].next = None;
        assert_eq!(cut(&open, &[0]), None);
    }
}
