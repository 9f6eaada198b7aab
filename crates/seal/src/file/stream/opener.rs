//! Opens a file, or a range of it, as it comes.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{FileError, Header, SEALED_SEGMENT, SEGMENT, Span, TAG, secret};
use crate::field_key::FieldKey;
use crate::file::cipher::FileCipher;

/// Opens one file or one range of it, whatever the pieces it comes in; keeps at most one sealed segment.
///
/// What it has appended is authentic and stood at that place of that file. That the file is whole is only known
/// when [`Opener::finish`] says so: until then a reader must not take what it has for the file, and must tell its
/// own reader of an error by breaking off.
pub struct Opener {
    cipher: FileCipher,
    /// What is not opened yet, at most a sealed segment: only what follows tells whether it is the last.
    held: Vec<u8>,
    next: u64,
    /// Plaintext before the range that is asked for, and how much of the range is to come.
    skip: usize,
    wanted: u64,
    /// The segments reach to the file's end.
    ends: bool,
    failed: Option<FileError>,
}

impl Opener {
    /// Opens the file behind this header, all of it; the header is not pushed.
    ///
    /// # Errors
    /// [`FileError::Key`] when the header does not belong to the key.
    pub fn whole(key: &FieldKey, header: &Header) -> Result<Self, FileError> {
        Self::new(key, header, 0, 0, u64::MAX, true)
    }

    /// Opens a range of the file behind this header. What is pushed is [`Span::sealed`], and what comes out is
    /// [`Span::plain`].
    ///
    /// A range that does not reach the file's end says nothing of where that is.
    ///
    /// # Errors
    /// As [`Opener::whole`].
    pub fn range(key: &FieldKey, header: &Header, span: &Span) -> Result<Self, FileError> {
        let plain = span.plain();
        let before = plain.start - u64::from(span.first()) * SEGMENT as u64;
        let skip = usize::try_from(before).map_err(|_| FileError::Range)?;
        let wanted = plain.end - plain.start;
        Self::new(key, header, span.first(), skip, wanted, span.ends())
    }

    fn new(
        key: &FieldKey,
        header: &Header,
        first: u32,
        skip: usize,
        wanted: u64,
        ends: bool,
    ) -> Result<Self, FileError> {
        let secret = secret(key, &header.salt);
        let committed = secret.commitment().ct_eq(&header.commitment);
        if header.key_id() != key.id() || !bool::from(committed) {
            return Err(FileError::Key);
        }
        Ok(Self {
            cipher: secret.cipher(key, &header.to_bytes())?,
            held: Vec::with_capacity(SEALED_SEGMENT),
            next: u64::from(first),
            skip,
            wanted,
            ends,
            failed: None,
        })
    }

    /// Takes the next piece; the segments that it completes are appended to `out`, opened.
    ///
    /// # Errors
    /// [`FileError::Segment`] when one does not open; from then on every call gives the same error.
    pub fn push(&mut self, mut sealed: &[u8], out: &mut Vec<u8>) -> Result<(), FileError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        while !sealed.is_empty() {
            if self.held.is_empty() && sealed.len() > SEALED_SEGMENT {
                let (segment, rest) = sealed.split_at(SEALED_SEGMENT);
                self.open(segment, false, out)?;
                sealed = rest;
                continue;
            }
            if self.held.len() == SEALED_SEGMENT {
                let segment = std::mem::take(&mut self.held);
                self.open(&segment, false, out)?;
                self.held = segment;
                self.held.clear();
            }
            let (taken, rest) = sealed.split_at(sealed.len().min(SEALED_SEGMENT - self.held.len()));
            self.held.extend_from_slice(taken);
            sealed = rest;
        }
        Ok(())
    }

    /// Ends the input: opens what is left, which must be the file's last segment, or in a range that ends before
    /// the file a whole one that is not.
    ///
    /// # Errors
    /// As [`Opener::push`]; here it also tells a file that was cut short from a whole one.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), FileError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let segment = std::mem::take(&mut self.held);
        let first = self.next == 0;
        let begun = segment.len() > TAG || first && segment.len() == TAG;
        if !begun || !self.ends && segment.len() != SEALED_SEGMENT {
            return Err(FileError::Segment {
                segment: u32::try_from(self.next).unwrap_or(u32::MAX),
            });
        }
        self.open(&segment, self.ends, out)
    }

    fn open(&mut self, segment: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), FileError> {
        let opened = self.append(segment, last, out);
        self.failed = opened.err();
        self.next += 1;
        opened
    }

    /// Appends what a segment holds of the range.
    fn append(&mut self, segment: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), FileError> {
        let index = u32::try_from(self.next).map_err(|_| FileError::TooLong)?;
        let refused = FileError::Segment { segment: index };
        let (text, tag) = segment.split_last_chunk::<TAG>().ok_or(refused)?;
        let (start, opened) = (out.len(), text.len());
        out.extend_from_slice(text);
        if let Err(error) = self.cipher.open(index, last, &mut out[start..], tag) {
            out.truncate(start);
            return Err(error);
        }
        let skip = std::mem::take(&mut self.skip).min(opened);
        let left = opened - skip;
        let given = usize::try_from(self.wanted).unwrap_or(usize::MAX).min(left);
        self.wanted -= given as u64;
        if skip > 0 {
            out.copy_within(start + skip..start + skip + given, start);
        }
        out[start + given..].zeroize();
        out.truncate(start + given);
        Ok(())
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("next", &self.next)
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}
