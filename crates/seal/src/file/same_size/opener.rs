//! Opens the segments of a file whose size was kept, in their order.

use std::fmt;
use std::sync::Arc;

use keys::KeyId;
use zeroize::Zeroize;

use super::cipher::SegmentCipher;
use super::{FieldKey, FileError, Fingerprint, Record, SEGMENT, SegmentKey, Transfer};

/// Opens one file, or what of it follows a segment's border, segment by segment.
///
/// A file that begins with a segment of ours goes on with that transfer's segments, each behind the one before it, and
/// ends where nothing is kept of another: anything else is refused.
pub struct Opener {
    transfer: Transfer,
    /// The cipher of the key that the latest segment was under.
    cipher: Option<(KeyId, SegmentCipher)>,
    next: u64,
    failed: Option<FileError>,
}

impl Opener {
    /// Opens the file whose first segment's record is among these, from the segment `first` on. `None` where none of
    /// them is of a file's first segment.
    pub fn new(records: &[Record], first: u32) -> Option<Self> {
        let record = records.iter().find(|record| record.index == 0)?;
        Some(Self {
            transfer: record.transfer.clone(),
            cipher: None,
            next: u64::from(first),
            failed: None,
        })
    }

    /// The number of the segment that is opened next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// What the records of a segment behind the first are kept under; nothing beyond the longest file.
    pub fn place(&self, segment_key: &SegmentKey, index: u64) -> Option<Fingerprint> {
        let index = u32::try_from(index).ok()?;
        Some(segment_key.place(&self.transfer, index))
    }

    /// Opens the next segment in place, as one of `records`, all of one fingerprint, says; `key` gives the key of an
    /// id, if it lives. When it does not open, nothing is left of it.
    ///
    /// # Errors
    /// [`FileError::Segment`]; from then on every call gives the same error.
    pub fn open(
        &mut self,
        records: &[Record],
        key: impl Fn(KeyId) -> Option<Arc<FieldKey>>,
        segment: &mut [u8],
    ) -> Result<(), FileError> {
        let opened = match self.failed {
            Some(failed) => Err(failed),
            None => self.try_open(records, key, segment),
        };
        if opened.is_err() {
            segment.zeroize();
        }
        self.failed = opened.err();
        self.next += 1;
        opened
    }

    fn try_open(
        &mut self,
        records: &[Record],
        key: impl Fn(KeyId) -> Option<Arc<FieldKey>>,
        segment: &mut [u8],
    ) -> Result<(), FileError> {
        let index = u32::try_from(self.next).map_err(|_| FileError::TooLong)?;
        let refused = FileError::Segment { segment: index };
        if !(1..=SEGMENT).contains(&segment.len()) {
            return Err(refused);
        }
        // Content that was sent again at its place changed has a record of its own; which of them this is, its tag says.
        let sealed = (records.len() > 1).then(|| segment.to_vec());
        for record in records {
            if record.transfer != self.transfer || record.index != index {
                continue;
            }
            let Some(cipher) = self.cipher(record.key_id, &key) else {
                continue;
            };
            if cipher.open(index, &record.synthetic, &record.tag, segment) {
                return Ok(());
            }
            if let Some(sealed) = &sealed {
                segment.copy_from_slice(sealed);
            }
        }
        Err(refused)
    }

    fn cipher(
        &mut self,
        id: KeyId,
        key: impl Fn(KeyId) -> Option<Arc<FieldKey>>,
    ) -> Option<&SegmentCipher> {
        if self.cipher.as_ref().is_none_or(|(of, _)| *of != id) {
            let key = key(id)?;
            self.cipher = Some((id, SegmentCipher::new(&key, &self.transfer)));
        }
        self.cipher.as_ref().map(|(_, cipher)| cipher)
    }

    /// Ends the file: `records` are those of the segment that would be opened next.
    ///
    /// # Errors
    /// [`FileError::Segment`] where there is one, or where an earlier segment did not open.
    pub fn finish(&self, records: &[Record]) -> Result<(), FileError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let goes_on = |record: &&Record| {
            record.transfer == self.transfer && u64::from(record.index) == self.next
        };
        match records.iter().find(goes_on) {
            Some(record) => Err(FileError::Segment {
                segment: record.index,
            }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
