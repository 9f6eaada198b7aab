//! Where in the tree of places the walk through a body stands.

use super::places::{FilterId, NodeId, Places};
use super::skip::{Around, Between, Open};
use crate::edit::PlaceId;
use crate::error::ErrorKind;

/// Some servers make no difference between upper and lower case.
pub(crate) const ALIKE: ErrorKind = ErrorKind::Syntax {
    expected: "members of a batch in the spelling of the policy",
};

/// Most bodies are no deeper: their frames need room once.
const USUAL_DEPTH: usize = 12;

/// An open object or array.
#[derive(Clone, Copy, Debug)]
struct Frame {
    object: bool,
    /// Where its nodes begin in `active`.
    active: usize,
    /// Where its known keys begin in `seen`.
    seen: usize,
    /// The index of the next element.
    index: u64,
    /// Where it begins in the body, if a selector leads into it.
    start: u64,
    /// The marks of the keys that lead on. Nothing where more than keys does.
    keys: Option<u64>,
}

/// The open objects and arrays, and which nodes stand at each.
#[derive(Debug, Default)]
pub(super) struct Walk {
    frames: Vec<Frame>,
    /// How many frames some selector leads into: those inside of the last of them are dead.
    live: usize,
    active: Vec<NodeId>,
    /// One bit a known key, by frame: it was seen.
    seen: Vec<u64>,
    /// The nodes that stand at the value which comes next.
    pub(super) next: Vec<NodeId>,
    /// The filters that decide on that value, and where each leads.
    pub(super) filters: Vec<(FilterId, NodeId)>,
}

/// How deep the walk was: a point to go back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    frames: usize,
    active: usize,
    seen: usize,
}

impl Walk {
    /// A walk that stands before the whole body.
    pub(super) fn new(places: &Places) -> Self {
        let mut walk = Self {
            frames: Vec::with_capacity(USUAL_DEPTH),
            ..Self::default()
        };
        walk.arrive(places, Places::ROOT);
        walk
    }

    /// Stands before another body; the room stays.
    pub(super) fn restart(&mut self, places: &Places) {
        self.frames.clear();
        self.live = 0;
        self.active.clear();
        self.seen.clear();
        self.next.clear();
        self.filters.clear();
        self.arrive(places, Places::ROOT);
    }

    /// Whether any selector leads on from within the innermost frame.
    #[inline]
    pub(super) fn is_live(&self) -> bool {
        self.live > 0 && self.live == self.frames.len()
    }

    /// The innermost frame, where the walk may skip what no known key leads to.
    #[inline]
    pub(super) fn skippable(&mut self, between: Between) -> Option<Around> {
        let frame = self.frames.last()?;
        let around = frame.around()?;
        if self.live == self.frames.len() {
            if !matches!(between, Between::FirstKey | Between::Key | Between::After) {
                return None;
            }
            self.next.clear();
            self.filters.clear();
        }
        Some(around)
    }

    /// Whether the innermost frame is an object; nothing where none is open.
    #[inline]
    pub(super) fn in_object(&self) -> Option<bool> {
        self.frames.last().map(|frame| frame.object)
    }

    /// The place of the value that comes next. Where two selectors meet, the first place of the policy counts.
    #[inline]
    pub(super) fn place(&self, places: &Places) -> Option<PlaceId> {
        self.next
            .iter()
            .filter_map(|id| places.node(*id).place)
            .min()
    }

    /// How many objects and arrays are open.
    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Where the open object or array at this depth begins in the body, if a selector leads into it.
    pub(super) fn start(&self, depth: usize) -> Option<u64> {
        let frame = self.frames.get(depth).filter(|_| depth < self.live);
        frame.map(|frame| frame.start)
    }

    /// Opens the value that comes next, which begins at `start` of the body.
    ///
    /// # Errors
    /// [`ErrorKind::Depth`].
    #[inline]
    pub(super) fn open(
        &mut self,
        object: bool,
        places: &Places,
        limit: usize,
        start: u64,
    ) -> Result<(), ErrorKind> {
        if self.frames.len() >= limit {
            return Err(ErrorKind::Depth { limit });
        }
        let mut frame = Frame {
            object,
            active: self.active.len(),
            seen: self.seen.len(),
            index: 0,
            start,
            keys: Some(0),
        };
        let mut names = 0;
        for id in self.next.drain(..) {
            let node = places.node(id);
            if !node.leads_into(object) {
                continue;
            }
            self.active.push(id);
            names += node.names();
            let keys = node.keys().filter(|_| object);
            frame.keys = frame.keys.zip(keys).map(|(some, more)| some | more);
        }
        if object && names > 0 {
            self.seen.resize(frame.seen + names.div_ceil(64), 0);
        }
        self.frames.push(frame);
        if frame.active < self.active.len() {
            self.live = self.frames.len();
        }
        Ok(())
    }

    /// Closes the innermost frame.
    #[inline]
    pub(super) fn close(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.active.truncate(frame.active);
            self.seen.truncate(frame.seen);
            self.live = self.live.min(self.frames.len());
        }
    }

    /// Passes a key of the innermost object, decoded: the value that comes next stands behind it.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKey`] where a key that leads to a place was seen before, [`ErrorKind::Syntax`] where one
    /// that leads to requests is spelled in another case.
    pub(super) fn key(&mut self, places: &Places, key: &[u8]) -> Result<(), ErrorKind> {
        let Some(frame) = self.frames.last().copied() else {
            return Ok(());
        };
        self.next.clear();
        self.filters.clear();
        let mut known = 0;
        for at in frame.active..self.active.len() {
            let Some(id) = self.active.get(at).copied() else {
                break;
            };
            let node = places.node(id);
            if let Some((number, child)) = node.name(key) {
                let bit = known + number;
                let Some(word) = self.seen.get_mut(frame.seen + bit / 64) else {
                    break;
                };
                if *word & (1 << (bit % 64)) != 0 {
                    return Err(ErrorKind::DuplicateKey);
                }
                *word |= 1 << (bit % 64);
                self.arrive(places, child);
            } else if node.is_like(key) {
                return Err(ALIKE);
            }
            known += node.names();
            if frame.keys.is_none() {
                self.carry(places, id);
            }
        }
        Ok(())
    }

    /// Passes to the next element of the innermost array: it is the value that comes next.
    pub(super) fn element(&mut self, places: &Places) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let index = frame.index;
        frame.index += 1;
        self.next.clear();
        self.filters.clear();
        for at in frame.active..self.active.len() {
            let Some(id) = self.active.get(at).copied() else {
                break;
            };
            if let Some((_, child)) = places
                .node(id)
                .indices
                .iter()
                .find(|(known, _)| *known == index)
            {
                self.arrive(places, *child);
            }
            self.carry(places, id);
        }
    }

    /// What leads on by any key or index.
    #[inline]
    fn carry(&mut self, places: &Places, id: NodeId) {
        let node = places.node(id);
        if let Some(child) = node.any {
            self.arrive(places, child);
        }
        if node.recursive {
            self.arrive(places, id);
        }
        for filter in &node.filtered {
            if !self.filters.contains(filter) {
                self.filters.push(*filter);
            }
        }
    }

    /// Puts a node at the value that comes next.
    pub(super) fn arrive(&mut self, places: &Places, id: NodeId) {
        if self.next.contains(&id) {
            return;
        }
        self.next.push(id);
        if let Some(deep) = places.node(id).deep {
            self.arrive(places, deep);
        }
    }

    /// Lets nobody pass over the end of the innermost frame.
    pub(super) fn watch(&mut self) {
        self.live = self.frames.len();
    }

    /// Takes the value that comes next for one that nothing leads to.
    pub(super) fn pass(&mut self) {
        self.next.clear();
        self.filters.clear();
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            frames: self.frames.len(),
            active: self.active.len(),
            seen: self.seen.len(),
        }
    }

    /// Goes back to a mark that lies outside of what is open.
    pub(super) fn back(&mut self, mark: Mark) {
        self.frames.truncate(mark.frames);
        self.live = self.live.min(mark.frames);
        self.active.truncate(mark.active);
        self.seen.truncate(mark.seen);
        self.next.clear();
        self.filters.clear();
    }
}

impl Frame {
    fn around(&self) -> Option<Around> {
        let object = self.object;
        self.keys.map(|keys| Around { object, keys })
    }
}

/// Objects and arrays that no selector leads into, opened and closed on top of a walk.
pub(super) struct Dead<'a> {
    walk: &'a mut Walk,
    limit: usize,
}

impl<'a> Dead<'a> {
    pub(super) fn new(walk: &'a mut Walk, limit: usize) -> Self {
        Self { walk, limit }
    }
}

impl Open for Dead<'_> {
    #[inline]
    fn open(&mut self, object: bool) -> bool {
        let fits = self.walk.frames.len() < self.limit;
        if fits {
            self.walk.frames.push(Frame {
                object,
                active: self.walk.active.len(),
                seen: self.walk.seen.len(),
                index: 0,
                start: 0,
                keys: Some(0),
            });
        }
        fits
    }

    #[inline]
    fn may_close(&self) -> bool {
        self.walk.frames.len() > self.walk.live
    }

    #[inline]
    fn close(&mut self) -> Option<Around> {
        self.walk.frames.pop();
        self.walk.frames.last()?.around()
    }
}
