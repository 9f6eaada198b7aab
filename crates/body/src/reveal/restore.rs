//! The walk that brings companions back ([`Companions`]): before the scan for tokens, over a JSON answer.
//!
//! It judges no JSON: it keeps track of objects, arrays and keys, and where it meets what it does not understand it
//! passes all that follows. Held are the bytes from a value that may be a stand-in, or from something that may be a
//! companion, until the other has been met or their object ends; never more than `lookahead`.

mod settle;
mod walk;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::companions::Companions;
use super::edits::Edits;
use super::site::{Item, Member, Next, Site};
use super::tokens::Tokens;
use crate::Limits;
use crate::escape::Escape;
use crate::out::{AskId, Out, Piece};

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A value.
    Value,
    /// An element, or the end of an array.
    FirstElement,
    /// A key, or the end of an object.
    FirstKey,
    Key,
    Colon,
    After,
    /// The rest of a string, which is a key or a value; the last byte was a backslash.
    InString {
        key: bool,
        escaped: bool,
    },
    /// The rest of a number or a word.
    InScalar,
}

/// Names that led somewhere so far.
#[derive(Clone, Copy, Debug)]
struct Lead {
    /// The depth of the element that they lead from.
    element: usize,
    to: Target,
    /// How many of them.
    level: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// The place of a rule.
    Place(usize),
    /// A site.
    Site(usize),
}

/// An open object or array.
#[derive(Debug, Default)]
struct Frame {
    object: bool,
    /// What leads on by the keys of this object.
    leads: Vec<Lead>,
    /// What the last key leads to.
    current: Vec<Lead>,
    /// Where the last key begins, and where the last value does.
    key: u64,
    value: u64,
    /// Where the last value before that key ends.
    previous: Option<u64>,
    /// Whether companions may stand in this array: the element and the number of the site.
    site: Option<(usize, usize)>,
}

/// An element in which something was found.
#[derive(Debug, Default)]
struct Element {
    depth: usize,
    /// Values at places that wait for a companion: of which rule, from where to where.
    places: Vec<(usize, u64, Option<u64>)>,
    /// The rules whose places were met.
    seen: Vec<usize>,
    sites: Vec<Site>,
    /// The sites that were decided.
    done: Vec<usize>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Restore {
    companions: Arc<Companions>,
    lookahead: u64,
    deepest: usize,
    edits: Edits,
    state: State,
    frames: Vec<Frame>,
    elements: Vec<Element>,
    /// Where the walk stands in the body.
    at: u64,
    lost: bool,
    restored: u64,
}

impl Restore {
    pub(super) fn new(companions: Arc<Companions>, limits: Limits) -> Self {
        Self {
            companions,
            lookahead: limits.lookahead as u64,
            deepest: limits.depth,
            edits: Edits::default(),
            state: State::Value,
            frames: Vec::new(),
            elements: Vec::new(),
            at: 0,
            lost: false,
            restored: 0,
        }
    }

    /// Takes the next chunk; what is decided is written to `out`.
    pub(super) fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        let bytes = self.edits.join(chunk);
        let end = self.edits.start() + bytes.len() as u64;
        while self.at < end && !self.lost {
            self.step(&bytes, tokens);
        }
        if self.lost {
            self.at = end;
            self.elements.clear();
        }
        let floor = self.floor();
        self.edits.release(&bytes, floor, out);
        self.forget(floor);
    }

    /// A hole of an earlier stage stands here; `whole` says that a value will fill it.
    pub(super) fn hole(&mut self, ask: AskId, escape: Escape, tokens: &mut dyn Tokens) {
        let whole = matches!(escape, Escape::JsonWhole(_) | Escape::JsonSpelled);
        if whole && matches!(self.state, State::Value | State::FirstElement) {
            // It is the value of an earlier stage: it is neither a stand-in nor a companion.
            if let Some(frame) = self.frames.last_mut() {
                frame.current.clear();
            }
            self.end_value(&Bytes::new(), tokens);
        }
        self.edits
            .replace(self.at..self.at, Some(Piece::Hole(ask, escape)));
    }

    /// Ends the body.
    pub(super) fn finish(&mut self, out: &mut Out) {
        self.elements.clear();
        let rest = self.edits.join(&Bytes::new());
        self.edits.release(&rest, u64::MAX, out);
    }

    /// How many values returned to their places.
    pub(super) fn restored(&self) -> u64 {
        self.restored
    }

    pub(super) fn held(&self) -> usize {
        self.edits.held()
    }

    fn element(&mut self, depth: usize) -> Option<&mut Element> {
        if !self.elements.iter().any(|known| known.depth == depth) {
            self.elements.push(Element {
                depth,
                ..Element::default()
            });
        }
        self.elements.iter_mut().find(|known| known.depth == depth)
    }

    fn begin_place(&mut self, element: usize, rule: usize) {
        let at = self.at;
        let site = self.companions.rules.get(rule).map(|rule| rule.site);
        let Some(element) = self.element(element) else {
            return;
        };
        if element.seen.contains(&rule) {
            // A place that stands twice is none.
            element.places.retain(|(known, ..)| *known != rule);
        } else if !site.is_some_and(|site| element.done.contains(&site)) {
            element.places.push((rule, at, None));
        }
        element.seen.push(rule);
    }

    fn begin_site(&mut self, element: usize, path: usize, levels: usize) {
        let frames = self.frames.get(element..element + levels);
        let member = |frame: &Frame| Member {
            key: frame.key,
            previous: frame.previous,
            end: None,
            next: None,
        };
        let chain = frames.unwrap_or_default().iter().map(member).collect();
        if let Some(element) = self.element(element) {
            element.sites.push(Site {
                path,
                chain,
                items: Vec::new(),
                whole: false,
            });
        }
    }

    /// The value that was open in the innermost object or array ends here.
    fn end_value(&mut self, bytes: &Bytes, tokens: &mut dyn Tokens) {
        self.state = State::After;
        let at = self.at;
        let depth = self.frames.len().saturating_sub(1);
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        frame.previous = Some(at);
        let range = frame.value..at;
        let mut item_of = frame.site.map(|(element, path)| (element, path, false));
        for lead in std::mem::take(&mut frame.current) {
            let Some(element) = self
                .elements
                .iter_mut()
                .find(|element| element.depth == lead.element)
            else {
                continue;
            };
            match lead.to {
                Target::Place(rule) => {
                    for (known, start, end) in &mut element.places {
                        if *known == rule && *start == range.start && end.is_none() {
                            *end = Some(at);
                        }
                    }
                }
                Target::Site(path) => {
                    let lone = self.companions.sites.get(path);
                    if lone.is_some_and(|site| !site.append && site.names.len() == lead.level) {
                        item_of = Some((lead.element, path, true));
                    }
                }
            }
        }
        if let Some((element, path, whole)) = item_of {
            self.item(element, path, range, whole, bytes);
        }
        for element in &mut self.elements {
            let Some(level) = depth.checked_sub(element.depth) else {
                continue;
            };
            for site in &mut element.sites {
                if let Some(member) = site.chain.get_mut(level)
                    && member.next.is_none()
                {
                    member.end = Some(at);
                }
            }
        }
        self.settle(tokens);
    }

    /// Notes a value that may be a companion.
    fn item(&mut self, element: usize, path: usize, range: Range<u64>, whole: bool, bytes: &Bytes) {
        let start = self.edits.start();
        let index = |offset: u64| usize::try_from(offset.checked_sub(start)?).ok();
        let value = index(range.start)
            .zip(index(range.end))
            .and_then(|(from, to)| bytes.get(from..to));
        let open = self
            .elements
            .iter_mut()
            .filter(|known| known.depth == element)
            .flat_map(|known| &mut known.sites)
            .find(|site| site.path == path && !site.whole);
        if let (Some(site), Some(value)) = (open, value) {
            site.items.push(Item {
                range,
                tokens: self.companions.matches(path, value),
            });
            site.whole = whole;
        }
    }

    /// What follows the member that ended last in the object at this depth.
    fn follow(&mut self, depth: usize, next: Next) {
        for element in &mut self.elements {
            let Some(level) = depth.checked_sub(element.depth) else {
                continue;
            };
            for site in &mut element.sites {
                if let Some(member) = site.chain.get_mut(level)
                    && member.end.is_some()
                    && member.next.is_none()
                {
                    member.next = Some(next);
                }
            }
        }
    }

    /// Where the first byte stands that may still change.
    fn floor(&self) -> u64 {
        let mut floor = self.at;
        for element in &self.elements {
            let places = element.places.iter().map(|(_, start, _)| *start);
            let starts = places.chain(element.sites.iter().map(Site::start));
            floor = starts.fold(floor, u64::min);
        }
        let before = |frame: &Frame| frame.previous.unwrap_or(frame.key);
        for frame in &self.frames {
            let leads = frame.leads.iter().chain(&frame.current);
            for lead in leads.filter(|lead| matches!(lead.to, Target::Site(_))) {
                if let Some(element) = self.frames.get(lead.element) {
                    floor = floor.min(before(element));
                }
            }
        }
        let key = matches!(
            self.state,
            State::After | State::Key | State::Colon | State::InString { key: true, .. }
        );
        if let Some(frame) = self.frames.last().filter(|frame| key && frame.object) {
            floor = floor.min(before(frame));
        }
        floor.max(self.at.saturating_sub(self.lookahead))
    }

    /// Lets go of what has left.
    fn forget(&mut self, floor: u64) {
        for element in &mut self.elements {
            element.places.retain(|(_, start, _)| *start >= floor);
            element.sites.retain(|site| site.start() >= floor);
        }
    }
}
