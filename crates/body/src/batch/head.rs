//! The head of a request in a batch, read strictly (RFC 9112 §3, §5), and what an editor says of it.

use std::ops::Range;

use super::shape::Base;
use crate::Rewriter;
use crate::content_type::is_token;
use crate::error::ErrorKind;
use crate::multipart::LineEnd;

/// The head of a request that stands in a body.
pub struct Head<'a> {
    /// The method.
    pub method: &'a str,
    /// The target, with its query, as it is spelled: visible ASCII.
    pub target: Target<'a>,
    /// The headers in their order, names as they are spelled.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// What the part is called, for targets of requests behind this one; empty where it has no name.
    pub content_id: &'a [u8],
    /// Where targets begin that are no whole URLs, whether or not they begin with a slash; nothing where they are read as
    /// any link is.
    pub base: Option<&'a Base>,
}

/// What a request in a batch asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A path from the host's root: `/api/contacts(1)`.
    Origin(&'a str),
    /// A whole URL (`http` or `https`).
    Absolute(&'a str),
    /// A path from the batch's own service root: `contacts(1)`.
    Relative(&'a str),
    /// What another request of the batch makes: `$1/orders`, `/accounts/@{account.id}`.
    Reference(&'a str),
}

/// What becomes of a request in a batch.
#[derive(Default)]
pub struct Decision {
    /// The target that takes the place of the one that came.
    pub target: Option<Vec<u8>>,
    /// Headers by name, in any case, and the value that takes the place of the one that came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What the body is rewritten by; it passes as it came where this is nothing. Not asked where the request has none.
    pub body: Option<Box<dyn Rewriter>>,
}

impl std::fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers = self.headers.len();
        write!(
            f,
            "Head({}, {:?}, {headers} headers)",
            self.method, self.target
        )
    }
}

impl std::fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, text) = match self {
            Self::Origin(text) => ("Origin", text),
            Self::Absolute(text) => ("Absolute", text),
            Self::Relative(text) => ("Relative", text),
            Self::Reference(text) => ("Reference", text),
        };
        write!(f, "{kind}(‹{} bytes›)", text.len())
    }
}

impl std::fmt::Debug for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decision")
            .field("target", &self.target.is_some())
            .field("headers", &self.headers.len())
            .field("body", &self.body.is_some())
            .finish()
    }
}

/// A head that was read: where its pieces stand in it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) method: Range<usize>,
    pub(super) target: Range<usize>,
    /// Names and values.
    pub(super) headers: Vec<(Range<usize>, Range<usize>)>,
}

/// Headers that change what the bytes of a body mean, or that end a request elsewhere than what it stands in does.
pub(super) const FRAMING: [&str; 3] = ["transfer-encoding", "content-encoding", "upgrade"];

/// Headers of which the readers of a request take different ones where they stand twice.
pub(super) const ONCE: [&str; 3] = ["host", "content-type", "content-length"];

pub(super) const fn malformed(expected: &'static str) -> ErrorKind {
    ErrorKind::Syntax { expected }
}

impl Read {
    /// Reads the lines of a head, without the empty one behind them.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where two servers could read it differently.
    pub(super) fn parse(lines: &[u8], end: LineEnd) -> Result<Self, ErrorKind> {
        let mut at = 0;
        let mut read: Option<Self> = None;
        while at < lines.len() {
            let rest = lines.get(at..).unwrap_or_default();
            let length = memchr::memmem::find(rest, end.bytes()).unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            if memchr::memchr3(b'\r', b'\n', 0, line).is_some() {
                return Err(malformed("line breaks of one kind in a request"));
            }
            match &mut read {
                None => read = Some(Self::request_line(line)?),
                Some(read) => read.header(line, at)?,
            }
            at += length + end.bytes().len();
        }
        read.ok_or(malformed("a request line"))
    }

    fn request_line(line: &[u8]) -> Result<Self, ErrorKind> {
        let fault = malformed("a request line");
        let first = memchr::memchr(b' ', line).ok_or(fault.clone())?;
        let (method, rest) = line.split_at(first);
        let rest = rest.get(1..).unwrap_or_default();
        let length = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let (target, version) = rest.split_at(length);
        let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_uppercase);
        let is_target = !target.is_empty() && target.iter().all(u8::is_ascii_graphic);
        // Google's requests may lack the version.
        let is_version = matches!(version, b"" | b" HTTP/1.1" | b" HTTP/1.0");
        if !(is_method && is_target && is_version) {
            return Err(fault);
        }
        Ok(Self {
            method: 0..first,
            target: first + 1..first + 1 + length,
            headers: Vec::new(),
        })
    }

    fn header(&mut self, line: &[u8], at: usize) -> Result<(), ErrorKind> {
        let colon = memchr::memchr(b':', line).ok_or(malformed("a header of a request"))?;
        let (name, value) = line.split_at(colon);
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err(malformed("a header of a request"));
        }
        let value = value.get(1..).unwrap_or_default();
        let begin = line.len() - value.trim_ascii_start().len();
        let value = at + begin..at + begin + value.trim_ascii().len();
        self.headers.push((at..at + colon, value));
        Ok(())
    }

    /// The one header of a name, as the range of its value.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where it stands twice.
    pub(super) fn one(&self, head: &[u8], name: &str) -> Result<Option<Range<usize>>, ErrorKind> {
        let mut found = self.headers.iter().filter(|(known, _)| {
            let known = head.get(known.clone()).unwrap_or_default();
            known.eq_ignore_ascii_case(name.as_bytes())
        });
        let value = found.next().map(|(_, value)| value.clone());
        match found.next() {
            None => Ok(value),
            Some(_) => Err(malformed("a header of a request that stands once")),
        }
    }
}

impl<'a> Target<'a> {
    /// The form of a target.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where it is none of a request that asks for something.
    pub(super) fn of(text: &'a str) -> Result<Self, ErrorKind> {
        let scheme = |scheme: &str| {
            let begins = text.get(..scheme.len());
            begins.is_some_and(|begins| begins.eq_ignore_ascii_case(scheme))
        };
        let is_odd = text.is_empty()
            || text.starts_with("//")
            || text.starts_with('*')
            || text.contains('#');
        if is_odd {
            Err(malformed("a path or a URL of a request"))
        } else if is_made(text) {
            Ok(Self::Reference(text))
        } else if text.starts_with('/') {
            Ok(Self::Origin(text))
        } else if scheme("http://") || scheme("https://") {
            Ok(Self::Absolute(text))
        } else if text
            .split(['/', '?', '('])
            .next()
            .unwrap_or_default()
            .contains(':')
        {
            Err(malformed("a path or a URL of a request"))
        } else {
            Ok(Self::Relative(text))
        }
    }
}

/// What stands at the root of every OData service, and is made by no request.
const SYSTEM: [&str; 5] = ["$all", "$batch", "$crossjoin", "$entity", "$metadata"];

/// Whether the path of a target holds what another request of the batch is answered with: OData has it as the first
/// segment, `$1`, Salesforce anywhere, `@{account.id}`.
fn is_made(text: &str) -> bool {
    let path = text.split('?').next().unwrap_or_default();
    let mut path = path.replace("%24", "$").replace("%40", "@");
    path = path.replace("%7B", "{").replace("%7b", "{");
    let first = path.trim_start_matches('/').split(['/', '(']).next();
    let first = first.unwrap_or_default();
    path.contains("@{") || (first.starts_with('$') && !SYSTEM.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_forms() {
        for (text, expected) in [
            ("/a?b", Target::Origin("/a?b")),
            ("HTTPS://h/a", Target::Absolute("HTTPS://h/a")),
            ("contacts(a:b)", Target::Relative("contacts(a:b)")),
            ("$metadata", Target::Relative("$metadata")),
            ("$1/orders", Target::Reference("$1/orders")),
            ("$12", Target::Reference("$12")),
            ("$new?$select=id", Target::Reference("$new?$select=id")),
            ("/%241/orders", Target::Reference("/%241/orders")),
            ("/a/@{b.id}", Target::Reference("/a/@{b.id}")),
            ("/a?q=@{b.id}", Target::Origin("/a?q=@{b.id}")),
            ("/$entity?$id=a", Target::Origin("/$entity?$id=a")),
        ] {
            assert_eq!(Target::of(text), Ok(expected), "{text}");
        }
        for text in ["//h/a", "*", "ftp://h", "javascript:x", "h:80", "/a#b"] {
            assert!(Target::of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn request_lines_are_read_strictly() {
        let read = |line: &str| Read::parse(line.as_bytes(), LineEnd::CrLf);
        for line in [
            "GET /a",
            "GET /a HTTP/1.1",
            "POST a HTTP/1.1\r\nA: b\r\nC:\r\n",
        ] {
            assert!(read(line).is_ok(), "{line}");
        }
        for line in [
            "",
            "GET",
            "GET ",
            "get /a HTTP/1.1",
            "GET  /a HTTP/1.1",
            "GET /a b HTTP/1.1",
            "GET /a HTTP/2",
            "GET /a HTTP/1.1 ",
            "GET /\u{e9} HTTP/1.1",
            "GET /a HTTP/1.1\nA: b",
            "GET /a HTTP/1.1\r\nA : b",
            "GET /a HTTP/1.1\r\n b",
            "GET /a HTTP/1.1\r\nA\r\n",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
