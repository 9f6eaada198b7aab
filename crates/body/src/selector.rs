//! What is wrong with the text of a selector, told with the bytes of it that are wrong.
//!
//! A selector's language belongs to its format ([`crate::Format`]); a policy only carries the text, so its
//! author is shown these reasons beside the line that they wrote.

use std::ops::Range;

/// A selector that its format does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SelectorError {
    /// Which text of the place is meant.
    pub which: Which,
    /// The bytes of that text that are meant.
    pub at: Range<usize>,
    /// What is wrong with them.
    pub reason: Reason,
}

impl SelectorError {
    /// A reason at a range of the place's own selector.
    #[must_use]
    pub fn new(reason: Reason, at: Range<usize>) -> Self {
        Self {
            which: Which::Place,
            at,
            reason,
        }
    }

    /// The same, said of another text of the place.
    #[must_use]
    pub(crate) fn of(self, which: Which) -> Self {
        Self { which, ..self }
    }
}

/// The texts that a place is given by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Its own selector.
    #[default]
    Place,
    /// The selector of a sibling, by its number.
    Beside(usize),
    /// Where its companion goes.
    CompanionAt,
    /// What its companion is written as.
    CompanionWrite,
}

/// Why a selector is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The text does not follow the language's grammar.
    #[error("{expected} expected here")]
    Expected {
        /// What the grammar asks for.
        expected: &'static str,
    },
    /// Standard, but no forward pass can match it, or not within `lookahead`.
    #[error("{what} cannot be matched in one forward pass")]
    NotForward {
        /// The construct.
        what: &'static str,
    },
    /// Standard, but not part of the subset.
    #[error("{what} is not supported; {remedy}")]
    Unsupported {
        /// The construct.
        what: &'static str,
        /// What to write in its place.
        remedy: &'static str,
    },
    /// Two selectors name one and the same place.
    #[error("this place is named twice")]
    Twice,
    /// One selector leads through a place that another protects as a single value.
    #[error("this place lies inside, or around, another protected place")]
    Nested,
    /// Too many places for one route.
    #[error("too many places in one body")]
    TooMany,
}
