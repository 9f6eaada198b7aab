//! What the text of an element and the value of an attribute stand for (XML 1.0 §2.4, §2.7, §2.11, §3.3.3, §4.1).
//!
//! Only the five entities that every reader knows are known: there is no document type in which another could be
//! declared.

use crate::error::ErrorKind;
use crate::escape::Escape;

/// How a CDATA section begins and ends.
pub(super) const CDATA: &[u8] = b"<![CDATA[";
pub(super) const CDATA_END: &[u8] = b"]]>";

const REFERENCE: ErrorKind = ErrorKind::Syntax {
    expected: "a character reference, or one of `&lt;` `&gt;` `&amp;` `&quot;` `&apos;`",
};
const NO_END: ErrorKind = ErrorKind::Syntax {
    expected: "no `]]>` in a text",
};

/// The longest reference: what is longer has leading zeros for no reason.
const LONGEST: usize = 16;

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// In an element, as its content.
    Content,
    Attribute,
}

impl Kind {
    /// Whether a value stands for itself.
    pub(super) fn is_plain(self, raw: &[u8]) -> bool {
        match self {
            Self::Content => {
                memchr::memchr3(b'<', b'&', b'\r', raw).is_none()
                    && memchr::memchr(b']', raw).is_none()
            }
            Self::Attribute => {
                memchr::memchr3(b'\r', b'\n', b'\t', raw).is_none()
                    && memchr::memchr(b'&', raw).is_none()
            }
        }
    }

    /// Appends what a value stands for.
    ///
    /// # Errors
    /// As [`content`] and [`attribute`].
    pub(super) fn decode(self, raw: &[u8], text: &mut Vec<u8>) -> Result<(), ErrorKind> {
        match self {
            Self::Content => content(raw, text),
            Self::Attribute => attribute(raw, text),
        }
    }

    /// How another text is written there.
    pub(super) fn escape(self) -> Escape {
        match self {
            Self::Content => Escape::Xml,
            Self::Attribute => Escape::XmlAttribute,
        }
    }
}

/// Appends what an element's content, text and CDATA sections, stands for. Line ends become LF (§2.11).
///
/// # Errors
/// [`ErrorKind::Syntax`] where a reference is none, or `]]>` stands in text.
pub(super) fn content(raw: &[u8], text: &mut Vec<u8>) -> Result<(), ErrorKind> {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'<', rest) {
        let (before, from) = rest.split_at(at);
        characters(before, text)?;
        let section = from.strip_prefix(CDATA).unwrap_or_default();
        let end = memchr::memmem::find(section, CDATA_END).unwrap_or(section.len());
        let (section, after) = section.split_at(end);
        lines(section, b'\n', text);
        rest = after.strip_prefix(CDATA_END).unwrap_or_default();
    }
    characters(rest, text)
}

/// Appends what an attribute's value stands for: white space becomes blanks (§3.3.3).
///
/// # Errors
/// [`ErrorKind::Syntax`] where a reference is none.
pub(super) fn attribute(raw: &[u8], text: &mut Vec<u8>) -> Result<(), ErrorKind> {
    references(raw, text, |piece, text| {
        let from = text.len();
        lines(piece, b' ', text);
        for byte in text.iter_mut().skip(from) {
            if matches!(byte, b'\n' | b'\t') {
                *byte = b' ';
            }
        }
    })
}

fn characters(raw: &[u8], text: &mut Vec<u8>) -> Result<(), ErrorKind> {
    if memchr::memmem::find(raw, CDATA_END).is_some() {
        return Err(NO_END);
    }
    references(raw, text, |piece, text| lines(piece, b'\n', text))
}

/// Appends `raw` with its references undone and what stands between them written by `piece`.
fn references(
    raw: &[u8],
    text: &mut Vec<u8>,
    piece: impl Fn(&[u8], &mut Vec<u8>),
) -> Result<(), ErrorKind> {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'&', rest) {
        let (before, from) = rest.split_at(at);
        piece(before, text);
        let reference = from.get(1..).unwrap_or_default();
        let near = reference.get(..LONGEST.min(reference.len()));
        let end = memchr::memchr(b';', near.unwrap_or_default()).ok_or(REFERENCE)?;
        let character = character(reference.get(..end).unwrap_or_default()).ok_or(REFERENCE)?;
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = reference.get(end + 1..).unwrap_or_default();
    }
    piece(rest, text);
    Ok(())
}

/// The character that a reference names, without its `&` and `;`.
fn character(name: &[u8]) -> Option<char> {
    let (digits, radix) = match name {
        b"lt" => return Some('<'),
        b"gt" => return Some('>'),
        b"amp" => return Some('&'),
        b"quot" => return Some('"'),
        b"apos" => return Some('\''),
        [b'#', b'x', digits @ ..] => (digits, 16),
        [b'#', digits @ ..] => (digits, 10),
        _ => return None,
    };
    let digits = std::str::from_utf8(digits).ok()?;
    if !digits.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    let allowed = !matches!(character,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    allowed.then_some(character)
}

/// Appends text with its CRLF and CR as `end`.
fn lines(raw: &[u8], end: u8, text: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\r', rest) {
        let (before, from) = rest.split_at(at);
        text.extend_from_slice(before);
        text.push(end);
        let from = from.get(1..).unwrap_or_default();
        rest = from.strip_prefix(b"\n").unwrap_or(from);
    }
    text.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        raw: &str,
        by: fn(&[u8], &mut Vec<u8>) -> Result<(), ErrorKind>,
    ) -> Result<String, ErrorKind> {
        let mut text = Vec::new();
        by(raw.as_bytes(), &mut text)?;
        Ok(String::from_utf8(text).unwrap())
    }

    #[test]
    fn references_sections_and_line_ends_are_undone() {
        let raw = "a&lt;&#233;\r\n&#13;\r<![CDATA[<&amp;]]\r\n>]]>&#x1F600;]]";
        assert_eq!(read(raw, content).unwrap(), "a<é\n\r\n<&amp;]]\n>😀]]");
        assert_eq!(read("a\r\n\tb&#10;\r", attribute).unwrap(), "a  b\n ");
        for wrong in [
            "&", "&nbsp;", "&#0;", "&#xD800;", "&#+1;", "&#;", "&#x;", "&lt", "&#xFFFF;",
        ] {
            assert_eq!(read(wrong, content), Err(REFERENCE), "{wrong}");
            assert_eq!(read(wrong, attribute), Err(REFERENCE), "{wrong}");
        }
        assert_eq!(read("a]]>b", content), Err(NO_END));
    }
}
