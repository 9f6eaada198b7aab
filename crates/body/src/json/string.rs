//! Strings by RFC 8259 §7: skipped in pieces, decoded, written.

use bytes::BufMut;

/// Where inside a string the reader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Plain,
    /// After a backslash.
    Escape,
    /// So many hexadecimal digits must follow.
    Hex(u8),
}

/// A string that is being read, its opening quote passed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reader {
    inside: Inside,
    escaped: bool,
}

impl Reader {
    /// Reads on from `at`; gives the offset after the closing quote, or nothing where the string goes on.
    ///
    /// # Errors
    /// The offset of a byte that may not stand there, and what should.
    pub(super) fn skip(
        &mut self,
        bytes: &[u8],
        mut at: usize,
    ) -> Result<Option<usize>, (usize, &'static str)> {
        loop {
            match self.inside {
                Inside::Plain => {
                    at = special(bytes, at);
                    match bytes.get(at) {
                        None => return Ok(None),
                        Some(b'"') => return Ok(Some(at + 1)),
                        Some(b'\\') => {
                            self.escaped = true;
                            self.inside = Inside::Escape;
                        }
                        Some(_) => return Err((at, "an escape for a control character")),
                    }
                }
                Inside::Escape => match bytes.get(at) {
                    None => return Ok(None),
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                        self.inside = Inside::Plain
                    }
                    Some(b'u') => self.inside = Inside::Hex(4),
                    Some(_) => return Err((at, "an escape")),
                },
                Inside::Hex(left) => match bytes.get(at) {
                    None => return Ok(None),
                    Some(byte) if byte.is_ascii_hexdigit() => {
                        self.inside = if left == 1 {
                            Inside::Plain
                        } else {
                            Inside::Hex(left - 1)
                        };
                    }
                    Some(_) => return Err((at, "a hexadecimal digit")),
                },
            }
            at += 1;
        }
    }

    /// Whether an escape was seen: the text must be decoded.
    pub(super) fn escaped(&self) -> bool {
        self.escaped
    }
}

/// The offset after the closing quote of the string whose text begins at `from`, where all of it stands here
/// and is well-formed, and whether it must be decoded.
#[inline]
pub(super) fn end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let at = special(bytes, from);
    match bytes.get(at) {
        Some(b'"') => Some((at + 1, false)),
        Some(b'\\') => Reader::default()
            .skip(bytes, at)
            .ok()
            .flatten()
            .map(|end| (end, true)),
        _ => None,
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The offset of the first quote, backslash or control character at or after `from`, or the end.
#[inline]
fn special(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    let mut at = from;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let found = flags(word);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + tail
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
        .unwrap_or(tail.len())
}

/// The high bits of the bytes that are a quote, a backslash or a control character. Exact for the lowest byte that
/// is flagged, which is the one that counts: a subtraction borrows from higher bytes only.
#[inline]
fn flags(word: u64) -> u64 {
    // With this bit turned, the quote is the one byte that follows the control characters.
    let below = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (below | backslash) & !word & HIGHS
}

/// A string that holds half of a surrogate pair: no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LoneSurrogate;

/// Appends the text that `raw`, a well-formed string without its quotes, stands for.
///
/// # Errors
/// Where half of a surrogate pair stands alone: what is appended then is no text and must not be used.
pub(super) fn decode(raw: &[u8], text: &mut Vec<u8>) -> Result<(), LoneSurrogate> {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        text.extend_from_slice(plain);
        let (byte, length) = match escape.get(1) {
            Some(b'b') => (8, 2),
            Some(b'f') => (12, 2),
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(b'u') => {
                let (character, length) = unicode(escape).ok_or(LoneSurrogate)?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = escape.get(length..).unwrap_or_default();
                continue;
            }
            Some(byte) => (*byte, 2),
            None => return Ok(()),
        };
        text.push(byte);
        rest = escape.get(length..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    Ok(())
}

/// The text of a key, given without its quotes; nothing where it is no text.
pub(crate) fn decode_key(raw: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Some(raw.into());
    }
    let mut text = Vec::new();
    decode(raw, &mut text).ok()?;
    Some(text.into())
}

/// The character of a `\u` escape, or of two that make a pair, and the length of it.
fn unicode(escape: &[u8]) -> Option<(char, usize)> {
    let first = hex(escape.get(2..6)?)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).map(|character| (character, 6));
    }
    let second = escape.get(6..12)?.strip_prefix(b"\\u").and_then(hex)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low).map(|character| (character, 12))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Appends `text` as a string with its quotes.
pub(super) fn write(text: &[u8], out: &mut impl BufMut) {
    out.put_u8(b'"');
    let mut rest = text;
    loop {
        let at = special(rest, 0);
        let (plain, after) = rest.split_at(at);
        out.put_slice(plain);
        let Some((byte, after)) = after.split_first() else {
            break;
        };
        match byte {
            b'"' => out.put_slice(b"\\\""),
            b'\\' => out.put_slice(b"\\\\"),
            b'\n' => out.put_slice(b"\\n"),
            b'\r' => out.put_slice(b"\\r"),
            b'\t' => out.put_slice(b"\\t"),
            byte => {
                out.put_slice(b"\\u00");
                for digit in [byte >> 4, byte & 15] {
                    out.put_u8(*b"0123456789abcdef".get(usize::from(digit)).unwrap_or(&b'0'));
                }
            }
        }
        rest = after;
    }
    out.put_u8(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_decodes_to_itself(text: String) {
            let mut written = Vec::new();
            write(text.as_bytes(), &mut written);
            let oracle: String = serde_json::from_slice(&written).unwrap();
            prop_assert_eq!(&oracle, &text);
            let mut decoded = Vec::new();
            decode(&written[1..written.len() - 1], &mut decoded).unwrap();
            prop_assert_eq!(decoded, text.into_bytes());
        }

        #[test]
        fn the_first_special_byte_is_found(bytes: Vec<u8>, from in 0..20usize) {
            let from = from.min(bytes.len());
            let plain = bytes[from..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(special(&bytes, from), plain.map_or(bytes.len(), |at| from + at));
        }
    }

    #[test]
    fn pairs_are_joined_and_halves_are_no_text() {
        let read = |raw: &str| {
            let mut text = Vec::new();
            decode(raw.as_bytes(), &mut text).map(|()| String::from_utf8(text).unwrap())
        };
        assert_eq!(read("\\u00e9\\ud83d\\ude00\\/"), Ok("é😀/".into()));
        for half in [
            "\\ud83d",
            "\\ude00",
            "\\ud83dx",
            "\\ud83d\\n",
            "\\ud83d\\ud83d",
        ] {
            assert_eq!(read(half), Err(LoneSurrogate), "{half}");
        }
    }
}
