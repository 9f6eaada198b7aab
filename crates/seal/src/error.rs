//! What can go wrong. No error says anything of a value, and opening has one failure only.

/// Why text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// It does not begin with the prefix of a version that this program reads.
    #[error("no token begins here")]
    Prefix,
    /// A character that no token holds.
    #[error("character {0} stands in no token")]
    Character(usize),
    /// The first byte names no suite, kind or type.
    #[error("the token is of no known suite and kind")]
    Kind,
    /// The length is not one that this kind of token has, or is not in its shortest form.
    #[error("the token's length field is not one that is written")]
    LengthField,
    /// The text is shorter or longer than its own length field says.
    #[error("the token has {found} characters where its header says {expected}")]
    Length {
        /// What the header says; the length of the shortest header when the text ends before.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// What stands behind the token is no set of word tokens.
    #[error("what follows the token from character {0} on is no set of word tokens")]
    Words(usize),
    /// The bits that the last character has too many are not zero.
    #[error("the token's last character has bits that are never written")]
    LooseBits,
}

/// A token that does not open: forged, damaged, or made under another key or for another field. Which of these is
/// not known and takes the same time to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token does not open under this key")]
pub struct OpenError;

/// Why a value was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It is longer than a token can say.
    #[error("the value has {found} bytes, a token takes {most}")]
    TooLong {
        /// The most bytes that this treatment takes.
        most: usize,
        /// The bytes of the value.
        found: usize,
    },
    /// It has more words than a token can be found by.
    #[error("the value makes {found} word tokens, a token is followed by {most} at most")]
    TooManyWords {
        /// The most that follow a token.
        most: usize,
        /// What the value's words make.
        found: usize,
    },
}
