//! Policy, body and seal joined: [`Exchange`] protects a request and reveals its response.
//!
//! Sans-IO: bytes go in, bytes come out, and whatever needs the world outside (a vault row, a journal line) is
//! returned as data: an [`Ask`] holds back the bytes after it until it is answered, an [`Effect`] says which
//! bytes may leave only when it is durable. No clock, no sockets, no global state; randomness is handed in.
//!
//! The walk of one message, for whoever drives it:
//!
//! 1. [`Border::begin`] with the request's head → an [`Exchange`], or a [`Refusal`] to answer with.
//! 2. [`Exchange::target`], [`Exchange::edit_request`], [`Exchange::check_signature`]: the head as it leaves.
//! 3. [`Exchange::protect`] → `None` (the body streams through untouched) or a [`Flow`] to feed. When its first byte
//!    may leave, [`Exchange::sign`] ends the head.
//! 4. With the response's head: [`Exchange::reveal`] edits its headers and gives a [`Flow`] or `None`; once the flow
//!    is no longer undecided, [`Exchange::tell`] edits them to the end.
//! 5. [`Exchange::receipt`], [`Exchange::summary`].
//!
//! A request that opens a WebSocket goes on as [`Exchange::socket`]: a [`Flow`] for each message.

mod answer;
mod ask;
mod batch;
mod begin;
mod border;
mod confine;
mod counts;
mod exchange;
mod file;
mod flow;
mod framed;
mod head;
mod keys;
mod memory;
mod opener;
mod pointers;
mod protect;
mod refusal;
mod refused;
mod reveal;
mod sealer;
mod signing;
mod socket;
mod tokens;
mod treat;
mod under;
mod value;
mod values;

pub use ask::{Answer, Ask, Asked, Effect, MemoryName, SealedSegment};
pub use border::Border;
pub use exchange::{Exchange, Incoming, Limits, Reader, Reference, Summary};
pub use flow::{Flow, Progress};
pub use keys::{Keys, SubjectKey, SubjectKeys};
pub use refusal::{Blame, Refusal, RefusalCode};
pub use signing::{Signer, Signers};
pub use socket::{Passage, Socket};
