//! A part of a multipart body, or a message: a head, and what is behind it, revealed by the content type that the head
//! gives and through the encoding that it names.
//!
//! Tokens are opened in those fields of the head that people write in, too; such a head leaves without what it told of
//! the length of its content. Parts of type `application/http` (the answers to a batch) are read by the content type of the answer in them. What
//! the head of a part in which a token was opened says of the length of its content becomes true again, its digests
//! are left out; a part that is longer than the longest value leaves without its length.

mod fields;
mod head;
mod measured;
mod words;

use std::sync::Arc;

use bytes::Bytes;

use super::Reveal;
use super::container::{Container, Setting};
use super::tokens::{Counts, Tokens};
use crate::out::Out;
pub(super) use head::is_message;
use head::{Head, Holds};
use measured::{Changed, Measured};

/// A head longer than this makes its part pass unread.
const LONGEST_HEAD: usize = 64 << 10;

pub(super) struct Part {
    setting: Setting,
    at: At,
    /// The heads that tell of what is behind them, and how much of that has come.
    measured: Vec<(Changed, u64)>,
    counts: Counts,
}

/// In what the walk stands.
enum At {
    /// In the head, or in that of the answer in the part.
    Head(Vec<u8>, Holds),
    /// In content that passes.
    Passes,
    Body(Box<Reveal>),
}

impl Part {
    /// A part whose content is revealed in this setting.
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            setting,
            at: At::Head(Vec::new(), Holds::Content),
            measured: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// A head is whole: what is behind it begins.
    fn begin(&mut self, bytes: &[u8], holds: Holds, tokens: &mut dyn Tokens, out: &mut Out) {
        let head = Head::read(bytes);
        let measures = head.measures();
        let fields = match holds {
            Holds::Content => fields::reveal(bytes, &head::measures, tokens, &mut self.counts),
            Holds::Answer => None,
        };
        if let Some(fields) = fields {
            out.absorb(fields);
        } else if measures.is_empty() {
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
        match head.reveal(holds, self.setting.clone()) {
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
}

impl Container for Part {
    fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        let mut rest = chunk.clone();
        while !rest.is_empty() {
            match &mut self.at {
                At::Passes => return out.append(rest),
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
                        self.begin(&head, holds, tokens, out);
                    } else if head.len() > LONGEST_HEAD {
                        out.write(head);
                        self.counts.unread += 1;
                        self.pass();
                    }
                }
            }
        }
    }

    fn finish(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        match std::mem::replace(&mut self.at, At::Passes) {
            At::Passes => {}
            At::Head(head, _) => out.write(&head),
            At::Body(mut reveal) => {
                reveal.finish(tokens, out);
                self.counts.add(reveal.counts());
            }
        }
        let changed = self.counts.revealed + self.counts.marked > 0;
        for (cell, before) in self.measured.drain(..).rev() {
            // Told already where the part passes.
            let _ = cell.set(changed.then_some(before));
            out.leave();
        }
    }

    fn with_companions(&mut self, setting: &Setting) {
        self.setting = setting.inside();
    }

    fn held(&self) -> usize {
        let at = match &self.at {
            At::Passes => 0,
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
