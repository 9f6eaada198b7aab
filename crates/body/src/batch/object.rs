//! One request that stands in a JSON object: the JSON batches of Microsoft Graph and OData 4.01 (JSON Format §19),
//! Salesforce's composite requests, ServiceNow's batches, the entries of a FHIR bundle.
//!
//! The object is held whole, up to [`Limits::value`], since its members come in any order and what its body is
//! rewritten by hangs on its URL. What is not changed keeps its spelling. Refused is what readers take in different
//! ways: a member of the shape that stands twice or is spelled in another case, headers that stand twice and must not,
//! codings, and where the body is rewritten a body of another kind than the shape says, or headers that measure it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::head::{Decision, FRAMING, Head, ONCE, Target, malformed};
use super::shape::{Encoding, Headers, Shape, Way};
use crate::base64::{self, Alphabet};
use crate::content_type::ContentType;
use crate::edit::Editor;
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::format::Format;
use crate::json::{ALIKE, Checked, Places, alike};
use crate::multipart::MEASURES;
use crate::out::Out;
use crate::plan::{Described, Grammar};
use crate::{Limits, Rewriter};

/// Requests in objects of this shape.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) shape: Arc<Shape>,
    /// No places, to check the grammar by.
    pub(super) nothing: Arc<Places>,
}

impl Grammar for Objects {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Object {
            shape: Arc::clone(&self.shape),
            nothing: Arc::clone(&self.nothing),
            limits,
            raw: Zeroizing::default(),
        }))
    }

    fn is_element(&self) -> bool {
        true
    }
}

/// See the module.
struct Object {
    shape: Arc<Shape>,
    nothing: Arc<Places>,
    limits: Limits,
    raw: Zeroizing<Vec<u8>>,
}

/// A header: its name, its value, and where that stands.
struct Header {
    name: String,
    value: Zeroizing<Vec<u8>>,
    at: Range<usize>,
}

/// What takes the place of a value.
struct New {
    out: Out,
    /// Whether it is a string.
    quoted: bool,
}

impl New {
    fn text(text: &[u8]) -> Self {
        let mut out = Out::new();
        out.write(text);
        Self { out, quoted: true }
    }

    fn write(self, out: &mut Out) {
        if self.quoted {
            out.write(b"\"");
            out.nest(self.out, Escape::Json);
            out.write(b"\"");
        } else {
            out.nest(self.out, Escape::Plain);
        }
    }
}

/// An object that was read.
struct Read<'a> {
    text: Checked<'a>,
    whole: Range<usize>,
    shape: &'a Shape,
}

impl Read<'_> {
    /// Where the member stands that a way leads to; nothing where it is absent or `null`.
    fn find(&self, way: &Way) -> Result<Option<Range<usize>>, ErrorKind> {
        let mut at = self.whole.clone();
        for wanted in way.names() {
            let members = self.text.members(&at);
            let members = members.ok_or(malformed("an object that holds a request"))?;
            let mut found = None;
            for (name, value) in members {
                if *name == *wanted.as_bytes() {
                    if found.replace(value).is_some() {
                        return Err(ErrorKind::DuplicateKey);
                    }
                } else if alike(&name, wanted.as_bytes()) {
                    return Err(ALIKE);
                }
            }
            match found {
                Some(value) if self.text.at(value.clone()) != b"null" => at = value,
                _ => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// The string that a way leads to, and where it stands.
    fn string(&self, way: &Way) -> Result<(Zeroizing<Vec<u8>>, Range<usize>), ErrorKind> {
        const FAULT: ErrorKind = malformed("a request with a method and a URL");
        let at = self.find(way)?.ok_or(FAULT)?;
        Ok((self.text.text(&at)?.ok_or(FAULT)?, at))
    }

    fn headers(&self) -> Result<Vec<Header>, ErrorKind> {
        let mut headers = Vec::new();
        match &self.shape.headers {
            Headers::None => {}
            Headers::All(way) => {
                if let Some(at) = self.find(way)? {
                    self.all_headers(&at, &mut headers)?;
                }
            }
            Headers::Each(each) => {
                for (name, way) in each {
                    if let Some(at) = self.find(way)? {
                        headers.push(self.header(name.as_bytes(), at)?);
                    }
                }
            }
        }
        check(&headers)?;
        Ok(headers)
    }

    fn all_headers(&self, at: &Range<usize>, headers: &mut Vec<Header>) -> Result<(), ErrorKind> {
        if let Some(members) = self.text.members(at) {
            for (name, value) in members {
                headers.push(self.header(&name, value)?);
            }
            return Ok(());
        }
        let elements = self.text.elements(at);
        for element in elements.ok_or(malformed("headers in an object or a list"))? {
            let one = Read {
                whole: element,
                ..*self
            };
            let (name, _) = one.string(&Way::of("name"))?;
            let (_, at) = one.string(&Way::of("value"))?;
            headers.push(self.header(&name, at)?);
        }
        Ok(())
    }

    fn header(&self, name: &[u8], at: Range<usize>) -> Result<Header, ErrorKind> {
        let value = self.text.text(&at)?;
        Ok(Header {
            name: std::str::from_utf8(name)
                .map_err(|_| ErrorKind::Charset)?
                .to_owned(),
            value: value.ok_or(malformed("headers whose values are strings"))?,
            at,
        })
    }
}

/// Whether headers mean the same to all readers.
fn check(headers: &[Header]) -> Result<(), ErrorKind> {
    let count = |wanted: &str| {
        let named = headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(wanted));
        named.count()
    };
    if FRAMING.into_iter().any(|name| count(name) > 0) {
        return Err(malformed("a request without codings of its own"));
    }
    match ONCE.into_iter().any(|name| count(name) > 1) {
        true => Err(malformed("a header of a request that stands once")),
        false => Ok(()),
    }
}

/// A URL as a request line would have it: apps take blanks and letters that are not ASCII in JSON.
fn target(text: &[u8]) -> Result<Cow<'_, str>, ErrorKind> {
    const FAULT: ErrorKind = malformed("a path or a URL of a request");
    let text = std::str::from_utf8(text).map_err(|_| ErrorKind::Charset)?;
    if text.trim() != text || text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(FAULT);
    }
    let odd = |letter: &char| !letter.is_ascii_graphic();
    if !text.chars().any(|letter| odd(&letter)) {
        return Ok(Cow::Borrowed(text));
    }
    let mut written = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if odd(&letter) {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                written.push_str(&format!("%{byte:02X}"));
            }
        } else {
            written.push(letter);
        }
    }
    Ok(Cow::Owned(written))
}

impl Object {
    /// Rewrites the object.
    fn rewrite(&self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), ErrorKind> {
        let text = Checked::new(&self.raw, &self.nothing, self.limits)?;
        let read = Read {
            text,
            whole: text.value(),
            shape: &self.shape,
        };
        let (method, _) = read.string(&self.shape.method)?;
        let (url, url_at) = read.string(&self.shape.url)?;
        let headers = read.headers()?;
        let body = read.find(&self.shape.body)?;
        // The empty string is no body.
        let body = body.filter(|at| read.text.at(at.clone()) != b"\"\"");
        let changes = self.changes(&read, (&method, &url, url_at), &headers, body, editor)?;
        editor.request_ended();
        let mut done = 0;
        for (range, new) in changes {
            out.write(text.at(done..range.start));
            new.write(out);
            done = range.end;
        }
        out.write(text.at(done..self.raw.len()));
        Ok(())
    }

    /// Asks what becomes of the request, and rewrites its body; what changes, in its order.
    fn changes(
        &self,
        read: &Read<'_>,
        (method, url, url_at): (&[u8], &[u8], Range<usize>),
        headers: &[Header],
        body: Option<Range<usize>>,
        editor: &mut dyn Editor,
    ) -> Result<Vec<(Range<usize>, New)>, ErrorKind> {
        const METHOD: ErrorKind = malformed("a method of a request");
        let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_alphabetic);
        // OData takes methods in any case, and so may others.
        let method = std::str::from_utf8(method).map_err(|_| METHOD)?;
        let method = method.to_ascii_uppercase();
        let target = target(url)?;
        if !is_method {
            return Err(METHOD);
        }
        let mut named: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|header| (header.name.as_str(), header.value.as_slice()))
            .collect();
        let is_string = |at: &Range<usize>| read.text.at(at.clone()).starts_with(b"\"");
        let inline = body.as_ref().is_some_and(|at| !is_string(at));
        if inline && !named.iter().any(|(name, _)| is_content_type(name)) {
            named.push(("content-type", b"application/json"));
        }
        let head = Head {
            method: &method,
            target: Target::of(&target)?,
            headers: &named,
            content_id: b"",
            base: self.shape.base.as_ref(),
        };
        let decision = editor.request(&head).map_err(|error| error.kind)?;
        let mut changes = changed(&decision, url_at, headers)?;
        if let (Some(at), Some(rewriter)) = (body, decision.body) {
            let measured = MEASURES
                .into_iter()
                .any(|name| headers.iter().any(|h| h.name.eq_ignore_ascii_case(name)));
            if measured {
                return Err(malformed(
                    "a request whose headers do not measure the body that changes",
                ));
            }
            let is_json = named
                .iter()
                .filter(|(name, _)| is_content_type(name))
                .filter_map(|(_, value)| ContentType::parse(value))
                .all(|kind| Format::Json.is_named_by(&kind));
            if inline && !is_json {
                return Err(ErrorKind::ContentType);
            }
            changes.extend(self.body(read, at, rewriter, editor)?);
        }
        changes.sort_by_key(|(range, _)| range.start);
        Ok(changes)
    }

    /// What a body becomes; nothing where it stays as it is.
    fn body(
        &self,
        read: &Read<'_>,
        at: Range<usize>,
        rewriter: Box<dyn Rewriter>,
        editor: &mut dyn Editor,
    ) -> Result<Option<(Range<usize>, New)>, ErrorKind> {
        let string = read.text.text(&at)?;
        let (text, mut rewriter, quoted) = match (&string, self.shape.encoding) {
            (None, _) => (read.text.at(at.clone()), rewriter, false),
            (Some(text), Some(encoding)) => {
                let rewriter = match encoding {
                    Encoding::Text => rewriter,
                    Encoding::Base64 => base64::around(Alphabet::Standard, rewriter, self.limits),
                    Encoding::Base64Url => base64::around(Alphabet::Url, rewriter, self.limits),
                };
                (text.as_slice(), rewriter, true)
            }
            (Some(_), None) => {
                return Err(malformed("a body of a request that is no string"));
            }
        };
        let mut out = Out::new();
        let kind = |error: Error| error.kind;
        let bytes = Bytes::copy_from_slice(text);
        rewriter.push(&bytes, editor, &mut out).map_err(kind)?;
        rewriter.finish(editor, &mut out).map_err(kind)?;
        let same = out.is(text);
        Ok((!same).then_some((at, New { out, quoted })))
    }
}

fn is_content_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

/// What a decision changes of a head.
fn changed(
    decision: &Decision,
    url: Range<usize>,
    headers: &[Header],
) -> Result<Vec<(Range<usize>, New)>, ErrorKind> {
    let mut changes = Vec::new();
    if let Some(target) = &decision.target {
        changes.push((url, New::text(target)));
    }
    for (name, value) in &decision.headers {
        if std::str::from_utf8(value).is_err() {
            return Err(ErrorKind::Charset);
        }
        let same = headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name));
        changes.extend(same.map(|header| (header.at.clone(), New::text(value))));
    }
    Ok(changes)
}

impl Rewriter for Object {
    fn push(&mut self, chunk: &Bytes, _: &mut dyn Editor, _: &mut Out) -> Result<(), Error> {
        let limit = self.limits.value;
        if self.raw.len() + chunk.len() > limit {
            return Err(Error::new(ErrorKind::ValueTooLong { limit }, 0));
        }
        self.raw.extend_from_slice(chunk);
        Ok(())
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        self.rewrite(editor, out)
            .map_err(|kind| Error::new(kind, 0))
    }

    fn held(&self) -> usize {
        self.raw.capacity()
    }
}
