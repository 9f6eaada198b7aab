//! The rewriter of a multipart body: everything passes as it came but the contents of parts at places.

use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::head::Head;
use crate::ahead::Pause;
use crate::edit::{Edit, Editor, PlaceId};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::form::{Fields, Names, Walk, pause};
use crate::out::Out;
use crate::{Limits, Rewriter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first delimiter, or in the content of a part that passes.
    Passing,
    /// In the content of a part at a place.
    Content(PlaceId),
    /// After a delimiter.
    Line(Line),
    /// In the head of a part.
    Head,
    /// After the last delimiter.
    Epilogue,
}

/// The rest of a delimiter's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Start,
    /// After one `-`: the last delimiter has two.
    Dash,
    /// After a blank.
    Blank,
    /// After a carriage return.
    Return,
}

/// The longest head of a part.
const HEAD: usize = 16 << 10;
/// RFC 2046 §5.1.1.
const LONGEST_BOUNDARY: usize = 70;

/// One multipart body on its way out.
pub struct Stream {
    fields: Fields,
    /// A line break and the delimiter.
    delimiter: Finder<'static>,
    state: State,
    /// The last bytes of earlier chunks that may begin a delimiter.
    tail: Vec<u8>,
    /// What stands in earlier chunks of the head or the content that is being read.
    raw: Zeroizing<Vec<u8>>,
    offset: u64,
}

impl Stream {
    /// A rewriter for one body with this boundary.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where no delimiter can be made of the boundary.
    pub fn new(names: Arc<Names>, boundary: &str, limits: Limits) -> Result<Self, Error> {
        let fits = (1..=LONGEST_BOUNDARY).contains(&boundary.len());
        if !fits || boundary.bytes().any(|byte| byte.is_ascii_control()) || boundary.ends_with(' ')
        {
            return Err(Error::new(ErrorKind::ContentType, 0));
        }
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        Ok(Self {
            fields: Fields::new(names, limits),
            delimiter: Finder::new(&delimiter).into_owned(),
            state: State::Passing,
            // The first delimiter may stand at the very beginning, without a line before it.
            tail: b"\r\n".to_vec(),
            raw: Zeroizing::default(),
            offset: 0,
        })
    }

    /// The same, where values wait for their siblings.
    pub(super) fn waiting(mut self) -> Self {
        self.fields.wait();
        self
    }

    /// The same, looking for siblings only.
    pub(super) fn capturing(mut self) -> Self {
        self.fields.capture();
        self
    }

    /// The offset after the first delimiter that ends at or after `at`.
    fn delimited(&mut self, chunk: &[u8], at: usize) -> Option<usize> {
        let length = self.delimiter.needle().len();
        let rest = chunk.get(at..).unwrap_or_default();
        if !self.tail.is_empty() {
            let known = self.tail.len();
            let more = rest.get(..rest.len().min(length - 1)).unwrap_or_default();
            self.tail.extend_from_slice(more);
            let found = self.delimiter.find(&self.tail);
            self.tail.truncate(known);
            if let Some(found) = found {
                self.tail.clear();
                return Some(at + found + length - known);
            }
        }
        if let Some(found) = self.delimiter.find(rest) {
            self.tail.clear();
            return Some(at + found + length);
        }
        let keep = rest
            .get(rest.len().saturating_sub(length - 1)..)
            .unwrap_or_default();
        self.tail.extend_from_slice(keep);
        let surplus = self.tail.len().saturating_sub(length - 1);
        self.tail.drain(..surplus);
        None
    }

    /// Takes what stands in `chunk` from `at` up to the next turn; gives where to go on.
    fn step(
        &mut self,
        chunk: &[u8],
        at: usize,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, ErrorKind> {
        if let State::Content(place) = self.state
            && self.raw.is_empty()
            && self.fields.must_wait(place)
        {
            return Ok(at);
        }
        match self.state {
            State::Epilogue => {
                out.keep(at..chunk.len());
                Ok(chunk.len())
            }
            State::Passing => {
                let end = self.delimited(chunk, at);
                if end.is_some() {
                    self.state = State::Line(Line::Start);
                }
                let end = end.unwrap_or(chunk.len());
                out.keep(at..end);
                Ok(end)
            }
            State::Line(line) => {
                out.keep(at..at + 1);
                let byte = chunk.get(at).copied().unwrap_or_default();
                self.state = next(line, byte)?;
                if self.state == State::Epilogue {
                    self.fields.end();
                }
                if self.state == State::Head {
                    // The line break that was just read stands before the first header.
                    self.raw.extend_from_slice(b"\r\n");
                }
                Ok(at + 1)
            }
            State::Head => self.head(chunk, at, out),
            State::Content(place) => match self.delimited(chunk, at) {
                None => {
                    self.raw
                        .extend_from_slice(chunk.get(at..).unwrap_or_default());
                    self.fields
                        .fits(self.raw.len().saturating_sub(self.delimiter.needle().len()))?;
                    Ok(chunk.len())
                }
                Some(end) => {
                    self.content(place, chunk, at..end, editor, out)?;
                    self.state = State::Line(Line::Start);
                    Ok(end)
                }
            },
        }
    }

    fn head(&mut self, chunk: &[u8], at: usize, out: &mut Out) -> Result<usize, ErrorKind> {
        let known = self.raw.len();
        let rest = chunk.get(at..).unwrap_or_default();
        let more = rest.get(..rest.len().min(HEAD + 4)).unwrap_or_default();
        self.raw.extend_from_slice(more);
        let from = known.saturating_sub(3);
        let found = memchr::memmem::find(self.raw.get(from..).unwrap_or_default(), b"\r\n\r\n");
        let length = found.map_or(self.raw.len(), |found| from + found);
        let most = if found.is_some() { HEAD } else { HEAD + 3 };
        if length > most {
            return Err(ErrorKind::Syntax {
                expected: "the end of a part's head",
            });
        }
        let end = match found {
            None => at + more.len(),
            Some(_) => {
                let lines = self.raw.get(2..length).unwrap_or_default();
                let head = Head::parse(lines)?;
                let place = head.place(&mut self.fields)?;
                if place.is_some() {
                    head.is_text()?;
                }
                self.state = place.map_or(State::Passing, State::Content);
                self.raw.clear();
                // A part without content may be ended by the line break of its head.
                self.tail.clear();
                self.tail.extend_from_slice(b"\r\n");
                at + length + 4 - known
            }
        };
        out.keep(at..end);
        Ok(end)
    }

    /// Handles the content of a part at a place, whose delimiter ends where `range` does.
    fn content(
        &mut self,
        place: PlaceId,
        chunk: &[u8],
        range: std::ops::Range<usize>,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let mut raw = std::mem::take(&mut self.raw);
        let here = chunk.get(range.clone()).unwrap_or_default();
        let cut = !raw.is_empty();
        if cut {
            raw.extend_from_slice(here);
        }
        let whole = if cut { &raw } else { here };
        let length = whole.len().saturating_sub(self.delimiter.needle().len());
        let (value, delimiter) = whole.split_at(length);
        let mut replacement = Zeroizing::new(Vec::new());
        let edit = self.decide(place, value, editor, &mut replacement)?;
        match edit {
            Edit::Keep if cut => out.write(value),
            Edit::Keep => out.keep(range.start..range.start + length),
            Edit::Replace | Edit::Spelled if self.delimiter.find(&replacement).is_some() => {
                return Err(ErrorKind::Syntax {
                    expected: "a value without the boundary",
                });
            }
            Edit::Replace | Edit::Spelled => out.write(&replacement),
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, Escape::Plain),
            Edit::Nested => out.nest(editor.nested(), Escape::Plain),
        }
        if cut {
            out.write(delimiter)
        } else {
            out.keep(range.start + length..range.end)
        }
        raw.clear();
        self.raw = raw;
        Ok(())
    }

    fn decide(
        &mut self,
        place: PlaceId,
        value: &[u8],
        editor: &mut dyn Editor,
        replacement: &mut Vec<u8>,
    ) -> Result<Edit, ErrorKind> {
        self.fields.fits(value.len())?;
        if !crate::text::is_text(value) {
            return Err(ErrorKind::Charset);
        }
        self.fields.decide(place, value, editor, replacement)
    }
}

/// Takes the next byte of a delimiter's line. A line that goes on otherwise is a longer boundary to some servers
/// and this one to others.
fn next(line: Line, byte: u8) -> Result<State, ErrorKind> {
    match (line, byte) {
        (Line::Start, b'-') => Ok(State::Line(Line::Dash)),
        (Line::Dash, b'-') => Ok(State::Epilogue),
        (Line::Start | Line::Blank, b' ' | b'\t') => Ok(State::Line(Line::Blank)),
        (Line::Start | Line::Blank, b'\r') => Ok(State::Line(Line::Return)),
        (Line::Return, b'\n') => Ok(State::Head),
        _ => Err(ErrorKind::Syntax {
            expected: "the end of a delimiter's line",
        }),
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        self.walk_chunk(chunk, editor, out).map(drop)
    }

    fn finish(&mut self, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        if self.state == State::Epilogue {
            Ok(())
        } else {
            Err(Error::new(
                ErrorKind::Syntax {
                    expected: "the last delimiter",
                },
                self.offset,
            ))
        }
    }

    fn held(&self) -> usize {
        self.raw.capacity() + self.tail.capacity()
    }
}

impl Walk for Stream {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn fields_mut(&mut self) -> &mut Fields {
        &mut self.fields
    }

    fn walk_chunk(
        &mut self,
        chunk: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<Option<Pause>, Error> {
        let mut at = 0;
        while at < chunk.len() {
            let offset = self.offset + at as u64;
            at = self
                .step(chunk, at, editor, out)
                .map_err(|kind| Error::new(kind, offset))?;
            if self.fields.is_waiting() {
                self.offset += at as u64;
                return Ok(Some(pause(at)));
            }
        }
        self.offset += chunk.len() as u64;
        Ok(None)
    }
}
