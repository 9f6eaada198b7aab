//! Finds tokens in a response and writes their values in the escape of the place where each stands.
//!
//! What a token looks like and what it opens to is the [`Tokens`] side's business; where it stands is this
//! module's. Nothing here fails: what cannot be opened stays as it is, and a limit that is reached flushes the
//! rest unopened.

use crate::edit::ValueType;
use crate::out::AskId;

/// What [`Tokens::measure`] says of bytes that begin like a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The first so many bytes are one token, as far as its shape says.
    Whole(usize),
    /// It may be one, but ends after these bytes: more input decides, at most so many bytes in all.
    More(usize),
    /// It began like one and was cut short by the app at this length (a preview, an excerpt).
    Cut(usize),
    /// No token begins here.
    No,
}

/// What a token opened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The value was appended to `plain`; it had this type where it was sealed.
    Value(ValueType),
    /// The value comes with the answer to this ask.
    Pending(AskId, ValueType),
    /// It is not ours, or not for this reader: the bytes stay.
    Leave,
    /// A mark was appended to `plain` (damaged, destroyed key): it is written as text.
    Mark,
}

/// The side that knows tokens.
pub trait Tokens {
    /// The offset of the first place at or after `from` where a token may begin. When a prefix is cut by the
    /// end of `bytes`, the offset of that cut prefix.
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize>;

    /// How long the token is that begins with `bytes`; `last` says that no more input follows.
    fn measure(&self, bytes: &[u8], last: bool) -> Measure;

    /// Opens a token of exactly these bytes, or explains a cut one.
    fn open(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Opened;
}
