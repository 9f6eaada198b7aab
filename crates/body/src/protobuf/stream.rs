//! The outermost message as it comes: fields that lead nowhere pass, the others are held until they are whole.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::message::{Walk, prefixed};
use super::path::Node;
use super::wire::{Expected, LONGEST_VARINT, Tag, Wire, varint};
use crate::edit::Editor;
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::{Limits, Rewriter};

/// Where in a message the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the head of a field: its tag, its length, or a number that is all of it.
    Head,
    /// In content that passes, of which so many bytes are to come.
    Passes(u64),
    /// In content that is held.
    Held {
        number: u32,
        /// Bytes of the tag.
        tag: usize,
        /// Bytes of the whole field.
        size: usize,
        /// Bytes of it before the content.
        head: usize,
    },
}

/// A head that is there whole.
enum Begun {
    /// A number: its field is at its end.
    Number,
    /// Content that passes.
    Passes(u64),
    /// Content that leads to a place.
    Leads {
        number: u32,
        tag: usize,
        length: u64,
    },
}

/// One message on its way out.
pub(crate) struct Stream {
    root: Arc<Node>,
    limits: Limits,
    state: State,
    /// What came in earlier chunks of a head, or of a field that is held.
    held: Zeroizing<Vec<u8>>,
    /// Where the chunk, or the field that is held, begins in the body.
    offset: u64,
    walk: Walk,
    /// Whether nothing fails: what does not parse passes.
    lenient: bool,
    /// Whether all that follows passes.
    lost: bool,
}

impl Stream {
    pub(super) fn new(root: Arc<Node>, limits: Limits) -> Self {
        Self {
            root,
            limits,
            state: State::Head,
            held: Zeroizing::default(),
            offset: 0,
            walk: Walk {
                ordinal: 0,
                depth: limits.depth,
                offset: 0,
            },
            lenient: false,
            lost: false,
        }
    }

    /// The same, where nothing fails.
    pub(super) fn lenient(self) -> Self {
        Self {
            lenient: true,
            ..self
        }
    }

    /// Takes what a chunk, from `at` on, has of the state's next step. Says how far that came.
    fn step(
        &mut self,
        chunk: &Bytes,
        at: usize,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, Error> {
        let rest = chunk.get(at..).unwrap_or_default();
        match self.state {
            State::Passes(left) => {
                let here = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                out.keep(at..at + here);
                let left = left - here as u64;
                self.state = if left == 0 {
                    State::Head
                } else {
                    State::Passes(left)
                };
                Ok(at + here)
            }
            State::Head => self.head(rest, at, out),
            State::Held {
                number,
                tag,
                size,
                head,
            } => {
                let missing = size.saturating_sub(self.held.len());
                let here = rest.len().min(missing);
                self.held
                    .extend_from_slice(rest.get(..here).unwrap_or_default());
                if here < missing {
                    return Ok(at + here);
                }
                self.state = State::Head;
                let field = std::mem::take(&mut self.held);
                self.field(&field, number, (tag, head), editor, out)?;
                Ok(at + here)
            }
        }
    }

    /// Takes the bytes of a head. It is at most two varints long, so that it is read anew from each of its bytes.
    fn head(&mut self, rest: &[u8], at: usize, out: &mut Out) -> Result<usize, Error> {
        let before = self.held.len();
        let most = (2 * LONGEST_VARINT).saturating_sub(before).min(rest.len());
        self.held
            .extend_from_slice(rest.get(..most).unwrap_or_default());
        let begun = begun(&self.held, &self.root);
        let begun = begun.map_err(|expected| {
            Error::new(ErrorKind::Syntax { expected }, self.offset + at as u64)
        })?;
        let Some((begun, size)) = begun else {
            // Longer than any head is what has come of it never.
            return Ok(at + most);
        };
        let taken = at + size.saturating_sub(before);
        match begun {
            Begun::Leads {
                number,
                tag,
                length,
            } => {
                let limit = self.limits.value;
                let whole = usize::try_from(length)
                    .ok()
                    .filter(|length| *length <= limit);
                if whole.is_none() && self.lenient {
                    out.write(self.held.get(..size).unwrap_or_default());
                    self.held.clear();
                    self.state = State::Passes(length);
                    return Ok(taken);
                }
                let length = whole.ok_or_else(|| {
                    Error::new(ErrorKind::ValueTooLong { limit }, self.offset + at as u64)
                })?;
                self.held.truncate(size);
                self.walk.offset = self.offset + at as u64;
                self.state = State::Held {
                    number,
                    tag,
                    size: size + length,
                    head: size,
                };
            }
            Begun::Number | Begun::Passes(_) => {
                if before > 0 {
                    out.write(self.held.get(..before).unwrap_or_default());
                }
                out.keep(at..taken);
                self.held.clear();
                if let Begun::Passes(length) = begun {
                    self.state = State::Passes(length);
                }
            }
        }
        Ok(taken)
    }

    /// Writes a field that was held.
    fn field(
        &mut self,
        field: &[u8],
        number: u32,
        (tag, head): (usize, usize),
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        let root = Arc::clone(&self.root);
        let content = field.get(head..).unwrap_or_default();
        let inner = match root.field(number) {
            Some(node) => match self.walk.content(content, node, 1, editor) {
                Err(_) if self.lenient => None,
                edited => edited?,
            },
            None => None,
        };
        match inner {
            Some(inner) => {
                out.write(field.get(..tag).unwrap_or_default());
                prefixed(out, inner);
            }
            None => out.write(field),
        }
        Ok(())
    }
}

/// What a head begins, and how many bytes it has; `None` where it goes on.
fn begun(bytes: &[u8], root: &Node) -> Result<Option<(Begun, usize)>, Expected> {
    let Some((value, tag)) = varint(bytes)? else {
        return Ok(None);
    };
    let Tag { number, wire } = Tag::of(value)?;
    let leads = root.field(number).is_some();
    let behind = bytes.get(tag..).unwrap_or_default();
    Ok(match wire {
        Wire::Bytes => varint(behind)?.map(|(length, prefix)| {
            let begun = if leads {
                Begun::Leads {
                    number,
                    tag,
                    length,
                }
            } else {
                Begun::Passes(length)
            };
            (begun, tag + prefix)
        }),
        _ if leads => return Err("text or a message at a protected place"),
        Wire::Fixed(size) => Some((Begun::Passes(size as u64), tag)),
        Wire::Varint => varint(behind)?.map(|(_, size)| (Begun::Number, tag + size)),
    })
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let mut at = 0;
        while at < chunk.len() {
            if self.lost {
                out.keep(at..chunk.len());
                break;
            }
            let before = self.held.len();
            at = match self.step(chunk, at, editor, out) {
                Err(_) if self.lenient => {
                    self.lost = true;
                    out.write(self.held.get(..before).unwrap_or_default());
                    self.held.clear();
                    at
                }
                stepped => stepped?,
            };
            // Content of no bytes is at its end.
            match self.state {
                State::Passes(0) => self.state = State::Head,
                State::Held { size, .. } if size == self.held.len() => {
                    self.step(chunk, at, editor, out)?;
                }
                _ => {}
            }
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if self.lenient {
            out.begin(&Bytes::new());
            out.write(&self.held);
            self.held.clear();
            self.state = State::Head;
            self.lost = false;
            return Ok(());
        }
        if self.state == State::Head && self.held.is_empty() {
            return Ok(());
        }
        let expected = "the rest of a field";
        Err(Error::new(ErrorKind::Syntax { expected }, self.offset))
    }

    fn held(&self) -> usize {
        self.held.capacity()
    }
}
