//! Which companions return, and when that is known.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{Element, Restore};
use crate::escape::Escape;
use crate::out::Piece;
use crate::reveal::site::{Member, Next, Site};
use crate::reveal::tokens::{Opened, Tokens};

impl Restore {
    /// The element at this depth ends: what was not met in it does not come.
    pub(super) fn end_element(&mut self, depth: usize, tokens: &mut dyn Tokens) {
        self.settle_all(Some(depth), tokens);
        self.elements.retain(|element| element.depth != depth);
    }

    pub(super) fn settle(&mut self, tokens: &mut dyn Tokens) {
        self.settle_all(None, tokens);
    }

    /// Brings back what can be brought back; nothing more comes in the element at the depth `last`.
    fn settle_all(&mut self, last: Option<usize>, tokens: &mut dyn Tokens) {
        while let Some((index, at, restores)) = self.decided(last) {
            let Some(element) = self.elements.get_mut(index) else {
                return;
            };
            let site = element.sites.remove(at);
            element.done.push(site.path);
            if restores {
                self.restore(index, &site, tokens);
            }
            let rules = &self.companions.rules;
            if let Some(Element { places, done, .. }) = self.elements.get_mut(index) {
                places.retain(|(rule, ..)| {
                    let site = rules.get(*rule).map(|rule| rule.site);
                    site.is_some_and(|site| !done.contains(&site))
                });
            }
        }
    }

    /// The first site that is decided: of which element, which of its sites, and whether anything returns from it.
    fn decided(&self, last: Option<usize>) -> Option<(usize, usize, bool)> {
        self.elements
            .iter()
            .enumerate()
            .find_map(|(index, element)| {
                let last = last == Some(element.depth);
                let mut sites = element.sites.iter().enumerate();
                sites.find_map(|(at, site)| Some((index, at, self.verdict(element, site, last)?)))
            })
    }

    /// Whether anything returns from a site; nothing as long as more may come that decides it.
    fn verdict(&self, element: &Element, site: &Site, last: bool) -> Option<bool> {
        if !site.whole {
            return None;
        }
        let mut rules = site.items.iter().flat_map(|item| &item.tokens).peekable();
        if rules.peek().is_none() || !self.is_near(site.start()) {
            return Some(false);
        }
        let all: Vec<usize> = (0..site.items.len()).collect();
        let bare = site.items.iter().any(|item| item.tokens.is_empty());
        let known = rules.all(|(rule, _)| self.place(element, *rule).is_some());
        (last || (known && (bare || site.cut(&all).is_some()))).then_some(true)
    }

    fn is_near(&self, start: u64) -> bool {
        start >= self.edits.start() && self.at.saturating_sub(start) <= self.lookahead
    }

    /// Where the value stands that a companion of this rule belongs to.
    fn place(&self, element: &Element, rule: usize) -> Option<Range<u64>> {
        let mut places = element.places.iter();
        let (_, start, end) = places.find(|(known, ..)| *known == rule)?;
        self.is_near(*start).then_some(*start..(*end)?)
    }

    /// Writes values to their places and takes their companions out.
    fn restore(&mut self, index: usize, site: &Site, tokens: &mut dyn Tokens) {
        let mut taken = Vec::new();
        let mut done = Vec::new();
        // A companion is appended: the last that opens is the one of the value that was sent last.
        for (number, item) in site.items.iter().enumerate().rev() {
            for (rule, token) in &item.tokens {
                let element = self.elements.get(index);
                let place = element.and_then(|element| self.place(element, *rule));
                let Some(range) = place.filter(|_| !done.contains(rule)) else {
                    continue;
                };
                let mut plain = Zeroizing::new(Vec::new());
                let piece = match tokens.companion(*rule, token, &mut plain) {
                    Opened::Value(value_type) => {
                        let mut written = Vec::with_capacity(plain.len() + 8);
                        Escape::JsonWhole(value_type).write(&plain, &mut written);
                        Piece::Bytes(written)
                    }
                    Opened::Pending(ask, value_type) => {
                        Piece::Hole(ask, Escape::JsonWhole(value_type))
                    }
                    Opened::Leave | Opened::Mark => continue,
                };
                self.edits.replace(range, Some(piece));
                self.restored += 1;
                done.push(*rule);
                taken.push(number);
                break;
            }
        }
        let Some(cut) = site.cut(&taken).filter(|_| !taken.is_empty()) else {
            return;
        };
        for range in cut.ranges {
            self.edits.replace(range, None);
        }
        let depth = self.elements.get(index).map(|element| element.depth);
        if let Some((depth, (level, member))) = depth.zip(cut.member) {
            self.unlink(depth + level, &member);
        }
    }

    /// A member of the object at this depth was taken out: those around it are neighbours.
    fn unlink(&mut self, depth: usize, gone: &Member) {
        for element in &mut self.elements {
            let Some(level) = depth.checked_sub(element.depth) else {
                continue;
            };
            let members = element.sites.iter_mut();
            for member in members.filter_map(|site| site.chain.get_mut(level)) {
                if member.previous == gone.end {
                    member.previous = gone.previous;
                }
                if member.next == Some(Next::Key(gone.key)) {
                    member.next = gone.next;
                }
            }
        }
        if let Some(frame) = self.frames.get_mut(depth)
            && frame.previous == gone.end
        {
            frame.previous = gone.previous;
        }
    }
}
