//! Seals a file as it comes, byte for byte.

use std::fmt;

use keys::{Chance, KeyId};
use zeroize::Zeroizing;

use super::{FINGERPRINTED, FileError, Record, SALT, SEGMENT, SHORTEST, SegmentKey, cipher};
use crate::field_key::FieldKey;
use crate::file::cipher::FileCipher;

/// Seals one file, whatever the pieces it comes in; keeps less than a segment. A piece that ends where a segment
/// ends is given out whole at once, which is what chunks of 256 KiB, 320 KiB or 4 MiB need.
///
/// The records must be durable before the bytes leave. They are given out as segments end; that of a last segment
/// which was full, once more when the file ends.
pub struct Sealer {
    key_id: KeyId,
    salt: [u8; SALT],
    cipher: FileCipher,
    /// Less than a segment.
    held: Zeroizing<Vec<u8>>,
    /// The last sealed bytes before what is held.
    before: Vec<u8>,
    next: u64,
    latest: Option<Record>,
    failed: Option<FileError>,
}

impl Sealer {
    /// Begins a file under this field's key.
    ///
    /// # Errors
    /// [`FileError::Cipher`].
    pub fn begin(key: &FieldKey, chance: &mut dyn Chance) -> Result<Self, FileError> {
        let mut salt = [0; SALT];
        chance.fill(&mut salt);
        Ok(Self {
            key_id: key.id(),
            cipher: cipher(key, &salt)?,
            salt,
            held: Zeroizing::new(Vec::with_capacity(SEGMENT)),
            before: Vec::with_capacity(FINGERPRINTED),
            next: 0,
            latest: None,
            failed: None,
        })
    }

    /// Takes the next piece of the file; the segments that it completes are appended to `out`, sealed, and their
    /// records to `records`.
    ///
    /// # Errors
    /// [`FileError::TooLong`]; from then on every call gives the same error.
    pub fn push(
        &mut self,
        mut plain: &[u8],
        segment_key: &SegmentKey,
        out: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> Result<(), FileError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        while !plain.is_empty() {
            let (taken, rest) = plain.split_at(plain.len().min(SEGMENT - self.held.len()));
            plain = rest;
            if taken.len() == SEGMENT {
                self.seal(taken, false, segment_key, out, records)?;
                continue;
            }
            self.held.extend_from_slice(taken);
            if self.held.len() == SEGMENT {
                let segment = std::mem::take(&mut self.held);
                self.seal(&segment, false, segment_key, out, records)?;
                self.held = segment;
                self.held.clear();
            }
        }
        Ok(())
    }

    /// Ends the file: what is left of it is appended to `out`, and to `records` the record of its last segment.
    ///
    /// # Errors
    /// As [`Sealer::push`], and [`FileError::TooShort`] for a file of 1 to 15 bytes.
    pub fn finish(
        mut self,
        segment_key: &SegmentKey,
        out: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> Result<(), FileError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let segment = std::mem::take(&mut self.held);
        if segment.is_empty() {
            records.extend(self.latest.map(|latest| Record {
                last: true,
                ..latest
            }));
            return Ok(());
        }
        if self.next == 0 && segment.len() < SHORTEST {
            return Err(FileError::TooShort {
                least: SHORTEST,
                found: segment.len(),
            });
        }
        self.seal(&segment, true, segment_key, out, records)
    }

    fn seal(
        &mut self,
        segment: &[u8],
        last: bool,
        segment_key: &SegmentKey,
        out: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> Result<(), FileError> {
        let start = out.len();
        let sealed = u32::try_from(self.next)
            .map_err(|_| FileError::TooLong)
            .and_then(|index| {
                out.extend_from_slice(segment);
                let tag = self.cipher.seal(index, false, &mut out[start..])?;
                Ok((index, tag))
            });
        let (index, tag) = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                out.truncate(start);
                self.failed = Some(error);
                return Err(error);
            }
        };
        let text = &out[start..];
        let record = Record {
            fingerprint: segment_key.fingerprint(&self.before, text),
            key_id: self.key_id,
            index,
            last,
            salt: self.salt,
            tag,
        };
        self.next += 1;
        self.before.clear();
        self.before
            .extend_from_slice(&text[text.len().saturating_sub(FINGERPRINTED)..]);
        self.latest = Some(record.clone());
        records.push(record);
        Ok(())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("key_id", &self.key_id)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
