//! Base64 as mail has it (RFC 2045 §6.8): in lines, and what is of no alphabet is skipped.

use std::sync::{Arc, OnceLock};

use super::{Decoder, LONGEST_LINE};
use crate::base64::{Alphabet, Lines, Writer, decode};
use crate::out::Transform;

/// Text that goes on for longer without a line break has none.
const UNBROKEN: usize = 1024;

/// So many bytes of line breaks stay behind the text.
const MOST_BREAKS: usize = 64;

/// Decodes a part, and notes how its first line is broken.
#[derive(Default)]
pub(super) struct Decode {
    /// Up to four characters that are not decoded yet.
    group: Vec<u8>,
    /// The characters of the first line, and how it ends.
    column: usize,
    lines: Option<Lines>,
    /// Line breaks behind the last character.
    behind: Vec<u8>,
    padded: Arc<OnceLock<bool>>,
    padding: bool,
}

impl Decode {
    fn flush(&mut self, text: &mut Vec<u8>) {
        text.extend(decode(Alphabet::Standard, &self.group).unwrap_or_default());
        self.group.clear();
    }

    /// A character begins another line, or goes on with the first.
    fn character(&mut self) {
        if self.lines.is_none() {
            self.lines = match &*self.behind {
                _ if self.column == 0 => None,
                [] => (self.column >= UNBROKEN).then_some(Lines::None),
                [b'\r', b'\n', ..] => Some(Lines::After(self.column, b"\r\n")),
                _ => Some(Lines::After(self.column, b"\n")),
            };
            self.column += 1;
        }
        self.behind.clear();
    }
}

impl Decoder for Decode {
    fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        for byte in bytes {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                    self.character();
                    self.group.push(*byte);
                    if self.group.len() == 4 {
                        self.flush(text);
                    }
                }
                b'=' => {
                    self.padding = true;
                    self.character();
                    self.flush(text);
                }
                b'\r' | b'\n' if self.behind.len() < MOST_BREAKS => self.behind.push(*byte),
                _ => {}
            }
        }
    }

    fn finish(&mut self, text: &mut Vec<u8>) {
        let bare = self.group.len() > 1 && !self.padding;
        self.flush(text);
        // The cell is this part's alone, and set once.
        let _ = self.padded.set(!bare);
    }

    fn encoder(&self, last: bool) -> Option<Box<dyn Transform>> {
        let alone = match &*self.behind {
            _ if self.column > LONGEST_LINE => Lines::None,
            [b'\n', ..] => Lines::After(LONGEST_LINE, b"\n"),
            _ => Lines::After(LONGEST_LINE, b"\r\n"),
        };
        let lines = self.lines.or(last.then_some(alone))?;
        let padded = Arc::clone(&self.padded);
        Some(Box::new(Writer::new(Alphabet::Standard, lines, padded)))
    }

    fn behind(&self) -> Vec<u8> {
        self.behind.clone()
    }

    fn held(&self) -> usize {
        self.group.len() + self.behind.len()
    }
}
