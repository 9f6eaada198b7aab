//! The layout `same-size`: the sealed file has exactly the file's length, for protocols that fix the size of their
//! chunks or declare lengths before the bytes are there. What has no room in it stays at home.
//!
//! Each segment has a [`Record`] with its tag, its number and what the file's key is made of, sealed under a key of
//! the app ([`SegmentKey`]) and kept in the vault under the segment's [`Fingerprint`]. A reader takes the
//! fingerprint of what it was sent, has the record brought, and opens the segment where it stands in the file.
//!
//! A file of less than [`SHORTEST`] bytes does not take this layout: in so few bytes nothing tells one file from
//! another. The empty file stays empty, and has no record.

mod opener;
mod record;
mod sealer;
mod span;

pub use opener::Opener;
pub use record::{FINGERPRINTED, Fingerprint, Record, SegmentKey};
pub use sealer::Sealer;
pub use span::Span;

use keys::KeyId;

use super::cipher::{FileCipher, FileSecret, SALT, TAG};
use super::{FileError, SEGMENT};
use crate::field_key::FieldKey;

/// The least bytes of a file that is not empty: with fewer, chance alone would give two files one fingerprint.
pub const SHORTEST: usize = 16;

/// The purpose of the file's key.
const LAYOUT: &str = "file-same-size";
/// AES-256-GCM and HKDF-SHA-256.
const SUITE: u8 = 1;
/// Suite, key id, salt.
const HEAD: usize = 1 + 4 + SALT;

/// What names a file and its key: every segment authenticates it.
fn head(key_id: KeyId, salt: &[u8; SALT]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[0] = SUITE;
    head[1..5].copy_from_slice(&key_id.to_bytes());
    head[5..].copy_from_slice(salt);
    head
}

fn cipher(key: &FieldKey, salt: &[u8; SALT]) -> Result<FileCipher, FileError> {
    FileSecret::derive(key, LAYOUT, salt).cipher(key, &head(key.id(), salt))
}
