//! What stands on the sides of comparisons, and how it is compared.

use std::ops::Range;

use super::literal::Escapes;
use crate::edit::{Comparison, PlaceId, ValueType};

/// What stands on a side of a comparison.
pub(super) enum Operand {
    /// A protected field by itself.
    Field(PlaceId),
    /// A literal.
    Literal(Literal),
    /// Several of them.
    List(Vec<Operand>),
    /// What a comparison said: true or false.
    Truth,
    /// Anything else.
    Other {
        /// Whether a protected field's value goes into it.
        protected: bool,
        /// Whether a literal goes into it.
        literal: bool,
    },
}

impl Operand {
    /// What has nothing to do with literals or protected fields: `null`, a variable.
    pub(super) const NOTHING: Self = Self::Other {
        protected: false,
        literal: false,
    };

    /// What holds a literal in a form that cannot be replaced.
    pub(super) const OPAQUE: Self = Self::Other {
        protected: false,
        literal: true,
    };

    pub(super) fn is_protected(&self) -> bool {
        match self {
            Self::Field(_) => true,
            Self::Literal(_) | Self::Truth => false,
            Self::List(items) => items.iter().any(Self::is_protected),
            Self::Other { protected, .. } => *protected,
        }
    }

    pub(super) fn has_literal(&self) -> bool {
        match self {
            Self::Field(_) | Self::Truth => false,
            Self::Literal(_) => true,
            Self::List(items) => items.iter().any(Self::has_literal),
            Self::Other { literal, .. } => *literal,
        }
    }

    /// Whether a text goes into it, which a number or a boolean is not.
    pub(super) fn has_text(&self) -> bool {
        match self {
            Self::Field(_) | Self::Truth => false,
            Self::Literal(literal) => literal.value_type == ValueType::String,
            Self::List(items) => items.iter().any(Self::has_text),
            Self::Other { literal, .. } => *literal,
        }
    }

    /// What is made of several, of which it is only known what goes into it.
    pub(super) fn made_of(parts: &[Self]) -> Self {
        if parts.iter().any(|part| matches!(part, Self::Truth)) {
            return Self::Truth;
        }
        Self::Other {
            protected: parts.iter().any(Self::is_protected),
            literal: parts.iter().any(Self::has_literal),
        }
    }
}

/// A literal as it stands in the statement.
pub(super) struct Literal {
    /// Where it stands, with its quotes and what stands before them.
    pub(super) whole: Range<usize>,
    /// How many bytes stand before the quotes: the type in `guid'…'`.
    pub(super) prefix: usize,
    pub(super) value_type: ValueType,
    /// The quote it has and what is escaped, or that it has none.
    pub(super) quote: Option<(char, Escapes)>,
}

impl Literal {
    /// One without quotes.
    pub(super) fn bare(whole: Range<usize>, value_type: ValueType) -> Operand {
        Operand::Literal(Self {
            whole,
            prefix: 0,
            value_type,
            quote: None,
        })
    }
}

/// How a comparison compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// As this says.
    As(Comparison),
    /// By an SQL pattern of `%` and `_`, or by the lack of it.
    Like { not: bool },
}

impl How {
    pub(super) const EQUAL: Self = Self::As(Comparison::Equal);
    pub(super) const NOT_EQUAL: Self = Self::As(Comparison::NotEqual);
    pub(super) const ONE_OF: Self = Self::As(Comparison::OneOf);
    pub(super) const NOT_ONE_OF: Self = Self::As(Comparison::NotOneOf);
    pub(super) const CONTAINS: Self = Self::As(Comparison::Contains);
    pub(super) const PREFIX: Self = Self::As(Comparison::Prefix);
    pub(super) const ORDER: Self = Self::As(Comparison::Order);
}
