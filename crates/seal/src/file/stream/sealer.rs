//! Seals a file as it comes.

use std::fmt;

use keys::Chance;
use zeroize::Zeroizing;

use super::{FileError, Header, SEGMENT, TAG, secret};
use crate::field_key::FieldKey;
use crate::file::cipher::{FileCipher, SALT};

/// Seals one file, whatever the pieces it comes in; keeps at most one segment.
///
/// A file that was not finished has no last segment, and does not open to its end.
pub struct Sealer {
    cipher: FileCipher,
    /// What is not sealed yet, at most a segment: only what follows tells whether it is the last.
    held: Zeroizing<Vec<u8>>,
    next: u64,
    failed: Option<FileError>,
}

impl Sealer {
    /// Begins a file under this field's key; its header is appended to `out`.
    ///
    /// # Errors
    /// [`FileError::Cipher`].
    pub fn begin(
        key: &FieldKey,
        chance: &mut dyn Chance,
        out: &mut Vec<u8>,
    ) -> Result<Self, FileError> {
        let mut salt = [0; SALT];
        chance.fill(&mut salt);
        let secret = secret(key, &salt);
        let header = Header::new(key.id(), salt, secret.commitment()).to_bytes();
        let cipher = secret.cipher(key, &header)?;
        out.extend_from_slice(&header);
        Ok(Self {
            cipher,
            held: Zeroizing::new(Vec::with_capacity(SEGMENT)),
            next: 0,
            failed: None,
        })
    }

    /// Takes the next piece of the file; what it completes is appended to `out`, sealed.
    ///
    /// # Errors
    /// [`FileError::TooLong`]; from then on every call gives the same error.
    pub fn push(&mut self, mut plain: &[u8], out: &mut Vec<u8>) -> Result<(), FileError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        while !plain.is_empty() {
            if self.held.is_empty() && plain.len() > SEGMENT {
                let (segment, rest) = plain.split_at(SEGMENT);
                self.seal(segment, out)?;
                plain = rest;
                continue;
            }
            if self.held.len() == SEGMENT {
                let segment = std::mem::take(&mut self.held);
                self.seal(&segment, out)?;
                self.held = segment;
                self.held.clear();
            }
            let (taken, rest) = plain.split_at(plain.len().min(SEGMENT - self.held.len()));
            self.held.extend_from_slice(taken);
            plain = rest;
        }
        Ok(())
    }

    /// Ends the file: its last segment is appended to `out`.
    ///
    /// # Errors
    /// As [`Sealer::push`].
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), FileError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        append(&self.cipher, self.next, true, &self.held, out)
    }

    fn seal(&mut self, segment: &[u8], out: &mut Vec<u8>) -> Result<(), FileError> {
        let sealed = append(&self.cipher, self.next, false, segment, out);
        self.failed = sealed.err();
        self.next += 1;
        sealed
    }
}

/// Appends a segment and its tag.
fn append(
    cipher: &FileCipher,
    index: u64,
    last: bool,
    segment: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), FileError> {
    let index = u32::try_from(index).map_err(|_| FileError::TooLong)?;
    let start = out.len();
    out.reserve(segment.len() + TAG);
    out.extend_from_slice(segment);
    match cipher.seal(index, last, &mut out[start..]) {
        Ok(tag) => {
            out.extend_from_slice(&tag);
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
