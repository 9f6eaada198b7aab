//! AES-256-GCM by RustCrypto: AES and carry-less multiplication instructions where the processor has them, found at
//! run time, and constant-time code where it has not.

use aes::Aes256Enc;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit};

use super::{NONCE, TAG};

/// A key that is ready for use. Nonces are the caller's to keep apart.
pub(crate) struct Gcm(aes_gcm::AesGcm<Aes256Enc, U12>);

impl Gcm {
    /// Sets a key up. It is always there: the other implementation needs memory for it.
    pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
        Some(Self(KeyInit::new(key.into())))
    }

    /// Encrypts `text` in place and gives the tag; nothing beyond GCM's limit of 64 GiB.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; TAG]> {
        self.0
            .encrypt_inout_detached(nonce.into(), associated, text.into())
            .ok()
            .map(Into::into)
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
        self.0
            .decrypt_inout_detached(nonce.into(), associated, text.into(), tag.into())
            .is_ok()
    }
}
