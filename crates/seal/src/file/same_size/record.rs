//! What stays at home of a segment, and how it is found again.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use keys::{KeyId, derive};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::FileError;
use super::cipher::SYNTHETIC;
use crate::file::cipher::TAG;
use crate::xaes::{self, Xaes};

/// Bytes of a file that its fingerprint is taken of; all of them where it has fewer.
pub const FINGERPRINTED: usize = 32;

/// Bytes that name a transfer.
const TRANSFER: usize = 32;
/// AES-256-GCM under keys of each content's own, HMAC-SHA-256, HKDF-SHA-256.
const SUITE: u8 = 2;
/// Suite, key id, transfer.
const HEAD: usize = 1 + 4 + TRANSFER;
/// Bytes of a record in the clear: head, number, synthetic IV, tag.
const CLEAR: usize = HEAD + 4 + SYNTHETIC + TAG;

/// One file on its way into the app, in one request or in many: what the segments of a file have in common.
#[derive(Clone, PartialEq, Eq)]
pub struct Transfer(pub(super) [u8; TRANSFER]);

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transfer(‹32 bytes›)")
    }
}

/// What a segment's record is kept under: HMAC-SHA-256 of the first bytes of a file as it is stored, or of a place in
/// a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

/// What opening a segment needs beside its bytes.
///
/// A place that was sent again with other content has several: a reader is given all that stand under a fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is kept under.
    pub fingerprint: Fingerprint,
    /// The key that the segment is sealed under.
    pub key_id: KeyId,
    /// Its number in the file, counted from 0.
    pub index: u32,
    pub(super) transfer: Transfer,
    pub(super) synthetic: [u8; SYNTHETIC],
    pub(super) tag: [u8; TAG],
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key_id", &self.key_id)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// What names and finds the transfers of an app, and seals the records of their segments.
pub struct SegmentKey {
    print: Hmac<Sha256>,
    record: Xaes,
    transfer: Zeroizing<[u8; 32]>,
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
            transfer: derive(secret, "segment-transfer", &parts),
        }
    }

    /// The transfer of an upload, by what the app calls it and the field that its file is of. It is the same whatever
    /// the field's epoch: keys may be rotated in the middle of one.
    pub fn transfer(&self, field: &str, upload: &[u8]) -> Transfer {
        let named = derive(
            self.transfer.as_slice(),
            "transfer",
            &[field.as_bytes(), upload],
        );
        Transfer(*named)
    }

    /// What the record of a file's first segment is kept under, from the file's first bytes as it is stored. Only the
    /// first 32 are looked at; where there are fewer, they are the whole file.
    pub fn fingerprint(&self, start: &[u8]) -> Fingerprint {
        self.print(0, &[start.get(..FINGERPRINTED).unwrap_or(start)])
    }

    /// What the record of a later segment is kept under: its place in its transfer.
    pub fn place(&self, transfer: &Transfer, index: u32) -> Fingerprint {
        self.print(1, &[&transfer.0, &index.to_be_bytes()])
    }

    fn print(&self, kind: u8, parts: &[&[u8]]) -> Fingerprint {
        let mut code = self.print.clone();
        code.update(&[kind]);
        parts.iter().for_each(|part| code.update(part));
        Fingerprint(code.finalize().into_bytes().into())
    }

    /// Seals a record for the vault; the same record always to the same bytes, so that a segment which is sent again
    /// is not kept twice. It opens under its own fingerprint only.
    ///
    /// # Errors
    /// [`FileError::Cipher`].
    pub fn seal(&self, record: &Record) -> Result<Vec<u8>, FileError> {
        let mut clear = Zeroizing::new([0; CLEAR]);
        let (start, rest) = clear.split_at_mut(HEAD);
        start.copy_from_slice(&head(record.key_id, &record.transfer));
        let (index, rest) = rest.split_at_mut(4);
        index.copy_from_slice(&record.index.to_be_bytes());
        let (synthetic, tag) = rest.split_at_mut(SYNTHETIC);
        synthetic.copy_from_slice(&record.synthetic);
        tag.copy_from_slice(&record.tag);
        let code = self.print(2, &[&record.fingerprint.0, clear.as_slice()]);
        let mut nonce = [0; xaes::SALT];
        nonce.copy_from_slice(&code.0[..xaes::SALT]);
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
        let (transfer, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (synthetic, tag) = rest.split_first_chunk()?;
        (suite == SUITE).then_some(Record {
            fingerprint,
            key_id: KeyId::from_bytes(*key_id),
            index: u32::from_be_bytes(*index),
            transfer: Transfer(*transfer),
            synthetic: *synthetic,
            tag: tag.try_into().ok()?,
        })
    }
}

impl fmt::Debug for SegmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SegmentKey(‹128 bytes›)")
    }
}

/// What names a transfer and the key of a segment in it: the segment authenticates it.
pub(super) fn head(key_id: KeyId, transfer: &Transfer) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[0] = SUITE;
    head[1..5].copy_from_slice(&key_id.to_bytes());
    head[5..].copy_from_slice(&transfer.0);
    head
}
