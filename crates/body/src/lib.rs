//! Bytes ⇄ places, streaming, one module a format.
//!
//! A [`Rewriter`] is fed the chunks of a request's body as they come and writes them to an [`Out`]. Bytes
//! outside places are kept as they came; at a place the value is decoded and handed to an [`Editor`], whose
//! answer is written in the encoding of the place. [`reveal`] walks the other way: it finds what the editor's
//! side calls a token wherever it stands and writes the value in the escape of its context.
//!
//! This crate knows no keys and no policy, does no IO and holds no more than its [`Limits`] say.

mod ahead;
mod base64;
pub mod batch;
mod charset;
pub mod coding;
mod companion;
mod content;
pub mod content_type;
pub mod csv;
pub mod edit;
pub mod error;
pub mod escape;
mod file;
pub mod form;
pub mod format;
mod graphql;
mod grpc;
mod html;
pub mod json;
pub mod language;
mod literal;
pub mod multipart;
mod ndjson;
pub mod nest;
pub mod out;
mod packed;
pub mod plan;
mod protobuf;
pub mod query;
pub mod reveal;
pub mod selector;
pub mod text;
mod utf8;
pub mod websocket;
pub mod xml;
mod zip;

pub use edit::{Comparison, Edit, Editor, Found, Opened, PlaceId, ValueType};
pub use error::{Error, ErrorKind};
pub use format::Format;
pub use out::{AskId, Out, Transform};
pub use plan::{Plan, Selected};
pub use selector::{SelectorError, Which};

use bytes::Bytes;

/// The most that one stream may hold in memory, in bytes (design §4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest single value at a place, as it is spelled.
    pub value: usize,
    /// The most of an enclosing element held where what decides stands on the far side of the value.
    pub lookahead: usize,
    /// The deepest nesting that is followed.
    pub depth: usize,
    /// The most bytes that one byte of a coded body may decode to, times one byte (a ratio), past `window`.
    pub ratio: usize,
    /// The largest decoder window that zstd may ask for.
    pub window: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            value: 8 << 20,
            lookahead: 64 << 10,
            depth: 128,
            ratio: 1000,
            window: 8 << 20,
        }
    }
}

/// One body being rewritten on its way out: the sans-IO contract of every request format.
///
/// The output is the same at every chunking of the input (I4). After an error the rewriter is spent, and what
/// stands in `out` must not be sent (I5).
pub trait Rewriter: Send {
    /// Takes the next chunk. What is decided is written to `out` before this returns; what is not (an open
    /// value, an undecided element) is held within [`Limits`].
    ///
    /// # Errors
    /// Any [`Error`]: the request must not complete at the origin.
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error>;

    /// Ends the body.
    ///
    /// # Errors
    /// As [`Rewriter::push`], and where the body stops before its grammar allows.
    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error>;

    /// Bytes this rewriter holds at the moment, beside a constant.
    fn held(&self) -> usize;

    /// The length of all that it writes where `input` bytes are pushed in all. Only what does not look into its body
    /// knows it, and as soon as it does nothing in the body can fail.
    fn length(&self, _input: u64) -> Option<u64> {
        None
    }
}
