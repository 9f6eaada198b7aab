//! The charset of an answer, and how text is written in it (WHATWG Encoding).
//!
//! Only charsets in which every ASCII byte stands for itself and for nothing else are read: UTF-8 and the
//! single-byte ones. In the others (UTF-16, ISO-2022-JP, Shift_JIS and their kin) a byte that looks like a quote
//! may be half a character, so an answer in one of them passes untouched.

use encoding_rs::Encoding;

/// A charset whose ASCII bytes are ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// None was declared in a format that may declare it inside: values are written in ASCII, with references.
    Undeclared,
    /// A single-byte charset.
    Of(&'static Encoding),
}

impl Charset {
    /// The charset of this label; `None` where it is unknown or its bytes cannot be read one by one.
    #[must_use]
    pub fn of(label: &str) -> Option<Self> {
        let encoding = Encoding::for_label(
            label
                .trim_matches(|c: char| c.is_ascii_whitespace() || c == '"')
                .as_bytes(),
        )?;
        if encoding == encoding_rs::UTF_8 {
            Some(Self::Utf8)
        } else if encoding.is_single_byte() {
            Some(Self::Of(encoding))
        } else {
            None
        }
    }

    /// Appends UTF-8 `text` in this charset; says how many characters it could not hold.
    pub(crate) fn write(self, text: &[u8], reference: Reference, out: &mut Vec<u8>) -> usize {
        let mut lossy = 0;
        for character in String::from_utf8_lossy(text).chars() {
            if character.is_ascii() {
                out.push(character as u8);
                continue;
            }
            let mut buffer = [0; 4];
            let utf8: &str = character.encode_utf8(&mut buffer);
            let held = match self {
                Self::Utf8 => Some(utf8.as_bytes().into()),
                Self::Undeclared => None,
                Self::Of(encoding) => {
                    let (bytes, _, missing) = encoding.encode(utf8);
                    (!missing).then_some(bytes)
                }
            };
            match held {
                // A JSON text is UTF-8 whatever its header says: an escape is right under both readings.
                Some(bytes) if reference != Reference::Backslash => out.extend_from_slice(&bytes),
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
