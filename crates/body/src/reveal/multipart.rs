//! Multipart bodies (RFC 2046 §5.1): each part is revealed by itself, what stands around them passes.

use std::sync::Arc;

use bytes::Bytes;

use super::container::{Container, Setting};
use super::part::Part;
use super::tokens::{Counts, Tokens};
use crate::multipart::{Boundary, End};
use crate::out::Out;

/// A line that begins like a delimiter and goes on with more blanks than these is none.
const LONGEST_PADDING: usize = 256;

pub(super) struct Multipart {
    setting: Setting,
    name: Arc<[u8]>,
    boundary: Boundary,
    /// The part that is open.
    part: Option<Part>,
    /// What follows a boundary on its line, as far as it may be a delimiter's end.
    line: Option<Line>,
    counts: Counts,
}

/// The end of a line with a boundary.
#[derive(Default)]
struct Line {
    /// What stands before the boundary and the boundary itself.
    delimiter: Vec<u8>,
    behind: Vec<u8>,
}

impl Multipart {
    /// A body with this boundary; nothing where there can be none.
    pub(super) fn new(boundary: &Arc<[u8]>, setting: Setting) -> Option<Self> {
        let text = std::str::from_utf8(boundary).ok()?;
        Some(Self {
            setting,
            name: Arc::clone(boundary),
            boundary: Boundary::new(text).ok()?,
            part: None,
            line: None,
            counts: Counts::default(),
        })
    }

    /// Takes content of what the walk stands in.
    fn content(&mut self, bytes: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        match &mut self.part {
            Some(part) => part.push(bytes, tokens, out),
            None => out.append(bytes.clone()),
        }
    }

    /// The part that is open has ended.
    fn end_part(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        if let Some(mut part) = self.part.take() {
            part.finish(tokens, out);
            self.counts.add(part.counts());
        }
    }

    /// Goes on behind a boundary: how many bytes of the chunk belong to its line.
    fn line(
        &mut self,
        rest: &[u8],
        mut line: Line,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> usize {
        let mut used = 0;
        for byte in rest {
            let is_padding = matches!(byte, b' ' | b'\t' | b'\r');
            let is_hyphen = *byte == b'-' && matches!(*line.behind, [] | [b'-']);
            let after_one = *line.behind == [b'-'];
            let ends = *byte == b'\n' && !after_one;
            let goes_on = is_hyphen || is_padding && !after_one;
            if !(ends || goes_on) || line.behind.len() > LONGEST_PADDING {
                let content = [line.delimiter, line.behind].concat();
                self.content(&content.into(), tokens, out);
                return used;
            }
            line.behind.push(*byte);
            used += 1;
            if ends {
                self.delimiter(&line, tokens, out);
                return used;
            }
        }
        self.line = Some(line);
        used
    }

    /// Takes a delimiter.
    fn delimiter(&mut self, line: &Line, tokens: &mut dyn Tokens, out: &mut Out) {
        self.end_part(tokens, out);
        out.write(&line.delimiter);
        out.write(&line.behind);
        self.boundary.after_line_break();
        if !line.behind.starts_with(b"--") {
            let setting = self.setting.inside().in_part(&self.name);
            self.part = Some(Part::new(setting));
        }
    }
}

impl Container for Multipart {
    fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        let mut at = 0;
        while at < chunk.len() {
            if let Some(line) = self.line.take() {
                let rest = chunk.get(at..).unwrap_or_default();
                at += self.line(rest, line, tokens, out);
                continue;
            }
            let turn = self.boundary.look(chunk, at);
            let freed = Bytes::copy_from_slice(self.boundary.bytes(&turn.freed));
            self.content(&freed, tokens, out);
            self.content(&chunk.slice(turn.content.clone()), tokens, out);
            match turn.end {
                End::Open => return,
                End::Delimiter { late, here, .. } => {
                    let mut delimiter = self.boundary.bytes(&late).to_vec();
                    delimiter.extend_from_slice(chunk.get(here.clone()).unwrap_or_default());
                    self.line = Some(Line {
                        delimiter,
                        behind: Vec::new(),
                    });
                    at = here.end;
                }
            }
        }
    }

    fn finish(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        let rest = Bytes::copy_from_slice(self.boundary.held_back());
        self.content(&rest, tokens, out);
        let line = self.line.take().unwrap_or_default();
        self.end_part(tokens, out);
        out.write(&line.delimiter);
        out.write(&line.behind);
    }

    fn with_companions(&mut self, setting: &Setting) {
        self.setting = setting.clone();
    }

    fn held(&self) -> usize {
        self.part.as_ref().map_or(0, Container::held)
    }

    fn counts(&self) -> Counts {
        let mut counts = self.counts;
        if let Some(part) = &self.part {
            counts.add(part.counts());
        }
        counts
    }
}
