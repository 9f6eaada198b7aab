//! One request in a batch on its way out.

use std::ops::Range;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::head::{Decision, FRAMING, Head, ONCE, Read, Target, malformed};
use crate::edit::Editor;
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::multipart::{LineEnd, MEASURES};
use crate::out::Out;
use crate::{Limits, Rewriter};

/// See the module.
pub(super) struct Request {
    content_id: Box<[u8]>,
    line_end: LineEnd,
    limits: Limits,
    /// The head, until it is complete.
    raw: Zeroizing<Vec<u8>>,
    state: State,
    /// How long the body says that it is, and how much of it has come.
    declared: Option<u64>,
    seen: u64,
    offset: u64,
}

enum State {
    Head,
    /// In a body that passes.
    Passes,
    /// In a body that is rewritten; nothing of it but line breaks has come where it has not begun.
    Streams {
        rewriter: Box<dyn Rewriter>,
        begun: bool,
    },
    /// In a body that is rewritten and whose length stands in the head.
    Held(Box<Held>),
    Ended,
}

/// A request that is held, since its length is to be told.
struct Held {
    rewriter: Box<dyn Rewriter>,
    /// The head, and where in it the length stands: its line, and its value.
    head: Zeroizing<Vec<u8>>,
    line: Range<usize>,
    value: Range<usize>,
    body: Out,
    /// The line breaks behind the body.
    behind: Vec<u8>,
}

/// A range of a head, and what takes its place.
type Change = (Range<usize>, Vec<u8>);

impl Request {
    pub(super) fn new(content_id: &[u8], line_end: LineEnd, limits: Limits) -> Self {
        Self {
            content_id: content_id.into(),
            line_end,
            limits,
            raw: Zeroizing::default(),
            state: State::Head,
            declared: None,
            seen: 0,
            offset: 0,
        }
    }

    /// Takes bytes of the head; gives how many of them belong to it.
    fn head(
        &mut self,
        chunk: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, ErrorKind> {
        let empty_line = self.line_end.empty_line();
        let known = self.raw.len();
        let limit = self.limits.value;
        let room = limit.saturating_sub(known).saturating_add(1);
        let more = chunk.get(..chunk.len().min(room)).unwrap_or_default();
        self.raw.extend_from_slice(more);
        let from = known.saturating_sub(empty_line.len() - 1);
        let looked = self.raw.get(from..).unwrap_or_default();
        let found = memchr::memmem::find(looked, empty_line);
        let length = found.map_or(self.raw.len(), |found| from + found + empty_line.len());
        if length > limit {
            return Err(ErrorKind::ValueTooLong { limit });
        }
        if found.is_none() {
            return Ok(more.len());
        }
        self.raw.truncate(length);
        self.decide(editor, out)?;
        Ok(length - known)
    }

    /// The head is complete: asks what becomes of the request.
    fn decide(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), ErrorKind> {
        let raw = std::mem::take(&mut self.raw);
        let end = self.line_end.bytes();
        // The empty line, where the request has one, is the last of its line breaks.
        let lines = match raw.ends_with(self.line_end.empty_line()) {
            true => raw.len() - end.len(),
            false => raw.len(),
        };
        let read = Read::parse(raw.get(..lines).unwrap_or_default(), self.line_end)?;
        let text = |range: &Range<usize>| {
            let bytes = raw.get(range.clone()).unwrap_or_default();
            std::str::from_utf8(bytes).map_err(|_| malformed("a request head in ASCII"))
        };
        for name in FRAMING {
            if read.one(&raw, name)?.is_some() {
                return Err(malformed("a request without codings of its own"));
            }
        }
        for name in ONCE {
            read.one(&raw, name)?;
        }
        let length = read.one(&raw, "content-length")?;
        self.declared = match &length {
            Some(range) => Some(number(text(range)?)?),
            None => None,
        };
        let mut headers = Vec::with_capacity(read.headers.len());
        for (name, value) in &read.headers {
            headers.push((text(name)?, raw.get(value.clone()).unwrap_or_default()));
        }
        let head = Head {
            method: text(&read.method)?,
            target: Target::of(text(&read.target)?)?,
            headers: &headers,
            content_id: &self.content_id,
            base: None,
        };
        let decision = editor.request(&head).map_err(|error| error.kind)?;
        let body = self.declared != Some(0) && decision.body.is_some();
        let mut changes = changes(&raw, &read, &decision)?;
        if body {
            for name in MEASURES
                .into_iter()
                .filter(|name| *name != "content-length")
            {
                if let Some(value) = read.one(&raw, name)? {
                    changes.push((line(&raw, &value, end), Vec::new()));
                }
            }
        }
        changes.sort_by_key(|(range, _)| range.start);
        let held = length.filter(|_| body);
        let (written, moved) = apply(&raw, &changes, held);
        match (decision.body.filter(|_| body), moved) {
            (None, _) => {
                out.write(&written);
                self.state = State::Passes;
            }
            (Some(rewriter), None) => {
                out.write(&written);
                let begun = false;
                self.state = State::Streams { rewriter, begun };
            }
            (Some(rewriter), Some(value)) => {
                let limit = self.limits.value;
                if self.declared.unwrap_or_default() > limit as u64 {
                    return Err(ErrorKind::ValueTooLong { limit });
                }
                let line = line(&written, &value, end);
                self.state = State::Held(Box::new(Held {
                    rewriter,
                    head: written,
                    line,
                    value,
                    body: Out::new(),
                    behind: Vec::new(),
                }));
            }
        }
        Ok(())
    }

    /// Takes bytes of the body.
    fn body(
        &mut self,
        chunk: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let left = self
            .declared
            .map_or(u64::MAX, |declared| declared - self.seen.min(declared));
        let inside = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
        let behind = chunk.get(inside..).unwrap_or_default();
        if behind.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            return Err(malformed("a body as long as its request says"));
        }
        self.seen += inside as u64;
        let mut inside = chunk.slice(..inside);
        match &mut self.state {
            State::Held(held) => {
                held.behind.extend_from_slice(behind);
                if inside.is_empty() {
                    return Ok(());
                }
                let pushed = held.rewriter.push(&inside, editor, &mut held.body);
                pushed.map_err(|error| error.kind)
            }
            State::Streams { rewriter, begun } => {
                if !*begun {
                    let is_break = |byte: &&u8| matches!(byte, b'\r' | b'\n');
                    let breaks = inside.iter().take_while(is_break).count();
                    out.begin(&inside);
                    out.keep(0..breaks);
                    inside = inside.slice(breaks..);
                }
                if inside.is_empty() {
                    return Ok(());
                }
                *begun = true;
                let pushed = rewriter.push(&inside, editor, out);
                pushed.map_err(|error| error.kind)
            }
            State::Head | State::Passes | State::Ended => {
                out.begin(chunk);
                out.keep(0..chunk.len());
                Ok(())
            }
        }
    }

    fn end(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), ErrorKind> {
        if matches!(self.state, State::Head) {
            self.decide(editor, out)?;
        }
        if self.declared.is_some_and(|declared| self.seen < declared) {
            return Err(malformed("a body as long as its request says"));
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Streams {
                mut rewriter,
                begun: true,
            } => rewriter.finish(editor, out).map_err(|error| error.kind)?,
            State::Held(held) => held.end(self.declared, editor, out)?,
            State::Head | State::Passes | State::Streams { .. } | State::Ended => {}
        }
        editor.request_ended();
        Ok(())
    }
}

impl Held {
    /// Writes the request with its true length; without one where that is not known before answers have come.
    fn end(
        mut self: Box<Self>,
        declared: Option<u64>,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let finished = self.rewriter.finish(editor, &mut self.body);
        finished.map_err(|error| error.kind)?;
        let head = |range: Range<usize>| self.head.get(range).unwrap_or_default();
        if self.body.holes() > 0 {
            out.write(head(0..self.line.start));
            out.write(head(self.line.end..self.head.len()));
            out.nest(self.body, Escape::Plain);
        } else {
            let pieces: Vec<Bytes> = std::iter::from_fn(|| self.body.take()).collect();
            if let Some(fault) = self.body.fault() {
                return Err(fault.kind);
            }
            let length: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
            out.write(head(0..self.value.start));
            if Some(length) == declared {
                out.write(head(self.value.clone()));
            } else {
                out.write(length.to_string().as_bytes());
            }
            out.write(head(self.value.end..self.head.len()));
            pieces.into_iter().for_each(|piece| out.append(piece));
        }
        out.write(&self.behind);
        Ok(())
    }
}

/// What a decision changes of a head.
///
/// # Errors
/// [`ErrorKind::Syntax`] where what it says cannot stand in a head.
fn changes(raw: &[u8], read: &Read, decision: &Decision) -> Result<Vec<Change>, ErrorKind> {
    let mut changes = Vec::new();
    if let Some(target) = &decision.target {
        if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
            return Err(malformed("a target without blanks"));
        }
        changes.push((read.target.clone(), target.clone()));
    }
    for (name, value) in &decision.headers {
        if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(malformed("a header's value in one line"));
        }
        for (known, at) in &read.headers {
            let known = raw.get(known.clone()).unwrap_or_default();
            if known.eq_ignore_ascii_case(name.as_bytes()) {
                changes.push((at.clone(), value.clone()));
            }
        }
    }
    Ok(changes)
}

/// A head with its changes, which are in their order, and where `watched` has got to.
fn apply(
    raw: &[u8],
    changes: &[Change],
    watched: Option<Range<usize>>,
) -> (Zeroizing<Vec<u8>>, Option<Range<usize>>) {
    let mut written = Zeroizing::new(Vec::with_capacity(raw.len() + 64));
    let mut moved = watched.clone();
    let mut from = 0;
    for (range, to) in changes {
        written.extend_from_slice(raw.get(from..range.start).unwrap_or_default());
        written.extend_from_slice(to);
        from = range.end;
        if let (Some(watched), Some(moved)) = (&watched, &mut moved)
            && range.end <= watched.start
        {
            let length = watched.len();
            let start = moved.start + to.len() - range.len();
            *moved = start..start + length;
        }
    }
    written.extend_from_slice(raw.get(from..).unwrap_or_default());
    (written, moved)
}

/// The whole line around a value, its end included.
fn line(head: &[u8], value: &Range<usize>, end: &[u8]) -> Range<usize> {
    let before = head.get(..value.start).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let behind = head.get(value.end..).unwrap_or_default();
    let length = memchr::memmem::find(behind, end).map_or(behind.len(), |at| at + end.len());
    start..value.end + length
}

/// A length, which all servers read alike.
fn number(text: &str) -> Result<u64, ErrorKind> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| plain);
    number.ok_or(malformed("a length in digits"))
}

impl Rewriter for Request {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let mut at = 0;
        let offset = self.offset;
        let fault = |kind| Error::new(kind, offset);
        if matches!(self.state, State::Head) {
            at = self.head(chunk, editor, out).map_err(fault)?;
        }
        if at < chunk.len() {
            self.body(&chunk.slice(at..), editor, out).map_err(fault)?;
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let offset = self.offset;
        self.end(editor, out)
            .map_err(|kind| Error::new(kind, offset))
    }

    fn held(&self) -> usize {
        let held = match &self.state {
            State::Streams { rewriter, .. } => rewriter.held(),
            State::Held(held) => {
                held.head.capacity() + held.rewriter.held() + held.body.len() + held.behind.len()
            }
            State::Head | State::Passes | State::Ended => 0,
        };
        self.raw.capacity() + held
    }
}
