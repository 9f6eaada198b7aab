//! The cipher of one file: AES-256-GCM under a key that is the file's own, with STREAM nonces.
//!
//! The key comes from the field's file key and the file's random salt, so the counter in the nonce never meets
//! another file's.

use keys::derive;
use zeroize::{Zeroize, Zeroizing};

use super::FileError;
use crate::field_key::FieldKey;
use crate::gcm::{self, Gcm, NONCE};

/// Bytes of a file's salt.
pub(super) const SALT: usize = 32;
/// Bytes of a tag.
pub(super) const TAG: usize = gcm::TAG;
/// Bytes of a file's commitment to its key.
pub(super) const COMMITMENT: usize = 32;

const KEY: usize = 32;
const PREFIX: usize = 7;
const DERIVED: usize = KEY + COMMITMENT + PREFIX;

/// What a file's salt makes of its field's file key.
pub(super) struct FileSecret(Zeroizing<[u8; DERIVED]>);

impl FileSecret {
    /// Derives it; `layout` is the purpose, so that no two layouts share a key.
    pub(super) fn derive(field: &FieldKey, layout: &str, salt: &[u8; SALT]) -> Self {
        Self(derive(field.file.as_slice(), layout, &[salt]))
    }

    /// What says, without telling it, which key this is.
    pub(super) fn commitment(&self) -> [u8; COMMITMENT] {
        let mut commitment = [0; COMMITMENT];
        commitment.copy_from_slice(&self.0[KEY..KEY + COMMITMENT]);
        commitment
    }

    /// The cipher whose every segment also authenticates `head` and the identity of the field's key.
    pub(super) fn cipher(&self, field: &FieldKey, head: &[u8]) -> Result<FileCipher, FileError> {
        let mut key = Zeroizing::new([0; KEY]);
        key.copy_from_slice(&self.0[..KEY]);
        let mut prefix = [0; PREFIX];
        prefix.copy_from_slice(&self.0[KEY + COMMITMENT..]);
        Ok(FileCipher {
            cipher: Gcm::new(&key).ok_or(FileError::Cipher)?,
            prefix,
            associated: [head, &field.identity].concat().into(),
        })
    }
}

/// Seals and opens segments of one file.
pub(super) struct FileCipher {
    cipher: Gcm,
    prefix: [u8; PREFIX],
    associated: Box<[u8]>,
}

impl FileCipher {
    /// Encrypts the segment `text` in place and gives its tag.
    pub(super) fn seal(
        &self,
        index: u32,
        last: bool,
        text: &mut [u8],
    ) -> Result<[u8; TAG], FileError> {
        let nonce = self.nonce(index, last);
        let sealed = self.cipher.seal(&nonce, &self.associated, text);
        if sealed.is_none() {
            text.zeroize();
        }
        sealed.ok_or(FileError::Cipher)
    }

    /// Decrypts a segment in place; when it does not open, nothing is left of it.
    pub(super) fn open(
        &self,
        index: u32,
        last: bool,
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), FileError> {
        let nonce = self.nonce(index, last);
        if self.cipher.open(&nonce, &self.associated, text, tag) {
            return Ok(());
        }
        text.zeroize();
        Err(FileError::Segment { segment: index })
    }

    /// Seven bytes of the file's, the segment's number, and whether it is the last.
    fn nonce(&self, index: u32, last: bool) -> [u8; NONCE] {
        let mut nonce = [0; NONCE];
        nonce[..PREFIX].copy_from_slice(&self.prefix);
        nonce[PREFIX..PREFIX + 4].copy_from_slice(&index.to_be_bytes());
        nonce[NONCE - 1] = u8::from(last);
        nonce
    }
}
