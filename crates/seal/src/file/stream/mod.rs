//! The layout `stream`: a header that names the key, then sealed segments; nothing is kept elsewhere.
//!
//! ```text
//! 78 bytes   65,536 + 16   65,536 + 16   …   0 to 65,536 + 16
//! header     segment 0     segment 1         the last segment
//! ```
//!
//! A file that is not empty ends in a segment that is not empty. The header is authenticated with every segment, so
//! a segment opens behind its own file's header only.

mod header;
mod length;
mod opener;
mod sealer;

pub use header::Header;
pub use length::{Span, plain_len, sealed_len};
pub use opener::Opener;
pub use sealer::Sealer;

use super::cipher::{COMMITMENT, FileSecret, SALT, TAG};
use super::{FileError, SEGMENT};
use crate::field_key::FieldKey;

/// Bytes of a segment that is not the last, as it is stored.
pub const SEALED_SEGMENT: usize = SEGMENT + TAG;

/// The purpose of the file's key.
const LAYOUT: &str = "file-stream";

fn secret(key: &FieldKey, salt: &[u8; SALT]) -> FileSecret {
    FileSecret::derive(key, LAYOUT, salt)
}
