//! A value and a field key ⇄ a token: pure functions, no IO, no clock, no state of their own.
//!
//! - [`FieldKey`]: everything derived from an epoch's secret, once; [`seal_sealed`], [`seal_match`], [`open`].
//! - [`Sealing`], [`Pad`]: what a field asks of its `sealed` tokens; [`Repeat`]: the salts of a request sent again.
//! - [`Token`]: the text form, read; [`length`]: how long tokens are, before there are any.
//! - [`words`]: texts that an app's own search finds by their words.
//! - [`format`](mod@format), [`date`]: stand-ins that look like what they stand for.
//! - [`PointerKey`], [`Pointer`]: the short text that stands for a value kept in the vault.
//! - [`StableKey`]: names and seals what `stable` fields remember.
//! - [`mod@file`]: whole files, in segments that open alone.
//! - [`Scanner`]: finds both in any bytes, and says where each ends.
//!
//! The bytes are fixed in `docs/token-format.md`, with vectors in `tests/vectors`. Nothing here decides who may
//! read a value, and no key is ever tried: a token names its key, and opens under that one or not at all.

mod base32;
mod calendar;
mod commit;
pub mod date;
mod error;
mod field_key;
pub mod file;
pub mod format;
mod gcm;
mod header;
pub mod length;
mod pointer;
#[cfg(test)]
mod proof;
mod repeat;
mod scan;
mod sealed;
mod sealing;
mod siv;
mod stable;
mod token;
pub mod words;
mod xaes;

pub use error::{OpenError, ParseError, SealError};
pub use field_key::FieldKey;
pub use header::{Kind, ValueType};
pub use keys::{Ahead, Chance, EpochSecret, KeyId, SubjectName, SubjectSecret};
pub use pointer::{
    BARE_LEN, POINTER_LEN, Pointer, PointerDigits, PointerId, PointerKey, measure_email,
};
pub use repeat::Repeat;
pub use scan::{Measure, SHORTEST_CUT, Scanner, key_of_cut, measure};
pub use sealed::{open, seal_match, seal_sealed};
pub use sealing::{Pad, Sealing};
pub use stable::StableKey;
pub use token::Token;
