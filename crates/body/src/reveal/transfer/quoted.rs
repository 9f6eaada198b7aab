//! Quoted-printable (RFC 2045 §6.7).
//!
//! What is no escape is taken as it stands, as readers take it. Where lines end with CRLF, a lone CR or LF of the text
//! is written as an escape, so that a value adds no line that was not counted as one; a hyphen that begins a line is
//! one too, so that no line is a delimiter.

use zeroize::Zeroizing;

use super::{Decoder, LONGEST_LINE};
use crate::error::Error;
use crate::out::Transform;

/// Blanks before a line break are held so far; there may be none at the end of a line that is encoded.
const MOST_BLANKS: usize = 1024;

/// Text that goes on for longer without a line break is taken for one with CRLF.
const UNBROKEN: usize = 4096;

/// Decodes a part, and notes how its first line ends.
#[derive(Default)]
pub(super) struct Decode {
    /// What is not decoded yet: an escape, blanks, a carriage return.
    open: Vec<u8>,
    came: usize,
    line_end: Option<&'static [u8]>,
}

/// What the bytes begin with.
enum Item {
    /// More input decides.
    More,
    /// So many bytes that stand for themselves.
    Text(usize),
    /// So many bytes that stand for this one.
    Byte(usize, u8),
    /// So many bytes that stand for nothing.
    Nothing(usize),
}

/// Reads what stands at the start of the bytes, which are not empty.
fn item(bytes: &[u8], last: bool) -> Item {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let escape = usize::from(bytes.first() == Some(&b'='));
    let rest = bytes.get(escape..).unwrap_or_default();
    let blanks = rest.iter().take(MOST_BLANKS).take_while(is_blank).count();
    let line_end = match rest.get(blanks..).unwrap_or_default() {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] | [] if !last => return Item::More,
        [] => Some(0),
        _ => None,
    };
    match (escape, line_end) {
        (1, Some(length)) => Item::Nothing(1 + blanks + length),
        (1, None) => match rest {
            [high, low, ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => Item::Byte(3, high << 4 | low),
                _ => Item::Text(1),
            },
            _ if last => Item::Text(1),
            _ => Item::More,
        },
        (_, Some(length)) if blanks == 0 => Item::Text(length),
        (_, Some(_)) => Item::Nothing(blanks),
        (_, None) if blanks > 0 => Item::Text(blanks),
        (_, None) => {
            let more = rest.get(1..).unwrap_or_default();
            let ends = |byte: &u8| matches!(byte, b'=' | b' ' | b'\t' | b'\r' | b'\n');
            Item::Text(1 + more.iter().position(ends).unwrap_or(more.len()))
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

impl Decode {
    fn decode(&mut self, last: bool, text: &mut Vec<u8>) {
        let bytes = std::mem::take(&mut self.open);
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let length = match item(rest, last) {
                Item::More => break,
                Item::Text(length) => {
                    text.extend_from_slice(rest.get(..length).unwrap_or_default());
                    length
                }
                Item::Byte(length, byte) => {
                    text.push(byte);
                    length
                }
                Item::Nothing(length) => length,
            };
            let line = rest.get(..length).unwrap_or_default();
            if self.line_end.is_none() && line.ends_with(b"\n") {
                let carriage = line.ends_with(b"\r\n") || self.came + at > UNBROKEN;
                self.line_end = Some(if carriage { b"\r\n" } else { b"\n" });
            }
            at += length;
        }
        self.came += at;
        self.open = bytes.get(at..).unwrap_or_default().to_vec();
    }
}

impl Decoder for Decode {
    fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        self.open.extend_from_slice(bytes);
        self.decode(false, text);
    }

    fn finish(&mut self, text: &mut Vec<u8>) {
        self.decode(true, text);
    }

    fn encoder(&self, last: bool) -> Option<Box<dyn Transform>> {
        let unbroken = last || self.came > UNBROKEN;
        let line_end = self.line_end.or(unbroken.then_some(b"\r\n"))?;
        Some(Box::new(Encode {
            line_end,
            column: 0,
            open: Zeroizing::default(),
        }))
    }

    fn behind(&self) -> Vec<u8> {
        Vec::new()
    }

    fn held(&self) -> usize {
        self.open.len()
    }
}

/// Encodes what stands inside.
struct Encode {
    line_end: &'static [u8],
    column: usize,
    /// What the next byte decides: a blank, which may be the last on its line, or a carriage return.
    open: Zeroizing<Vec<u8>>,
}

impl Encode {
    /// Writes one byte, as an escape or as it is.
    fn write(&mut self, byte: u8, escaped: bool, out: &mut Vec<u8>) {
        let length = if escaped { 3 } else { 1 };
        // The last place on a line is that of a soft line break.
        if self.column + length >= LONGEST_LINE {
            out.push(b'=');
            out.extend_from_slice(self.line_end);
            self.column = 0;
        }
        if escaped || (self.column == 0 && byte == b'-') {
            out.extend_from_slice(format!("={byte:02X}").as_bytes());
            self.column += 3;
        } else {
            out.push(byte);
            self.column += 1;
        }
    }

    /// Writes what was open, which stands before a line break or the end where `ends` says so.
    fn settle(&mut self, ends: bool, out: &mut Vec<u8>) {
        for byte in std::mem::take(&mut self.open).iter() {
            self.write(*byte, ends || *byte == b'\r', out);
        }
    }
}

impl Transform for Encode {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        for byte in bytes {
            let after_return = self.open.last() == Some(&b'\r');
            let ends_line = *byte == b'\n' && (self.line_end == b"\n" || after_return);
            if ends_line {
                if self.line_end == b"\r\n" {
                    self.open.pop();
                }
                self.settle(true, out);
                out.extend_from_slice(self.line_end);
                self.column = 0;
                continue;
            }
            match byte {
                // A blank may stand before it, at the end of a line.
                b'\r' if self.line_end == b"\r\n" && !after_return => self.open.push(*byte),
                b' ' | b'\t' => {
                    self.settle(false, out);
                    self.open.push(*byte);
                }
                _ => {
                    self.settle(false, out);
                    let plain = matches!(byte, b'!'..=b'~') && *byte != b'=';
                    if *byte == b'\r' && self.line_end == b"\r\n" {
                        self.open.push(*byte);
                    } else {
                        self.write(*byte, !plain, out);
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.settle(true, out);
        Ok(())
    }
}
