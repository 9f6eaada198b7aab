//! What is done to a value (design §6): the treatments, each with what its field says about it.

/// What is done to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// A token that says nothing but its length class.
    Sealed {
        /// With a commitment to the key.
        commit: bool,
    },
    /// A token that is equal for equal values.
    Match,
    /// A sealed token with a word token behind it for every word, so that the text is found by its words.
    Words {
        /// With a commitment to the key.
        commit: bool,
    },
    /// Another value of the same shape.
    Format(seal::format::Shape),
    /// A true calendar date in a date's place.
    Date(Dates),
    /// A pointer to a value that stays home.
    Vault(Pointing),
    /// Something in its place that nobody can undo.
    Mask,
    /// The request is refused.
    Block,
    /// Nothing.
    Pass,
}

impl Treatment {
    /// As a policy writes it, without what stands behind a colon.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sealed { .. } => "sealed",
            Self::Match => "match",
            Self::Words { .. } => "words",
            Self::Format(_) => "format",
            Self::Date(_) => "date",
            Self::Vault(_) => "vault",
            Self::Mask => "mask",
            Self::Block => "block",
            Self::Pass => "pass",
        }
    }

    /// Whether what it writes names its key by a prefix, so that it is found and opened wherever it stands. What
    /// does not comes back at the `reveal` places of a route only.
    #[must_use]
    pub fn has_prefix(&self) -> bool {
        match self {
            Self::Sealed { .. } | Self::Match | Self::Words { .. } => true,
            Self::Vault(pointing) => pointing.shape.has_prefix(),
            // The stand-in itself says nothing: its companion has the prefix.
            Self::Date(Dates::StandIn) => true,
            Self::Format(_)
            | Self::Date(Dates::Shift { .. })
            | Self::Mask
            | Self::Block
            | Self::Pass => false,
        }
    }
}

/// How a date stays a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// One fixed date for all ([`Field::stand_in`](crate::Field::stand_in)); the true one is in the companion of
    /// its place.
    StandIn,
    /// Moved by a number of days that is the subject's own: the intervals within a person stay.
    Shift {
        /// The most days it is moved by, either way: 1 to 3650.
        days: u32,
    },
}

/// What a vault pointer looks like, and when two are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointing {
    /// What it looks like.
    pub shape: PointerShape,
    /// Equal values have equal pointers.
    pub equality: bool,
}

/// What a vault pointer looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointerShape {
    /// 16 letters and digits with the prefix.
    Token,
    /// 12 letters and digits without it.
    Bare,
    /// So many digits, the first of which is not 0: 6 to 18.
    Digits(u8),
    /// A token as the local part of an address at a domain that the organisation controls.
    Email {
        /// The domain, in lower case.
        domain: String,
    },
}

impl PointerShape {
    /// How many characters it has.
    #[must_use]
    pub fn characters(&self) -> usize {
        match self {
            Self::Token => seal::POINTER_LEN,
            Self::Bare => seal::BARE_LEN,
            Self::Digits(digits) => usize::from(*digits),
            Self::Email { domain } => seal::POINTER_LEN + 1 + domain.len(),
        }
    }

    /// Whether it is found wherever it stands.
    #[must_use]
    pub fn has_prefix(&self) -> bool {
        matches!(self, Self::Token | Self::Email { .. })
    }
}
