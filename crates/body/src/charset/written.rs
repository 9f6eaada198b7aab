//! The charset of an answer, and how text is written in it (WHATWG Encoding).
//!
//! Where every ASCII byte stands for itself and for nothing else (UTF-8 and the single-byte charsets) a page is read as
//! it is. In the others (UTF-16, Shift_JIS and their kin) a byte that looks like a quote may be half a character: such
//! an answer is decoded first, and encoded again behind.

use encoding_rs::Encoding;

use super::encode::encode;

/// A charset that values are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// None was declared in a format that may declare it inside: values are written in ASCII, with references.
    Undeclared,
    /// This one.
    Of(&'static Encoding),
    /// UTF-8 that will be encoded in this one: what it does not hold is not written.
    Within(&'static Encoding),
}

impl Charset {
    /// The charset of this label; `None` where it is unknown or cannot be written again as it came.
    #[must_use]
    pub fn of(label: &str) -> Option<Self> {
        let label = label.trim_matches(|c: char| c.is_ascii_whitespace() || c == '"');
        let encoding = super::encoding(label).ok()?;
        Some(if encoding == encoding_rs::UTF_8 {
            Self::Utf8
        } else if encoding.is_single_byte() {
            Self::Of(encoding)
        } else {
            Self::Within(encoding)
        })
    }

    /// Whether ASCII text is the same in it.
    fn holds_ascii(self) -> bool {
        match self {
            Self::Utf8 | Self::Undeclared | Self::Within(_) => true,
            Self::Of(encoding) => encoding.is_ascii_compatible(),
        }
    }

    /// The bytes of a character, if there are any.
    fn spell(self, utf8: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        match self {
            Self::Utf8 => return Some(utf8.as_bytes().to_vec()),
            Self::Undeclared => return None,
            Self::Of(encoding) | Self::Within(encoding) => {
                encode(encoding, utf8, &mut bytes).ok()?;
            }
        }
        match self {
            Self::Within(_) => Some(utf8.as_bytes().to_vec()),
            _ => Some(bytes),
        }
    }

    /// Appends UTF-8 `text` in this charset; says how many characters it could not hold.
    pub(crate) fn write(self, text: &[u8], reference: Reference, out: &mut Vec<u8>) -> usize {
        let mut lossy = 0;
        for character in String::from_utf8_lossy(text).chars() {
            if character.is_ascii() && self.holds_ascii() {
                out.push(character as u8);
                continue;
            }
            let mut buffer = [0; 4];
            let utf8: &str = character.encode_utf8(&mut buffer);
            match self.spell(utf8) {
                // A JSON text is UTF-8 whatever its header says: an escape is right under both readings.
                Some(bytes) if reference != Reference::Backslash || !self.holds_ascii() => {
                    out.extend_from_slice(&bytes);
                }
                held => {
                    let named = reference.write(character, out);
                    lossy += usize::from(held.is_none() && (self != Self::Undeclared || !named));
                }
            }
        }
        lossy
    }
}

/// How a format names a character by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// `\uHHHH`, in surrogate pairs.
    Backslash,
    /// `&#N;`, which does not reach U+0080 to U+009F: those are read as windows-1252.
    Html,
    /// `&#N;`.
    Xml,
    /// `&#N;` between two CDATA sections.
    Cdata,
    /// It cannot.
    None,
}

impl Reference {
    /// Appends the reference, or `?` where there is none; says which.
    fn write(self, character: char, out: &mut Vec<u8>) -> bool {
        let number = u32::from(character);
        match self {
            Self::Backslash => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
            Self::Html if (0x80..0xa0).contains(&number) => {
                out.extend_from_slice(b"&#65533;");
                return false;
            }
            Self::Html | Self::Xml => out.extend_from_slice(format!("&#{number};").as_bytes()),
            Self::Cdata => out.extend_from_slice(format!("]]>&#{number};<![CDATA[").as_bytes()),
            Self::None => {
                out.push(b'?');
                return false;
            }
        }
        true
    }
}
