//! Backslash escapes of JSON (RFC 8259 §7) and JavaScript strings undone piece by piece, for looking only: what
//! cannot be undone is passed on in a form that means nothing to the machines behind.

/// Decoded bytes are passed on in pieces of this size.
const PIECE: usize = 256;

/// The state between pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unescape {
    #[default]
    Idle,
    /// After a backslash.
    Backslash,
    /// In the digits of `\u` or `\x`: how many are still to come, and the number so far.
    Digits(u8, u32),
    /// In the digits of `\u{`.
    Braces(u32),
}

impl Unescape {
    /// No escape is open.
    pub(super) fn is_idle(self) -> bool {
        self == Self::Idle
    }

    /// Decodes `source` and passes the text to `sink`.
    pub(super) fn advance(&mut self, source: &[u8], sink: &mut dyn FnMut(&[u8])) {
        let mut decoded = Pieces {
            bytes: [0; PIECE],
            length: 0,
            sink,
        };
        let mut rest = source;
        while let Some((first, tail)) = rest.split_first() {
            if *self == Self::Idle {
                let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
                let (text, from) = rest.split_at(plain);
                decoded.extend(text);
                if from.is_empty() {
                    break;
                }
                *self = Self::Backslash;
                rest = from.get(1..).unwrap_or_default();
                continue;
            }
            let (next, text) = self.step(*first);
            *self = next;
            if let Some(text) = text {
                decoded.push(text);
            }
            rest = tail;
        }
        decoded.flush();
    }

    /// One byte of an escape: the state after it, and the character that it completes.
    fn step(self, byte: u8) -> (Self, Option<char>) {
        match (self, byte) {
            (Self::Backslash, b'u') => (Self::Digits(4, 0), None),
            (Self::Backslash, b'x') => (Self::Digits(2, 0), None),
            (Self::Backslash, b'n' | b'r' | b't' | b'f' | b'b' | b'v' | b'\n' | b'\r') => {
                (Self::Idle, Some(' '))
            }
            (Self::Backslash, other) => (Self::Idle, Some(char::from(other))),
            (Self::Digits(4, 0), b'{') => (Self::Braces(0), None),
            (Self::Braces(number), b'}') => (Self::Idle, Some(character(number))),
            (Self::Digits(left, number), byte) => match char::from(byte).to_digit(16) {
                Some(digit) if left > 1 => (Self::Digits(left - 1, number << 4 | digit), None),
                Some(digit) => (Self::Idle, Some(character(number << 4 | digit))),
                None => (Self::Idle, Some(char::REPLACEMENT_CHARACTER)),
            },
            (Self::Braces(number), byte) => match char::from(byte).to_digit(16) {
                Some(digit) if number < 0x11_0000 => (Self::Braces(number << 4 | digit), None),
                _ => (Self::Idle, Some(char::REPLACEMENT_CHARACTER)),
            },
            (Self::Idle, _) => (Self::Idle, None),
        }
    }
}

fn character(number: u32) -> char {
    char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
}

struct Pieces<'a> {
    bytes: [u8; PIECE],
    length: usize,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl Pieces<'_> {
    fn push(&mut self, character: char) {
        self.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn extend(&mut self, text: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.length..self.length + text.len()) {
            room.copy_from_slice(text);
            self.length += text.len();
        } else {
            self.flush();
            (self.sink)(text);
        }
    }

    fn flush(&mut self) {
        if self.length > 0 {
            (self.sink)(self.bytes.get(..self.length).unwrap_or_default());
            self.length = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(pieces: &[&str]) -> String {
        let mut unescape = Unescape::default();
        let mut text = Vec::new();
        for piece in pieces {
            unescape.advance(piece.as_bytes(), &mut |decoded| {
                text.extend_from_slice(decoded)
            });
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn escapes_are_undone_at_every_split() {
        let source = r#"a\"b\\c\/d\u003ce\x3Cf\u{3c}g\nh"#;
        let expected = r#"a"b\c/d<e<f<g h"#;
        assert_eq!(decoded(&[source]), expected);
        for at in 0..source.len() {
            assert_eq!(decoded(&[&source[..at], &source[at..]]), expected, "{at}");
        }
    }

    #[test]
    fn what_is_no_escape_means_nothing() {
        assert_eq!(decoded(&[r"\uZZ\ud83d!"]), "\u{fffd}Z\u{fffd}!");
    }
}
