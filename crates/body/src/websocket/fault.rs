//! What is wrong with frames, and the code that a close frame says it by (RFC 6455 §7.4.1).

use super::CloseCode;

/// Why a connection fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A reserved bit, which only an extension may set; none is spoken.
    #[error("a frame sets a reserved bit, and no extension was agreed on")]
    ReservedBit,
    /// An opcode that the standard does not define.
    #[error("a frame has an opcode that is not defined")]
    Opcode,
    /// A client's frame without a mask, or a server's with one.
    #[error("a client's frame is not masked, or a server's is")]
    Masking,
    /// A length that is spelled longer than it must be, or has its highest bit set.
    #[error("a frame's length is not spelled as it must be")]
    Length,
    /// A control frame in parts.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame of more than 125 bytes.
    #[error("a control frame is longer than 125 bytes")]
    LongControl,
    /// A continuation of nothing.
    #[error("a frame continues a message that has not begun")]
    NothingToContinue,
    /// A message that begins before the last one has ended.
    #[error("a message begins before the last one has ended")]
    Interrupted,
    /// A close frame of one byte, or with a code that must not be sent.
    #[error("a close frame has a code that must not be sent")]
    CloseCode,
    /// A text that is not UTF-8.
    #[error("a text is not valid UTF-8")]
    Charset,
}

impl Fault {
    /// The code that tells the peer.
    #[must_use]
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::Charset => CloseCode::INVALID_DATA,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}
