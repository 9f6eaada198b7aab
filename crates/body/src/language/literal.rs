//! How the literals of query languages are spelled: from the spelling to the text, and back.
//!
//! Reading is strict: an escape that a language does not define is not read, since servers would disagree about it.

use zeroize::Zeroizing;

use crate::escape::Escape;

/// What takes its meaning from a quote, or gives it another, inside a quoted literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// A quote is written twice.
    Doubled,
    /// A backslash, before one of these: `n`, `r`, `t`, `b`, `f` are control characters, `u` is followed by four
    /// hexadecimal digits, anything else stands for itself.
    Backslash(&'static str),
    /// None that is known for certain: a backslash is not read at all.
    None,
}

/// A literal's spelling: what stands around the text, and what is escaped in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    pub(super) special: Special,
    /// Whether the quotes fall away where the text is spelled as a number, a date or a boolean is.
    pub(super) sheds: bool,
}

/// What is escaped in a text, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// Nothing can be: these cannot stand there at all.
    Never(&'static str),
    /// This quote is doubled.
    Doubled(char),
    /// A backslash stands before these.
    Backslash(&'static str),
    /// As in JSON (RFC 8259 §7), which is also how GraphQL spells its strings.
    Json,
    /// References stand for what could be markup; these cannot stand there at all.
    Markup(&'static str),
    /// A backslash stands before what separates values of a FHIR search, and all of it is percent-encoded.
    Search,
}

impl Spelling {
    /// The inside of a literal, whose quotes stand already.
    pub(super) const fn inside(special: Special) -> Self {
        Self {
            open: "",
            close: "",
            special,
            sheds: false,
        }
    }

    /// A literal with its quotes.
    pub(crate) const fn quoted(quote: &'static str, special: Special) -> Self {
        Self {
            open: quote,
            close: quote,
            special,
            sheds: false,
        }
    }

    /// The same, without quotes where the text is spelled as a number, a date or a boolean is.
    pub(super) const fn shedding(self) -> Self {
        Self {
            sheds: true,
            ..self
        }
    }

    /// Whether the language has a spelling for `text`.
    pub(crate) fn can_spell(&self, text: &[u8]) -> bool {
        match self.special {
            Special::Never(set) | Special::Markup(set) => {
                !text.iter().any(|byte| set.as_bytes().contains(byte))
            }
            Special::Doubled(_) | Special::Backslash(_) | Special::Json | Special::Search => true,
        }
    }

    /// Appends `text` in this spelling, without the characters that cannot be spelled.
    pub(crate) fn write(&self, text: &str, out: &mut Vec<u8>) {
        if self.sheds && stands_bare(text) {
            return out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(self.open.as_bytes());
        for character in text.chars() {
            self.special.write(character, out);
        }
        out.extend_from_slice(self.close.as_bytes());
    }
}

impl Special {
    fn write(self, character: char, out: &mut Vec<u8>) {
        let mut utf8 = [0; 4];
        match self {
            Self::Doubled(quote) if character == quote => push(quote, out),
            Self::Backslash(set) if set.contains(character) => out.push(b'\\'),
            Self::Json => match character {
                '"' | '\\' => out.push(b'\\'),
                '\n' => return out.extend_from_slice(b"\\n"),
                '\r' => return out.extend_from_slice(b"\\r"),
                '\t' => return out.extend_from_slice(b"\\t"),
                '\0'..'\x20' => {
                    let code = format!("\\u{:04x}", u32::from(character));
                    return out.extend_from_slice(code.as_bytes());
                }
                _ => {}
            },
            Self::Search => {
                if "\\,|$".contains(character) {
                    out.extend_from_slice(b"%5C");
                }
                let text = character.encode_utf8(&mut utf8);
                Escape::Form.write(text.as_bytes(), out);
                return;
            }
            Self::Never(set) | Self::Markup(set) if set.contains(character) => return,
            Self::Markup(_) => {
                let text = character.encode_utf8(&mut utf8);
                Escape::XmlAttribute.write(text.as_bytes(), out);
                return;
            }
            Self::Never(_) | Self::Doubled(_) | Self::Backslash(_) => {}
        }
        out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
    }
}

/// Whether every language reads this as one number, date or boolean.
fn stands_bare(text: &str) -> bool {
    let digit = text.starts_with(|first: char| first.is_ascii_digit());
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || b"-+.:".contains(&byte);
    matches!(text, "true" | "false") || (digit && text.bytes().all(goes_on))
}

/// Appends a character in UTF-8.
fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The text that the inside of a quoted literal stands for.
///
/// # Errors
/// The offset in `raw` of what is not defined.
pub(crate) fn unescape(
    raw: &str,
    quote: char,
    escapes: Escapes,
) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut text = Zeroizing::new(Vec::with_capacity(raw.len()));
    let mut characters = Characters { raw, at: 0 };
    loop {
        let from = characters.at;
        let Some(character) = characters.next() else {
            return Ok(text);
        };
        match escapes {
            Escapes::Doubled if character == quote => {
                characters.next();
            }
            Escapes::Backslash(known) if character == '\\' => {
                let named = characters.next().filter(|named| known.contains(*named));
                let meant = named.and_then(|named| characters.escape(named));
                push(meant.ok_or(from)?, &mut text);
                continue;
            }
            Escapes::None if character == '\\' => return Err(from),
            Escapes::Doubled | Escapes::Backslash(_) | Escapes::None => {}
        }
        push(character, &mut text);
    }
}

/// Reads characters of a raw text, and knows where it is.
struct Characters<'a> {
    raw: &'a str,
    at: usize,
}

impl Characters<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.raw.get(self.at..)?.chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }

    /// What a backslash with `named` stands for; the digits of a code are read.
    fn escape(&mut self, named: char) -> Option<char> {
        Some(match named {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => return self.code(),
            other => other,
        })
    }

    fn code(&mut self) -> Option<char> {
        let unit = self.unit()?;
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit);
        }
        let low = self.raw.get(self.at..)?.strip_prefix("\\u").is_some();
        self.at += if low { 2 } else { return None };
        let second = self
            .unit()
            .filter(|second| (0xdc00..0xe000).contains(second))?;
        char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00))
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.raw.get(self.at..self.at + 4)?;
        self.at += 4;
        digits
            .bytes()
            .all(|digit| digit.is_ascii_hexdigit())
            .then(|| u32::from_str_radix(digits, 16).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Escapes = Escapes::Backslash("nrtbfu'\"\\");

    fn read(raw: &str, escapes: Escapes) -> Result<String, usize> {
        unescape(raw, '\'', escapes).map(|text| String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn escapes_are_read_strictly() {
        assert_eq!(read("O''Hara", Escapes::Doubled), Ok("O'Hara".into()));
        assert_eq!(read("a\\'b\\\\c\\n", ALL), Ok("a'b\\c\n".into()));
        assert_eq!(read("\\u00e9\\ud83d\\ude00", ALL), Ok("é😀".into()));
        for bad in ["a\\x", "a\\", "a\\u12", "a\\ud83d", "a\\ude00", "a\\u+123"] {
            assert_eq!(read(bad, ALL), Err(1), "{bad}");
        }
        assert_eq!(read("ab\\c", Escapes::None), Err(2));
    }

    #[test]
    fn what_is_written_reads_back() {
        let pairs = [
            (Special::Doubled('\''), Escapes::Doubled),
            (Special::Backslash("'\\"), ALL),
            (Special::Json, ALL),
        ];
        for (special, escapes) in pairs {
            for text in ["", "O'Hara", "a\\b'c\"d\ne", "''\\\\''", "é😀"] {
                let mut raw = Vec::new();
                Spelling::inside(special).write(text, &mut raw);
                let raw = String::from_utf8(raw).unwrap();
                assert_eq!(read(&raw, escapes).as_deref(), Ok(text), "{special:?}");
            }
        }
    }
}
