//! What stands in front of every token: the prefix, and inside it the header of 6 to 9 bytes.
//!
//! ```text
//! q671  1 byte          4 bytes   1 to 3 bytes                                     1 byte, `words` only
//!       suite kind type key id    length of the ciphertext, LEB128, shortest form  word tokens that follow
//!       3 bits 3   2
//! ```
//!
//! The prefix is one letter that no hexadecimal number has and three digits, the last being the version. Of the
//! letters `q` and `z` no other letter folds to them (`K` and `ſ` have such twins), neither follows a backslash in
//! an escape, and the digits are none that years, ISBNs, prices, common codes or this decade's timestamps repeat.

use keys::KeyId;

use crate::base32;
use crate::error::ParseError;
use crate::sealing::Sealing;

/// The letter that a token begins with.
pub(crate) const TOKEN_LETTER: u8 = b'q';
/// The letter that a vault pointer begins with.
pub(crate) const POINTER_LETTER: u8 = b'z';
/// What follows either letter; the last digit is the version.
pub(crate) const PREFIX_DIGITS: &[u8; 3] = b"671";
/// Characters of the prefix.
pub(crate) const PREFIX: usize = 1 + PREFIX_DIGITS.len();

/// The only suite so far: AES-256 throughout (XAES-256-GCM, AES-SIV), HKDF and HMAC with SHA-256.
const SUITE_AES_256: u8 = 1;

/// Bytes before the length: suite, kind and type, then the key id.
pub(crate) const FIXED: usize = 5;
/// The longest header: three bytes of length, one that counts words.
pub(crate) const LONGEST: usize = FIXED + 3 + 1;
/// The largest length that three bytes say.
pub(crate) const LENGTH_LIMIT: usize = (1 << 21) - 1;
/// The longest padded plaintext of `sealed`.
pub(crate) const LONGEST_PADDED: usize = 1 << 20;

/// How a value was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Randomised, and padded.
    Sealed,
    /// As `Sealed`, with a commitment to its key.
    Committed,
    /// Deterministic: equal values of a field epoch make equal tokens.
    Match,
    /// As `Sealed`, with a set of word tokens behind it.
    Words,
    /// As `Committed`, with a set of word tokens behind it.
    CommittedWords,
}

impl Kind {
    /// The kind of the `words` tokens that are sealed so.
    pub(crate) const fn of_words(sealing: Sealing) -> Self {
        if sealing.commit {
            Self::CommittedWords
        } else {
            Self::Words
        }
    }

    /// Whether a set of word tokens follows.
    pub(crate) const fn has_words(self) -> bool {
        matches!(self, Self::Words | Self::CommittedWords)
    }

    /// The kind of the tokens that are sealed so.
    pub(crate) const fn of(sealing: Sealing) -> Self {
        if sealing.commit {
            Self::Committed
        } else {
            Self::Sealed
        }
    }

    /// Bytes between the header and the ciphertext.
    pub(crate) const fn before(self) -> usize {
        match self {
            Self::Sealed | Self::Words => crate::xaes::SALT,
            Self::Committed | Self::CommittedWords => {
                crate::commit::SALT + crate::commit::COMMITMENT
            }
            Self::Match => crate::siv::TAG,
        }
    }

    /// Bytes after the ciphertext.
    pub(crate) const fn after(self) -> usize {
        match self {
            Self::Sealed | Self::Committed | Self::Words | Self::CommittedWords => crate::xaes::TAG,
            Self::Match => 0,
        }
    }
}

/// The type a value had where it was sealed. A `match` token always says `String`: its field knows the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Text.
    String,
    /// A number, in the spelling it had.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// A header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    pub(crate) value_type: ValueType,
    pub(crate) key_id: KeyId,
    /// Bytes of ciphertext, without salt, commitment, synthetic IV and tag.
    pub(crate) length: usize,
    /// How many word tokens follow: 0 for a kind that has none.
    pub(crate) words: u8,
}

impl Header {
    /// The first byte.
    pub(crate) fn first_byte(self) -> u8 {
        let kind = match self.kind {
            Kind::Sealed => 0,
            Kind::Committed => 1,
            Kind::Match => 2,
            Kind::Words => 3,
            Kind::CommittedWords => 4,
        };
        let value_type = match self.value_type {
            ValueType::String => 0,
            ValueType::Number => 1,
            ValueType::Boolean => 2,
        };
        SUITE_AES_256 << 5 | kind << 2 | value_type
    }

    /// Writes the header to the beginning of the array and says how many bytes of it are the header.
    pub(crate) fn write(self) -> ([u8; LONGEST], usize) {
        let [a, b, c, d] = self.key_id.to_bytes();
        let (low, middle, high) = (
            self.length & 0x7f,
            self.length >> 7 & 0x7f,
            self.length >> 14 & 0x7f,
        );
        // Each is below 128.
        let [low, middle, high] = [low, middle, high].map(|seven| u8::try_from(seven).unwrap_or(0));
        let first = self.first_byte();
        let (mut header, length) = match self.length {
            0..0x80 => ([first, a, b, c, d, low, 0, 0, 0], FIXED + 1),
            0x80..0x4000 => ([first, a, b, c, d, low | 0x80, middle, 0, 0], FIXED + 2),
            _ => (
                [first, a, b, c, d, low | 0x80, middle | 0x80, high, 0],
                FIXED + 3,
            ),
        };
        if self.kind.has_words() {
            header[length] = self.words;
            (header, length + 1)
        } else {
            (header, length)
        }
    }

    /// Reads a header from the first bytes of a token, and how many bytes it takes; `None` when there are too few
    /// to know.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, ParseError> {
        let Some((&first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let (kind, value_type) = read_first(first)?;
        let Some((id, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let key_id = KeyId::from_bytes(*id);
        let mut length = 0;
        for (i, &byte) in rest.iter().take(3).enumerate() {
            length |= usize::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                let shortest = byte != 0 || i == 0;
                let written = match kind {
                    Kind::Match => true,
                    Kind::Sealed | Kind::Committed | Kind::Words | Kind::CommittedWords => {
                        (1..=LONGEST_PADDED).contains(&length)
                    }
                };
                if !shortest || !written {
                    return Err(ParseError::LengthField);
                }
                let end = FIXED + 1 + i;
                let (words, end) = match rest.get(i + 1) {
                    _ if !kind.has_words() => (0, end),
                    Some(&words) => (words, end + 1),
                    None => return Ok(None),
                };
                let header = Self {
                    kind,
                    value_type,
                    key_id,
                    length,
                    words,
                };
                return Ok(Some((header, end)));
            }
        }
        if rest.len() < 3 {
            Ok(None)
        } else {
            Err(ParseError::LengthField)
        }
    }

    /// Bytes of the whole token behind its prefix.
    pub(crate) fn bytes(self) -> usize {
        let (_, header) = self.write();
        header + self.kind.before() + self.length + self.kind.after()
    }

    /// Characters of the token, without the word tokens behind it.
    pub(crate) fn characters(self) -> usize {
        PREFIX + base32::characters(self.bytes())
    }
}

/// What the first byte says.
pub(crate) fn read_first(first: u8) -> Result<(Kind, ValueType), ParseError> {
    if first >> 5 != SUITE_AES_256 {
        return Err(ParseError::Kind);
    }
    match (first >> 2 & 7, first & 3) {
        (0, value_type) => Ok((Kind::Sealed, read_type(value_type)?)),
        (1, value_type) => Ok((Kind::Committed, read_type(value_type)?)),
        (2, 0) => Ok((Kind::Match, ValueType::String)),
        (3, value_type) => Ok((Kind::Words, read_type(value_type)?)),
        (4, value_type) => Ok((Kind::CommittedWords, read_type(value_type)?)),
        _ => Err(ParseError::Kind),
    }
}

fn read_type(bits: u8) -> Result<ValueType, ParseError> {
    match bits {
        0 => Ok(ValueType::String),
        1 => Ok(ValueType::Number),
        2 => Ok(ValueType::Boolean),
        _ => Err(ParseError::Kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_reads_back_and_has_one_spelling() {
        for length in [0, 1, 127, 128, 300, 16383, 16384, LENGTH_LIMIT] {
            let header = Header {
                kind: Kind::Match,
                value_type: ValueType::String,
                key_id: KeyId(0xdead_beef),
                length,
                words: 0,
            };
            let (bytes, n) = header.write();
            assert_eq!(
                n,
                FIXED
                    + if length < 128 {
                        1
                    } else if length < 16384 {
                        2
                    } else {
                        3
                    }
            );
            assert_eq!(Header::read(&bytes[..n]), Ok(Some((header, n))));
            for cut in 0..n {
                assert_eq!(Header::read(&bytes[..cut]), Ok(None), "cut at {cut}");
            }
        }
        let first = SUITE_AES_256 << 5 | 2 << 2;
        assert_eq!(
            Header::read(&[first, 0, 0, 0, 0, 0x81, 0]),
            Err(ParseError::LengthField)
        );
        assert_eq!(
            Header::read(&[first, 0, 0, 0, 0, 0x80, 0x80, 0x80]),
            Err(ParseError::LengthField)
        );
    }

    #[test]
    fn of_256_first_bytes_thirteen_are_known() {
        let known = (0..=255).filter(|&first| read_first(first).is_ok()).count();
        assert_eq!(known, 13);
    }

    #[test]
    fn a_sealed_plaintext_is_padded_and_not_beyond_the_longest() {
        let read = |length| {
            let header = Header {
                kind: Kind::Sealed,
                value_type: ValueType::String,
                key_id: KeyId(1),
                length,
                words: 0,
            };
            let (bytes, n) = header.write();
            Header::read(&bytes[..n]).map(|read| read.map(|(header, _)| header.length))
        };
        assert_eq!(read(0), Err(ParseError::LengthField));
        assert_eq!(read(1), Ok(Some(1)));
        assert_eq!(read(LONGEST_PADDED), Ok(Some(LONGEST_PADDED)));
        assert_eq!(read(LONGEST_PADDED + 1), Err(ParseError::LengthField));
    }
}
