//! The routes of an app as a tree of segments, in which a request finds its route without allocating.
//!
//! Of the patterns whose method and path fit, the most specific wins. Segments before `{**}` are compared from the
//! first on, those after it from the last back, and at each: literal text, then `before{x}after` (more text
//! first), then `{x}`, then `{**}`. At the same path a named method comes before `GET` taking `HEAD`, and that
//! before `*`.
//!
//! A path that would find another route if letters' case did not count is ambiguous unless the app says
//! `ignore-case = true`: there are servers of both kinds, and for one of them either route would be wrong.

use std::cmp::Ordering;

use crate::template::{Element, Method, Pattern};

/// A pattern, by its route and its index in that route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PatternRef {
    pub(crate) route: usize,
    pub(crate) pattern: usize,
}

/// What a table says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    Found(PatternRef),
    Nothing,
    /// Another answer if case did not count.
    CaseDecides,
}

/// The tree. Node 0 is the root.
#[derive(Clone, Debug)]
pub(crate) struct RouteTable {
    nodes: Vec<Node>,
    ignore_case: bool,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Ordered without regard to ASCII case, then with: so all spellings of one text stand together.
    literals: Vec<(String, usize)>,
    /// The most specific first.
    affixed: Vec<Affixed>,
    parameter: Option<usize>,
    /// The root of the segments after `{**}`, last segment first.
    rest: Option<usize>,
    endings: Vec<(Method, PatternRef)>,
}

#[derive(Clone, Debug)]
struct Affixed {
    before: String,
    after: String,
    node: usize,
}

impl RouteTable {
    pub(crate) fn new(ignore_case: bool) -> Self {
        Self {
            nodes: vec![Node::default()],
            ignore_case,
        }
    }

    /// Adds a pattern; gives the one that already takes exactly the same requests.
    pub(crate) fn insert(&mut self, pattern: &Pattern, named: PatternRef) -> Option<PatternRef> {
        let elements = pattern.template.elements();
        let rest = elements
            .iter()
            .position(|element| *element == Element::Rest);
        let (front, back) = elements.split_at(rest.unwrap_or(elements.len()));
        let mut node = 0;
        for element in front {
            node = self.step(node, element);
        }
        if rest.is_some() {
            node = self.rest(node);
            for element in back.iter().skip(1).rev() {
                node = self.step(node, element);
            }
        }
        let node = self.nodes.get_mut(node)?;
        if let Some((_, known)) = node
            .endings
            .iter()
            .find(|(method, _)| *method == pattern.method)
        {
            return Some(*known);
        }
        node.endings.push((pattern.method.clone(), named));
        None
    }

    /// Looks for `path`, which is in normal form.
    pub(crate) fn find(&self, method: &str, path: &str) -> Looked {
        let path = path.strip_prefix('/').unwrap_or(path);
        let mut search = Search {
            table: self,
            method,
            fold: self.ignore_case,
            case_mattered: false,
        };
        let found = search.forward(0, path);
        if search.case_mattered {
            let folded = Search {
                table: self,
                method,
                fold: true,
                case_mattered: false,
            }
            .forward(0, path);
            if folded != found {
                return Looked::CaseDecides;
            }
        }
        found.map_or(Looked::Nothing, Looked::Found)
    }

    fn step(&mut self, from: usize, element: &Element) -> usize {
        let next = self.nodes.len();
        let fold = |text: &str| {
            if self.ignore_case {
                text.to_ascii_lowercase()
            } else {
                text.to_owned()
            }
        };
        let Some(node) = self.nodes.get_mut(from) else {
            return from;
        };
        match element {
            Element::Literal(text) => {
                let text = fold(text);
                match node
                    .literals
                    .binary_search_by(|(known, _)| order(known, &text))
                {
                    Ok(at) => return node.literals.get(at).map_or(from, |(_, node)| *node),
                    Err(at) => node.literals.insert(at, (text, next)),
                }
            }
            Element::Parameter { before, after, .. } if before.is_empty() && after.is_empty() => {
                match node.parameter {
                    Some(known) => return known,
                    None => node.parameter = Some(next),
                }
            }
            Element::Parameter { before, after, .. } => {
                let entry = Affixed {
                    before: fold(before),
                    after: fold(after),
                    node: next,
                };
                match node.affixed.binary_search_by(|known| known.order(&entry)) {
                    Ok(at) => return node.affixed.get(at).map_or(from, |known| known.node),
                    Err(at) => node.affixed.insert(at, entry),
                }
            }
            Element::Rest => return self.rest(from),
        }
        self.nodes.push(Node::default());
        next
    }

    fn rest(&mut self, from: usize) -> usize {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(from) else {
            return from;
        };
        if let Some(known) = node.rest {
            return known;
        }
        node.rest = Some(next);
        self.nodes.push(Node::default());
        next
    }
}

/// One walk. Its depth is that of the tree, whatever the path; a node is visited at most once.
struct Search<'a> {
    table: &'a RouteTable,
    method: &'a str,
    fold: bool,
    /// A text was met that only differs in case.
    case_mattered: bool,
}

impl Search<'_> {
    fn forward(&mut self, node: usize, path: &str) -> Option<PatternRef> {
        let found = if path.is_empty() {
            self.ending(node)
        } else {
            let (head, tail) = path.split_once('/').unwrap_or((path, ""));
            self.children(node, head, |search, child| search.forward(child, tail))
        };
        found.or_else(|| self.backward(self.table.nodes.get(node)?.rest?, path))
    }

    /// The segments after `{**}`, from the last back; what is left over is the `{**}`.
    fn backward(&mut self, node: usize, path: &str) -> Option<PatternRef> {
        let found = if path.is_empty() {
            None
        } else {
            let (tail, head) = path.rsplit_once('/').unwrap_or(("", path));
            self.children(node, head, |search, child| search.backward(child, tail))
        };
        found.or_else(|| self.ending(node))
    }

    fn children(
        &mut self,
        node: usize,
        segment: &str,
        mut go_on: impl FnMut(&mut Self, usize) -> Option<PatternRef>,
    ) -> Option<PatternRef> {
        let node = self.table.nodes.get(node)?;
        let from = node
            .literals
            .partition_point(|(known, _)| fold_order(known, segment) == Ordering::Less);
        let spelled = || {
            let alike = node.literals.iter().skip(from);
            alike.take_while(|(known, _)| known.eq_ignore_ascii_case(segment))
        };
        for (_, child) in spelled().filter(|(known, _)| known == segment) {
            if let Some(found) = go_on(self, *child) {
                return Some(found);
            }
        }
        for (_, child) in spelled().filter(|(known, _)| known != segment) {
            self.case_mattered |= !self.fold;
            if self.fold
                && let Some(found) = go_on(self, *child)
            {
                return Some(found);
            }
        }
        for affixed in &node.affixed {
            if affixed.fits(segment, self.fold) {
                if let Some(found) = go_on(self, affixed.node) {
                    return Some(found);
                }
            } else if !self.fold && affixed.fits(segment, true) {
                self.case_mattered = true;
            }
        }
        go_on(self, node.parameter?)
    }

    fn ending(&self, node: usize) -> Option<PatternRef> {
        let endings = &self.table.nodes.get(node)?.endings;
        let named = |wanted: &str| {
            endings
                .iter()
                .find(|(method, _)| matches!(method, Method::Named(name) if name == wanted))
        };
        named(self.method)
            .or_else(|| {
                if self.method == "HEAD" {
                    named("GET")
                } else {
                    None
                }
            })
            .or_else(|| endings.iter().find(|(method, _)| *method == Method::Any))
            .map(|(_, pattern)| *pattern)
    }
}

impl Affixed {
    fn fits(&self, segment: &str, fold: bool) -> bool {
        let (text, before, after) = (
            segment.as_bytes(),
            self.before.as_bytes(),
            self.after.as_bytes(),
        );
        let same = |left: Option<&[u8]>, right: &[u8]| {
            left.is_some_and(|left| {
                if fold {
                    left.eq_ignore_ascii_case(right)
                } else {
                    left == right
                }
            })
        };
        text.len() > before.len() + after.len()
            && same(text.get(..before.len()), before)
            && same(text.get(text.len() - after.len()..), after)
    }

    /// More text first, then more text before the parameter.
    fn order(&self, other: &Self) -> Ordering {
        let length = |affixed: &Self| {
            (
                affixed.before.len() + affixed.after.len(),
                affixed.before.len(),
            )
        };
        length(other)
            .cmp(&length(self))
            .then_with(|| self.before.cmp(&other.before))
            .then_with(|| self.after.cmp(&other.after))
    }
}

fn order(left: &str, right: &str) -> Ordering {
    fold_order(left, right).then_with(|| left.cmp(right))
}

fn fold_order(left: &str, right: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(lower).cmp(right.bytes().map(lower))
}

#[cfg(test)]
mod tests;
