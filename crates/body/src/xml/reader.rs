//! A document that is held whole, read tag by tag: for what has a meaning of its own in it, as a query has.
//!
//! It is as strict as the stream is (no document type, matching tags, one root, text in it alone), and takes no comment
//! and no instruction anywhere.

use std::ops::Range;

use zeroize::Zeroizing;

use super::markup::{self, Opening, section_end};
use super::name::{get, is_space};
use super::pure::{CONTROL, control};
use super::tag::{Tag, end_tag};
use super::value::{CDATA, Kind};
use crate::error::{Error, ErrorKind};

/// What comes next in a document.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// An element begins. That of an empty tag ends with the next event.
    Start(Element<'a>),
    /// The innermost element has ended, with what stands at this offset.
    End(usize),
    /// All the text and the CDATA sections up to the next tag.
    Text(Range<usize>),
}

/// A start tag.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    /// Its name, with its prefix.
    pub(crate) name: &'a str,
    /// Where the tag begins.
    pub(crate) start: usize,
    /// The names of its attributes, and where their values stand between their quotes.
    pub(crate) attributes: Vec<(&'a str, Range<usize>)>,
}

/// Reads one document.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<&'a str>,
    /// Whether the innermost element was an empty tag.
    empty: bool,
    rooted: bool,
    limit: usize,
}

impl<'a> Reader<'a> {
    /// A reader that goes no deeper than so many elements.
    ///
    /// # Errors
    /// Where a character stands in the text that XML does not allow.
    pub(crate) fn new(text: &'a str, limit: usize) -> Result<Self, Error> {
        if let Some(at) = control(text.as_bytes()) {
            return Err(Error::new(CONTROL, at as u64));
        }
        Ok(Self {
            text,
            at: 0,
            open: Vec::new(),
            empty: false,
            rooted: false,
            limit,
        })
    }

    /// What comes next; nothing where the document has ended.
    ///
    /// # Errors
    /// Where it is no document, or deeper than the limit.
    pub(crate) fn next(&mut self) -> Result<Option<Event<'a>>, Error> {
        if std::mem::take(&mut self.empty) {
            self.open.pop();
            return Ok(Some(Event::End(self.at)));
        }
        let mut start = self.at;
        loop {
            let rest = self.rest();
            let length = memchr::memchr(b'<', rest).unwrap_or(rest.len());
            let blank = get(rest, 0..length).iter().all(|byte| is_space(*byte));
            if self.open.is_empty() && !blank {
                return Err(self.fail("an element"));
            }
            self.at += length;
            match self.rest().get(1) {
                Some(b'!' | b'?') if self.rest().starts_with(CDATA) && !self.open.is_empty() => {
                    self.section()?;
                }
                _ if self.at > start && !self.open.is_empty() => {
                    return Ok(Some(Event::Text(start..self.at)));
                }
                Some(b'!' | b'?') => {
                    self.declaration()?;
                    start = self.at;
                }
                Some(b'/') => return self.end().map(Some),
                Some(_) => return self.start().map(|element| Some(Event::Start(element))),
                None if self.at == self.text.len() && self.open.is_empty() && self.rooted => {
                    return Ok(None);
                }
                None => return Err(self.fail("the end tag of the element that is open")),
            }
        }
    }

    /// What an attribute's value stands for.
    ///
    /// # Errors
    /// Where a reference in it is none.
    pub(crate) fn attribute(&self, range: Range<usize>) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.decode(Kind::Attribute, range)
    }

    /// What text in an element stands for.
    ///
    /// # Errors
    /// Where a reference in it is none, or a section ends that did not begin.
    pub(crate) fn content(&self, range: Range<usize>) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.decode(Kind::Content, range)
    }

    fn decode(&self, kind: Kind, range: Range<usize>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let at = range.start as u64;
        let mut text = Zeroizing::new(Vec::with_capacity(range.len()));
        kind.decode(get(self.text.as_bytes(), range), &mut text)
            .map_err(|fault| Error::new(fault, at))?;
        Ok(text)
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn fail(&self, expected: &'static str) -> Error {
        Error::new(ErrorKind::Syntax { expected }, self.at as u64)
    }

    fn start(&mut self) -> Result<Element<'a>, Error> {
        if self.open.is_empty() && self.rooted {
            return Err(self.fail("one root element"));
        }
        if self.open.len() >= self.limit {
            let limit = self.limit;
            return Err(Error::new(ErrorKind::Depth { limit }, self.at as u64));
        }
        let mut tag = Tag::default();
        match tag.read(self.rest()) {
            Ok(true) => {}
            Ok(false) => return Err(self.fail("the end of a tag")),
            Err(expected) => return Err(self.fail(expected)),
        }
        let start = self.at;
        let from = |range: Range<usize>| start + range.start..start + range.end;
        let slice = |range: Range<usize>| self.text.get(from(range)).unwrap_or_default();
        let name = slice(tag.name.from..tag.name.end);
        let attributes = tag.attributes.iter().map(|attribute| {
            let name = slice(attribute.name.from..attribute.name.end);
            (name, from(attribute.value.clone()))
        });
        let element = Element {
            name,
            start,
            attributes: attributes.collect(),
        };
        self.open.push(name);
        self.rooted = true;
        self.empty = tag.empty;
        self.at += tag.end;
        Ok(element)
    }

    fn end(&mut self) -> Result<Event<'a>, Error> {
        let name = self.open.last().copied();
        let name = name.ok_or_else(|| self.fail("an element to end"))?;
        match end_tag(self.rest(), name.as_bytes()) {
            Ok(Some(length)) => self.at += length,
            Ok(None) => return Err(self.fail("the end of a tag")),
            Err(expected) => return Err(self.fail(expected)),
        }
        self.open.pop();
        Ok(Event::End(self.at))
    }

    /// Goes over a CDATA section.
    fn section(&mut self) -> Result<(), Error> {
        let inside = self.rest().get(CDATA.len()..).unwrap_or_default();
        let end = section_end(inside, b"]]", &mut [0; 2]);
        let end = end.ok_or_else(|| self.fail("the end of a CDATA section"))?;
        self.at += CDATA.len() + end;
        Ok(())
    }

    /// Goes over the declaration. A comment or an instruction may hold anything, and is not read.
    fn declaration(&mut self) -> Result<(), Error> {
        let rest = self.rest();
        match Opening::read(rest, self.at == 0) {
            Ok(Opening::Declaration(end)) => {
                let declared = markup::declaration(get(rest, 0..end));
                declared.map_err(|expected| self.fail(expected))?;
                self.at += end;
                Ok(())
            }
            Ok(_) => Err(self.fail("no comment and no instruction")),
            Err(expected) => Err(self.fail(expected)),
        }
    }
}
