//! The frames of a WebSocket (RFC 6455 §5), both ways: bytes come in, frames and messages go out.
//!
//! [`Frames`] reads what one side sends and fails where the standard says that the connection fails; [`Head`] and
//! [`mask`] write frames again. No extension is spoken: a reserved bit is a fault, so whoever drives this takes
//! `Sec-WebSocket-Extensions` out of the handshake (permessage-deflate, RFC 7692, would set one).
//!
//! What a message says is not this module's: it is a body of its own, for the rewriter of its format.

mod close;
mod fault;
mod frames;
mod head;

pub use close::{CloseCode, close_payload};
pub use fault::Fault;
pub use frames::{Control, Event, Frames};
pub use head::{Head, Opcode, mask};

/// Whose frames they are: a client's are masked, a server's are not (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The client's.
    Client,
    /// The server's.
    Server,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}
