//! JSON (RFC 8259): where a token stands is found by going back from it to the nearest unescaped quote.
//!
//! A token in JSON always stands in a string, and a string begins at a quote with an even number of backslashes
//! before it. So nothing before the last such quote needs to be looked at: [`Json::advance`] costs the length of
//! the string that is open at its end, not that of the chunk. What stands in that string goes through [`Content`],
//! which knows JSON within JSON and HTML within JSON.
//!
//! A number or boolean that was sealed in place of itself comes back without quotes where its token is a whole
//! string and a value: the quotes are held back until it is known.

use super::content::Content;
use super::machine::{Seen, Spot, Standing, Verdict};
use super::peek::{Peek, holds_markup};
use crate::Limits;
use crate::edit::ValueType;
use crate::escape::Escape;

/// The most backslashes before a quote that are held back: six strings within one another.
const MOST_SLASHES: usize = 63;
/// The most white space after a string that is looked over for what follows it.
const MOST_SPACE: usize = 256;

pub(super) struct Json {
    content: Content,
    /// The backslashes that the bytes so far end with.
    slashes: usize,
    /// The bytes so far end with a quote, after so many backslashes.
    quote: Option<usize>,
    peek: Peek,
    lookahead: usize,
}

impl Json {
    pub(super) fn new(limits: Limits) -> Self {
        Self::at_depth(limits.lookahead, 0)
    }

    /// JSON that stands in so many other literals.
    pub(super) fn at_depth(lookahead: usize, depth: u8) -> Self {
        Self {
            content: Content::new(depth),
            slashes: 0,
            quote: None,
            peek: Peek::default(),
            lookahead,
        }
    }

    pub(super) fn advance(&mut self, bytes: &[u8]) {
        match self.last_quote(bytes) {
            Some(at) => {
                self.content.begin();
                self.content
                    .advance_escaped(bytes.get(at + 1..).unwrap_or_default());
            }
            None => self.content.advance_escaped(bytes),
        }
        self.note_end(bytes);
    }

    pub(super) fn standing(&mut self) -> Standing {
        self.content.standing()
    }

    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        match self.whole_string(seen) {
            Some(verdict) => return verdict,
            None if seen.is_simple() => {}
            None => {
                if let Some(depth) = self.content.undecided() {
                    let ends = |bytes: &[u8], at: usize, slashes: usize| {
                        bytes.get(at) == Some(&b'"') && slashes.trailing_ones() <= depth
                    };
                    match self.peek.until(ends, seen, self.lookahead) {
                        None => return Verdict::More,
                        Some(rest) => {
                            let markup = rest.is_none_or(|rest| holds_markup(rest, true));
                            return Verdict::escape(self.escape(markup));
                        }
                    }
                }
            }
        }
        Verdict::escape(self.escape(false))
    }

    /// The escape here; `markup` says that what follows in the string is HTML.
    pub(super) fn escape(&self, markup: bool) -> Escape {
        self.content.escape(markup).within(Escape::Json)
    }

    /// How deep the innermost JSON string stands whose text is not known to be HTML.
    pub(super) fn undecided(&self) -> Option<u32> {
        self.content.undecided()
    }

    /// In how many JSON strings the innermost literal stands, if it is empty so far.
    pub(super) fn empty_depth(&self) -> Option<u32> {
        self.content.empty_depth()
    }

    /// The backslashes and the quote that may give way to a number.
    pub(super) fn hold(&self) -> usize {
        let run = self.quote.map_or(self.slashes, |slashes| slashes + 1);
        if run <= MOST_SLASHES + 1 { run } else { 0 }
    }

    /// The last quote in `bytes` that no backslash escapes.
    fn last_quote(&self, bytes: &[u8]) -> Option<usize> {
        let mut end = bytes.len();
        loop {
            let before = bytes.get(..end)?;
            let at = memchr::memrchr(b'"', before)?;
            if self.slashes_before(bytes, at).is_multiple_of(2) {
                return Some(at);
            }
            end = at;
        }
    }

    /// How many backslashes stand directly before `at`, the earlier bytes counted in.
    fn slashes_before(&self, bytes: &[u8], at: usize) -> usize {
        let run = bytes
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|b| **b == b'\\')
            .count();
        if run == at { run + self.slashes } else { run }
    }

    fn note_end(&mut self, bytes: &[u8]) {
        let Some((last, before)) = bytes.split_last() else {
            return;
        };
        if *last == b'"' {
            self.quote = Some(self.slashes_before(bytes, before.len()));
            self.slashes = 0;
        } else {
            self.slashes = self.slashes_before(bytes, bytes.len());
            self.quote = None;
        }
    }

    /// The verdict where the token is a whole string and its value a number or boolean; `None` where it is not.
    fn whole_string(&self, seen: &Seen<'_>) -> Option<Verdict> {
        let slashes = self.quote.filter(|slashes| *slashes <= MOST_SLASHES)?;
        let depth = self
            .content
            .empty_depth()
            .filter(|depth| slashes + 1 == 1 << depth)?;
        if !may_be_bare(seen) {
            return None;
        }
        let quote = slashes + 1;
        let Some(closing) = seen.after.get(..quote) else {
            let slashes_only = seen.after.iter().all(|b| *b == b'\\');
            return (slashes_only && !seen.last).then_some(Verdict::More);
        };
        let (end, inner) = closing.split_last()?;
        if *end != b'"' || inner.iter().any(|b| *b != b'\\') {
            return None;
        }
        let rest = seen.after.get(quote..).unwrap_or_default();
        let space = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let is_value = match rest.get(space) {
            // A key must stay a string, and so must what ends in any way that is not JSON's.
            Some(next) => matches!(next, b',' | b'}' | b']'),
            None if seen.last => depth == 0,
            None if space < MOST_SPACE => return Some(Verdict::More),
            None => false,
        };
        let is_value = is_value && space < MOST_SPACE;
        is_value.then(|| {
            let whole = Escape::JsonWhole(seen.value_type);
            let escape = (0..depth).fold(whole, |escape, _| escape.within(Escape::Json));
            Verdict::Write(Spot {
                escape,
                take_before: quote,
                take_after: quote,
                insert: None,
            })
        })
    }
}

fn may_be_bare(seen: &Seen<'_>) -> bool {
    match (seen.value_type, seen.plain) {
        (ValueType::String, _) => false,
        (_, None) => true,
        (ValueType::Number, Some(plain)) => crate::escape::is_number(plain),
        (ValueType::Boolean, Some(plain)) => matches!(plain, b"true" | b"false"),
    }
}
