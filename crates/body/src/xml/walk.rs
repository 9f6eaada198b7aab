//! The elements that are open, and where the selectors have come to in each.

use super::name::get;
use super::places::{NamespaceTest, Node, Places, Test};
use super::scope::{Namespace, Scope};
use super::tag::{Attribute, Tag, mark};
use super::value;
use crate::Limits;
use crate::edit::PlaceId;
use crate::error::ErrorKind;

/// The open elements, outermost first.
#[derive(Debug)]
pub(super) struct Walk {
    open: Vec<Open>,
    /// Their names, one after the other.
    names: Vec<u8>,
    /// The nodes of the selectors that are met in them.
    live: Vec<Live>,
    scope: Scope,
    /// What is met in the document itself.
    document: Frame,
    /// The attributes of the tag that was taken last that are places, in order.
    hits: Vec<Hit>,
    scratch: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    /// Where its name begins.
    name: usize,
    frame: Frame,
    /// How many declarations were in force around it.
    declared: usize,
}

/// Which of the live nodes an element has, and the names that lead on from them.
#[derive(Clone, Copy, Debug)]
struct Frame {
    from: usize,
    to: usize,
    marks: u64,
    /// Up to where those follow that an element has into which nothing leads; they lie behind these, or are these.
    deep_to: usize,
    deep_marks: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Live {
    node: usize,
    /// Whether the element is what the node stands for, or lies somewhere in it.
    direct: bool,
}

/// An attribute that is a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// Its number in the tag.
    pub(super) attribute: usize,
    pub(super) place: PlaceId,
    rank: usize,
}

impl Walk {
    pub(super) fn new(places: &Places) -> Self {
        let mut walk = Self {
            open: Vec::new(),
            names: Vec::new(),
            live: vec![Live {
                node: 0,
                direct: true,
            }],
            scope: Scope::default(),
            document: Frame {
                from: 0,
                to: 1,
                marks: 0,
                deep_to: 0,
                deep_marks: 0,
            },
            hits: Vec::new(),
            scratch: Vec::new(),
        };
        walk.document = walk.frame_of(0, places);
        walk
    }

    /// How many elements are open.
    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The name of the innermost element; nothing where none is open.
    #[inline]
    pub(super) fn name(&self) -> Option<&[u8]> {
        let open = self.open.last()?;
        self.names.get(open.name..)
    }

    /// The attributes of the tag that was taken last that are places, in order.
    pub(super) fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// Takes a start tag; gives the place that the element's text is.
    ///
    /// # Errors
    /// What keeps the tag from being read in one way.
    #[inline]
    pub(super) fn enter(
        &mut self,
        bytes: &[u8],
        tag: &Tag,
        places: &Places,
        limits: &Limits,
    ) -> Result<Option<PlaceId>, ErrorKind> {
        if self.open.len() >= limits.depth {
            return Err(ErrorKind::Depth {
                limit: limits.depth,
            });
        }
        self.hits.clear();
        let around = self.frame();
        let declared = self.scope.len();
        if tag.declares {
            self.scope.declare(bytes, tag, places)?;
        }
        let name = self.names.len();
        self.names.extend_from_slice(tag.name.whole(bytes));
        if self.names.len() + self.scope.size() > limits.lookahead {
            return Err(ErrorKind::Lookahead {
                limit: limits.lookahead,
            });
        }
        let mark = mark(tag.name.local(bytes));
        let (frame, place) = if around.marks & mark == 0 {
            (around.deeper(), None)
        } else {
            self.lead(around, mark, bytes, tag, places)?
        };
        self.open.push(Open {
            name,
            frame,
            declared,
        });
        Ok(place)
    }

    /// Closes the innermost element.
    #[inline]
    pub(super) fn leave(&mut self) {
        if let Some(open) = self.open.pop() {
            self.names.truncate(open.name);
            self.scope.truncate(open.declared);
            self.live.truncate(self.frame().deep_to);
        }
    }

    #[inline]
    fn frame(&self) -> Frame {
        self.open.last().map_or(self.document, |open| open.frame)
    }

    /// What a tag leads to.
    fn lead(
        &mut self,
        around: Frame,
        mark: u64,
        bytes: &[u8],
        tag: &Tag,
        places: &Places,
    ) -> Result<(Frame, Option<PlaceId>), ErrorKind> {
        let from = self.live.len();
        for at in around.from..around.to {
            let Some(live) = self.live.get(at).copied() else {
                break;
            };
            let Some(node) = places.node(live.node) else {
                continue;
            };
            for edge in node.edges(mark) {
                if (live.direct || edge.descendant)
                    && self.is_element(&edge.name, bytes, tag, places)?
                    && self.has_attributes(&edge.predicates, bytes, tag, places)?
                {
                    self.add(from, edge.target, true);
                }
            }
            if node.descends {
                self.add(from, live.node, false);
            }
        }
        let place = self.place(from, places);
        self.find_attributes(from, bytes, tag, places)?;
        Ok((self.frame_of(from, places), place))
    }

    fn add(&mut self, from: usize, node: usize, direct: bool) {
        let live = Live { node, direct };
        if !self.live.iter().skip(from).any(|known| *known == live) {
            self.live.push(live);
        }
    }

    /// The frame of the live nodes from `from` on; adds those that lie behind it.
    fn frame_of(&mut self, from: usize, places: &Places) -> Frame {
        let to = self.live.len();
        let mut frame = Frame {
            from,
            to,
            marks: 0,
            deep_to: to,
            deep_marks: 0,
        };
        let mut direct = false;
        for (live, node) in self.nodes(from, places) {
            direct |= live.direct;
            frame.deep_marks |= node.deep_marks;
            frame.marks |= if live.direct {
                node.marks
            } else {
                node.deep_marks
            };
        }
        if direct {
            for at in from..to {
                let node = self.live.get(at).map_or(0, |live| live.node);
                if places.node(node).is_some_and(|node| node.descends) {
                    self.add(to, node, false);
                }
            }
            frame.deep_to = self.live.len();
        }
        frame
    }

    /// The live nodes from `from` on.
    fn nodes<'a>(
        &'a self,
        from: usize,
        places: &'a Places,
    ) -> impl Iterator<Item = (Live, &'a Node)> {
        let live = self.live.get(from..).unwrap_or_default();
        live.iter()
            .filter_map(|live| Some((*live, places.node(live.node)?)))
    }

    /// The place that the text of the element is: the first in the policy's order.
    fn place(&self, from: usize, places: &Places) -> Option<PlaceId> {
        let texts = self.nodes(from, places).filter(|(live, _)| live.direct);
        let first = texts.filter_map(|(_, node)| node.text).min();
        first.map(|(_, place)| place)
    }

    /// Finds the attributes that are places.
    fn find_attributes(
        &mut self,
        from: usize,
        bytes: &[u8],
        tag: &Tag,
        places: &Places,
    ) -> Result<(), ErrorKind> {
        let mut hits = std::mem::take(&mut self.hits);
        for (live, node) in self.nodes(from, places) {
            for test in &node.attributes {
                if !live.direct && !test.descendant {
                    continue;
                }
                for (number, attribute) in tag.attributes.iter().enumerate() {
                    if self.is_attribute(&test.name, attribute, bytes, places)? {
                        hits.push(Hit {
                            attribute: number,
                            place: test.place,
                            rank: test.rank,
                        });
                    }
                }
            }
        }
        hits.sort_unstable_by_key(|hit| (hit.attribute, hit.rank));
        hits.dedup_by_key(|hit| hit.attribute);
        if !hits.is_empty() {
            self.are_different(bytes, tag)?;
        }
        self.hits = hits;
        Ok(())
    }

    fn is_element(
        &self,
        test: &Test,
        bytes: &[u8],
        tag: &Tag,
        places: &Places,
    ) -> Result<bool, ErrorKind> {
        if !test.is_local(tag.name.local(bytes)) {
            return Ok(false);
        }
        let NamespaceTest::Is(namespace) = test.namespace else {
            return Ok(true);
        };
        let own = self.scope.resolve(tag.name.prefix(bytes), places);
        own.map(|own| own == namespace)
            .map_err(|expected| ErrorKind::Syntax { expected })
    }

    fn is_attribute(
        &self,
        test: &Test,
        attribute: &Attribute,
        bytes: &[u8],
        places: &Places,
    ) -> Result<bool, ErrorKind> {
        if !test.is_local(attribute.name.local(bytes)) || attribute.declares(bytes).is_some() {
            return Ok(false);
        }
        let NamespaceTest::Is(namespace) = test.namespace else {
            return Ok(true);
        };
        if attribute.name.colon.is_none() {
            return Ok(namespace == Namespace::None);
        }
        let own = self.scope.resolve(attribute.name.prefix(bytes), places);
        own.map(|own| own == namespace)
            .map_err(|expected| ErrorKind::Syntax { expected })
    }

    fn has_attributes(
        &mut self,
        predicates: &[(Test, Box<[u8]>)],
        bytes: &[u8],
        tag: &Tag,
        places: &Places,
    ) -> Result<bool, ErrorKind> {
        for (test, expected) in predicates {
            let mut has = false;
            for attribute in &tag.attributes {
                if !has && self.is_attribute(test, attribute, bytes, places)? {
                    self.scratch.clear();
                    value::attribute(get(bytes, attribute.value.clone()), &mut self.scratch)?;
                    has = self.scratch == **expected;
                }
            }
            if !has {
                return Ok(false);
            }
        }
        if !predicates.is_empty() {
            self.are_different(bytes, tag)?;
        }
        Ok(true)
    }

    /// Whether no attribute stands twice under two prefixes of one namespace (Namespaces in XML 1.0 §6.3).
    fn are_different(&self, bytes: &[u8], tag: &Tag) -> Result<(), ErrorKind> {
        for (number, attribute) in tag.attributes.iter().enumerate() {
            let twin = tag.attributes.iter().skip(number + 1).any(|other| {
                attribute.name.colon.is_some()
                    && other.name.colon.is_some()
                    && attribute.name.local(bytes) == other.name.local(bytes)
                    && self
                        .scope
                        .are_same(attribute.name.prefix(bytes), other.name.prefix(bytes))
            });
            if twin {
                let expected = "no attribute that stands twice";
                return Err(ErrorKind::Syntax { expected });
            }
        }
        Ok(())
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.names.capacity()
            + self.open.capacity() * size_of::<Open>()
            + self.live.capacity() * size_of::<Live>()
            + self.scope.held()
    }
}

impl Frame {
    /// The frame of an element into which nothing leads.
    #[inline]
    fn deeper(self) -> Self {
        if self.deep_to == self.to && self.marks == self.deep_marks {
            // All has come from further out, or there is nothing.
            return self;
        }
        Self {
            from: self.to,
            to: self.deep_to,
            marks: self.deep_marks,
            ..self
        }
    }
}
