//! A token, read from its text: its header is known to be one, nothing of its value is.

use std::fmt;

use keys::KeyId;

use crate::base32;
use crate::error::ParseError;
use crate::header::{FIXED, Header, Kind, LONGEST, PREFIX, PREFIX_DIGITS, TOKEN_LETTER, ValueType};
use crate::words::{self, Reach};

/// Bytes of a token that are held without an allocation: `sealed` up to class 128, `match` up to 169 bytes.
const SHORT: usize = 192;

/// Characters from which the longest and the shortest header are known.
pub(crate) const HEADER_CHARACTERS: usize = base32::characters(LONGEST);
const SHORTEST_HEADER_CHARACTERS: usize = base32::characters(FIXED + 1);

/// A token that was read. It holds ciphertext only.
#[derive(Clone)]
pub struct Token {
    header: Header,
    header_bytes: usize,
    bytes: Bytes,
}

#[derive(Clone)]
enum Bytes {
    Short([u8; SHORT], usize),
    Long(Vec<u8>),
}

impl Token {
    /// Reads a token from exactly its text, in any case; a `words` token with as much of its set as is there.
    ///
    /// # Errors
    /// [`ParseError`] when the text is not what a token looks like; whether it opens is another question.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let body = after_prefix(text).ok_or(ParseError::Prefix)?;
        let header = read_start(body)?.ok_or(ParseError::Length {
            expected: PREFIX + SHORTEST_HEADER_CHARACTERS,
            found: text.len(),
        })?;
        let characters = header.characters();
        let wrong = ParseError::Length {
            expected: characters,
            found: text.len(),
        };
        let (body, set) = body.split_at_checked(characters - PREFIX).ok_or(wrong)?;
        if !header.kind.has_words() && !set.is_empty() {
            return Err(wrong);
        }
        if words::reach(set, header.words, true) != Reach::Ends(set.len()) {
            return Err(ParseError::Words(characters));
        }
        let length = header.bytes();
        let mut bytes = if length <= SHORT {
            Bytes::Short([0; SHORT], length)
        } else {
            Bytes::Long(vec![0; length])
        };
        base32::decode(body, bytes.as_mut_slice()).map_err(|position| {
            if position == body.len() {
                ParseError::LooseBits
            } else {
                ParseError::Character(PREFIX + position)
            }
        })?;
        let (_, header_bytes) = header.write();
        Ok(Self {
            header,
            header_bytes,
            bytes,
        })
    }

    /// The key that it says it was made under.
    pub fn key_id(&self) -> KeyId {
        self.header.key_id
    }

    /// How it says it was sealed.
    pub fn kind(&self) -> Kind {
        self.header.kind
    }

    /// The type that it says its value had.
    pub fn value_type(&self) -> ValueType {
        self.header.value_type
    }

    /// The header, and everything behind it.
    pub(crate) fn split(&self) -> (&[u8], &[u8]) {
        self.bytes.as_slice().split_at(self.header_bytes)
    }

    pub(crate) fn ciphertext_length(&self) -> usize {
        self.header.length
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, {:?})", self.header.kind, self.header.key_id)
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short(array, length) => &array[..*length],
            Self::Long(bytes) => bytes,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        match self {
            Self::Short(array, length) => &mut array[..*length],
            Self::Long(bytes) => bytes,
        }
    }
}

/// What follows a token's prefix.
pub(crate) fn after_prefix(text: &[u8]) -> Option<&[u8]> {
    let (letter, rest) = text.split_first()?;
    if !letter.eq_ignore_ascii_case(&TOKEN_LETTER) {
        return None;
    }
    rest.strip_prefix(PREFIX_DIGITS)
}

/// Reads a header from the characters behind a prefix; `None` when there are too few to know.
pub(crate) fn read_start(characters: &[u8]) -> Result<Option<Header>, ParseError> {
    let mut start = [0; LONGEST];
    let mut bytes = start.iter_mut();
    let (mut bits, mut held, mut known) = (0_u16, 0, 0);
    let run = base32::run(&characters[..characters.len().min(HEADER_CHARACTERS)]);
    for value in characters
        .iter()
        .take(run)
        .filter_map(|&character| base32::value(character))
    {
        bits = bits << 5 | u16::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            let [_, byte] = (bits >> held).to_be_bytes();
            if let Some(place) = bytes.next() {
                *place = byte;
                known += 1;
            }
        }
    }
    match Header::read(&start[..known])? {
        Some((header, _)) => Ok(Some(header)),
        None if run < characters.len() => Err(ParseError::Character(PREFIX + run)),
        None => Ok(None),
    }
}
