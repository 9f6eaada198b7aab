//! Wrapping the secret of an epoch or a subject under its app's key: AES-256-GCM (NIST SP 800-38D), a random nonce, and what the
//! secret belongs to as associated data, so that a wrap that is moved to another entry does not open.
//!
//! An app has thousands of epochs and millions of subjects, each kind under a key of its own: far below the 2^32 wraps
//! at which random nonces become a risk.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::chance::Chance;
use crate::hex;
use crate::secret::LENGTH;

/// A secret as it is written down.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wrapped {
    /// Drawn for this wrap alone.
    #[serde(with = "hex")]
    pub(crate) nonce: [u8; 12],
    /// The secret, encrypted.
    #[serde(with = "hex")]
    pub(crate) secret: [u8; LENGTH],
    /// The tag over it and what it belongs to.
    #[serde(with = "hex")]
    pub(crate) tag: [u8; 16],
}

/// Wraps `secret` for the entry that `belongs` describes; nothing only if the cipher refuses 32 bytes.
pub(crate) fn wrap(
    key: &Zeroizing<[u8; 32]>,
    belongs: &[u8],
    secret: &[u8; LENGTH],
    chance: &mut dyn Chance,
) -> Option<Wrapped> {
    let mut wrapped = Wrapped {
        nonce: [0; 12],
        secret: *secret,
        tag: [0; 16],
    };
    chance.fill(&mut wrapped.nonce);
    let cipher = Aes256Gcm::new((&**key).into());
    let tag = cipher
        .encrypt_inout_detached(
            (&wrapped.nonce).into(),
            belongs,
            wrapped.secret.as_mut_slice().into(),
        )
        .ok()?;
    wrapped.tag = tag.into();
    Some(wrapped)
}

/// Unwraps; nothing when the key, the entry or a byte is another.
pub(crate) fn unwrap(
    key: &Zeroizing<[u8; 32]>,
    belongs: &[u8],
    wrapped: &Wrapped,
) -> Option<Zeroizing<[u8; LENGTH]>> {
    let mut secret = Zeroizing::new(wrapped.secret);
    let cipher = Aes256Gcm::new((&**key).into());
    cipher
        .decrypt_inout_detached(
            (&wrapped.nonce).into(),
            belongs,
            secret.as_mut_slice().into(),
            (&wrapped.tag).into(),
        )
        .ok()?;
    Some(secret)
}
