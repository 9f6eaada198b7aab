//! Whole files: sealed in segments of 64 KiB, so that any range opens alone and memory does not grow with a file.
//!
//! - [`stream`]: self-contained. A header names the key; the file grows by a closed formula.
//! - [`same_size`]: the sealed file has exactly the file's length, and may come in pieces. What opens it stays at home,
//!   in a record a segment, found again by the file's first bytes.
//!
//! Both are AES-256-GCM (NIST SP 800-38D); `stream` is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár:
//! <https://eprint.iacr.org/2015/189>) under a key of each file's own. A segment that was changed, moved, taken from
//! another file or of another field does not open, and a file that ends too early or goes on too long is refused.
//! Nothing of a segment is given out before its tag has been verified. The bytes are in `docs/token-format.md`, the
//! reasons in `docs/adr/0016` and `docs/adr/0025`. There is no IO here: bytes in, bytes out.

mod cipher;
mod error;
pub mod same_size;
pub mod stream;

pub use error::FileError;

/// Bytes of plaintext in every segment but a file's last. Every chunk size that upload protocols insist on (256
/// KiB, 320 KiB, 4 MiB and their multiples) is a whole number of these.
pub const SEGMENT: usize = 64 << 10;

/// The longest file: 2^32 segments, 256 TiB.
pub const LONGEST: u64 = (SEGMENT as u64) << 32;
