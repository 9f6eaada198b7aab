//! UTF-8 text, written in another charset as it comes.
//!
//! `encoding_rs` encodes to every encoding of the standard but UTF-16, which forms may not be sent in; bodies are.

use encoding_rs::{EncoderResult, Encoding, UTF_16BE};

/// A character that the charset does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unheld;

/// One text on its way into a charset, whose encoder keeps no state between characters.
pub(crate) struct Encode {
    encoding: &'static Encoding,
    /// What has come of a character that was cut.
    cut: [u8; 4],
    length: usize,
}

impl Encode {
    pub(crate) fn new(encoding: &'static Encoding) -> Self {
        Self {
            encoding,
            cut: [0; 4],
            length: 0,
        }
    }

    /// Appends the next bytes of the text, which may end within a character.
    ///
    /// # Errors
    /// Where the charset does not hold a character; `out` has what stands before it.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unheld> {
        let mut rest = bytes;
        while self.length > 0 {
            let Some((byte, after)) = rest.split_first() else {
                return Ok(());
            };
            *self.cut.get_mut(self.length).ok_or(Unheld)? = *byte;
            self.length += 1;
            rest = after;
            let known = self.cut.get(..self.length).unwrap_or_default();
            match std::str::from_utf8(known) {
                Ok(text) => {
                    encode(self.encoding, text, out).map_err(|_| Unheld)?;
                    self.length = 0;
                }
                Err(error) if error.error_len().is_some() => return Err(Unheld),
                Err(_) => {}
            }
        }
        let (text, after) = match std::str::from_utf8(rest) {
            Ok(text) => (text, &b""[..]),
            Err(error) if error.error_len().is_some() => return Err(Unheld),
            Err(error) => {
                let (text, after) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(text).unwrap_or_default(), after)
            }
        };
        for (slot, byte) in self.cut.iter_mut().zip(after) {
            *slot = *byte;
        }
        self.length = after.len();
        encode(self.encoding, text, out).map_err(|_| Unheld)
    }

    /// Ends the text.
    ///
    /// # Errors
    /// Where it ends within a character.
    pub(crate) fn finish(&mut self) -> Result<(), Unheld> {
        if self.length == 0 {
            Ok(())
        } else {
            Err(Unheld)
        }
    }
}

/// Appends `text` in an encoding.
///
/// # Errors
/// The offset in `text` of the first character that it does not hold; what stands before it is in `out`.
pub(super) fn encode(
    encoding: &'static Encoding,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), usize> {
    if super::is_utf_16(encoding) {
        out.reserve(2 * text.len());
        for unit in text.encode_utf16() {
            let bytes = if encoding == UTF_16BE {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            };
            out.extend_from_slice(&bytes);
        }
        return Ok(());
    }
    let mut encoder = encoding.new_encoder();
    let mut rest = text;
    loop {
        let room = encoder
            .max_buffer_length_from_utf8_without_replacement(rest.len())
            .unwrap_or(0);
        out.reserve(room);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, out, true);
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::Unmappable(character) => {
                return Err(text.len() - rest.len() + read - character.len_utf8());
            }
            EncoderResult::OutputFull => rest = rest.get(read..).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{SHIFT_JIS, UTF_16LE, WINDOWS_1252};

    fn encoded(encoding: &'static Encoding, chunks: &[&[u8]]) -> Result<Vec<u8>, Unheld> {
        let mut encode = Encode::new(encoding);
        let mut out = Vec::new();
        for chunk in chunks {
            encode.push(chunk, &mut out)?;
        }
        encode.finish().map(|()| out)
    }

    #[test]
    fn i04_a_character_may_be_cut() {
        for (encoding, text) in [
            (WINDOWS_1252, "été €"),
            (SHIFT_JIS, "日本 ab"),
            (UTF_16LE, "é😀z"),
            (UTF_16BE, "é😀z"),
        ] {
            let whole = encoded(encoding, &[text.as_bytes()]).unwrap();
            let (read, _) = encoding.decode_without_bom_handling(&whole);
            assert_eq!(read, text);
            for at in 0..=text.len() {
                let (first, second) = text.as_bytes().split_at(at);
                assert_eq!(encoded(encoding, &[first, second]), Ok(whole.clone()));
            }
        }
    }

    #[test]
    fn what_a_charset_does_not_hold_is_told() {
        assert_eq!(encoded(WINDOWS_1252, &["漢".as_bytes()]), Err(Unheld));
        assert_eq!(encoded(WINDOWS_1252, &[b"\xff"]), Err(Unheld));
        assert_eq!(encoded(UTF_16LE, &[b"\xe2\x82"]), Err(Unheld));
        let mut out = Vec::new();
        assert_eq!(encode(WINDOWS_1252, "aé漢b", &mut out), Err(3));
        assert_eq!(out, b"a\xe9");
    }
}
