//! The head of a part (RFC 7578 §4), read strictly: what two servers could read differently is refused.

use crate::content_type::ContentType;
use crate::edit::PlaceId;
use crate::error::ErrorKind;
use crate::form::Fields;

/// What a part's head says.
#[derive(Debug, Default)]
pub(super) struct Head {
    name: Option<Vec<u8>>,
    file: bool,
    content_type: Option<Vec<u8>>,
    encoding: Option<Vec<u8>>,
}

fn malformed(expected: &'static str) -> ErrorKind {
    ErrorKind::Syntax { expected }
}

impl Head {
    /// Reads the lines between the delimiter's and the empty one.
    ///
    /// # Errors
    /// Where a line is malformed, folded, or stands twice.
    pub(super) fn parse(lines: &[u8]) -> Result<Self, ErrorKind> {
        let mut head = Self::default();
        let mut disposed = false;
        let mut rest = lines;
        while !rest.is_empty() {
            let end = memchr::memmem::find(rest, b"\r\n").unwrap_or(rest.len());
            let line = rest.get(..end).unwrap_or_default();
            rest = rest.get(end + 2..).unwrap_or_default();
            if memchr::memchr3(b'\r', b'\n', 0, line).is_some() {
                return Err(malformed("a line break of two characters"));
            }
            let colon = memchr::memchr(b':', line).ok_or(malformed("a part's header"))?;
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_graphic()) {
                return Err(malformed("a part's header"));
            }
            let once = malformed("a header that stands once");
            if name.eq_ignore_ascii_case(b"content-disposition") {
                if std::mem::replace(&mut disposed, true) {
                    return Err(once);
                }
                head.disposition(value)?;
            } else if name.eq_ignore_ascii_case(b"content-type") {
                if head.content_type.replace(value.to_vec()).is_some() {
                    return Err(once);
                }
            } else if name.eq_ignore_ascii_case(b"content-transfer-encoding")
                && head.encoding.replace(value.to_ascii_lowercase()).is_some()
            {
                return Err(once);
            }
        }
        Ok(head)
    }

    fn disposition(&mut self, value: &[u8]) -> Result<(), ErrorKind> {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        if !value
            .get(..end)
            .unwrap_or_default()
            .trim_ascii()
            .eq_ignore_ascii_case(b"form-data")
        {
            return Err(malformed("`form-data`"));
        }
        let mut rest = value.get(end..).unwrap_or_default();
        loop {
            rest = rest.trim_ascii_start();
            let Some((separator, after)) = rest.split_first() else {
                return Ok(());
            };
            if *separator != b';' {
                return Err(malformed("`;` between parameters"));
            }
            rest = after.trim_ascii_start();
            if rest.is_empty() {
                return Ok(());
            }
            let equals = memchr::memchr(b'=', rest).ok_or(malformed("a parameter"))?;
            let (name, after) = rest.split_at(equals);
            let (value, after) = parameter(after.get(1..).unwrap_or_default())?;
            rest = after;
            match name.to_ascii_lowercase().as_slice() {
                b"name" if self.name.is_none() => self.name = Some(value.to_vec()),
                b"name" | b"name*" => return Err(malformed("one name of the part")),
                name if name.starts_with(b"name*") => {
                    return Err(malformed("one name of the part"));
                }
                b"filename" | b"filename*" => self.file = true,
                _ => {}
            }
        }
    }

    /// The place that the part's name means. A backslash is an escape to some servers and a character to others,
    /// and so are the percent sequences that browsers write for quotes and line breaks: a name whose readings
    /// disagree is refused.
    ///
    /// # Errors
    /// As said, and where the name is not UTF-8.
    pub(super) fn place(&self, fields: &mut Fields) -> Result<Option<PlaceId>, ErrorKind> {
        let Some(name) = &self.name else {
            return Ok(None);
        };
        if std::str::from_utf8(name).is_err() {
            return Err(ErrorKind::Charset);
        }
        let place = fields.begin(name);
        let names = &fields.names;
        if memchr::memchr2(b'\\', b'%', name).is_some() {
            let unescaped = unescape(name);
            let readings = [
                names.find(&unescaped),
                names.find(&browsers(name)),
                names.find(&browsers(&unescaped)),
            ];
            if readings.iter().any(|other| *other != place) {
                return Err(malformed("a name that can be read in one way only"));
            }
        }
        Ok(place)
    }

    /// Whether the part may stand at a place: text in UTF-8, without an encoding around it.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where it is no text, or a file that does not say that it is; [`ErrorKind::Charset`]
    /// and [`ErrorKind::Coding`] where it is text in another charset or coding.
    pub(super) fn is_text(&self) -> Result<(), ErrorKind> {
        match self.encoding.as_deref() {
            None | Some(b"7bit" | b"8bit" | b"binary") => {}
            Some(_) => {
                return Err(ErrorKind::Coding {
                    why: "the part has a transfer encoding",
                });
            }
        }
        let Some(value) = &self.content_type else {
            return if self.file {
                Err(ErrorKind::ContentType)
            } else {
                Ok(())
            };
        };
        let content_type = ContentType::parse(value).ok_or(ErrorKind::ContentType)?;
        if !content_type.essence().starts_with("text/") {
            return Err(ErrorKind::ContentType);
        }
        if content_type.is_utf8() {
            Ok(())
        } else {
            Err(ErrorKind::Charset)
        }
    }
}

/// A parameter's value without its quotes, its escapes kept, and what follows it.
fn parameter(text: &[u8]) -> Result<(&[u8], &[u8]), ErrorKind> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = memchr::memchr(b';', text).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        let value = value.trim_ascii_end();
        if value.is_empty()
            || value
                .iter()
                .any(|byte| *byte == b'"' || byte.is_ascii_whitespace())
        {
            return Err(malformed("a parameter's value"));
        }
        return Ok((value, after));
    };
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', quoted.get(at..).unwrap_or_default())
            .ok_or(malformed("a closing quote"))?;
        if quoted.get(at) == Some(&b'"') {
            return Ok((
                quoted.get(..at).unwrap_or_default(),
                quoted.get(at + 1..).unwrap_or_default(),
            ));
        }
        // A backslash before a quote escapes it, or the two readings part here: before anything but the end of
        // the parameter both go on alike.
        let escapes_quote = quoted.get(at + 1) == Some(&b'"');
        let ends_here = quoted.get(at + 2).is_none_or(|byte| *byte == b';');
        if escapes_quote && ends_here {
            return Err(malformed("a name that can be read in one way only"));
        }
        at += 2;
    }
}

/// The name as a reader of quoted strings takes it (RFC 9110 §5.6.4).
fn unescape(name: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => read.extend(bytes.next()),
            _ => read.push(*byte),
        }
    }
    read
}

/// The name as a reader takes it that undoes what browsers write (WHATWG HTML §4.10.21.8).
fn browsers(name: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        let escaped = [(b"%22", b'"'), (b"%0D", b'\r'), (b"%0A", b'\n')];
        let found = escaped
            .iter()
            .find(|(spelling, _)| rest.starts_with(*spelling));
        match found {
            Some((spelling, byte)) => {
                read.push(*byte);
                rest = rest.get(spelling.len()..).unwrap_or_default();
            }
            None => {
                read.push(*first);
                rest = after;
            }
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::form::{Name, Names};

    fn place(head: &str) -> Result<Option<PlaceId>, ErrorKind> {
        let names = ["n", "a\"b", "é"].iter().zip(0..);
        let names = names
            .map(|(name, id)| (Name::parse(name).unwrap(), PlaceId(id)))
            .collect();
        let names = Names::compile(names).unwrap();
        let mut fields = Fields::new(names.into(), Limits::default());
        Head::parse(head.as_bytes())?.place(&mut fields)
    }

    #[test]
    fn names_are_read() {
        assert_eq!(
            place("Content-Disposition: form-data; name=\"n\""),
            Ok(Some(PlaceId(0)))
        );
        assert_eq!(
            place("content-disposition:form-data;NAME=n ; filename=x;"),
            Ok(Some(PlaceId(0)))
        );
        assert_eq!(
            place("X: y\r\nContent-Disposition: form-data; name=\"é\""),
            Ok(Some(PlaceId(2)))
        );
        assert_eq!(
            place("Content-Disposition: form-data; name=\"a;name=b\""),
            Ok(None)
        );
        assert_eq!(
            place("Content-Disposition: form-data; filename=\"n\""),
            Ok(None)
        );
        assert_eq!(place(""), Ok(None));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for head in [
            "Content-Disposition: form-data; name=\"n\"; name=\"x\"",
            "Content-Disposition: form-data; name=x; name*=utf-8''n",
            "Content-Disposition: form-data; name*0=\"n\"",
            "Content-Disposition: form-data; name=\"x\"\r\nContent-Disposition: form-data; name=\"n\"",
            "Content-Disposition: form-data;\r\n name=\"n\"",
            "Content-Disposition: form-data; name=\"\\n\"",
            "Content-Disposition: form-data; name=\"a%22b\"",
            "Content-Disposition: form-data; name=\"a\\\"b\"",
            "Content-Disposition: form-data; name=\"x\\\"; name=\"n\"",
            "Content-Disposition: form-data; name=\"n",
            "Content-Disposition: form-data; name",
            "Content-Disposition: form-data; name=\"x\" name=\"n\"",
            "Content-Disposition: attachment; name=\"n\"",
            "Content-Disposition : form-data; name=\"n\"",
            "Content-Disposition: form-data; name=\"x\"\nContent-Disposition: form-data; name=\"n\"",
            "nonsense",
        ] {
            assert!(place(head).is_err(), "{head}");
        }
    }
}
