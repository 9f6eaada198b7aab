//! The selectors of one body, joined: what leads on from an element, and what of it is meant.

use super::scope;
use super::selector::{Leaf, NameTest, Namespace, Path};
use super::tag::mark;
use crate::edit::PlaceId;
use crate::plan::Selected;
use crate::selector::{Reason, SelectorError, Which};

/// What joined selectors may have of steps.
const NODES: usize = 4096;

/// The compiled selectors of an XML body.
#[derive(Debug, PartialEq)]
pub(crate) struct Places {
    nodes: Vec<Node>,
    namespaces: Vec<Box<[u8]>>,
}

/// Where some selectors have come to, at an element or, first of all, at the document.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Node {
    /// In the order of the bits of their names' marks, those of any name last.
    edges: Vec<Edge>,
    /// The bit of each edge.
    bits: Vec<u32>,
    pub(super) attributes: Vec<AttributeTest>,
    /// The place that the element's text is, and its rank.
    pub(super) text: Option<(usize, PlaceId)>,
    /// Whether something leads on to any depth.
    pub(super) descends: bool,
    /// The marks of the names that lead on to a child, and to a descendant.
    pub(super) marks: u64,
    pub(super) deep_marks: u64,
}

/// The bit of a name that is any.
const ANY: u32 = u64::BITS;

impl Node {
    /// The edges that an element whose name has this mark may take.
    #[inline]
    pub(super) fn edges(&self, mark: u64) -> impl Iterator<Item = &Edge> {
        let bit = mark.trailing_zeros();
        let from = self.bits.partition_point(|known| *known < bit);
        let own = self.edges.iter().zip(&self.bits).skip(from);
        let own = own.take_while(move |(_, known)| **known == bit);
        let any = self.bits.partition_point(|known| *known < ANY);
        own.map(|(edge, _)| edge).chain(self.edges.iter().skip(any))
    }

    /// Says what is known once all selectors are joined.
    fn settle(&mut self) {
        let bit = |edge: &Edge| match &edge.name.local {
            Some(local) => mark(local).trailing_zeros(),
            None => ANY,
        };
        self.edges.sort_by_key(bit);
        self.bits = self.edges.iter().map(bit).collect();
        let deep = |attribute: &AttributeTest| attribute.descendant;
        let attributes = self.attributes.iter().any(deep);
        self.descends = attributes || self.edges.iter().any(|edge| edge.descendant);
        for edge in &self.edges {
            self.marks |= edge.name.mark();
            if edge.descendant {
                self.deep_marks |= edge.name.mark();
            }
        }
        if attributes {
            // Any element may have such an attribute.
            self.marks = u64::MAX;
            self.deep_marks = u64::MAX;
        }
    }
}

/// A step.
#[derive(Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) descendant: bool,
    pub(super) name: Test,
    pub(super) predicates: Vec<(Test, Box<[u8]>)>,
    pub(super) target: usize,
}

/// An attribute that is a place. The rank says which place counts where several are met.
#[derive(Debug, PartialEq)]
pub(super) struct AttributeTest {
    pub(super) descendant: bool,
    pub(super) name: Test,
    pub(super) rank: usize,
    pub(super) place: PlaceId,
}

/// Which names are meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    pub(super) namespace: NamespaceTest,
    local: Option<Box<[u8]>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamespaceTest {
    Any,
    Is(scope::Namespace),
}

impl Test {
    /// Whether a name's local part is meant.
    #[inline]
    pub(super) fn is_local(&self, local: &[u8]) -> bool {
        self.local.as_deref().is_none_or(|known| known == local)
    }

    fn mark(&self) -> u64 {
        self.local.as_deref().map_or(u64::MAX, mark)
    }
}

impl Places {
    /// Joins selectors.
    ///
    /// # Errors
    /// The index of the one that is wrong, and what is wrong with it.
    pub(super) fn of(selected: &[Selected<'_>]) -> Result<Self, (usize, SelectorError)> {
        let mut places = Self {
            nodes: vec![Node::default()],
            namespaces: Vec::new(),
        };
        for (rank, selected) in selected.iter().enumerate() {
            alone(selected)
                .and_then(|()| Path::parse(selected.at, None))
                .and_then(|path| places.add(&path, rank, selected))
                .map_err(|error| (rank, error))?;
        }
        places.nodes.iter_mut().for_each(Node::settle);
        Ok(places)
    }

    fn add(
        &mut self,
        path: &Path,
        rank: usize,
        selected: &Selected<'_>,
    ) -> Result<(), SelectorError> {
        let whole = 0..selected.at.len();
        let mut at = 0;
        for step in &path.steps {
            let name = self.test(&step.name);
            let predicates: Vec<_> = step
                .predicates
                .iter()
                .map(|(name, value)| (self.test(name), value.as_bytes().into()))
                .collect();
            let count = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else {
                return Ok(());
            };
            if node.text.is_some() {
                return Err(SelectorError::new(Reason::Nested, whole));
            }
            let known = node.edges.iter().find(|edge| {
                edge.descendant == step.descendant
                    && edge.name == name
                    && edge.predicates == predicates
            });
            at = match known {
                Some(edge) => edge.target,
                None if count == NODES => return Err(SelectorError::new(Reason::TooMany, whole)),
                None => {
                    node.edges.push(Edge {
                        descendant: step.descendant,
                        name,
                        predicates,
                        target: count,
                    });
                    self.nodes.push(Node::default());
                    count
                }
            };
        }
        let leaf = match &path.leaf {
            Leaf::Text => None,
            Leaf::Attribute { descendant, name } => Some((*descendant, self.test(name))),
        };
        let Some(node) = self.nodes.get_mut(at) else {
            return Ok(());
        };
        match leaf {
            None if node.text.is_some() => return Err(SelectorError::new(Reason::Twice, whole)),
            None if !node.edges.is_empty() => {
                return Err(SelectorError::new(Reason::Nested, whole));
            }
            None => node.text = Some((rank, selected.place)),
            Some((descendant, name)) => {
                let is_same =
                    |known: &AttributeTest| known.descendant == descendant && known.name == name;
                if node.attributes.iter().any(is_same) {
                    return Err(SelectorError::new(Reason::Twice, whole));
                }
                node.attributes.push(AttributeTest {
                    descendant,
                    name,
                    rank,
                    place: selected.place,
                });
            }
        }
        Ok(())
    }

    fn test(&mut self, name: &NameTest) -> Test {
        let namespace = match &name.namespace {
            Namespace::Any => NamespaceTest::Any,
            Namespace::None => NamespaceTest::Is(scope::Namespace::None),
            Namespace::Uri(uri) => NamespaceTest::Is(self.intern(uri.as_bytes())),
        };
        Test {
            namespace,
            local: name.local.as_deref().map(|local| local.as_bytes().into()),
        }
    }

    fn intern(&mut self, uri: &[u8]) -> scope::Namespace {
        let known = self.namespace(uri);
        if known != scope::Namespace::Other {
            return known;
        }
        self.namespaces.push(uri.into());
        self.namespace(uri)
    }

    /// The namespace that this name is.
    pub(super) fn namespace(&self, uri: &[u8]) -> scope::Namespace {
        let at = self.namespaces.iter().position(|known| **known == *uri);
        at.and_then(|at| u16::try_from(at).ok())
            .map_or(scope::Namespace::Other, scope::Namespace::Known)
    }

    /// A node by its number.
    #[inline]
    pub(super) fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }
}

/// What a place may not have here.
fn alone(selected: &Selected<'_>) -> Result<(), SelectorError> {
    let reason = |what| Reason::Unsupported {
        what,
        remedy: "take it from a parameter of the path",
    };
    if let Some(text) = selected.beside.first() {
        let reason = reason("a sibling of a value in XML");
        return Err(SelectorError::new(reason, 0..text.len()).of(Which::Beside(0)));
    }
    if let Some((at, _)) = selected.companion {
        let reason = Reason::Unsupported {
            what: "a companion in XML",
            remedy: "take another treatment",
        };
        return Err(SelectorError::new(reason, 0..at.len()).of(Which::CompanionAt));
    }
    Ok(())
}
