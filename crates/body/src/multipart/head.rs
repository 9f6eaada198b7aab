//! The head of a part (RFC 7578 §4, RFC 2046 §5.1), read strictly: what two servers could read differently is refused.

use std::ops::Range;

use super::boundary::LineEnd;
use super::file_name;
use super::parameter::{self, ONE_READING};
use crate::content_type::{ContentType, is_token};
use crate::error::ErrorKind;

/// Headers that tell of a part's content what is no longer true once that has changed. No server needs them (RFC 7578
/// §4.8).
pub(crate) const MEASURES: [&str; 5] = [
    "content-length",
    "content-md5",
    "content-digest",
    "digest",
    "repr-digest",
];

/// What a part's head says.
#[derive(Debug, Default)]
pub(crate) struct Head {
    name: Option<Vec<u8>>,
    extended_name: Option<Vec<u8>>,
    file_names: Vec<FileName>,
    /// Whether its file's name cannot be read in one way: it is cut in pieces, stands twice, or is in another charset.
    odd_file_name: bool,
    content_type: Option<Vec<u8>>,
    encoding: Option<Vec<u8>>,
    content_id: Option<Vec<u8>>,
    /// The lines, with their ends, that measure the content.
    measures: Vec<Range<usize>>,
}

/// A file's name where it is spelled.
#[derive(Debug)]
pub(super) struct FileName {
    /// The parameter's value, quotes included, in the head.
    pub(super) at: Range<usize>,
    /// Whether it is spelled as RFC 8187 says.
    pub(super) extended: bool,
    /// What it says.
    pub(super) text: Vec<u8>,
}

/// The spellings of a file's name, and the personal part of what they say.
type Spelled<'a> = (&'a [FileName], &'a [u8]);

/// How content is encoded in its part (RFC 2045 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// It is not.
    Identity,
    Base64,
    /// Some other way.
    Other,
}

fn malformed(expected: &'static str) -> ErrorKind {
    ErrorKind::Syntax { expected }
}

/// Whether a disposition's kind, or a parameter's name, is a token (RFC 2045 §5.1).
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().copied().all(is_token)
}

impl Head {
    /// Reads the lines between the delimiter's and the empty one, which end so; `form` says that the parts are a form's
    /// fields.
    ///
    /// # Errors
    /// Where a line is malformed, folded, or stands twice.
    pub(crate) fn parse(lines: &[u8], end: LineEnd, form: bool) -> Result<Self, ErrorKind> {
        let mut head = Self::default();
        let mut disposed = false;
        let mut at = 0;
        while at < lines.len() {
            let rest = lines.get(at..).unwrap_or_default();
            let length = memchr::memmem::find(rest, end.bytes()).unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            let whole = at..(at + length + end.bytes().len()).min(lines.len());
            if memchr::memchr3(b'\r', b'\n', 0, line).is_some() {
                return Err(malformed("line breaks of one kind"));
            }
            let colon = memchr::memchr(b':', line).ok_or(malformed("a part's header"))?;
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default();
            if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
                return Err(malformed("a part's header"));
            }
            let once = malformed("a header that stands once");
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            if is("content-disposition") {
                if std::mem::replace(&mut disposed, true) {
                    return Err(once);
                }
                head.disposition(value, at + colon + 1, form)?;
            } else if is("content-type") {
                let value = value.trim_ascii().to_vec();
                if head.content_type.replace(value).is_some() {
                    return Err(once);
                }
            } else if is("content-transfer-encoding") {
                let value = value.trim_ascii().to_ascii_lowercase();
                if head.encoding.replace(value).is_some() {
                    return Err(once);
                }
            } else if is("content-id") {
                let value = value.trim_ascii().to_vec();
                if head.content_id.replace(value).is_some() {
                    return Err(once);
                }
            } else if MEASURES.into_iter().any(is) {
                head.measures.push(whole.clone());
            }
            at = whole.end;
        }
        Ok(head)
    }

    /// Reads a disposition that stands in the head at `from`.
    fn disposition(&mut self, value: &[u8], from: usize, form: bool) -> Result<(), ErrorKind> {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let kind = value.get(..end).unwrap_or_default().trim_ascii();
        if form && !kind.eq_ignore_ascii_case(b"form-data") {
            return Err(malformed("`form-data`"));
        }
        // What stands in it would be a parameter to readers that look for `name=`.
        if !is_name(kind) {
            return Err(malformed("a kind of disposition"));
        }
        let mut at = end;
        let skip = |at: usize| {
            let rest = value.get(at..).unwrap_or_default();
            value.len() - rest.trim_ascii_start().len()
        };
        loop {
            at = skip(at);
            match value.get(at) {
                None => break,
                Some(b';') => at = skip(at + 1),
                Some(_) => return Err(malformed("`;` between parameters")),
            }
            let rest = value.get(at..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let equals = memchr::memchr(b'=', rest).ok_or(malformed("a parameter"))?;
            let (name, value) = rest.split_at(equals);
            // `x name=…` is a parameter of its own to readers that look for `name=`.
            if !is_name(name) {
                return Err(malformed("a parameter's name"));
            }
            let (length, text) = parameter::value(value.get(1..).unwrap_or_default())?;
            let begin = at + equals + 1;
            at = begin + length;
            self.parameter(&name.to_ascii_lowercase(), text, from + begin..from + at)?;
        }
        match (&self.name, &self.extended_name) {
            (Some(name), Some(extended))
                if parameter::readings(name)
                    .iter()
                    .any(|read| read != extended) =>
            {
                Err(malformed("one name of the part"))
            }
            _ => Ok(()),
        }
    }

    fn parameter(&mut self, name: &[u8], text: &[u8], at: Range<usize>) -> Result<(), ErrorKind> {
        let twice = match name {
            b"name" => self.name.replace(text.to_vec()).is_some(),
            b"name*" => {
                let text = parameter::extended(text)?;
                self.extended_name.replace(text).is_some()
            }
            b"filename" => {
                self.add_file_name(false, parameter::file_name(text), at);
                false
            }
            b"filename*" => {
                let decoded = parameter::extended(text);
                self.odd_file_name |= decoded.is_err();
                self.add_file_name(true, decoded.unwrap_or_default(), at);
                false
            }
            _ => {
                self.odd_file_name |= name.starts_with(b"filename*");
                name.starts_with(b"name*")
            }
        };
        if twice {
            return Err(malformed("one name of the part"));
        }
        Ok(())
    }

    fn add_file_name(&mut self, extended: bool, text: Vec<u8>, at: Range<usize>) {
        let mut known = self.file_names.iter();
        self.odd_file_name |= known.any(|known| known.extended == extended);
        self.odd_file_name |= std::str::from_utf8(&text).is_err();
        self.file_names.push(FileName { at, extended, text });
    }

    /// The part's name, as each server may read it; nothing where it has none.
    ///
    /// # Errors
    /// Where it is not UTF-8, or an encoded word (RFC 2047), which only some servers decode.
    pub(super) fn names(&self) -> Result<Vec<Vec<u8>>, ErrorKind> {
        let names = match (&self.name, &self.extended_name) {
            (Some(name), _) => parameter::readings(name),
            (None, Some(name)) => vec![name.clone()],
            (None, None) => Vec::new(),
        };
        for name in &names {
            if std::str::from_utf8(name).is_err() {
                return Err(ErrorKind::Charset);
            }
            if name.starts_with(b"=?") && name.ends_with(b"?=") {
                return Err(ONE_READING);
            }
        }
        Ok(names)
    }

    /// The spellings of the file's name that are to be changed, and the personal part of what they say: where a second
    /// spelling disagrees, the extended one counts.
    ///
    /// # Errors
    /// Where the name also stands in the content type, or cannot be read in one way.
    pub(super) fn file_name(&self) -> Result<Option<Spelled<'_>>, ErrorKind> {
        let kind = self.content_type.as_deref().unwrap_or_default();
        let lower = kind.to_ascii_lowercase();
        let mut parameters = lower.split(|byte| *byte == b';').skip(1);
        if parameters.any(|parameter| parameter.trim_ascii().starts_with(b"name")) {
            return Err(malformed("a file's name in its disposition only"));
        }
        if self.odd_file_name {
            return Err(malformed("a file's name that can be read in one way only"));
        }
        let mut extended = self.file_names.iter().filter(|name| name.extended);
        let Some(said) = extended.next().or(self.file_names.first()) else {
            return Ok(None);
        };
        let (stem, _) = said.text.split_at(file_name::stem(&said.text));
        Ok(Some((&self.file_names, stem)))
    }

    /// The lines that measure the content.
    pub(super) fn measures(&self) -> &[Range<usize>] {
        &self.measures
    }

    /// The content type, where one is given.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where it is malformed.
    pub(crate) fn content_type(&self) -> Result<Option<ContentType>, ErrorKind> {
        let Some(value) = &self.content_type else {
            return Ok(None);
        };
        ContentType::parse(value)
            .map(Some)
            .ok_or(ErrorKind::ContentType)
    }

    /// What other parts call this one.
    pub(crate) fn content_id(&self) -> Option<&[u8]> {
        self.content_id.as_deref()
    }

    /// How the content is encoded.
    pub(crate) fn encoding(&self) -> Encoding {
        match self.encoding.as_deref() {
            None | Some(b"7bit" | b"8bit" | b"binary") => Encoding::Identity,
            Some(b"base64") => Encoding::Base64,
            Some(_) => Encoding::Other,
        }
    }

    /// Whether the content may be one value: a field, or a file that says that it is text.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where it may not.
    pub(super) fn is_value(&self, content_type: Option<&ContentType>) -> Result<(), ErrorKind> {
        let fits = match content_type {
            Some(content_type) => content_type.essence().starts_with("text/"),
            None => self.file_names.is_empty(),
        };
        if !fits {
            return Err(ErrorKind::ContentType);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::places::Places;
    use super::*;
    use crate::edit::PlaceId;
    use crate::plan::Selected;

    fn place(head: &str) -> Result<Option<PlaceId>, ErrorKind> {
        let names = ["n", "a\"b", "é"].into_iter().zip(0..);
        let selected: Vec<_> = names
            .map(|(name, id)| Selected::new(name, PlaceId(id)))
            .collect();
        let places = Places::of(&selected).unwrap();
        let names = Head::parse(head.as_bytes(), LineEnd::CrLf, true)?.names()?;
        places.contents.find(&names, 1)
    }

    #[test]
    fn names_are_read() {
        for (head, expected) in [
            ("Content-Disposition: form-data; name=\"n\"", Some(0)),
            (
                "content-disposition:form-data;NAME=n ; filename=x;",
                Some(0),
            ),
            (
                "X: y\r\nContent-Disposition: form-data; name=\"é\"",
                Some(2),
            ),
            (
                "Content-Disposition: form-data; name*=utf-8''%C3%A9",
                Some(2),
            ),
            (
                "Content-Disposition: form-data; name*=iso-8859-1'fr'%E9",
                Some(2),
            ),
            (
                "Content-Disposition: form-data; name=n; name*=UTF-8''n",
                Some(0),
            ),
            ("Content-Disposition: form-data; name=\"a;nam=b\"", None),
            ("Content-Disposition: form-data; filename=\"n\"", None),
            ("", None),
        ] {
            assert_eq!(place(head), Ok(expected.map(PlaceId)), "{head}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for head in [
            "Content-Disposition: form-data; name=\"n\"; name=\"x\"",
            "Content-Disposition: form-data; name=x; name*=utf-8''n",
            "Content-Disposition: form-data; name=n; name*=utf-8''x",
            "Content-Disposition: form-data; name*=utf-16''%00n",
            "Content-Disposition: form-data; name*=utf-8''n; name*=utf-8''n",
            "Content-Disposition: form-data; name*0=\"n\"",
            "Content-Disposition: form-data; name=\"=?utf-8?B?bg==?=\"",
            "Content-Disposition: form-data; name=\"N\"",
            "Content-Disposition: form-data; name=\"n[]\"",
            "Content-Disposition: form-data; name=\"x\"\r\nContent-Disposition: form-data; name=\"n\"",
            "Content-Disposition: form-data;\r\n name=\"n\"",
            "Content-Disposition: form-data; name=\"\\n\"",
            "Content-Disposition: form-data; name=\"a%22b\"",
            "Content-Disposition: form-data; name=\"a\\\"b\"",
            "Content-Disposition: form-data; name=\"x\\\"; name=\"n\"",
            "Content-Disposition: form-data; name=\"a;name=b\"",
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
