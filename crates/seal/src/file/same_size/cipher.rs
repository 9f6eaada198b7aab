//! The cipher of the segments of one transfer: AES-256-GCM under a key of each segment's own content.
//!
//! The synthetic IV is a MAC of the segment's number and plaintext, and its key is derived from it: no two contents
//! meet under one key, whoever sends what how often, and the same content makes the same bytes. So the nonce is zero.

use hmac::{Hmac, KeyInit, Mac};
use keys::derive;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::record::{Transfer, head};
use super::{FieldKey, FileError};
use crate::file::cipher::TAG;
use crate::gcm::{Gcm, NONCE};

/// Bytes of a synthetic IV.
pub(super) const SYNTHETIC: usize = 32;

const MAC_KEY: usize = 64;
const SECRET: usize = 32;

/// Seals and opens the segments that are under one field key in one transfer.
pub(super) struct SegmentCipher {
    synthetic: Hmac<Sha256>,
    secret: Zeroizing<[u8; SECRET]>,
    /// What every segment authenticates, but for its number.
    associated: Box<[u8]>,
}

impl SegmentCipher {
    pub(super) fn new(key: &FieldKey, transfer: &Transfer) -> Self {
        let derived =
            derive::<{ MAC_KEY + SECRET }>(key.file.as_slice(), "file-same-size", &[&transfer.0]);
        let (mac, secret) = derived.split_at(MAC_KEY);
        let mut mac_key = Zeroizing::new([0; MAC_KEY]);
        mac_key.copy_from_slice(mac);
        let mut own = Zeroizing::new([0; SECRET]);
        own.copy_from_slice(secret);
        Self {
            synthetic: Hmac::new((&*mac_key).into()),
            secret: own,
            associated: [&head(key.id(), transfer)[..], &key.identity]
                .concat()
                .into(),
        }
    }

    /// Encrypts the segment `text` in place; gives its synthetic IV and its tag.
    pub(super) fn seal(
        &self,
        index: u32,
        text: &mut [u8],
    ) -> Result<([u8; SYNTHETIC], [u8; TAG]), FileError> {
        let mut code = self.synthetic.clone();
        code.update(&index.to_be_bytes());
        code.update(text);
        let synthetic = code.finalize().into_bytes().into();
        let sealed = self
            .own(&synthetic)
            .and_then(|own| own.seal(&[0; NONCE], &self.associated(index), text));
        if sealed.is_none() {
            text.zeroize();
        }
        sealed.map(|tag| (synthetic, tag)).ok_or(FileError::Cipher)
    }

    /// Decrypts a segment in place; when it does not open, nothing is left of it.
    pub(super) fn open(
        &self,
        index: u32,
        synthetic: &[u8; SYNTHETIC],
        tag: &[u8; TAG],
        text: &mut [u8],
    ) -> bool {
        let own = self.own(synthetic);
        let opened =
            own.is_some_and(|own| own.open(&[0; NONCE], &self.associated(index), text, tag));
        if !opened {
            text.zeroize();
        }
        opened
    }

    /// The cipher of the one segment of this synthetic IV.
    fn own(&self, synthetic: &[u8; SYNTHETIC]) -> Option<Gcm> {
        Gcm::new(&derive(
            self.secret.as_slice(),
            "file-segment",
            &[synthetic],
        ))
    }

    fn associated(&self, index: u32) -> Vec<u8> {
        [&index.to_be_bytes()[..], &self.associated].concat()
    }
}
