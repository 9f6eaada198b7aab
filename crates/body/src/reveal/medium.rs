//! What a body is, from its content type: the format its contexts belong to, and the charset it is written in.

use std::sync::Arc;

use crate::escape::Charset;
use crate::multipart::Boundary;
use crate::zip;

/// The formats whose contexts are known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JSON (`application/json`, `+json`).
    Json,
    /// Streams of JSON texts, one a line (NDJSON, JSON sequences).
    JsonLines,
    /// HTML.
    Html,
    /// XML of any vocabulary, SVG and XHTML among them.
    Xml,
    /// JavaScript, JSONP among it.
    Script,
    /// Style sheets, programs, lists of URLs and the like, in which nothing is safe: every token stays.
    Code,
    /// Comma-, semicolon- or tab-separated values.
    Csv,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Any multipart type with this boundary: each part by its own type.
    Multipart(Arc<[u8]>),
    /// A message of mail: a head, and what is behind it by the type that the head gives.
    Message,
    /// A document of an office program, which is a ZIP archive.
    Document,
    /// `text/event-stream`.
    Events,
    /// iCalendar and vCard.
    Lines,
    /// Text of no format.
    Plain,
    /// A body without a type, which browsers sniff: it is read by its first byte, and a token that is its beginning
    /// stays, lest the value make it HTML (WHATWG MIME Sniffing §7.1).
    Unnamed,
    /// Text in a charset that is not read, or declared without what reading it needs: it passes and is counted.
    Untouched,
}

/// What a body is. `None` from [`Medium::of`] means bytes that hold no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    format: Format,
    charset: Charset,
}

/// Text of no format, in UTF-8.
impl Default for Medium {
    fn default() -> Self {
        Self {
            format: Format::Plain,
            charset: Charset::Utf8,
        }
    }
}

impl Medium {
    /// The medium of a `Content-Type`: its essence (`type/subtype`, any case; empty where the header is absent),
    /// its `charset` and its `boundary`. `None` where the type holds no text: such a body passes untouched.
    #[must_use]
    pub fn of(essence: &str, charset: Option<&str>, boundary: Option<&str>) -> Option<Self> {
        let essence = essence.trim().to_ascii_lowercase();
        let format = format_of(&essence, boundary)?;
        let declared = charset.map(Charset::of);
        let (format, charset) = match (declared, &format) {
            (Some(None), _) => (Format::Untouched, Charset::Utf8),
            (Some(Some(charset)), _) => (format, charset),
            (None, Format::Html | Format::Xml | Format::Script) => (format, Charset::Undeclared),
            (None, _) => (format, Charset::Utf8),
        };
        // WHATWG HTML §9.2: an event stream is always decoded as UTF-8.
        let charset = if format == Format::Events {
            Charset::Utf8
        } else {
            charset
        };
        Some(Self { format, charset })
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// The charset in which values are written.
    #[must_use]
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Whether a byte-order mark may say that it is in another charset.
    pub(super) fn may_be_marked(&self) -> bool {
        !matches!(
            self.format,
            Format::Untouched
                | Format::Code
                | Format::Events
                | Format::Multipart(_)
                | Format::Message
                | Format::Document
        )
    }

    /// Whether it is text that passes unread.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.format == Format::Untouched
    }

    /// Whether its reader waits for each message of it, so that none may be held for the sake of the next.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.format == Format::Events
    }
}

fn format_of(essence: &str, boundary: Option<&str>) -> Option<Format> {
    let (kind, subtype) = essence.split_once('/').unwrap_or((essence, ""));
    let format = match (kind, subtype) {
        ("", "") => Format::Unnamed,
        (_, "json" | "x-json") => Format::Json,
        (_, "ndjson" | "x-ndjson" | "jsonl" | "jsonlines" | "x-jsonlines" | "json-seq") => {
            Format::JsonLines
        }
        (_, subtype) if subtype.ends_with("+json") => Format::Json,
        (_, subtype)
            if ["+json-seq", "+ndjson", "+jsonl"]
                .iter()
                .any(|suffix| subtype.ends_with(suffix)) =>
        {
            Format::JsonLines
        }
        ("text", "html") => Format::Html,
        (_, "xml" | "xml-dtd" | "xsl") => Format::Xml,
        (_, subtype) if subtype.ends_with("+xml") => Format::Xml,
        (
            _,
            "javascript" | "ecmascript" | "x-javascript" | "x-ecmascript" | "jscript"
            | "livescript",
        ) => Format::Script,
        (
            "text",
            "css" | "yaml" | "x-yaml" | "vnd.yaml" | "toml" | "x-toml" | "sql" | "x-sql" | "x-sh"
            | "x-shellscript" | "x-python" | "uri-list" | "rtf" | "richtext" | "typescript" | "jsx",
        ) => Format::Code,
        ("text", "calendar" | "vcard" | "x-vcard" | "directory") => Format::Lines,
        ("text", "csv" | "tab-separated-values" | "comma-separated-values" | "x-csv") => {
            Format::Csv
        }
        ("application", "csv" | "x-csv") => Format::Csv,
        ("application", "x-www-form-urlencoded") => Format::Form,
        ("multipart", _) => match boundary {
            Some(boundary) if Boundary::new(boundary).is_ok() => {
                Format::Multipart(Arc::from(boundary.as_bytes()))
            }
            _ => Format::Untouched,
        },
        ("message", "rfc822" | "global") => Format::Message,
        _ if zip::is_document(essence) => Format::Document,
        ("text", "event-stream") => Format::Events,
        ("text", _) => Format::Plain,
        _ => return None,
    };
    Some(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(essence: &str) -> Option<Format> {
        Medium::of(essence, None, Some("b")).map(|medium| medium.format)
    }

    #[test]
    fn types_are_read_by_their_essence() {
        assert_eq!(format("application/fhir+json"), Some(Format::Json));
        assert_eq!(format("Text/HTML"), Some(Format::Html));
        assert_eq!(format("image/svg+xml"), Some(Format::Xml));
        assert_eq!(format("application/javascript"), Some(Format::Script));
        assert_eq!(format("text/x-unheard-of"), Some(Format::Plain));
        assert_eq!(format(""), Some(Format::Unnamed));
        assert_eq!(
            format("multipart/mixed"),
            Some(Format::Multipart(Arc::from(&b"b"[..])))
        );
        assert_eq!(format("image/png"), None);
        assert_eq!(format("application/octet-stream"), None);
    }

    #[test]
    fn charsets_that_are_not_read_pass_untouched() {
        let medium = Medium::of("text/plain", Some("iso-2022-jp"), None).unwrap();
        assert!(medium.is_unread());
        let medium = Medium::of("text/event-stream", Some("iso-8859-1"), None).unwrap();
        assert_eq!(medium.charset(), Charset::Utf8);
        let medium = Medium::of("text/html", None, None).unwrap();
        assert_eq!(medium.charset(), Charset::Undeclared);
    }
}
