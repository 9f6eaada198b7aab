//! Multipart bodies (RFC 2046 §5.1): each part is revealed by its own content type.
//!
//! Tokens in the parts' headers stay. Parts of type `application/http` (the answers to a batch) are read by the
//! content type of the answer in them. What the head of a part in which a token was opened says of the length of its
//! content becomes true again, its digests are left out; a part that is longer than the longest value leaves without
//! its length.

mod head;
mod measured;

use std::sync::Arc;

use bytes::Bytes;

use super::Reveal;
use super::container::{Container, Setting};
use super::tokens::{Counts, Tokens};
use crate::multipart::{Boundary, End};
use crate::out::Out;
use head::{Head, Holds};
use measured::{Changed, Measured};

/// A head longer than this makes its part pass unread.
const LONGEST_HEAD: usize = 16 << 10;

/// A line that begins like a delimiter and goes on with more blanks than these is none.
const LONGEST_PADDING: usize = 256;

pub(super) struct Multipart {
    setting: Setting,
    name: Arc<[u8]>,
    boundary: Boundary,
    at: At,
    /// What follows a boundary on its line, as far as it may be a delimiter's end.
    line: Option<Line>,
    /// The heads of the open part that tell of what is behind them, and how much of that has come.
    measured: Vec<(Changed, u64)>,
    counts: Counts,
}

/// In what the walk stands.
enum At {
    /// Before the first part, or after the last.
    Outside,
    /// In the head of a part, or of the answer in it.
    Head(Vec<u8>, Holds),
    /// In content that passes.
    Passes,
    Body(Box<Reveal>),
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
            at: At::Outside,
            line: None,
            measured: Vec::new(),
            counts: Counts::default(),
        })
    }

    /// Takes content of what the walk stands in.
    fn content(&mut self, bytes: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            match &mut self.at {
                At::Outside | At::Passes => return out.append(rest),
                At::Body(reveal) => {
                    count(&mut self.measured, &rest);
                    return reveal.push(&rest, tokens, out);
                }
                At::Head(head, holds) => {
                    let length = memchr::memchr(b'\n', &rest).map_or(rest.len(), |at| at + 1);
                    let room = (LONGEST_HEAD + 1).saturating_sub(head.len());
                    let line = rest.split_to(length.min(room));
                    count(&mut self.measured, &line);
                    head.extend_from_slice(&line);
                    if Head::is_whole(head) {
                        let (head, holds) = (std::mem::take(head), *holds);
                        self.begin(&head, holds, out);
                    } else if head.len() > LONGEST_HEAD {
                        out.write(head);
                        self.counts.unread += 1;
                        self.pass();
                    }
                }
            }
        }
    }

    /// A head is whole: what is behind it begins.
    fn begin(&mut self, bytes: &[u8], holds: Holds, out: &mut Out) {
        let head = Head::read(bytes);
        let measures = head.measures();
        if measures.is_empty() {
            out.write(bytes);
        } else {
            let changed = Changed::default();
            let limit = self.setting.limits.value;
            let measured = Measured::new(bytes, measures, limit, Arc::clone(&changed));
            out.enter(Box::new(measured));
            self.measured.push((changed, 0));
        }
        if holds == Holds::Content && head.holds_answer() {
            self.at = At::Head(Vec::new(), Holds::Answer);
            return;
        }
        let setting = self.setting.inside().in_part(&self.name);
        match head.reveal(holds, setting) {
            Ok(Some(reveal)) => self.at = At::Body(reveal),
            Ok(None) => self.pass(),
            Err(head::Unread) => {
                self.counts.unread += 1;
                self.pass();
            }
        }
    }

    /// Lets what is left of the part pass: what its heads tell of it stays true.
    fn pass(&mut self) {
        self.at = At::Passes;
        for (changed, _) in &self.measured {
            let _ = changed.set(None);
        }
    }

    /// The part that is open has ended.
    fn end_part(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        let mut changed = false;
        match std::mem::replace(&mut self.at, At::Outside) {
            At::Outside | At::Passes => {}
            At::Head(head, _) => out.write(&head),
            At::Body(mut reveal) => {
                reveal.finish(tokens, out);
                let counts = reveal.counts();
                changed = counts.revealed + counts.marked > 0;
                self.counts.add(counts);
            }
        }
        for (cell, before) in self.measured.drain(..).rev() {
            // Told already where the part passes.
            let _ = cell.set(changed.then_some(before));
            out.leave();
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
            self.at = At::Head(Vec::new(), Holds::Content);
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
        let at = match &self.at {
            At::Outside | At::Passes => 0,
            At::Head(head, _) => head.len(),
            At::Body(reveal) => reveal.held(),
        };
        let limit = self.setting.limits.value;
        let most = |(_, came): &(Changed, u64)| {
            usize::try_from(*came).map_or(limit, |came| came.min(limit))
        };
        at + self.measured.iter().map(most).sum::<usize>()
    }

    fn counts(&self) -> Counts {
        let mut counts = self.counts;
        if let At::Body(reveal) = &self.at {
            counts.add(reveal.counts());
        }
        counts
    }
}

/// Counts bytes that heads tell of.
fn count(measured: &mut [(Changed, u64)], bytes: &Bytes) {
    for (_, came) in measured {
        *came += bytes.len() as u64;
    }
}
