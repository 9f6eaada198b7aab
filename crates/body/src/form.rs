//! `application/x-www-form-urlencoded` (WHATWG URL §5).
//!
//! A form may repeat a name: each of its values is protected. Names are compared decoded. What cannot be decoded
//! in one way (a malformed percent sequence, another charset than UTF-8) is refused in every name, since it
//! might be one that the policy means, and in values at places; other values pass as they came.

pub(crate) mod encoding;
mod name;
mod stream;

pub use name::{Name, Names};
pub(crate) use stream::HIDDEN;
pub use stream::Stream;
