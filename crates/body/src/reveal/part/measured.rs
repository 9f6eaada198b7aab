//! A part whose head tells how long its content is: the head leaves once that is known again.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use crate::error::Error;
use crate::out::Transform;

/// Holds a head and the content behind it, at most so much of it.
pub(super) struct Measured {
    head: Vec<u8>,
    /// The lines that tell of the content, and whether it is its length.
    lines: Vec<(Range<usize>, bool)>,
    limit: usize,
    content: Zeroizing<Vec<u8>>,
    /// The head has left without what it told.
    streams: bool,
    changed: Changed,
}

/// How long the content was that has changed; nothing where it has not. It is told when that is known.
pub(super) type Changed = Arc<OnceLock<Option<u64>>>;

impl Measured {
    pub(super) fn new(
        head: &[u8],
        lines: Vec<(Range<usize>, bool)>,
        limit: usize,
        changed: Changed,
    ) -> Self {
        Self {
            head: head.to_vec(),
            lines,
            limit,
            content: Zeroizing::default(),
            streams: false,
            changed,
        }
    }

    /// Writes the head with so much less and so much more added to the length that it told, or without any.
    fn write_head(&self, change: Option<(u64, u64)>, out: &mut Vec<u8>) {
        let mut done = 0;
        for (line, is_length) in &self.lines {
            out.extend_from_slice(self.head.get(done..line.start).unwrap_or_default());
            done = line.end;
            let Some((less, more)) = change.filter(|_| *is_length) else {
                continue;
            };
            let text = self.head.get(line.clone()).unwrap_or_default();
            let begin = memchr::memchr(b':', text).map_or(text.len(), |colon| colon + 1);
            let (name, value) = text.split_at(begin);
            let told = std::str::from_utf8(value).ok();
            let told = told.and_then(|value| value.trim().parse::<u64>().ok());
            // Line breaks behind the content are no part of it, for some.
            if let Some(length) = told.and_then(|told| (told + more).checked_sub(less)) {
                out.extend_from_slice(name);
                out.extend_from_slice(format!(" {length}").as_bytes());
                let end = value.trim_ascii_end().len();
                out.extend_from_slice(value.get(end..).unwrap_or_default());
            }
        }
        out.extend_from_slice(self.head.get(done..).unwrap_or_default());
    }
}

impl Transform for Measured {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if self.streams {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        self.content.extend_from_slice(bytes);
        let passes = self.changed.get() == Some(&None);
        if passes || self.content.len() > self.limit {
            self.streams = true;
            if passes {
                out.extend_from_slice(&self.head);
            } else {
                self.write_head(None, out);
            }
            out.extend_from_slice(&std::mem::take(&mut self.content));
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.streams {
            return Ok(());
        }
        match self.changed.get() {
            Some(Some(before)) => self.write_head(Some((*before, self.content.len() as u64)), out),
            _ => out.extend_from_slice(&self.head),
        }
        out.extend_from_slice(&self.content);
        Ok(())
    }
}
