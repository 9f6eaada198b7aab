//! Why a body could not be rewritten. An error names what and where, never the value.

/// A body that could not be rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset} of the body")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where: bytes of the decoded body before the fault, as nearly as is known.
    pub offset: u64,
}

impl Error {
    /// An error of this kind at this offset.
    #[must_use]
    pub fn new(kind: ErrorKind, offset: u64) -> Self {
        Self { kind, offset }
    }
}

/// What can be wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not of the format that was named.
    #[error("the body is not well-formed ({expected} expected)")]
    Syntax {
        /// What the grammar asks for here.
        expected: &'static str,
    },
    /// Bytes that are not of the declared charset, which is UTF-8 where none is declared; a byte-order mark where none
    /// may stand.
    #[error("the text is not in the charset that is declared, or in UTF-8 where none is")]
    Charset,
    /// A charset that is declared and that the body cannot be rewritten in.
    #[error("the declared charset cannot be kept: {why}")]
    Encoding {
        /// Why not, and what to do.
        why: &'static str,
    },
    /// The `Content-Type` names something else than the route's format, or lacks a parameter it needs.
    #[error("the content type is not the one this route protects")]
    ContentType,
    /// A key that leads to a protected place stands twice.
    #[error("a protected key stands twice")]
    DuplicateKey,
    /// An object or an array where a value is protected.
    #[error("an object or array stands where a single value is protected")]
    NotALeaf,
    /// A value longer than [`Limits::value`](crate::Limits).
    #[error("a value is longer than the limit of {limit} bytes")]
    ValueTooLong {
        /// The limit.
        limit: usize,
    },
    /// An element that must be held whole is longer than [`Limits::lookahead`](crate::Limits).
    #[error("an element that must be read whole is longer than {limit} bytes")]
    Lookahead {
        /// The limit.
        limit: usize,
    },
    /// A selector of a sibling finds more than one value beside the value that needs it.
    #[error("there is more than one value where a protected value needs one beside it")]
    Ambiguous,
    /// Something stands already where the companion of a protected value goes.
    #[error(
        "something else stands where the companion of a protected value goes; have the policy append it to a list, or take another member"
    )]
    CompanionTaken,
    /// Nesting deeper than [`Limits::depth`](crate::Limits).
    #[error("nested deeper than {limit} levels")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// A content coding that is unknown, damaged, cut short, or decodes to too much.
    #[error("the content coding cannot be undone ({why})")]
    Coding {
        /// In which way.
        why: &'static str,
    },
    /// A field that makes some servers run another method than the request line's.
    #[error("a field of the form overrides the method of the request")]
    MethodOverride,
    /// A request stands in the body, and nothing here finds a route for it.
    #[error("a request stands in the body where none is expected")]
    Unroutable,
    /// The editor refused; it knows why.
    #[error("refused")]
    Stopped,
}
