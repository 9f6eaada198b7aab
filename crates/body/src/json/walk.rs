//! Where in the tree of places the walk through a body stands.

use super::places::{FilterId, NodeId, Places};
use super::skip::Open;
use crate::edit::PlaceId;
use crate::error::ErrorKind;

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
}

/// The open objects and arrays, and which nodes stand at each.
#[derive(Debug, Default)]
pub(super) struct Walk {
    frames: Vec<Frame>,
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

    /// Whether any selector leads on from within the innermost frame.
    #[inline]
    pub(super) fn is_live(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.active < self.active.len())
    }

    /// Whether the innermost frame is an object, where no selector leads into it.
    #[inline]
    pub(super) fn in_dead(&self) -> Option<bool> {
        let dead = |frame: &&Frame| frame.active == self.active.len();
        self.frames.last().filter(dead).map(|frame| frame.object)
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

    /// Opens the value that comes next.
    ///
    /// # Errors
    /// [`ErrorKind::Depth`].
    #[inline]
    pub(super) fn open(
        &mut self,
        object: bool,
        places: &Places,
        limit: usize,
    ) -> Result<(), ErrorKind> {
        if self.frames.len() >= limit {
            return Err(ErrorKind::Depth { limit });
        }
        let frame = Frame {
            object,
            active: self.active.len(),
            seen: self.seen.len(),
            index: 0,
        };
        self.frames.push(frame);
        if !self.next.is_empty() {
            let names: usize = self.next.iter().map(|id| places.node(*id).names()).sum();
            self.active.append(&mut self.next);
            if object {
                self.seen.resize(frame.seen + names.div_ceil(64), 0);
            }
        }
        Ok(())
    }

    /// Closes the innermost frame.
    #[inline]
    pub(super) fn close(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.active.truncate(frame.active);
            self.seen.truncate(frame.seen);
        }
    }

    /// Passes a key of the innermost object, decoded: the value that comes next stands behind it.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKey`] where a key that leads to a place was seen before.
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
            }
            known += node.names();
            self.carry(places, id);
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
        self.active.truncate(mark.active);
        self.seen.truncate(mark.seen);
        self.next.clear();
        self.filters.clear();
    }
}

/// Objects and arrays that no selector leads into, opened and closed on top of a walk.
pub(super) struct Dead<'a> {
    walk: &'a mut Walk,
    limit: usize,
    /// How many frames are open outside of the outermost dead one.
    live: usize,
}

impl<'a> Dead<'a> {
    /// From the innermost frame of `walk`, which is dead.
    pub(super) fn new(walk: &'a mut Walk, limit: usize) -> Self {
        let (active, live) = (walk.active.len(), &walk.frames);
        // Frames that end where the nodes end have none themselves; the first of them is the outermost.
        let live = live.partition_point(|frame| frame.active < active);
        Self { walk, limit, live }
    }
}

impl Open for Dead<'_> {
    #[inline]
    fn open(&mut self, object: bool) -> bool {
        let fits = self.walk.frames.len() < self.limit;
        if fits {
            let (active, seen) = (self.walk.active.len(), self.walk.seen.len());
            self.walk.frames.push(Frame {
                object,
                active,
                seen,
                index: 0,
            });
        }
        fits
    }

    #[inline]
    fn close(&mut self) -> Option<bool> {
        self.walk.frames.pop();
        self.walk
            .frames
            .get(self.live..)?
            .last()
            .map(|frame| frame.object)
    }
}
