//! The keyring secret under a root key of 32 bytes: HKDF-SHA-256 over the root key and a salt of its own gives an
//! AES-256-GCM key, used once with a nonce of zeros, and a commitment of 32 bytes to it, which is compared in
//! constant time before anything is decrypted.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::chance::Chance;
use crate::derive::derive;
use crate::file::StoreError;
use crate::hex;
use crate::root::RootKey;
use crate::secret::KeyringSecret;

/// The key is used once, so its nonce says nothing.
const NONCE: [u8; 12] = [0; 12];

/// What `root.wrapped` says of a root whose key this program has in hand.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Committed {
    #[serde(with = "hex")]
    salt: [u8; 32],
    #[serde(with = "hex")]
    commitment: [u8; 32],
    #[serde(with = "hex")]
    secret: [u8; 32],
    #[serde(with = "hex")]
    tag: [u8; 16],
}

impl Committed {
    pub(crate) fn wrap(
        root: &RootKey,
        secret: &KeyringSecret,
        chance: &mut dyn Chance,
    ) -> Result<Self, StoreError> {
        let mut salt = [0; 32];
        chance.fill(&mut salt);
        let (cipher, commitment) = ready(root, &salt);
        let mut wrapped = *secret.expose();
        let tag = cipher
            .encrypt_inout_detached((&NONCE).into(), &[], wrapped.as_mut_slice().into())
            .map_err(|_| StoreError::Wrap)?;
        Ok(Self {
            salt,
            commitment,
            secret: wrapped,
            tag: tag.into(),
        })
    }

    pub(crate) fn unwrap(&self, root: &RootKey) -> Option<KeyringSecret> {
        let (cipher, commitment) = ready(root, &self.salt);
        if !bool::from(commitment.ct_eq(&self.commitment)) {
            return None;
        }
        let mut secret = Zeroizing::new(self.secret);
        cipher
            .decrypt_inout_detached(
                (&NONCE).into(),
                &[],
                secret.as_mut_slice().into(),
                (&self.tag).into(),
            )
            .ok()?;
        Some(KeyringSecret::from_bytes(&secret))
    }
}

/// The cipher and the commitment that a root key and a salt give.
fn ready(root: &RootKey, salt: &[u8; 32]) -> (Aes256Gcm, [u8; 32]) {
    let derived = derive::<64>(root.expose(), "keyring-wrap", &[salt]);
    let mut key = Zeroizing::new([0; 32]);
    let mut commitment = [0; 32];
    key.copy_from_slice(&derived[..32]);
    commitment.copy_from_slice(&derived[32..]);
    (Aes256Gcm::new((&*key).into()), commitment)
}
