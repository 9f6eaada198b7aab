//! gRPC: messages of Protocol Buffers, each behind a flag and its length (grpc.io, "gRPC over HTTP2"), and the same
//! of gRPC-Web over HTTP/1.1.
//!
//! A message's length comes first, so that what a message becomes is held until it is whole, up to [`Limits::value`].
//! A compressed message is refused: clients send none unless they are told to. Of gRPC-Web the binary form is read;
//! its text form is base64 of pieces that end anywhere, and has another content type.
//!
//! In answers nothing is refused: what is compressed or too long passes, and so do gRPC-Web's trailers.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::content_type::ContentType;
use crate::edit::Editor;
use crate::error::{Error, ErrorKind};
use crate::out::{Out, Transform};
use crate::plan::{Described, Grammar, Selected};
use crate::protobuf::{Places, Stream};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};

/// A flag, and a length of four bytes.
const PREFIX: usize = 5;

/// Whether a body of this content type is a stream of messages of Protocol Buffers.
pub(crate) fn is_named_by(content_type: &ContentType) -> bool {
    const NAMES: [&str; 4] = [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc-web",
        "application/grpc-web+proto",
    ];
    NAMES.contains(&content_type.essence())
}

/// The places of each message.
#[derive(Debug)]
struct Grpc(Places);

/// Reads the selectors of a stream of messages.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    Ok(Arc::new(Grpc(Places::of(selected)?)))
}

impl Grammar for Grpc {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Messages::new(self.0.stream(limits), limits)))
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        Some(Box::new(Messages {
            lenient: true,
            ..Messages::new(self.0.lenient_stream(limits), limits)
        }))
    }
}

/// A stream of messages on its way out.
struct Messages {
    /// Reads one message after the other.
    messages: Stream,
    limits: Limits,
    /// What has come of the next prefix.
    prefix: Vec<u8>,
    /// How much of the message that has begun is to come.
    left: Option<usize>,
    /// How much of what passes is to come.
    passes: usize,
    /// What will not come of the message that has begun.
    missing: Arc<OnceLock<usize>>,
    offset: u64,
    /// Whether nothing fails: what is not read passes.
    lenient: bool,
}

impl Messages {
    fn new(messages: Stream, limits: Limits) -> Self {
        Self {
            messages,
            limits,
            prefix: Vec::with_capacity(PREFIX),
            left: None,
            passes: 0,
            missing: Arc::default(),
            offset: 0,
            lenient: false,
        }
    }

    fn begin(&mut self, out: &mut Out) -> Result<(), Error> {
        let error = |kind| Err(Error::new(kind, self.offset));
        let [flag, a, b, c, d] = *self.prefix.as_slice() else {
            return Ok(());
        };
        let limit = self.limits.value;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok();
        let fits = length.filter(|length| *length <= limit);
        if self.lenient && (flag != 0 || fits.is_none()) {
            out.write(&std::mem::take(&mut self.prefix));
            self.passes = length.unwrap_or(usize::MAX);
            return Ok(());
        }
        match flag {
            0 => {}
            1 => {
                return error(ErrorKind::Coding {
                    why: "a compressed message is not read",
                });
            }
            _ => {
                return error(ErrorKind::Syntax {
                    expected: "the prefix of a message",
                });
            }
        }
        let Some(length) = fits else {
            return error(ErrorKind::ValueTooLong { limit });
        };
        self.prefix.clear();
        self.left = Some(length);
        self.missing = Arc::default();
        out.enter(Box::new(Prefixed {
            message: zeroize::Zeroizing::default(),
            missing: Arc::clone(&self.missing),
        }));
        Ok(())
    }
}

impl Rewriter for Messages {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let mut rest = chunk.clone();
        loop {
            match self.left {
                _ if self.passes > 0 && !rest.is_empty() => {
                    let here = rest.split_to(self.passes.min(rest.len()));
                    self.offset += here.len() as u64;
                    self.passes -= here.len();
                    out.append(here);
                }
                Some(left) => {
                    let here = rest.split_to(left.min(rest.len()));
                    self.offset += here.len() as u64;
                    if !here.is_empty() {
                        self.messages.push(&here, editor, out)?;
                    }
                    if here.len() < left {
                        self.left = Some(left - here.len());
                        return Ok(());
                    }
                    self.messages.finish(editor, out)?;
                    out.leave();
                    self.left = None;
                }
                None if rest.is_empty() => return Ok(()),
                None => {
                    let here = rest.split_to((PREFIX - self.prefix.len()).min(rest.len()));
                    self.offset += here.len() as u64;
                    self.prefix.extend_from_slice(&here);
                    self.begin(out)?;
                }
            }
        }
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if self.lenient {
            out.write(&std::mem::take(&mut self.prefix));
            if let Some(left) = self.left.take() {
                self.messages.finish(editor, out)?;
                // A message that was cut short stays so. The cell is its own.
                let _ = self.missing.set(left);
                out.leave();
            }
            return Ok(());
        }
        if self.left.is_none() && self.prefix.is_empty() {
            return Ok(());
        }
        let expected = "the rest of a message";
        Err(Error::new(ErrorKind::Syntax { expected }, self.offset))
    }

    fn held(&self) -> usize {
        self.messages.held()
    }
}

/// Puts the prefix before a message.
struct Prefixed {
    message: zeroize::Zeroizing<Vec<u8>>,
    /// How much of it never came.
    missing: Arc<OnceLock<usize>>,
}

impl Transform for Prefixed {
    fn push(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> Result<(), Error> {
        self.message.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let limit = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
        let missing = self.missing.get().copied().unwrap_or_default();
        let length = u32::try_from(self.message.len() + missing)
            .map_err(|_| Error::new(ErrorKind::ValueTooLong { limit }, 0))?;
        out.push(0);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.message);
        Ok(())
    }
}
