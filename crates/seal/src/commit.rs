//! The commitment of a `commit = true` field: HMAC-SHA-256 (RFC 2104) under a key of its own, over the header and
//! the salt, cut to 24 bytes.
//!
//! GCM alone lets somebody who chooses two keys make one ciphertext that opens under both. Here the message key
//! and the commitment's key come from one epoch secret, so such a ciphertext needs two secrets whose commitments
//! collide in 192 bits: 2^96 work. The header and the salt fill less than one block, so a commitment costs two
//! compressions over a key that is ready.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::xaes;

/// Bytes of salt in a committed token.
pub(crate) const SALT: usize = 16;
/// Bytes of the commitment.
pub(crate) const COMMITMENT: usize = 24;

/// A commitment key that is ready for use.
pub(crate) struct Committer(Hmac<Sha256>);

impl Committer {
    pub(crate) fn new(key: &[u8; 64]) -> Self {
        Self(Hmac::new(key.into()))
    }

    /// The commitment to this key for a message.
    pub(crate) fn commitment(&self, header: &[u8], salt: &[u8; SALT]) -> [u8; COMMITMENT] {
        let mut code = self.0.clone();
        code.update(header);
        code.update(salt);
        let mut commitment = [0; COMMITMENT];
        commitment.copy_from_slice(&code.finalize().into_bytes()[..COMMITMENT]);
        commitment
    }

    /// Whether a token's commitment is the one of this key, in the same time either way.
    pub(crate) fn check(
        &self,
        header: &[u8],
        salt: &[u8; SALT],
        commitment: &[u8; COMMITMENT],
    ) -> Choice {
        self.commitment(header, salt).ct_eq(commitment)
    }
}

/// The nonce of a committed token: its salt, and zeros. 2^48 messages an epoch keep the risk of a repeated one
/// below 2^-32.
pub(crate) fn nonce(salt: &[u8; SALT]) -> [u8; xaes::SALT] {
    let mut nonce = [0; xaes::SALT];
    nonce[..SALT].copy_from_slice(salt);
    nonce
}
