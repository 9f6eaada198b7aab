//! Opens the segments of a file whose size was kept, in their order.

use std::fmt;

use keys::KeyId;
use zeroize::Zeroize;

use super::{FileError, Record, SALT, SEGMENT, cipher};
use crate::field_key::FieldKey;
use crate::file::cipher::FileCipher;

/// Opens one file, or a range of it, segment by segment.
///
/// The caller knows from the transfer where in the file a segment stands and whether the file ends with it; its
/// record must say the same. A file that begins with a segment of ours goes on with that file's segments, each
/// behind the one before it, to the one that was its last: anything else is refused.
pub struct Opener {
    key_id: KeyId,
    salt: [u8; SALT],
    cipher: FileCipher,
    next: u64,
    ended: bool,
    failed: Option<FileError>,
}

impl Opener {
    /// Opens the file that a record is of, from segment `first` on: 0, or [`Span::first`](super::Span::first).
    ///
    /// # Errors
    /// [`FileError::Key`] when the record names another key.
    pub fn new(key: &FieldKey, record: &Record, first: u32) -> Result<Self, FileError> {
        if record.key_id != key.id() {
            return Err(FileError::Key);
        }
        Ok(Self {
            key_id: record.key_id,
            salt: record.salt,
            cipher: cipher(key, &record.salt)?,
            next: u64::from(first),
            ended: false,
            failed: None,
        })
    }

    /// Opens the next segment in place, as its record says: the one of `records`, all of the same fingerprint, that
    /// is of this place in this file; where nothing is kept of a segment behind the first, there is none. `ends` says that the file ends with it. When it does not open, nothing is left
    /// of it.
    ///
    /// # Errors
    /// [`FileError::Segment`]; from then on every call gives the same error.
    pub fn open(
        &mut self,
        records: &[Record],
        ends: bool,
        segment: &mut [u8],
    ) -> Result<(), FileError> {
        if let Some(failed) = self.failed {
            segment.zeroize();
            return Err(failed);
        }
        let opened = self.try_open(records, ends, segment);
        if opened.is_err() {
            segment.zeroize();
        }
        self.failed = opened.err();
        self.next += 1;
        self.ended = ends;
        opened
    }

    fn try_open(
        &self,
        records: &[Record],
        ends: bool,
        segment: &mut [u8],
    ) -> Result<(), FileError> {
        let index = u32::try_from(self.next).map_err(|_| FileError::TooLong)?;
        let length = if ends {
            (1..=SEGMENT).contains(&segment.len())
        } else {
            segment.len() == SEGMENT
        };
        let record = records.iter().find(|record| {
            !self.ended
                && length
                && record.key_id == self.key_id
                && record.salt == self.salt
                && record.index == index
                && record.last == ends
        });
        let record = record.ok_or(FileError::Segment { segment: index })?;
        self.cipher.open(index, false, segment, &record.tag)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("key_id", &self.key_id)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
