//! What stays at home of a segment, and how it is found again.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use keys::{Chance, KeyId, derive};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{FileError, HEAD, SALT, SUITE, TAG, head};
use crate::xaes::{self, Xaes};

/// Bytes of a segment that its fingerprint is taken of.
pub const FINGERPRINTED: usize = 32;

/// Bytes of a record in the clear: head, number, whether it is the last, tag.
const CLEAR: usize = HEAD + 4 + 1 + TAG;

/// What a segment's record is kept under: HMAC-SHA-256 of some bytes of its ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

/// What opening a segment needs beside its bytes.
///
/// The segment that proves to be the file's last when the file ends has two of them, which differ in that only: a
/// reader is given all that stand under a fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is kept under.
    pub fingerprint: Fingerprint,
    /// The key that the file is sealed under.
    pub key_id: KeyId,
    /// Its number in the file, counted from 0.
    pub index: u32,
    /// The file ends with it.
    pub last: bool,
    pub(super) salt: [u8; SALT],
    pub(super) tag: [u8; TAG],
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key_id", &self.key_id)
            .field("index", &self.index)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

/// What seals an app's records and takes its fingerprints.
pub struct SegmentKey {
    print: Hmac<Sha256>,
    record: Xaes,
}

impl SegmentKey {
    /// The purpose under which the keyring gives the app's secret.
    pub const PURPOSE: &str = "segment";

    /// Derives it from the app's secret for this purpose, `keyring.app_secret(app, SegmentKey::PURPOSE)`.
    pub fn derive(secret: &[u8; 32], app: &str) -> Self {
        let parts = [app.as_bytes()];
        Self {
            print: Hmac::new((&*derive::<64>(secret, "segment-print", &parts)).into()),
            record: Xaes::new(&derive(secret, "segment-record", &parts)),
        }
    }

    /// The fingerprint of a segment as it is stored: of its first 32 bytes. One that is shorter is the file's last,
    /// and its own bytes may be too few to know it by, so its fingerprint is that of the file's last 32 bytes:
    /// `before` is what stands before it, as far as the file goes, and only its last 32 bytes are looked at.
    pub fn fingerprint(&self, before: &[u8], segment: &[u8]) -> Fingerprint {
        let mut code = self.print.clone();
        match segment.get(..FINGERPRINTED) {
            Some(start) => {
                code.update(&[0]);
                code.update(start);
            }
            None => {
                let missing = FINGERPRINTED - segment.len();
                let from = before.len().saturating_sub(missing);
                code.update(&[1]);
                code.update(before.get(from..).unwrap_or_default());
                code.update(segment);
            }
        }
        Fingerprint(code.finalize().into_bytes().into())
    }

    /// Seals a record for the vault. It opens under its own fingerprint only.
    ///
    /// # Errors
    /// [`FileError::Cipher`].
    pub fn seal(&self, record: &Record, chance: &mut dyn Chance) -> Result<Vec<u8>, FileError> {
        let mut nonce = [0; xaes::SALT];
        chance.fill(&mut nonce);
        let mut clear = Zeroizing::new([0; CLEAR]);
        let (start, rest) = clear.split_at_mut(HEAD);
        start.copy_from_slice(&head(record.key_id, &record.salt));
        rest[..4].copy_from_slice(&record.index.to_be_bytes());
        rest[4] = u8::from(record.last);
        rest[5..].copy_from_slice(&record.tag);
        let tag = self
            .record
            .seal(&nonce, &record.fingerprint.0, clear.as_mut_slice())
            .ok_or(FileError::Cipher)?;
        Ok([&nonce[..], clear.as_slice(), &tag].concat())
    }

    /// Opens a record that was kept under this fingerprint; `None` when it was not, or was changed.
    pub fn open(&self, fingerprint: Fingerprint, sealed: &[u8]) -> Option<Record> {
        let (nonce, rest) = sealed.split_first_chunk::<{ xaes::SALT }>()?;
        let (clear, tag) = rest.split_first_chunk::<CLEAR>()?;
        let mut clear = Zeroizing::new(*clear);
        let opened = self.record.open(
            nonce,
            &fingerprint.0,
            clear.as_mut_slice(),
            tag.try_into().ok()?,
        );
        if !opened {
            return None;
        }
        let (&suite, rest) = clear.split_first()?;
        let (key_id, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (&last, tag) = rest.split_first()?;
        (suite == SUITE && last <= 1).then_some(Record {
            fingerprint,
            key_id: KeyId::from_bytes(*key_id),
            index: u32::from_be_bytes(*index),
            last: last == 1,
            salt: *salt,
            tag: tag.try_into().ok()?,
        })
    }
}

impl fmt::Debug for SegmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SegmentKey(‹96 bytes›)")
    }
}
