//! Characters that XML allows (XML 1.0 §2.2), in UTF-8: checked before anything is read, in pieces that end between
//! characters.

use bytes::Bytes;

use crate::error::ErrorKind;

/// A character that must not be here, whatever follows.
pub(super) const CONTROL: ErrorKind = ErrorKind::Syntax {
    expected: "no control character",
};

/// The bytes of a character that the end of a chunk cut.
#[derive(Debug, Default)]
pub(super) struct Cut {
    bytes: [u8; 4],
    length: usize,
}

/// The pieces of a chunk.
#[derive(Debug)]
pub(super) struct Pieces {
    /// The character that was cut before, now whole.
    pub(super) first: Option<Bytes>,
    /// How many bytes of the chunk belong to that.
    pub(super) from: usize,
    /// Up to where the chunk is text.
    pub(super) to: usize,
    /// What stands there.
    pub(super) fault: Option<ErrorKind>,
}

impl Cut {
    /// Whether no character is cut.
    pub(super) fn is_whole(&self) -> bool {
        self.length == 0
    }

    /// Takes what was cut.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let length = std::mem::take(&mut self.length);
        self.bytes.get(..length).unwrap_or_default().to_vec()
    }

    /// Parts a chunk.
    pub(super) fn part(&mut self, chunk: &[u8]) -> Pieces {
        let mut pieces = Pieces {
            first: None,
            from: 0,
            to: 0,
            fault: None,
        };
        if self.length > 0 && !self.mend(chunk, &mut pieces) {
            return pieces;
        }
        let rest = chunk.get(pieces.from..).unwrap_or_default();
        let (text, fault) = match std::str::from_utf8(rest) {
            Ok(text) => (text.as_bytes(), None),
            Err(error) => {
                let (text, rest) = rest.split_at(error.valid_up_to());
                if error.error_len().is_none() {
                    self.keep(rest);
                    (text, None)
                } else {
                    (text, Some(ErrorKind::Charset))
                }
            }
        };
        let control = control(text);
        if control.is_some() {
            self.length = 0;
        }
        pieces.to = pieces.from + control.unwrap_or(text.len());
        pieces.fault = control.map(|_| CONTROL).or(fault);
        pieces
    }

    /// Adds to a character that was cut; says whether the chunk goes on after it.
    fn mend(&mut self, chunk: &[u8], pieces: &mut Pieces) -> bool {
        for byte in chunk {
            if let Some(slot) = self.bytes.get_mut(self.length) {
                *slot = *byte;
                self.length += 1;
            }
            pieces.from += 1;
            pieces.to = pieces.from;
            let bytes = self.bytes.get(..self.length).unwrap_or_default();
            match std::str::from_utf8(bytes) {
                Ok(_) => {
                    pieces.first = Some(Bytes::copy_from_slice(bytes));
                    self.length = 0;
                    return true;
                }
                Err(error) if error.error_len().is_some() => {
                    pieces.fault = Some(ErrorKind::Charset);
                    return false;
                }
                Err(_) => {}
            }
        }
        false
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.length = 0;
        for (slot, byte) in self.bytes.iter_mut().zip(bytes) {
            *slot = *byte;
            self.length += 1;
        }
    }
}

/// The offset of the first control character.
pub(super) fn control(text: &[u8]) -> Option<usize> {
    const BLOCK: usize = 4096;
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    for (number, block) in text.chunks(BLOCK).enumerate() {
        // Without a way out of the loop it becomes a few vector instructions.
        let any = block.iter().fold(false, |any, byte| any | is_control(byte));
        if any {
            return block
                .iter()
                .position(is_control)
                .map(|at| number * BLOCK + at);
        }
    }
    None
}
