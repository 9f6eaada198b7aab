//! AES-256-GCM by aws-lc-rs, which wipes a key's memory when it frees it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{NONCE, TAG};

/// A key that is ready for use. Nonces are the caller's to keep apart.
pub(crate) struct Gcm(LessSafeKey);

impl Gcm {
    /// Sets a key up; nothing only where there is no memory for it.
    pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
        Some(Self(LessSafeKey::new(key)))
    }

    /// Encrypts `text` in place and gives the tag; nothing beyond GCM's limit of 64 GiB.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; TAG]> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(associated), text)
            .ok()?;
        tag.as_ref().try_into().ok()
    }

    /// Decrypts `text` in place, and says whether it is authentic; when it is not, the caller wipes `text`.
    #[must_use]
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> bool {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .open_in_place_separate_tag(nonce, Aad::from(associated), tag, text)
            .is_ok()
    }
}
