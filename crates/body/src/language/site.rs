//! What a parser finds in a statement: each literal that is compared with a protected field, and how the statement
//! asks for several values in its stead.

use std::ops::Range;

use zeroize::Zeroizing;

use super::literal::Spelling;
use crate::edit::{Comparison, PlaceId, ValueType};

/// A literal that is compared with a protected field.
pub(crate) struct Site {
    pub(crate) place: PlaceId,
    pub(crate) comparison: Comparison,
    pub(crate) value_type: ValueType,
    /// What the literal stands for.
    pub(crate) text: Zeroizing<Vec<u8>>,
    /// What a replacement takes the place of.
    pub(crate) at: Range<usize>,
    /// How the replacement is spelled there.
    pub(crate) spelling: Spelling,
    /// How the statement asks for other values beside it, if it can.
    pub(crate) or: Option<Or>,
}

/// How a statement asks for other values beside one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Or {
    /// What is written again for each of them, with the literal in it.
    pub(crate) whole: Range<usize>,
    pub(crate) open: &'static str,
    pub(crate) between: &'static str,
    pub(crate) close: &'static str,
    /// The operator that must be another for several values, and which. It stands before `whole`.
    pub(crate) operator: Option<(Range<usize>, &'static str)>,
}

/// The words around and between comparisons that are joined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joined {
    pub(super) open: &'static str,
    pub(super) between: &'static str,
    pub(super) close: &'static str,
}

impl Joined {
    pub(super) const fn new(
        open: &'static str,
        between: &'static str,
        close: &'static str,
    ) -> Self {
        Self {
            open,
            between,
            close,
        }
    }

    /// Writes `whole` again for each other value.
    pub(super) fn over(self, whole: Range<usize>) -> Or {
        Or {
            whole,
            open: self.open,
            between: self.between,
            close: self.close,
            operator: None,
        }
    }
}
