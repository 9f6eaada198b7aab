//! A piece of a file on its way out.

use std::sync::Arc;

use body::escape::Escape;
use body::{Editor, Error, ErrorKind, Out, Rewriter};
use bytes::Bytes;
use seal::FieldKey;
use seal::file::same_size::{self, Record, SegmentKey};
use seal::file::{FileError, LONGEST, SEGMENT};

use super::keeping::Keeping;
use super::piece::Piece;

/// Seals one piece as it comes, in as many bytes; each segment waits until what opens it is kept at home.
pub(crate) struct PieceSealer {
    key: Arc<SegmentKey>,
    keeping: Keeping,
    /// Nothing once the piece has ended.
    sealer: Option<same_size::Sealer>,
    read: u64,
}

impl PieceSealer {
    /// Seals a piece under this key of its field.
    ///
    /// # Errors
    /// A piece that does not begin where a segment does, or beyond the longest file.
    pub fn new(
        field: &FieldKey,
        key: Arc<SegmentKey>,
        piece: &Piece,
        keeping: Keeping,
    ) -> Result<Self, FileError> {
        let transfer = key.transfer(field.field(), &piece.upload);
        Ok(Self {
            sealer: Some(same_size::Sealer::begin(field, transfer, piece.offset)?),
            key,
            keeping,
            read: 0,
        })
    }

    fn take(&mut self, chunk: Option<&Bytes>, out: &mut Out) -> Result<(), FileError> {
        let (mut sealed, mut records) = (Vec::new(), Vec::new());
        match (chunk, &mut self.sealer) {
            (Some(chunk), Some(sealer)) => {
                sealer.push(chunk, &self.key, &mut sealed, &mut records)?;
            }
            (None, sealer) => {
                if let Some(sealer) = sealer.take() {
                    sealer.finish(&self.key, &mut sealed, &mut records)?;
                }
            }
            (Some(_), None) => {}
        }
        self.leave(sealed, &records, out)
    }

    fn leave(&self, sealed: Vec<u8>, records: &[Record], out: &mut Out) -> Result<(), FileError> {
        if records.is_empty() {
            return Ok(());
        }
        // The answer writes nothing into the hole: it lets go what stands behind it.
        out.hole(self.keeping.keep(&self.key, records)?, Escape::Plain);
        out.append(sealed.into());
        Ok(())
    }

    fn error(&self, error: FileError) -> Error {
        let kind = match error {
            FileError::TooLong => ErrorKind::ValueTooLong {
                limit: usize::try_from(LONGEST).unwrap_or(usize::MAX),
            },
            FileError::TooShort { .. } => ErrorKind::Syntax {
                expected: "a file of at least 16 bytes (fewer cannot be known again)",
            },
            _ => ErrorKind::Stopped,
        };
        Error::new(kind, self.read)
    }
}

impl Rewriter for PieceSealer {
    fn push(&mut self, chunk: &Bytes, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let taken = self.take(Some(chunk), out);
        taken.map_err(|error| self.error(error))?;
        self.read += chunk.len() as u64;
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        let ended = self.take(None, out);
        ended.map_err(|error| self.error(error))
    }

    fn length(&self, input: u64) -> Option<u64> {
        Some(input)
    }

    fn held(&self) -> usize {
        if self.sealer.is_some() { SEGMENT } else { 0 }
    }
}
