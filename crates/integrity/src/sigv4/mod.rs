//! AWS Signature Version 4 (docs.aws.amazon.com, "Authenticating Requests (AWS Signature Version 4)"): read, verified,
//! and made again.
//!
//! A signature covers a request's method, path, query, some of its headers and a word about its body. What is protected
//! changes these, so a request must be signed again, by whoever holds the secret: the client signs with a stand-in that
//! is worth nothing elsewhere, [`Claim::verify`] proves that it knew it, and [`Claim::sign`] signs what leaves with the
//! real one. Date and scope stay those of the client, so that nothing here needs a clock: how old a request may be is
//! judged by the origin, as always.
//!
//! The asymmetric form (`AWS4-ECDSA-P256-SHA256`) is read, so that it is known whether it covers what changed, and can
//! be neither verified nor made.

mod canonical;
mod claim;
mod key;
mod payload;
mod sign;

pub use canonical::Signable;
pub use claim::{Claim, ClaimError, Form, UNSIGNED_PAYLOAD};
pub use key::{Chain, Credentials, Scope, SecretKey, SessionToken, SigningKey};
pub(crate) use payload::CONTENT_SHA256;
pub use payload::Payload;
pub use sign::{Denied, Unsignable};

use sha2::{Digest as _, Sha256};

/// Bytes as lower-case hexadecimal text, the form in which signatures and digests stand.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| DIGITS.get(usize::from(digit)).copied().map(char::from))
        .collect()
}

/// The SHA-256 of `bytes` as text.
fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Reads 32 bytes in lower-case hexadecimal.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(bytes)
}
