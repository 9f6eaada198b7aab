//! What a body declares its charset to be, wherever it may be said: `Content-Type`, byte-order mark (WHATWG Encoding
//! §6), XML declaration, HTML's `meta`. What is said twice must agree: servers do not all believe the same one.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{encoding, is_utf_16, meta, xml};
use crate::error::ErrorKind;

/// Where a format says in which charset it is, beside the `Content-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declares {
    /// Nowhere; and it is in an encoding that holds ASCII (RFC 8259 §8.1: JSON has no byte-order mark and is not in
    /// UTF-16).
    Nowhere,
    /// A byte-order mark.
    Mark,
    /// A byte-order mark and the XML declaration.
    Xml,
    /// A byte-order mark and a `meta` element.
    Html,
}

/// A charset that something names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    encoding: &'static Encoding,
    /// UTF-16, in the order that a mark must say (RFC 2781 §4.3 and WHATWG differ where there is none).
    unordered: bool,
}

/// What a body is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) encoding: &'static Encoding,
    /// The length of its byte-order mark.
    pub(crate) mark: usize,
}

/// Reads the `charset` of a `Content-Type`. ASCII is a part of whatever else is declared, and says nothing.
///
/// # Errors
/// [`ErrorKind::Encoding`] where it is not one that text can be rewritten in.
pub(crate) fn header(label: Option<&str>) -> Result<Option<Named>, ErrorKind> {
    label.map_or(Ok(None), named)
}

fn named(label: &str) -> Result<Option<Named>, ErrorKind> {
    let label = label.trim_ascii();
    if label.eq_ignore_ascii_case("us-ascii") || label.eq_ignore_ascii_case("ascii") {
        return Ok(None);
    }
    let encoding = encoding(label)?;
    let ordered = label.eq_ignore_ascii_case("utf-16le") || label.eq_ignore_ascii_case("utf-16be");
    Ok(Some(Named {
        encoding,
        unordered: is_utf_16(encoding) && !ordered,
    }))
}

const TWICE: ErrorKind = ErrorKind::Encoding {
    why: "the content type, the byte-order mark and the document name different ones; name one",
};

impl Declares {
    /// Reads what the beginning of a body says; nothing while more of it decides. `last` says that there is no more.
    ///
    /// # Errors
    /// [`ErrorKind::Encoding`] where what is said does not agree, or cannot be honoured; [`ErrorKind::Syntax`] where
    /// a declaration is malformed.
    pub(crate) fn read(
        self,
        bytes: &[u8],
        last: bool,
        header: Option<Named>,
    ) -> Result<Option<Declared>, ErrorKind> {
        if self == Self::Nowhere {
            let encoding = header.map_or(UTF_8, |named| named.encoding);
            return Ok(Some(Declared { encoding, mark: 0 }));
        }
        if bytes.len() < 4 && !last {
            return Ok(None);
        }
        let marked = mark(bytes)?;
        let length = marked.map_or(0, |declared| declared.mark);
        let agreed = match (header, marked) {
            (Some(named), None) if named.unordered => return Err(UNORDERED),
            (Some(named), Some(marked)) if !named.agrees(marked.encoding) => return Err(TWICE),
            (_, Some(marked)) => Some(marked.encoding),
            (Some(named), None) => Some(named.encoding),
            (None, None) => None,
        };
        let begins = bytes.get(length..).unwrap_or_default();
        let text = match agreed.filter(|encoding| is_utf_16(encoding)) {
            Some(encoding) => {
                let units = begins.get(..begins.len() & !1).unwrap_or_default();
                let (text, _) = encoding.decode_without_bom_handling(units);
                Cow::Owned(text.into_owned().into_bytes())
            }
            None => Cow::Borrowed(begins),
        };
        let inside = match self {
            Self::Nowhere | Self::Mark => None,
            Self::Xml => match document(&text, last)? {
                Some(inside) => inside,
                None => return Ok(None),
            },
            Self::Html if text.len() < meta::REACH && !last => return Ok(None),
            Self::Html => match meta::label(&text) {
                Some(label) => named(std::str::from_utf8(&label).unwrap_or("?"))?,
                None => match xml::declaration(&text, true) {
                    xml::Declaration::Names(label) => named(label)?,
                    _ => None,
                },
            },
        };
        let encoding = match (agreed, inside) {
            (Some(agreed), Some(inside)) if !inside.agrees(agreed) => return Err(TWICE),
            (None, Some(inside)) if is_utf_16(inside.encoding) => return Err(UNORDERED),
            (Some(agreed), _) => agreed,
            (None, Some(inside)) => inside.encoding,
            (None, None) => UTF_8,
        };
        let mark = length;
        Ok(Some(Declared { encoding, mark }))
    }
}

impl Named {
    /// Whether it is this encoding, in whatever order.
    pub(super) fn is(self, encoding: &'static Encoding) -> bool {
        self.encoding == encoding
    }

    /// Whether it is UTF-16.
    pub(super) fn is_wide(self) -> bool {
        is_utf_16(self.encoding)
    }

    fn agrees(self, encoding: &'static Encoding) -> bool {
        self.encoding == encoding || (self.unordered && is_utf_16(encoding))
    }
}

const UNORDERED: ErrorKind = ErrorKind::Encoding {
    why: "UTF-16 without a byte-order mark can be read in two ways; send UTF-8",
};

/// What an XML document says; nothing while more of it decides.
fn document(text: &[u8], last: bool) -> Result<Option<Option<Named>>, ErrorKind> {
    match xml::declaration(text, last) {
        xml::Declaration::More => Ok(None),
        xml::Declaration::Silent => Ok(Some(None)),
        xml::Declaration::Names(label) => named(label).map(Some),
        xml::Declaration::Malformed => Err(ErrorKind::Syntax {
            expected: "an XML declaration of version, encoding and standalone",
        }),
    }
}

/// The byte-order mark that bytes begin with.
fn mark(bytes: &[u8]) -> Result<Option<Declared>, ErrorKind> {
    let (encoding, mark) = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            return Err(ErrorKind::Encoding {
                why: "UTF-32 is not read; send UTF-8",
            });
        }
        [0xef, 0xbb, 0xbf, ..] => (UTF_8, 3),
        [0xfe, 0xff, ..] => (UTF_16BE, 2),
        [0xff, 0xfe, ..] => (UTF_16LE, 2),
        _ => return Ok(None),
    };
    Ok(Some(Declared { encoding, mark }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1252;

    /// The name of the encoding and the length of the mark; or nothing where it is refused.
    fn read(
        declares: Declares,
        label: Option<&str>,
        bytes: &[u8],
    ) -> Option<(&'static str, usize)> {
        let header = header(label).ok()?;
        let whole = declares.read(bytes, true, header);
        for at in 0..bytes.len() {
            let early = declares.read(&bytes[..at], false, header);
            assert!(early == Ok(None) || early == whole, "{bytes:?} at {at}");
        }
        let declared = whole.ok()??;
        Some((declared.encoding.name(), declared.mark))
    }

    fn wide(text: &str) -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect()
    }

    #[test]
    fn xml_says_it_in_its_declaration() {
        let xml = |label, bytes: &[u8]| read(Declares::Xml, label, bytes);
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>";
        let latin_name = WINDOWS_1252.name();
        assert_eq!(xml(None, latin), Some((latin_name, 0)));
        assert_eq!(xml(Some("latin1"), latin), Some((latin_name, 0)));
        assert_eq!(xml(Some("us-ascii"), latin), Some((latin_name, 0)));
        assert_eq!(xml(Some("utf-8"), latin), None);
        assert_eq!(xml(None, &[b"\xef\xbb\xbf", &latin[..]].concat()), None);
        assert_eq!(xml(None, b"<a/>"), Some(("UTF-8", 0)));
        assert_eq!(xml(Some("latin1"), b"<a/>"), Some((latin_name, 0)));
        assert_eq!(xml(None, b"\xef\xbb\xbf<a/>"), Some(("UTF-8", 3)));
        let utf_16 = wide("<?xml version='1.0' encoding='UTF-16'?><a/>");
        assert_eq!(xml(None, &utf_16), Some(("UTF-16LE", 2)));
        assert_eq!(xml(Some("utf-16"), &utf_16), Some(("UTF-16LE", 2)));
        assert_eq!(xml(Some("utf-16be"), &utf_16), None);
        assert_eq!(
            xml(None, &wide("<?xml version='1.0' encoding='utf-8'?>")),
            None
        );
        // It says UTF-16 in bytes that are not.
        assert_eq!(
            xml(None, b"<?xml version='1.0' encoding='UTF-16'?><a/>"),
            None
        );
        assert_eq!(
            xml(None, b"<?xml version='1.0' encoding='utf-7'?><a/>"),
            None
        );
        assert_eq!(xml(None, b"<?xml encoding='utf-8'?><a/>"), None);
    }

    #[test]
    fn html_says_it_in_a_meta_element() {
        let html = |label, bytes: &[u8]| read(Declares::Html, label, bytes);
        let latin = b"<!doctype html><meta charset=latin1><p>";
        assert_eq!(html(None, latin), Some((WINDOWS_1252.name(), 0)));
        assert_eq!(
            html(Some("iso-8859-1"), latin),
            Some((WINDOWS_1252.name(), 0))
        );
        assert_eq!(html(Some("utf-8"), latin), None);
        assert_eq!(html(None, b"<p>"), Some(("UTF-8", 0)));
        assert_eq!(html(None, b"<meta charset=us-ascii>"), Some(("UTF-8", 0)));
        assert_eq!(html(None, b"<meta charset=no-such>"), None);
        assert_eq!(html(None, b"<meta charset=utf-16>"), None);
        assert_eq!(
            html(None, &wide("<meta charset=utf-16>")),
            Some(("UTF-16LE", 2))
        );
        let xhtml = b"<?xml version='1.0' encoding='latin1'?><p>";
        assert_eq!(html(None, xhtml), Some((WINDOWS_1252.name(), 0)));
        let long = [&b"<p>".repeat(400), &latin[..]].concat();
        assert_eq!(html(None, &long), Some(("UTF-8", 0)));
    }

    #[test]
    fn json_says_it_nowhere() {
        let json = |bytes: &[u8]| read(Declares::Nowhere, Some("latin1"), bytes);
        assert_eq!(json(b"\xff\xfe"), Some((WINDOWS_1252.name(), 0)));
    }
}
