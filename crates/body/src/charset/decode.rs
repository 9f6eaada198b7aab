//! Text in another charset, decoded so that it can be encoded again to the very bytes that it came in (I3).
//!
//! There is more than one spelling of some characters in the multi-byte encodings of East Asia, and an encoder
//! writes one of them. So what is decoded is encoded again at once and compared.

use encoding_rs::{Decoder, DecoderResult, Encoding};

use super::encode::encode;
use crate::error::ErrorKind;

/// Why bytes are not read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They are not of the charset.
    Malformed,
    /// They are another spelling than the one that the charset's encoder writes.
    Respelled,
}

impl From<Fault> for ErrorKind {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed => Self::Charset,
            Fault::Respelled => Self::Encoding {
                why: "bytes of it would not be kept as they came; send UTF-8",
            },
        }
    }
}

/// One text on its way out of a charset.
pub(crate) struct Decode {
    encoding: &'static Encoding,
    decoder: Decoder,
    /// The bytes that came for which no text was written: the beginning of a character, or all from a fault on.
    open: Vec<u8>,
    /// What was decoded, encoded again.
    again: Vec<u8>,
}

impl Decode {
    pub(crate) fn new(encoding: &'static Encoding) -> Self {
        Self {
            encoding,
            decoder: encoding.new_decoder_without_bom_handling(),
            open: Vec::new(),
            again: Vec::new(),
        }
    }

    /// Whether these bytes are the same in UTF-8.
    pub(crate) fn is_same(&self, bytes: &[u8]) -> bool {
        self.open.is_empty() && self.encoding.is_ascii_compatible() && bytes.is_ascii()
    }

    /// Appends the text of the next bytes.
    ///
    /// # Errors
    /// What is wrong: `text` has what stands before it, and [`Decode::open`] all from there on.
    pub(crate) fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) -> Result<(), Fault> {
        self.take(bytes, text, false)
    }

    /// Ends the text.
    ///
    /// # Errors
    /// As [`Decode::push`], and where it ends within a character.
    pub(crate) fn finish(&mut self, text: &mut Vec<u8>) -> Result<(), Fault> {
        self.take(b"", text, true)
    }

    /// The bytes that came for which no text was written.
    pub(crate) fn open(&self) -> &[u8] {
        &self.open
    }

    fn take(&mut self, bytes: &[u8], text: &mut Vec<u8>, last: bool) -> Result<(), Fault> {
        let start = text.len();
        let mut read = 0;
        let malformed = loop {
            let rest = bytes.get(read..).unwrap_or_default();
            let room = self
                .decoder
                .max_utf8_buffer_length_without_replacement(rest.len());
            let end = text.len();
            text.resize(end + room.unwrap_or(rest.len()), 0);
            let target = text.get_mut(end..).unwrap_or_default();
            let (result, used, written) = self
                .decoder
                .decode_to_utf8_without_replacement(rest, target, last);
            text.truncate(end + written);
            read += used;
            match result {
                DecoderResult::InputEmpty => break false,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => break true,
            }
        };
        self.open.extend_from_slice(bytes);
        let good = self.compare(text, start);
        self.open.drain(..good.unwrap_or_else(|good| good));
        match (good, malformed) {
            (Err(_), _) => Err(Fault::Respelled),
            (Ok(_), true) => Err(Fault::Malformed),
            (Ok(_), false) => Ok(()),
        }
    }

    /// Compares the text from `start` on with the bytes that it came from: how many of these it stands for. Where it
    /// was spelled otherwise, it is cut there.
    fn compare(&mut self, text: &mut Vec<u8>, start: usize) -> Result<usize, usize> {
        let decoded = text.get(start..).unwrap_or_default();
        let decoded = std::str::from_utf8(decoded).unwrap_or_default();
        self.again.clear();
        let encoded = encode(self.encoding, decoded, &mut self.again);
        if encoded.is_ok() && self.open.starts_with(&self.again) {
            return Ok(self.again.len());
        }
        let mut good = 0;
        let mut kept = start;
        for character in decoded.chars() {
            self.again.clear();
            let mut buffer = [0; 4];
            let spelled: &str = character.encode_utf8(&mut buffer);
            let encoded = encode(self.encoding, spelled, &mut self.again);
            let came = self.open.get(good..).unwrap_or_default();
            if encoded.is_err() || !came.starts_with(&self.again) {
                break;
            }
            good += self.again.len();
            kept += spelled.len();
        }
        text.truncate(kept);
        Err(good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, EUC_KR, GB18030, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};

    /// The text, and the bytes for which there is none.
    fn decoded<'a>(
        encoding: &'static Encoding,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> (String, Option<Fault>, Vec<u8>) {
        let mut decode = Decode::new(encoding);
        let mut text = Vec::new();
        let mut fault = None;
        let mut rest = Vec::new();
        for chunk in chunks {
            if fault.is_some() {
                rest.extend_from_slice(chunk);
                continue;
            }
            fault = decode.push(chunk, &mut text).err();
            if fault.is_some() {
                rest.extend_from_slice(decode.open());
            }
        }
        if fault.is_none() {
            fault = decode.finish(&mut text).err();
            rest.extend_from_slice(decode.open());
        }
        (String::from_utf8(text).unwrap(), fault, rest)
    }

    #[test]
    fn i04_every_split_says_the_same() {
        let cases: [(&'static Encoding, &[u8]); 11] = [
            (WINDOWS_1252, b"\xe9t\xe9 \x81\x80"),
            (SHIFT_JIS, b"a\x93\xfa\x96\x7b\\z"),
            // The same kanji at NEC's place and at IBM's.
            (SHIFT_JIS, b"ab\xed\x40z\xfa\x5cz"),
            (SHIFT_JIS, b"a\x93"),
            (BIG5, b"a\x88\x62b"),
            (GB18030, b"\x81\x30\x81\x30\xa4\xa2"),
            (EUC_KR, b"\xb0\xa1\xff"),
            (UTF_16LE, b"a\0\xe9\0\x3d\xd8\0\xde"),
            (UTF_16BE, b"\0a\xd8\x3d\xde\0\0b"),
            (UTF_16LE, b"a\0\x3d\xd8b\0"),
            (UTF_16LE, b"a\0b"),
        ];
        for (encoding, bytes) in cases {
            let whole = decoded(encoding, [bytes]);
            let (text, fault, rest) = &whole;
            let mut again = Vec::new();
            encode(encoding, text, &mut again).unwrap();
            again.extend_from_slice(rest);
            assert_eq!(again, bytes, "{encoding:?}");
            assert_eq!(fault.is_none(), rest.is_empty());
            for at in 0..=bytes.len() {
                let (first, second) = bytes.split_at(at);
                assert_eq!(
                    decoded(encoding, [first, second]),
                    whole,
                    "{bytes:?} at {at}"
                );
            }
            assert_eq!(decoded(encoding, bytes.chunks(1)), whole);
        }
    }

    #[test]
    fn i03_another_spelling_is_told_from_a_malformed_one() {
        let fault = |encoding, bytes: &[u8]| decoded(encoding, [bytes]).1;
        assert_eq!(fault(SHIFT_JIS, b"\xed\x40"), Some(Fault::Respelled));
        assert_eq!(fault(SHIFT_JIS, b"\xfd"), Some(Fault::Malformed));
        assert_eq!(fault(UTF_16LE, b"\0\xdc"), Some(Fault::Malformed));
    }
}
