//! NDJSON, also called JSON Lines: a JSON document a line, each rewritten by itself as [`crate::json`] does.
//!
//! A line ends with LF; a CR before it is white space. No line break can stand in a document: in strings JSON allows
//! none, so that a document that goes over several lines is refused in its first. Blank lines pass. Selectors are
//! JSONPath over one document, `$` is a line.

use std::sync::Arc;

use bytes::Bytes;

use crate::content_type::ContentType;
use crate::edit::Editor;
use crate::error::Error;
use crate::json::{self, Places};
use crate::nest::Within;
use crate::out::Out;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};

/// The places of each line.
#[derive(Debug)]
struct Ndjson(Arc<Places>);

/// Reads the selectors: JSONPath.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let places = Places::of(selected)?;
    Ok(Arc::new(Ndjson(Arc::new(places))))
}

impl Grammar for Ndjson {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Stream::new(&self.0, limits, false)))
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        Some(Box::new(Stream::new(&self.0, limits, true)))
    }
}

/// Whether a content type says NDJSON. None is registered; these are in use, with a structured suffix in FHIR.
pub(crate) fn is_named_by(content_type: &ContentType) -> bool {
    matches!(
        content_type.essence(),
        "application/ndjson"
            | "application/x-ndjson"
            | "application/jsonl"
            | "application/x-jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines"
            | "application/json-lines"
    ) || content_type.has_suffix("ndjson")
        || content_type.has_suffix("jsonl")
}

/// One body on its way out.
struct Stream {
    places: Arc<Places>,
    limits: Limits,
    lenient: bool,
    /// The rewriter of the line that is open.
    line: Option<Box<dyn Rewriter>>,
    /// Values reported so far, of all lines.
    ordinal: u32,
    /// Where the open line, or the next, begins in the body.
    start: u64,
    /// Bytes of that line so far.
    length: u64,
}

impl Stream {
    fn new(places: &Arc<Places>, limits: Limits, lenient: bool) -> Self {
        Self {
            places: Arc::clone(places),
            limits,
            lenient,
            line: None,
            ordinal: 0,
            start: 0,
            length: 0,
        }
    }

    /// Takes a piece of a line, which is all of it or its end where `ends`.
    fn piece(
        &mut self,
        piece: &Bytes,
        ends: bool,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        self.length += piece.len() as u64;
        if self.line.is_none() && piece.trim_ascii_start().is_empty() {
            out.begin(piece);
            out.keep(0..piece.len());
        } else {
            let line = self
                .line
                .get_or_insert_with(|| json::rewriter(&self.places, self.limits, self.lenient));
            let mut editor = Within::new(&[], self.limits, self.lenient, &mut self.ordinal, editor);
            let mut done = line.push(piece, &mut editor, out);
            if ends && done.is_ok() {
                done = line.finish(&mut editor, out);
            }
            done.map_err(|error| Error::new(error.kind, self.start + error.offset))?;
        }
        if ends {
            self.line = None;
            self.start += std::mem::take(&mut self.length);
        }
        Ok(())
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let mut from = 0;
        for line_feed in memchr::memchr_iter(b'\n', chunk) {
            self.piece(&chunk.slice(from..=line_feed), true, editor, out)?;
            from = line_feed + 1;
        }
        if from < chunk.len() {
            self.piece(&chunk.slice(from..), false, editor, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if self.line.is_some() {
            self.piece(&Bytes::new(), true, editor, out)?;
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.line.as_ref().map_or(0, |line| line.held())
    }
}
