//! The rewriter of HTML: keeps the document's bytes, and writes what takes the place of values.

use std::ops::Range;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::guard::Guard;
use super::reader::{Event, Kind, Reader};
use super::selector::Selector;
use super::value::{Spelling, Unclosing, has_markup};
use crate::edit::{Comparison, Edit, Editor, Found, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::utf8::Utf8;
use crate::{Limits, Rewriter, text};

/// One document on its way out.
pub(super) struct Stream {
    reader: Reader,
    utf8: Utf8,
    guard: Guard,
    limits: Limits,
    /// What came and is not written, if anything had to wait.
    held: Zeroizing<Vec<u8>>,
    /// Up to where the document has come, was given to the reader, and is written.
    came: u64,
    fed: u64,
    passed: u64,
    /// The element at a place whose end has not come.
    inner: Option<Inner>,
    ordinal: u32,
}

/// How much of what came the reader must have been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// As much as is worth its while.
    Some,
    /// All: something is wrong behind it.
    All,
    /// All, and that is the document's end.
    Last,
}

/// An element at a place.
#[derive(Clone, Copy, Debug)]
struct Inner {
    place: PlaceId,
    /// Where its start tag begins, and its content.
    start: u64,
    content: u64,
    kind: Kind,
}

/// The bytes that are not written: those of the current chunk, or a copy that begins before it.
struct Window<'a> {
    bytes: &'a [u8],
    from: u64,
    /// They are the current chunk.
    is_chunk: bool,
}

impl Window<'_> {
    fn index(&self, range: &Range<u64>) -> Range<usize> {
        let index = |at: u64| {
            let at = usize::try_from(at.saturating_sub(self.from)).unwrap_or(usize::MAX);
            at.min(self.bytes.len())
        };
        index(range.start)..index(range.end)
    }

    fn get(&self, range: &Range<u64>) -> &[u8] {
        self.bytes.get(self.index(range)).unwrap_or_default()
    }

    fn keep(&self, range: &Range<u64>, out: &mut Out) {
        if self.is_chunk {
            out.keep(self.index(range));
        } else {
            out.write(self.get(range));
        }
    }
}

impl Stream {
    pub(super) fn new(selectors: &[(Selector, PlaceId)], limits: Limits) -> Self {
        Self {
            reader: Reader::new(selectors, limits),
            utf8: Utf8::default(),
            guard: Guard::default(),
            limits,
            held: Zeroizing::default(),
            came: 0,
            fed: 0,
            passed: 0,
            inner: None,
            ordinal: 0,
        }
    }

    /// Reads on, and writes what is decided.
    fn advance(
        &mut self,
        window: &Window<'_>,
        read: Read,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        // A tag that goes on is read from its beginning each time: the reader is given as much again as it holds.
        let open = self.fed - self.reader.consumed().min(self.fed);
        let mut done = Ok(());
        if read != Read::Some || self.came - self.fed >= open {
            let fresh = window.get(&(self.fed..self.came));
            self.fed = self.came;
            done = self.reader.write(fresh);
        }
        if read == Read::Last && done.is_ok() {
            done = self.reader.end();
        }
        for event in self.reader.take() {
            let at = event.at().min(self.came);
            self.apply(event, window, editor, out)
                .map_err(|kind| Error::new(kind, at))?;
        }
        done.map_err(|kind| Error::new(kind, self.fed))?;
        let decided = match self.inner {
            Some(inner) => inner.content,
            None if read == Read::Last => self.came,
            None => self.reader.consumed(),
        };
        self.pass(decided, window, out);
        let limit = self.limits.value;
        if self.came - self.passed > limit as u64 {
            return Err(Error::new(ErrorKind::ValueTooLong { limit }, self.passed));
        }
        Ok(())
    }

    /// Writes what stands before `end` as it came.
    fn pass(&mut self, end: u64, window: &Window<'_>, out: &mut Out) {
        if end > self.passed {
            window.keep(&(self.passed..end), out);
            self.passed = end;
        }
    }

    fn apply(
        &mut self,
        event: Event,
        window: &Window<'_>,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        match (event, self.inner) {
            (Event::Fault { kind, .. }, _) => Err(kind),
            (Event::End { start, at }, Some(inner)) if inner.start == start => {
                self.inner = None;
                self.content(inner, at, window, editor, out)
            }
            // What stands within a value is a part of it.
            (_, Some(_)) => Ok(()),
            (Event::Start { place, tag, kind }, None) => {
                self.pass(tag.end, window, out);
                self.inner = Some(Inner {
                    place,
                    start: tag.start,
                    content: tag.end,
                    kind,
                });
                Ok(())
            }
            (Event::Attribute { place, value }, None) => {
                let quote = value.start.saturating_sub(1)..value.start;
                let quoted = matches!(window.get(&quote), b"\"" | b"'");
                let spelling = Spelling::Attribute { quoted };
                self.value(place, value, spelling, window, editor, out)
            }
            (Event::Text { place, text }, None) => {
                let spelling = Spelling::Text { first: false };
                self.value(place, text, spelling, window, editor, out)
            }
            (Event::End { .. }, None) => Ok(()),
        }
    }

    /// Handles the content of an element, which ends at `end`.
    fn content(
        &mut self,
        inner: Inner,
        end: u64,
        window: &Window<'_>,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let mut content = inner.content..end;
        let swallows = matches!(inner.kind, Kind::Swallows | Kind::EscapableSwallows);
        let break_length = match window.get(&content) {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        if swallows {
            content.start += break_length;
        }
        let spelling = match inner.kind {
            Kind::Raw(name) => Spelling::Raw(name),
            Kind::Ordinary | Kind::Swallows if has_markup(window.get(&content)) => Spelling::Markup,
            _ => Spelling::Text {
                first: swallows && break_length == 0,
            },
        };
        self.value(inner.place, content, spelling, window, editor, out)
    }

    /// Handles a value.
    fn value(
        &mut self,
        place: PlaceId,
        range: Range<u64>,
        spelling: Spelling,
        window: &Window<'_>,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        if range.start < self.passed {
            return Ok(());
        }
        let limit = self.limits.value;
        let source = window.get(&range);
        if source.len() > limit {
            return Err(ErrorKind::ValueTooLong { limit });
        }
        let value = spelling.read(source);
        let is_blank =
            matches!(spelling, Spelling::Text { .. }) && value.iter().all(u8::is_ascii_whitespace);
        if value.is_empty() || is_blank {
            return Ok(());
        }
        if !text::is_text(&value) {
            return Err(ErrorKind::Charset);
        }
        let mut replacement = Zeroizing::new(Vec::new());
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text: &value,
            beside: &[],
            comparison: Comparison::Stored,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        let edit = editor.value(found, &mut replacement);
        let edit = edit.map_err(|error| error.kind)?;
        if edit == Edit::Keep {
            return Ok(());
        }
        self.pass(range.start, window, out);
        self.passed = range.end;
        // A body in a script may have had a `<!--` before.
        let unclosing = match spelling {
            Spelling::Raw(name) if memchr::memmem::find(source, b"<!--").is_none() => Some(name),
            _ => None,
        };
        if let Some(name) = unclosing {
            out.enter(Box::new(Unclosing::new(name)));
        }
        match edit {
            Edit::Keep => {}
            Edit::Replace | Edit::Spelled => {
                let mut written = Zeroizing::new(Vec::with_capacity(replacement.len() + 16));
                spelling.escape(false).write(&replacement, &mut written);
                out.write(&written);
            }
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => {
                out.hole(ask, spelling.escape(false));
            }
            Edit::Nested => out.nest(editor.nested(), spelling.escape(true)),
        }
        if unclosing.is_some() {
            out.leave();
        }
        Ok(())
    }

    /// Takes bytes that can be read in one way.
    fn take(
        &mut self,
        bytes: &Bytes,
        read: Read,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        out.begin(bytes);
        self.came += bytes.len() as u64;
        if self.held.is_empty() {
            let window = Window {
                bytes,
                from: self.passed,
                is_chunk: true,
            };
            self.advance(&window, read, editor, out)?;
            let rest = window.get(&(self.passed..self.came));
            self.held.extend_from_slice(rest);
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let from = self.passed;
        let window = Window {
            bytes: &held,
            from,
            is_chunk: false,
        };
        self.advance(&window, read, editor, out)?;
        let written = window.index(&(from..self.passed)).end;
        held.drain(..written);
        self.held = held;
        Ok(())
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let text = self.utf8.accept(chunk).err();
        let length = text.unwrap_or(chunk.len());
        let text_end = length.min(chunk.len());
        let markup = self
            .guard
            .accept(chunk.get(..text_end).unwrap_or_default())
            .err();
        let good = chunk.slice(..markup.unwrap_or(text_end).min(text_end));
        let at = self.came + good.len() as u64;
        let is_good = markup.is_none() && text.is_none();
        let read = if is_good { Read::Some } else { Read::All };
        self.take(&good, read, editor, out)?;
        if markup.is_some() {
            let expected = "no `<` in a section of CDATA";
            return Err(Error::new(ErrorKind::Syntax { expected }, at));
        }
        match text {
            Some(_) => Err(Error::new(ErrorKind::Charset, at)),
            None => Ok(()),
        }
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if !self.utf8.is_whole() {
            self.take(&Bytes::new(), Read::All, editor, out)?;
            return Err(Error::new(ErrorKind::Charset, self.came));
        }
        self.take(&Bytes::new(), Read::Last, editor, out)
    }

    fn held(&self) -> usize {
        self.held.capacity() + self.reader.held()
    }
}
