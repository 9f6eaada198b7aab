//! Seals a piece of a file without changing its length.

use std::fmt;

use keys::KeyId;
use zeroize::Zeroizing;

use super::cipher::SegmentCipher;
use super::{FieldKey, FileError, Record, SEGMENT, SHORTEST, SegmentKey, Transfer};

/// Seals one piece of a file, whatever the chunks it comes in; keeps less than a segment. A piece that ends where a
/// segment ends is given out whole at once.
///
/// The records must be durable before the bytes leave; they are given out with the segments.
pub struct Sealer {
    key_id: KeyId,
    transfer: Transfer,
    cipher: SegmentCipher,
    /// Less than a segment.
    held: Zeroizing<Vec<u8>>,
    next: u64,
    failed: Option<FileError>,
}

impl Sealer {
    /// Begins a piece of this transfer, where in the file it stands, under this field's key.
    ///
    /// # Errors
    /// [`FileError::Offset`] where that is no whole number of segments, [`FileError::TooLong`].
    pub fn begin(key: &FieldKey, transfer: Transfer, offset: u64) -> Result<Self, FileError> {
        let segment = SEGMENT as u64;
        if !offset.is_multiple_of(segment) {
            return Err(FileError::Offset { found: offset });
        }
        let next = offset / segment;
        u32::try_from(next).map_err(|_| FileError::TooLong)?;
        Ok(Self {
            key_id: key.id(),
            cipher: SegmentCipher::new(key, &transfer),
            transfer,
            held: Zeroizing::new(Vec::with_capacity(SEGMENT)),
            next,
            failed: None,
        })
    }

    /// Takes the next chunk of the piece; the segments that it completes are appended to `out`, sealed, and their
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
                self.seal(taken, segment_key, out, records)?;
                continue;
            }
            self.held.extend_from_slice(taken);
            if self.held.len() == SEGMENT {
                let segment = std::mem::take(&mut self.held);
                self.seal(&segment, segment_key, out, records)?;
                self.held = segment;
                self.held.clear();
            }
        }
        Ok(())
    }

    /// Ends the piece: what is left of it is appended to `out`, as the file's last segment.
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
            return Ok(());
        }
        if self.next == 0 && segment.len() < SHORTEST {
            return Err(FileError::TooShort {
                least: SHORTEST,
                found: segment.len(),
            });
        }
        self.seal(&segment, segment_key, out, records)
    }

    fn seal(
        &mut self,
        segment: &[u8],
        segment_key: &SegmentKey,
        out: &mut Vec<u8>,
        records: &mut Vec<Record>,
    ) -> Result<(), FileError> {
        let start = out.len();
        let sealed = u32::try_from(self.next)
            .map_err(|_| FileError::TooLong)
            .and_then(|index| {
                out.extend_from_slice(segment);
                let sealed = self.cipher.seal(index, &mut out[start..])?;
                Ok((index, sealed))
            });
        let (index, (synthetic, tag)) = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                out.truncate(start);
                self.failed = Some(error);
                return Err(error);
            }
        };
        let fingerprint = match index {
            0 => segment_key.fingerprint(&out[start..]),
            _ => segment_key.place(&self.transfer, index),
        };
        self.next += 1;
        records.push(Record {
            fingerprint,
            key_id: self.key_id,
            index,
            transfer: self.transfer.clone(),
            synthetic,
            tag,
        });
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
