//! JSON (RFC 8259), strictly, in one pass and in pieces.

mod number;
mod path;
mod places;

pub use path::Path;
pub use places::Places;
