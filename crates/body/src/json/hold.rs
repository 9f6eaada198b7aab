//! An element that is held until its filters are decided.
//!
//! The element is walked twice: first only to decide (its bytes stay here, or in the chunk they came in), then,
//! from its start, with the outcome known. So the deciding member may stand before or after what it governs, and
//! a filter within a filter needs nothing more. No more than `lookahead` bytes are walked before the decision.

use zeroize::Zeroizing;

use super::path::Literal;
use super::places::{FilterId, NodeId, Places};
use super::walk::{Mark, Walk};
use crate::Limits;
use crate::error::{Error, ErrorKind};

/// A filter of the held element.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    filter: FilterId,
    /// Where it leads when it holds.
    target: NodeId,
    /// How many of its tests hold so far.
    held: usize,
    failed: bool,
}

/// How far the held element is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing is held.
    #[default]
    Idle,
    /// The element is walked to decide its filters.
    Deciding,
    /// All is known; the element is about to be entered again.
    Decided,
}

/// See the module.
#[derive(Default)]
pub(super) struct Hold {
    phase: Phase,
    mark: Mark,
    verdicts: Vec<Verdict>,
    next: Vec<NodeId>,
    /// Where the element begins in the bytes at hand; nothing where it began in earlier ones.
    pub(super) start: Option<usize>,
    /// Where it begins in the body.
    pub(super) offset: u64,
    /// Its bytes from earlier chunks.
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Hold {
    #[inline]
    pub(super) fn is_deciding(&self) -> bool {
        self.phase == Phase::Deciding
    }

    #[inline]
    pub(super) fn is_decided(&self) -> bool {
        self.phase == Phase::Decided
    }

    /// Holds the object that begins here, whose filters `walk` has met, and makes `walk` look for what they
    /// look at.
    pub(super) fn begin(&mut self, walk: &mut Walk, places: &Places, start: usize, offset: u64) {
        self.phase = Phase::Deciding;
        self.mark = walk.mark();
        self.start = Some(start);
        self.offset = offset;
        self.next.clear();
        self.next.append(&mut walk.next);
        self.verdicts.clear();
        for (filter, target) in walk.filters.drain(..) {
            self.verdicts.push(Verdict {
                filter,
                target,
                held: 0,
                failed: false,
            });
        }
        self.watch(walk, places);
    }

    /// Whether the element may be held up to this offset of the body.
    ///
    /// # Errors
    /// [`ErrorKind::Lookahead`].
    pub(super) fn reaches(&self, offset: u64, limits: &Limits) -> Result<(), Error> {
        let limit = limits.lookahead;
        if offset.saturating_sub(self.offset) > limit as u64 {
            return Err(Error::new(ErrorKind::Lookahead { limit }, offset));
        }
        Ok(())
    }

    /// Whether what begins at this offset of the body is only looked at, to decide an element around it.
    pub(super) fn is_deciding_around(&self, start: u64) -> bool {
        self.is_deciding() && self.offset <= start
    }

    /// Whether the element that is held has just been left.
    pub(super) fn is_left(&self, walk: &Walk) -> bool {
        self.is_deciding() && walk.mark() == self.mark
    }

    /// Whether a test looks at the value that comes next.
    pub(super) fn is_tested(walk: &Walk, places: &Places) -> bool {
        walk.next
            .iter()
            .any(|id| !places.node(*id).tests.is_empty())
    }

    /// Takes the value that comes next to the tests that look at it; `equals` says whether it is a literal.
    pub(super) fn test(&mut self, walk: &Walk, places: &Places, equals: impl Fn(&Literal) -> bool) {
        for id in &walk.next {
            for (filter, test) in &places.node(*id).tests {
                let literal = places.watch(*filter).and_then(|watch| watch.literal(*test));
                let holds = literal.is_some_and(&equals);
                for verdict in self
                    .verdicts
                    .iter_mut()
                    .filter(|verdict| verdict.filter == *filter)
                {
                    verdict.held += usize::from(holds);
                    verdict.failed |= !holds;
                }
            }
        }
    }

    /// Whether nothing that follows in the element could change the outcome.
    pub(super) fn is_settled(&self, places: &Places) -> bool {
        self.verdicts
            .iter()
            .all(|verdict| verdict.failed || verdict.holds(places))
    }

    /// Takes every filter that is undecided for one that does not hold.
    pub(super) fn fail(&mut self) {
        for verdict in &mut self.verdicts {
            verdict.failed = true;
        }
    }

    /// Goes back to the start of the element, with what is known.
    pub(super) fn rewind(&mut self, walk: &mut Walk) {
        walk.back(self.mark);
        walk.next.append(&mut self.next);
        self.phase = Phase::Decided;
    }

    /// Enters the element: where a filter holds, what it leads to stands there too. What the filters looked at
    /// is looked at again, so that a deciding key that stands twice is refused.
    pub(super) fn enter(&mut self, walk: &mut Walk, places: &Places) {
        for verdict in self
            .verdicts
            .iter()
            .filter(|verdict| !verdict.failed && verdict.holds(places))
        {
            walk.arrive(places, verdict.target);
        }
        self.watch(walk, places);
        self.phase = Phase::Idle;
    }

    fn watch(&self, walk: &mut Walk, places: &Places) {
        for verdict in &self.verdicts {
            if let Some(watch) = places.watch(verdict.filter) {
                walk.arrive(places, watch.root);
            }
        }
    }
}

impl Verdict {
    fn holds(&self, places: &Places) -> bool {
        places
            .watch(self.filter)
            .is_some_and(|watch| watch.tests() == self.held)
    }
}
