//! `Content-Type` (RFC 9110 §8.3) read once, for both directions.
//!
//! A request is read strictly: what two servers could read differently (a parameter twice, an open quote, two
//! values) is no content type. A response is read as a browser would: what is malformed is passed over. Of several
//! values browsers do not all take the same, so they are no content type either.

/// A media type with the parameters that matter here. Essence and charset are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    essence: Box<str>,
    charset: Option<Box<str>>,
    boundary: Option<Box<str>>,
}

impl ContentType {
    /// Reads a request's field value. `None` where it is malformed or could be read in two ways.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        Reader::new(value).read(Reading::Strict)
    }

    /// Reads a response's field value: malformed or repeated parameters are passed over. `None` where not even
    /// the media type can be read, or where a comma says that there are several.
    #[must_use]
    pub fn parse_tolerant(value: &[u8]) -> Option<Self> {
        Reader::new(value).read(Reading::Tolerant)
    }

    /// `type/subtype` in lower case.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The `charset` parameter in lower case.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }

    /// The `boundary` parameter as it is spelled.
    #[must_use]
    pub fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }

    /// Whether the subtype ends in this structured suffix (RFC 6838 §4.2.8), given without its `+`.
    #[must_use]
    pub fn has_suffix(&self, suffix: &str) -> bool {
        self.essence
            .rsplit_once('+')
            .is_some_and(|(_, last)| last == suffix)
    }

    /// Whether no charset is named, or one of which UTF-8 is a superset.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        matches!(self.charset(), None | Some("utf-8" | "utf8" | "us-ascii"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Strict,
    Tolerant,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(value: &'a [u8]) -> Self {
        Self {
            rest: value.trim_ascii(),
        }
    }

    fn read(mut self, reading: Reading) -> Option<ContentType> {
        let main = lower(self.token()?)?;
        self.take(b'/').then_some(())?;
        let sub = lower(self.token()?)?;
        let mut read = ContentType {
            essence: format!("{main}/{sub}").into(),
            charset: None,
            boundary: None,
        };
        loop {
            self.space();
            if self.rest.is_empty() {
                return Some(read);
            }
            if !self.take(b';') {
                return match reading {
                    Reading::Strict => None,
                    Reading::Tolerant => (!self.rest.contains(&b',')).then_some(read),
                };
            }
            self.space();
            if self.rest.is_empty() || self.rest.first() == Some(&b';') {
                continue;
            }
            let complete = self.parameter(&mut read, reading);
            if complete.is_none() {
                match reading {
                    Reading::Strict => return None,
                    Reading::Tolerant => self.skip_to_semicolon()?,
                }
            }
        }
    }

    /// Reads one `name=value` into `read`.
    fn parameter(&mut self, read: &mut ContentType, reading: Reading) -> Option<()> {
        let name = lower(self.token()?)?;
        self.take(b'=').then_some(())?;
        let value = if self.rest.first() == Some(&b'"') {
            self.quoted()?
        } else {
            text(self.token()?)?.to_owned()
        };
        let slot = match name.as_str() {
            "charset" => &mut read.charset,
            "boundary" => &mut read.boundary,
            _ => return Some(()),
        };
        if slot.is_some() {
            return match reading {
                Reading::Strict => None,
                Reading::Tolerant => Some(()),
            };
        }
        *slot = Some(if name == "charset" {
            value.to_ascii_lowercase().into()
        } else {
            value.into()
        });
        Some(())
    }

    fn token(&mut self) -> Option<&'a [u8]> {
        let length = self
            .rest
            .iter()
            .position(|byte| !is_token(*byte))
            .unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    fn quoted(&mut self) -> Option<String> {
        let mut bytes = self.rest.get(1..)?.iter();
        let mut value = Vec::new();
        loop {
            match *bytes.next()? {
                b'"' => break,
                b'\\' => value.push(quotable(*bytes.next()?)?),
                byte => value.push(quotable(byte)?),
            }
        }
        self.rest = bytes.as_slice();
        String::from_utf8(value).ok()
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// `None` where a comma stands before it.
    fn skip_to_semicolon(&mut self) -> Option<()> {
        let at = memchr::memchr2(b';', b',', self.rest).unwrap_or(self.rest.len());
        self.rest = self.rest.get(at..).unwrap_or_default();
        (self.rest.first() != Some(&b',')).then_some(())
    }
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 9110 §5.6.4: a quoted string holds no control characters but the tab.
fn quotable(byte: u8) -> Option<u8> {
    (byte == b'\t' || (byte >= b' ' && byte != 0x7f)).then_some(byte)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn lower(bytes: &[u8]) -> Option<String> {
    text(bytes).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(value: &str) -> Option<(String, Option<String>, Option<String>)> {
        ContentType::parse(value.as_bytes()).map(|read| {
            (
                read.essence.into(),
                read.charset.map(Into::into),
                read.boundary.map(Into::into),
            )
        })
    }

    #[test]
    fn type_and_parameters_are_read() {
        assert_eq!(parts("text/html"), Some(("text/html".into(), None, None)));
        assert_eq!(
            parts("Application/JSON; Charset=\"UTF-8\";odd=1; "),
            Some(("application/json".into(), Some("utf-8".into()), None))
        );
        assert_eq!(
            parts("multipart/form-data; boundary=\"a \\\"b\""),
            Some(("multipart/form-data".into(), None, Some("a \"b".into())))
        );
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused_in_requests() {
        for value in [
            "",
            "json",
            "text/",
            "/plain",
            "text/plain, text/html",
            "text/plain; charset",
            "text/plain; charset=",
            "text/plain; charset=utf-8; charset=utf-16",
            "text/plain; boundary=\"open",
            "text/plain charset=utf-8",
            "text/plain; charset = utf-8",
        ] {
            assert_eq!(parts(value), None, "{value}");
        }
    }

    #[test]
    fn responses_are_read_tolerantly() {
        let read = |value: &str| ContentType::parse_tolerant(value.as_bytes());
        let html = read("text/html; ???; charset=Latin1; charset=utf-8").unwrap();
        assert_eq!(
            (html.essence(), html.charset()),
            ("text/html", Some("latin1"))
        );
        let quoted = read("multipart/mixed; boundary=\"a,b\"").unwrap();
        assert_eq!(quoted.boundary(), Some("a,b"));
        for value in [
            "html",
            "text/plain, text/html",
            "text/plain; ?, text/html;x=1",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn a_structured_suffix_is_seen() {
        let read = ContentType::parse(b"application/fhir+json").unwrap();
        assert!(read.has_suffix("json") && !read.has_suffix("xml"));
    }
}
