//! Bytes that are walked once: a chunk, or what was held of earlier ones.

use crate::edit::Editor;
use crate::error::{Error, ErrorKind};
use crate::out::Out;

/// See the module.
pub(super) struct Pass<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// Up to where the bytes are in the output.
    pub(super) done: usize,
    /// Where the token that is being read begins here.
    pub(super) token: usize,
    /// Where these bytes begin in the body.
    offset: u64,
    held: bool,
    pub(super) editor: &'a mut dyn Editor,
    pub(super) out: &'a mut Out,
}

impl<'a> Pass<'a> {
    /// A walk over the chunk that `out` speaks of.
    pub(super) fn chunk(
        bytes: &'a [u8],
        offset: u64,
        editor: &'a mut dyn Editor,
        out: &'a mut Out,
    ) -> Self {
        Self {
            bytes,
            at: 0,
            done: 0,
            token: 0,
            offset,
            held: false,
            editor,
            out,
        }
    }

    /// A walk over what was held of earlier chunks.
    pub(super) fn held(
        bytes: &'a [u8],
        offset: u64,
        editor: &'a mut dyn Editor,
        out: &'a mut Out,
    ) -> Self {
        Self {
            held: true,
            ..Self::chunk(bytes, offset, editor, out)
        }
    }

    /// Begins again at an earlier byte, up to which all is in the output.
    pub(super) fn restart(&mut self, at: usize) {
        self.at = at;
        self.done = at;
        self.token = at;
    }

    /// What stands here of the token that is being read, up to `end`.
    #[inline]
    pub(super) fn token_to(&self, end: usize) -> &'a [u8] {
        self.bytes.get(self.token..end).unwrap_or_default()
    }

    /// Sends everything up to `end` that is not yet in the output, as it came.
    pub(super) fn keep_to(&mut self, end: usize) {
        if self.done < end {
            if self.held {
                self.out
                    .write(self.bytes.get(self.done..end).unwrap_or_default());
            } else {
                self.out.keep(self.done..end);
            }
            self.done = end;
        }
    }

    /// Where this walk stands in the body.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.at as u64
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.offset())
    }

    /// A byte that may not stand here. No other charset's text gets past its first structural character without
    /// one that is zero or above ASCII, nor does a byte-order mark; and what is cut off a malformed character by
    /// the end of a chunk is told as all of it would be.
    #[cold]
    pub(super) fn unexpected(&self, byte: u8, expected: &'static str) -> Error {
        let foreign = byte == 0 || !byte.is_ascii();
        self.error(if foreign {
            ErrorKind::Charset
        } else {
            ErrorKind::Syntax { expected }
        })
    }
}
