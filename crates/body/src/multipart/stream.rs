//! The rewriter of a multipart body: everything passes as it came but what stands at places: contents of parts, and the
//! names of their files.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::boundary::{Boundary, End, LineEnd, Turn};
use super::change;
use super::places::Places;
use crate::ahead::Pause;
use crate::edit::{Edit, Editor, PlaceId};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::form::{Fields, Walk, pause};
use crate::out::{GapId, Out, Piece};
use crate::{Limits, Rewriter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Before the first delimiter.
    Preamble,
    /// In the content of a part that passes.
    Passing,
    /// In the content of a part at a place: one value.
    Value(PlaceId),
    /// In the content of a part at a place: a body that goes through its own rewriter.
    Body,
    /// After a delimiter.
    Line(Line),
    /// In the head of a part.
    Head,
    /// After the last delimiter.
    Epilogue,
}

/// The rest of a delimiter's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
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
/// A delimiter that only some servers see.
const OTHER_LINE: ErrorKind = ErrorKind::Syntax {
    expected: "line breaks of one kind around all delimiters",
};

/// To some readers the line break of a head begins the delimiter of a part without content, to others a delimiter is
/// content where it stands so.
const OWN_LINE: ErrorKind = ErrorKind::Syntax {
    expected: "a line break of its own before each delimiter",
};
/// Readers find the first delimiter differently, some of them in the middle of a line, and no client writes anything
/// before it.
const PREAMBLE: ErrorKind = ErrorKind::Syntax {
    expected: "a body that begins with its delimiter",
};
/// Some readers end at the last delimiter, some at the end of the body.
const EPILOGUE: ErrorKind = ErrorKind::Syntax {
    expected: "nothing to be read behind the last delimiter",
};

/// One multipart body on its way out.
pub(super) struct Stream {
    pub(super) places: Arc<Places>,
    /// Whether its parts are the fields of a form.
    pub(super) form: bool,
    /// How deep in a batch it is, where its parts are requests.
    pub(super) requests: Option<usize>,
    pub(super) fields: Fields,
    boundary: Boundary,
    /// How lines end; nothing before one of them has.
    pub(super) line_end: Option<LineEnd>,
    pub(super) state: State,
    /// What stands in earlier chunks of the head or the value that is being read.
    raw: Zeroizing<Vec<u8>>,
    /// How many parts have begun.
    pub(super) number: usize,
    /// The lines that measure the value that is being read, and where they go if it stays.
    measures: Vec<(GapId, Vec<u8>)>,
    pub(super) body: Option<Box<dyn Rewriter>>,
    offset: u64,
}

impl Stream {
    /// A rewriter for one body with this boundary.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where no delimiter can be made of the boundary.
    pub(super) fn new(
        places: Arc<Places>,
        boundary: &str,
        form: bool,
        limits: Limits,
    ) -> Result<Self, Error> {
        Ok(Self {
            fields: Fields::new(Arc::clone(&places.contents.names), limits),
            places,
            form,
            requests: None,
            boundary: Boundary::new(boundary)?,
            line_end: form.then_some(LineEnd::CrLf),
            state: State::Preamble,
            raw: Zeroizing::default(),
            number: 0,
            measures: Vec::new(),
            body: None,
            offset: 0,
        })
    }

    /// The same, where the parts are requests.
    pub(super) fn of_requests(mut self, depth: usize) -> Self {
        self.requests = Some(depth);
        self
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

    /// Takes what stands in `chunk` from `at` up to the next turn; gives where to go on.
    fn step(
        &mut self,
        chunk: &Bytes,
        at: usize,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, ErrorKind> {
        match self.state {
            State::Epilogue => {
                if self.boundary.look(chunk, at).end != End::Open {
                    return Err(EPILOGUE);
                }
                out.keep(at..chunk.len());
                Ok(chunk.len())
            }
            State::Preamble => {
                let turn = self.boundary.look(chunk, at);
                let freed = self.boundary.bytes(&turn.freed);
                let content = chunk.get(turn.content.clone()).unwrap_or_default();
                let mut before = freed.iter().chain(content);
                if before.any(|byte| !matches!(byte, b'\r' | b'\n')) {
                    return Err(PREAMBLE);
                }
                let end = self.turn(&turn, chunk)?;
                out.keep(at..end);
                Ok(end)
            }
            State::Passing => {
                let turn = self.boundary.look(chunk, at);
                let end = self.turn(&turn, chunk)?;
                out.keep(at..end);
                Ok(end)
            }
            State::Line(line) => {
                out.keep(at..at + 1);
                let byte = chunk.get(at).copied().unwrap_or_default();
                self.state = next(line, byte)?;
                match self.state {
                    State::Epilogue => self.fields.end(),
                    State::Head => {
                        let end = match line {
                            Line::Return => LineEnd::CrLf,
                            _ => LineEnd::Lf,
                        };
                        self.keeps_to(end)?;
                        // The line break that was just read stands before the first header.
                        self.raw.extend_from_slice(end.bytes());
                    }
                    _ => {}
                }
                Ok(at + 1)
            }
            State::Head => self.head(chunk, at, editor, out),
            State::Value(place) if self.raw.is_empty() && self.fields.must_wait(place) => Ok(at),
            State::Value(place) => {
                let turn = self.boundary.look(chunk, at);
                self.value(place, &turn, chunk, editor, out)?;
                let end = self.turn(&turn, chunk)?;
                self.delimiter(&turn, out);
                Ok(end)
            }
            State::Body => {
                let turn = self.boundary.look(chunk, at);
                self.body(&turn, chunk, editor, out)?;
                let end = self.turn(&turn, chunk)?;
                out.begin(chunk);
                self.delimiter(&turn, out);
                Ok(end)
            }
        }
    }

    /// Where to go on after a look at a chunk.
    fn turn(&mut self, turn: &Turn, chunk: &Bytes) -> Result<usize, ErrorKind> {
        match &turn.end {
            End::Open => Ok(chunk.len()),
            End::Delimiter { here, line, .. } => {
                match line {
                    Some(line) => self.keeps_to(*line)?,
                    None if self.state == State::Preamble => {}
                    None => return Err(OWN_LINE),
                }
                self.state = State::Line(Line::Start);
                Ok(here.end)
            }
        }
    }

    /// All lines end as the first one does.
    fn keeps_to(&mut self, end: LineEnd) -> Result<(), ErrorKind> {
        if *self.line_end.get_or_insert(end) == end {
            Ok(())
        } else {
            Err(OTHER_LINE)
        }
    }

    /// Lets the delimiter behind a part's content pass.
    fn delimiter(&self, turn: &Turn, out: &mut Out) {
        if let End::Delimiter { late, here, .. } = &turn.end {
            if !late.is_empty() {
                out.write(self.boundary.bytes(late));
            }
            out.keep(here.clone());
        }
    }

    fn head(
        &mut self,
        chunk: &Bytes,
        at: usize,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, ErrorKind> {
        let line_end = self.line_end.unwrap_or(LineEnd::CrLf);
        let (before, empty_line) = (line_end.bytes().len(), line_end.empty_line());
        let known = self.raw.len();
        let rest = chunk.get(at..).unwrap_or_default();
        let most = HEAD + empty_line.len();
        let more = rest.get(..rest.len().min(most)).unwrap_or_default();
        self.raw.extend_from_slice(more);
        let from = known.saturating_sub(empty_line.len() - 1);
        let looked = self.raw.get(from..).unwrap_or_default();
        let found = memchr::memmem::find(looked, empty_line);
        let length = found.map_or(self.raw.len(), |found| from + found);
        let most = if found.is_some() { HEAD } else { most - 1 };
        if length > most {
            return Err(ErrorKind::Syntax {
                expected: "the end of a part's head",
            });
        }
        if found.is_none() {
            return Ok(at + more.len());
        }
        let mut raw = std::mem::take(&mut self.raw);
        raw.truncate(length + empty_line.len());
        let end = at + raw.len() - known;
        let text = raw.get(before..).unwrap_or_default();
        let changed = self.part(text, length, editor)?;
        match changed {
            Some(changes) => {
                self.measures = change::write(text, changes, editor, out);
            }
            // A head without lines begins with the end of the delimiter's.
            None if known <= before => out.keep(at..end),
            None => out.write(text),
        }
        raw.clear();
        self.raw = raw;
        self.boundary.after_line_break();
        Ok(end)
    }

    /// Takes what a look at a chunk found of a value.
    fn value(
        &mut self,
        place: PlaceId,
        turn: &Turn,
        chunk: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let here = chunk.get(turn.content.clone()).unwrap_or_default();
        self.fields
            .fits(self.raw.len() + turn.freed.len() + here.len())?;
        if turn.end == End::Open || !self.raw.is_empty() || !turn.freed.is_empty() {
            self.raw.extend_from_slice(self.boundary.bytes(&turn.freed));
            self.raw.extend_from_slice(here);
        }
        if !matches!(turn.end, End::Delimiter { .. }) {
            return Ok(());
        }
        let mut raw = std::mem::take(&mut self.raw);
        let value = if raw.is_empty() { here } else { &raw };
        if !crate::text::is_text(value) {
            return Err(ErrorKind::Charset);
        }
        let mut replacement = Zeroizing::new(Vec::new());
        let edit = self.fields.decide(place, value, editor, &mut replacement)?;
        for (gap, line) in self.measures.drain(..) {
            let stays = edit == Edit::Keep;
            out.close(
                gap,
                if stays {
                    vec![Piece::Bytes(line)]
                } else {
                    Vec::new()
                },
            );
        }
        match edit {
            Edit::Keep if raw.is_empty() => out.keep(turn.content.clone()),
            Edit::Keep => out.write(&raw),
            Edit::Replace | Edit::Spelled if self.boundary.stands_in(&replacement) => {
                return Err(ErrorKind::Syntax {
                    expected: "a value without the boundary",
                });
            }
            Edit::Replace | Edit::Spelled => out.write(&replacement),
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, Escape::Plain),
            Edit::Nested => out.nest(editor.nested(), Escape::Plain),
        }
        raw.clear();
        self.raw = raw;
        Ok(())
    }

    /// Takes what a look at a chunk found of a body in a part.
    fn body(
        &mut self,
        turn: &Turn,
        chunk: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let Some(mut body) = self.body.take() else {
            return Ok(());
        };
        let mut counted = self.fields.counted(editor);
        let freed = self.boundary.bytes(&turn.freed);
        let mut pushed = Ok(());
        if !freed.is_empty() {
            pushed = body.push(&Bytes::copy_from_slice(freed), &mut counted, out);
        }
        if !turn.content.is_empty() {
            let here = chunk.slice(turn.content.clone());
            pushed = pushed.and_then(|()| body.push(&here, &mut counted, out));
        }
        if let End::Delimiter { .. } = turn.end {
            pushed = pushed.and_then(|()| body.finish(&mut counted, out));
        } else {
            self.body = Some(body);
        }
        pushed.map_err(|error| error.kind)
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
        (Line::Start | Line::Blank | Line::Return, b'\n') => Ok(State::Head),
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
        let lines = self.measures.iter().map(|(_, line)| line.capacity());
        let body = self.body.as_ref().map_or(0, |body| body.held());
        self.raw.capacity() + lines.sum::<usize>() + body
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
        chunk: &Bytes,
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
