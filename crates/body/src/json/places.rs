//! The places of one body, put together for matching in one pass.
//!
//! The selectors of a route become one tree of steps. While a body is walked, each open object or array has a
//! short list of the tree's nodes that stand there; a key or an index moves it on. A node under `..` stays in
//! the list at every depth below. What a filter governs is a node of its own, entered when the filter held;
//! what a filter looks at is a small tree beside it.

use super::companions::Companions;
use super::members::alike;
use super::path::{Filter, Literal, Path, Segment, Step};
use super::siblings::Siblings;
use crate::edit::PlaceId;
use crate::plan::Selected;
use crate::selector::{Reason, SelectorError, Which};

/// The compiled places of one body.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    nodes: Vec<Node>,
    filters: Vec<Watch>,
    longest_name: usize,
    /// The places at which an object, or an array, is a body itself.
    elements: Vec<PlaceId>,
    pub(super) siblings: Siblings,
    pub(super) companions: Companions,
}

/// A node of the tree: an index into it.
pub(super) type NodeId = usize;

/// A filter of the tree: an index into its filters.
pub(super) type FilterId = usize;

/// One step of one or more selectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Node {
    names: Vec<(Box<[u8]>, NodeId)>,
    /// The marks of all names.
    marks: u64,
    pub(super) any: Option<NodeId>,
    pub(super) indices: Vec<(u64, NodeId)>,
    pub(super) filtered: Vec<(FilterId, NodeId)>,
    /// The node whose steps count here and at every depth below.
    pub(super) deep: Option<NodeId>,
    /// Whether this node is one of those.
    pub(super) recursive: bool,
    pub(super) place: Option<PlaceId>,
    /// The tests of a filter that look at the value which stands here.
    pub(super) tests: Vec<(FilterId, usize)>,
    /// The places for companions that lead through here, and how many names have led from their element.
    pub(super) sites: Vec<(usize, usize)>,
    /// Whether its names lead to bodies, so that names which some readers take for them are refused.
    pub(super) strict: bool,
}

/// A filter made ready: what it looks at, and for what.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watch {
    filter: Filter,
    /// Where the tree of its names begins, at the element itself.
    pub(super) root: NodeId,
}

impl Places {
    /// The node of the whole body.
    pub(super) const ROOT: NodeId = 0;

    /// Puts selectors together.
    ///
    /// # Errors
    /// The index of a selector that names a place a second time, or one inside or around another's.
    pub fn compile(paths: Vec<(Path, PlaceId)>) -> Result<Self, (usize, Reason)> {
        let mut places = Self {
            nodes: vec![Node::default()],
            filters: Vec::new(),
            longest_name: 0,
            elements: Vec::new(),
            siblings: Siblings::default(),
            companions: Companions::default(),
        };
        for (index, (path, place)) in paths.into_iter().enumerate() {
            places.add(path, place).map_err(|reason| (index, reason))?;
        }
        Ok(places)
    }

    /// Puts the places of a policy together, with what stands beside them.
    ///
    /// # Errors
    /// The index of the place that is wrong, and what is wrong with which of its texts.
    pub(crate) fn of(selected: &[Selected<'_>]) -> Result<Self, (usize, SelectorError)> {
        let mut paths = Vec::new();
        for (index, place) in selected.iter().enumerate() {
            let path = Path::parse(place.at).map_err(|error| (index, error))?;
            paths.push((path, place.place));
        }
        let length = |index: usize| selected.get(index).map_or(0, |place| place.at.len());
        let mut places = Self::compile(paths.clone())
            .map_err(|(index, reason)| (index, SelectorError::new(reason, 0..length(index))))?;
        for (index, (place, (path, id))) in selected.iter().zip(&paths).enumerate() {
            let bound = places.siblings.add(*id, path, &place.beside);
            bound.map_err(|error| (index, error))?;
            if place.element {
                places.elements.push(*id);
                places.mark_strict(path);
            }
            if let Some(companion) = place.companion {
                let bound = places.add_companion(*id, path, companion);
                bound.map_err(|error| (index, error))?;
            }
        }
        places.siblings.finish().map_err(|(id, number, reason)| {
            let index = selected.iter().position(|place| place.place == id);
            let index = index.unwrap_or_default();
            let text = selected
                .get(index)
                .and_then(|place| place.beside.get(number));
            let error = SelectorError::new(reason, 0..text.map_or(0, |text| text.len()));
            (index, error.of(Which::Beside(number)))
        })?;
        Ok(places)
    }

    /// Whether an object, or an array, is a body itself at this place.
    pub(super) fn is_element(&self, place: PlaceId) -> bool {
        self.elements.contains(&place)
    }

    /// Notes that a path, which was added, leads to bodies.
    fn mark_strict(&mut self, path: &Path) {
        let mut at = Self::ROOT;
        for segment in &path.segments {
            if segment.deep {
                at = self.deep(at);
            }
            if let Some(node) = self.nodes.get_mut(at) {
                node.strict = true;
            }
            at = self.step(at, segment.step.clone());
        }
    }

    fn add(&mut self, path: Path, place: PlaceId) -> Result<(), Reason> {
        let at = self.descend(Self::ROOT, path.segments)?;
        let Some(node) = self.nodes.get_mut(at) else {
            return Ok(());
        };
        if node.place.is_some() {
            return Err(Reason::Twice);
        }
        if node.leads_on() {
            return Err(Reason::Nested);
        }
        node.place = Some(place);
        Ok(())
    }

    /// The node that steps lead to from another, made where it is not known.
    ///
    /// # Errors
    /// [`Reason::Nested`] where they lead through a place.
    pub(super) fn descend(
        &mut self,
        mut at: NodeId,
        segments: Vec<Segment>,
    ) -> Result<NodeId, Reason> {
        for segment in segments {
            if self.node(at).place.is_some() {
                return Err(Reason::Nested);
            }
            if segment.deep {
                at = self.deep(at);
            }
            at = self.step(at, segment.step);
        }
        Ok(at)
    }

    /// The node that a step leads to.
    pub(super) fn step(&mut self, at: NodeId, step: Step) -> NodeId {
        match step {
            Step::Name(name) => self.named(at, name.as_bytes()),
            Step::Any => self.any(at),
            Step::Index(index) => self.indexed(at, index),
            Step::Filter(filter) => self.filtered(at, filter),
        }
    }

    /// Notes that the way to a place for companions leads through a node.
    pub(super) fn mark_site(&mut self, at: NodeId, site: (usize, usize)) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.sites.push(site);
        }
    }

    /// A node that exists: ids come from this tree only.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        static NONE: Node = Node {
            names: Vec::new(),
            marks: 0,
            any: None,
            indices: Vec::new(),
            filtered: Vec::new(),
            deep: None,
            recursive: false,
            place: None,
            tests: Vec::new(),
            sites: Vec::new(),
            strict: false,
        };
        self.nodes.get(id).unwrap_or(&NONE)
    }

    pub(super) fn watch(&self, id: FilterId) -> Option<&Watch> {
        self.filters.get(id)
    }

    /// The most bytes of a name that is known anywhere.
    pub(super) fn longest_name(&self) -> usize {
        self.longest_name
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn deep(&mut self, at: NodeId) -> NodeId {
        if let Some(known) = self.node(at).deep {
            return known;
        }
        let id = self.push(Node {
            recursive: true,
            ..Node::default()
        });
        if let Some(node) = self.nodes.get_mut(at) {
            node.deep = Some(id);
        }
        id
    }

    fn named(&mut self, at: NodeId, name: &[u8]) -> NodeId {
        if let Some((_, known)) = self.node(at).name(name) {
            return known;
        }
        let id = self.push(Node::default());
        self.longest_name = self.longest_name.max(name.len());
        if let Some(node) = self.nodes.get_mut(at) {
            node.marks |= mark(name);
            node.names.push((name.into(), id));
        }
        id
    }

    fn any(&mut self, at: NodeId) -> NodeId {
        if let Some(known) = self.node(at).any {
            return known;
        }
        let id = self.push(Node::default());
        if let Some(node) = self.nodes.get_mut(at) {
            node.any = Some(id);
        }
        id
    }

    fn indexed(&mut self, at: NodeId, index: u64) -> NodeId {
        if let Some((_, known)) = self
            .node(at)
            .indices
            .iter()
            .find(|(known, _)| *known == index)
        {
            return *known;
        }
        let id = self.push(Node::default());
        if let Some(node) = self.nodes.get_mut(at) {
            node.indices.push((index, id));
        }
        id
    }

    fn filtered(&mut self, at: NodeId, filter: Filter) -> NodeId {
        let same = |id: FilterId| {
            self.filters
                .get(id)
                .is_some_and(|watch| watch.filter == filter)
        };
        if let Some((_, known)) = self.node(at).filtered.iter().find(|(id, _)| same(*id)) {
            return *known;
        }
        let filter_id = self.filters.len();
        let root = self.push(Node::default());
        for (index, test) in filter.tests.iter().enumerate() {
            let mut leaf = root;
            for name in &test.path {
                leaf = self.named(leaf, name.as_bytes());
            }
            if let Some(node) = self.nodes.get_mut(leaf) {
                node.tests.push((filter_id, index));
            }
        }
        self.filters.push(Watch { filter, root });
        let id = self.push(Node::default());
        if let Some(node) = self.nodes.get_mut(at) {
            node.filtered.push((filter_id, id));
        }
        id
    }
}

impl Node {
    /// The node that a decoded key leads to, and the key's number among those known here.
    pub(super) fn name(&self, key: &[u8]) -> Option<(usize, NodeId)> {
        if self.marks & mark(key) == 0 {
            return None;
        }
        let found = self
            .names
            .iter()
            .enumerate()
            .find(|(_, (known, _))| known.first() == key.first() && **known == *key);
        found.map(|(number, (_, node))| (number, *node))
    }

    /// How many keys are known here.
    pub(super) fn names(&self) -> usize {
        self.names.len()
    }

    /// The marks of the keys that are known here. Nothing where other keys lead on too.
    pub(super) fn keys(&self) -> Option<u64> {
        let only = self.any.is_none() && self.filtered.is_empty() && !self.recursive;
        (only && !self.strict).then_some(self.marks)
    }

    /// Whether a key, which is none of those that are known here, would be one of them for some readers.
    pub(super) fn is_like(&self, key: &[u8]) -> bool {
        let mut names = self.names.iter().map(|(name, _)| name);
        self.strict && names.any(|name| alike(name, key))
    }

    /// Whether anything inside an object, or an array, that stands here can be meant.
    pub(super) fn leads_into(&self, object: bool) -> bool {
        let either = self.any.is_some() || !self.filtered.is_empty() || self.recursive;
        either
            || if object {
                self.marks != 0
            } else {
                !self.indices.is_empty() || !self.sites.is_empty()
            }
    }

    /// Whether a selector goes on from here.
    fn leads_on(&self) -> bool {
        !self.names.is_empty()
            || self.any.is_some()
            || !self.indices.is_empty()
            || !self.filtered.is_empty()
            || self.deep.is_some()
    }
}

impl Watch {
    pub(super) fn literal(&self, test: usize) -> Option<&Literal> {
        self.filter.tests.get(test).map(|test| &test.literal)
    }

    /// How many tests must hold.
    pub(super) fn tests(&self) -> usize {
        self.filter.tests.len()
    }
}

/// One bit for a key: most keys that are not known differ from those that are in it.
#[inline]
pub(super) fn mark(key: &[u8]) -> u64 {
    let first = key.first().map_or(0, |first| usize::from(*first));
    1 << ((key.len() + 7 * first) % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(texts: &[&str]) -> Result<Places, (usize, Reason)> {
        let paths = texts
            .iter()
            .zip(0..)
            .map(|(text, id)| (Path::parse(text).unwrap(), PlaceId(id)));
        Places::compile(paths.collect())
    }

    #[test]
    fn common_steps_are_shared() {
        let one = compile(&["$.a.b[?@.k == 1].c"]).unwrap();
        let two = compile(&["$.a.b[?@.k == 1].c", "$.a['b'][?@['k'] == 1.0].d"]).unwrap();
        assert_eq!(two.nodes.len(), one.nodes.len() + 1);
        assert_eq!(two.filters.len(), 1);
    }

    #[test]
    fn a_place_named_twice_or_within_another_is_refused() {
        assert_eq!(compile(&["$.a", "$.b", "$['a']"]), Err((2, Reason::Twice)));
        assert_eq!(compile(&["$.a", "$.a.b"]), Err((1, Reason::Nested)));
        assert_eq!(compile(&["$.a.b", "$.a"]), Err((1, Reason::Nested)));
    }
}
