//! Streams of messages: the events of an event stream (WHATWG HTML §9.2), the lines of NDJSON.
//!
//! Each message is looked at whole: one that says it is a piece of a longer text goes through [`Deltas`], every other
//! through the scan. A message longer than `lookahead` is no piece and is scanned as it comes. Lines are followed
//! only where the first is a piece: a file of records costs the scan alone.

use std::ops::Range;

use bytes::Bytes;

use super::deltas::{Deltas, Message, may_be_piece};
use super::medium::{Format, Medium};
use super::scan::Scan;
use super::tokens::{Counts, Tokens};
use crate::Limits;
use crate::escape::Charset;
use crate::out::Out;

/// Parts a body into messages. See the module.
pub(super) struct Stream {
    ends: Ends,
    deltas: Deltas,
    /// The message that is open.
    open: Vec<u8>,
    lookahead: usize,
    /// The message that is open is too long to be looked at.
    passes: bool,
    /// None of the messages is a piece.
    off: bool,
}

/// How messages end.
enum Ends {
    /// With a blank line.
    Event {
        /// The line that is open is empty so far.
        blank: bool,
        /// The last byte was a carriage return.
        returned: bool,
    },
    /// With a line feed; whether one was seen.
    Line { first: bool },
}

impl Stream {
    /// The stage for this medium, if it is a stream of messages.
    pub(super) fn of(medium: &Medium, limits: Limits) -> Option<Self> {
        if medium.charset() != Charset::Utf8 {
            return None;
        }
        let ends = match medium.format() {
            Format::Events => Ends::Event {
                blank: true,
                returned: false,
            },
            Format::JsonLines => Ends::Line { first: true },
            _ => return None,
        };
        Some(Self {
            ends,
            deltas: Deltas::new(limits),
            open: Vec::new(),
            lookahead: limits.lookahead,
            passes: false,
            off: false,
        })
    }

    pub(super) fn push(
        &mut self,
        chunk: &Bytes,
        scan: &mut Scan,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) {
        let mut start = 0;
        while !self.off {
            let rest = chunk.get(start..).unwrap_or_default();
            let Some(length) = self.ends.find(rest) else {
                break;
            };
            let end = start + length;
            if std::mem::take(&mut self.passes) {
                self.scan(&chunk.slice(start..end), true, scan, tokens, out);
            } else {
                let message = if self.open.is_empty() {
                    chunk.slice(start..end)
                } else {
                    let mut message = std::mem::take(&mut self.open);
                    message.extend_from_slice(chunk.get(start..end).unwrap_or_default());
                    message.into()
                };
                self.message(&message, scan, tokens, out);
            }
            start = end;
        }
        let rest = chunk.slice(start..);
        if self.off {
            scan.push(&rest, tokens, out);
        } else if self.passes {
            self.scan(&rest, false, scan, tokens, out);
        } else {
            self.open.extend_from_slice(&rest);
            if self.open.len() > self.lookahead {
                self.passes = true;
                self.off = matches!(self.ends, Ends::Line { first: true });
                let open = std::mem::take(&mut self.open).into();
                self.scan(&open, false, scan, tokens, out);
            }
        }
    }

    /// Writes all that is held, as if nothing more came.
    pub(super) fn flush(&mut self, scan: &mut Scan, tokens: &mut dyn Tokens, out: &mut Out) {
        if !self.open.is_empty() {
            let open = std::mem::take(&mut self.open).into();
            self.message(&open, scan, tokens, out);
        }
        self.deltas.end(tokens);
        self.drain(out);
    }

    pub(super) fn held(&self) -> usize {
        self.open.len() + self.deltas.held()
    }

    pub(super) fn counts(&self) -> Counts {
        self.deltas.counts()
    }

    fn message(&mut self, bytes: &Bytes, scan: &mut Scan, tokens: &mut dyn Tokens, out: &mut Out) {
        let (event, data) = match &mut self.ends {
            Ends::Event { .. } => event(bytes),
            Ends::Line { .. } => (Range::default(), Some(json(bytes))),
        };
        let event = bytes.get(event).unwrap_or_default();
        let source = data.as_ref().and_then(|range| bytes.get(range.clone()));
        let looked_at = source.filter(|_| self.deltas.is_open() || may_be_piece(bytes));
        let message = looked_at.and_then(|source| Message::read(source, event));
        match (&message, data) {
            (Some(message), Some(data)) if message.is_piece() => {
                self.deltas.piece(bytes, data.start, message, tokens);
                self.begun();
                return self.drain(out);
            }
            (Some(message), _) => self.deltas.note(message, tokens),
            // The end of a stream is often no JSON.
            (None, Some(_)) => self.deltas.end(tokens),
            (None, None) => {}
        }
        self.drain(out);
        if let Ends::Line { first: true } = self.ends {
            self.off = true;
        }
        self.scan(bytes, true, scan, tokens, out);
    }

    fn begun(&mut self) {
        if let Ends::Line { first } = &mut self.ends {
            *first = false;
        }
    }

    /// Scans a message, or a part of one, behind what waits.
    fn scan(
        &mut self,
        bytes: &Bytes,
        ends: bool,
        scan: &mut Scan,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) {
        let flushes = ends && !self.off;
        let mut scan = |target: &mut Out| {
            scan.push(bytes, tokens, target);
            if flushes {
                scan.flush(tokens, target);
            }
        };
        if self.deltas.is_waiting() {
            self.deltas.behind(scan);
            self.drain(out);
        } else {
            scan(out);
        }
    }

    /// Writes what waits for nothing any more.
    fn drain(&mut self, out: &mut Out) {
        while let Some(message) = self.deltas.take() {
            out.absorb(message);
        }
    }
}

impl Ends {
    /// Where the message that is open ends in `bytes`, if it does.
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Line { .. } => memchr::memchr(b'\n', bytes).map(|at| at + 1),
            Self::Event { blank, returned } => {
                let mut at = 0;
                while let Some(byte) = bytes.get(at) {
                    let after_return = std::mem::take(returned);
                    match byte {
                        b'\n' if after_return => at += 1,
                        b'\n' | b'\r' => {
                            *returned = *byte == b'\r';
                            at += 1;
                            if *returned && bytes.get(at) == Some(&b'\n') {
                                *returned = false;
                                at += 1;
                            }
                            if std::mem::replace(blank, true) {
                                return Some(at);
                            }
                        }
                        _ => {
                            *blank = false;
                            let rest = bytes.get(at..).unwrap_or_default();
                            at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                        }
                    }
                }
                None
            }
        }
    }
}

/// The name of an event, and the one line of its data. Data in several lines is no piece.
fn event(bytes: &[u8]) -> (Range<usize>, Option<Range<usize>>) {
    let mut name = Range::default();
    let mut data = None;
    let mut lines = 0;
    let mut start = 0;
    while start < bytes.len() {
        let rest = bytes.get(start..).unwrap_or_default();
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let value = |field: &[u8]| {
            let value = line.strip_prefix(field)?.strip_prefix(b":")?;
            let value = value.strip_prefix(b" ").unwrap_or(value);
            Some(start + length - value.len()..start + length)
        };
        if let Some(range) = value(b"data") {
            lines += 1;
            data = Some(range);
        } else if let Some(range) = value(b"event") {
            name = range;
        }
        start += length + 1;
    }
    (name, data.filter(|_| lines == 1))
}

/// The JSON text of a line: RFC 7464 begins each with a record separator.
fn json(bytes: &[u8]) -> Range<usize> {
    let start = usize::from(bytes.first() == Some(&0x1e));
    start..bytes.len()
}
