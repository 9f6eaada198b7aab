//! The layout `same-size`: the sealed file has exactly the file's length, for protocols that send a file in several
//! requests, fix the size of their pieces and declare lengths before the bytes are there. What has no room in it stays
//! at home.
//!
//! A file is sealed piece by piece, in any order, by gateways that know nothing of each other: a piece begins at a
//! whole number of segments, and all that ties it to the others is the [`Transfer`], made of what the protocol calls
//! the upload. Each segment has a [`Record`] kept in the vault under a [`Fingerprint`]: that of the file's first bytes
//! for the first one, by which a reader finds the transfer; that of its place in the transfer for every other.
//!
//! A segment's key is made of its content (a synthetic IV, as in Rogaway and Shrimpton's SIV:
//! <https://web.cs.ucdavis.edu/~rogaway/papers/keywrap.pdf>), so that a piece which is sent again carries the same
//! bytes, and other content at the same place has another keystream. The reasons are in `docs/adr/0025`.
//!
//! A file of less than [`SHORTEST`] bytes does not take this layout: in so few bytes nothing tells one file from
//! another. The empty file stays empty, and has no record.

mod cipher;
mod opener;
mod record;
mod sealer;

pub use opener::Opener;
pub use record::{FINGERPRINTED, Fingerprint, Record, SegmentKey, Transfer};
pub use sealer::Sealer;

use super::{FileError, SEGMENT};
use crate::field_key::FieldKey;

/// The least bytes of a file that is not empty: with fewer, chance alone would give two files one fingerprint.
pub const SHORTEST: usize = 16;
