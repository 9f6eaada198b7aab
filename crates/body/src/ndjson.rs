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
    documents: Documents,
    /// Whether nothing but white space has come of the line.
    blank: bool,
    /// Where the next piece begins in the body.
    offset: u64,
}

/// What rewrites the lines.
enum Documents {
    /// One rewriter for all of them.
    All(Box<json::Stream>),
    /// One for each, where values have siblings.
    Each {
        /// The rewriter of the line that is open, and where that begins in the body.
        line: Option<(Box<dyn Rewriter>, u64)>,
        /// Values reported so far.
        ordinal: u32,
    },
}

impl Stream {
    fn new(places: &Arc<Places>, limits: Limits, lenient: bool) -> Self {
        Self {
            places: Arc::clone(places),
            limits,
            lenient,
            documents: match json::documents(places, limits, lenient) {
                Some(stream) => Documents::All(Box::new(stream)),
                None => Documents::Each {
                    line: None,
                    ordinal: 0,
                },
            },
            blank: true,
            offset: 0,
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
        self.blank = self.blank && piece.trim_ascii_start().is_empty();
        match &mut self.documents {
            Documents::All(stream) => {
                stream.push(piece, editor, out)?;
                if ends && !self.blank {
                    stream.finish(editor, out)?;
                    stream.restart();
                }
            }
            Documents::Each { .. } if self.blank => {
                out.begin(piece);
                out.keep(0..piece.len());
            }
            Documents::Each { line, ordinal } => {
                let rewriter = || json::rewriter(&self.places, self.limits, self.lenient);
                let (rewriter, start) = line.get_or_insert_with(|| (rewriter(), self.offset));
                let mut editor = Within::new(&[], self.limits, self.lenient, ordinal, editor);
                let mut done = rewriter.push(piece, &mut editor, out);
                if ends && done.is_ok() {
                    done = rewriter.finish(&mut editor, out);
                }
                done.map_err(|error| Error::new(error.kind, *start + error.offset))?;
                if ends {
                    *line = None;
                }
            }
        }
        self.blank |= ends;
        self.offset += piece.len() as u64;
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
        self.piece(&Bytes::new(), true, editor, out)
    }

    fn held(&self) -> usize {
        match &self.documents {
            Documents::All(stream) => stream.held(),
            Documents::Each { line, .. } => line.as_ref().map_or(0, |(line, _)| line.held()),
        }
    }
}
