//! gRPC: messages of Protocol Buffers, each behind a flag and its length (grpc.io, "gRPC over HTTP2"), and the same
//! of gRPC-Web over HTTP/1.1.
//!
//! A message's length comes first, so that what a message becomes is held until it is whole, up to [`Limits::value`].
//! A compressed message is refused: clients send none unless they are told to. Of gRPC-Web the binary form is read;
//! its text form is base64 of pieces that end anywhere, and has another content type.

use std::sync::Arc;

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
        let (messages, none) = (self.0.stream(limits), Vec::with_capacity(PREFIX));
        Ok(Box::new(Messages {
            messages,
            limits,
            prefix: none,
            left: None,
            offset: 0,
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
    offset: u64,
}

impl Messages {
    fn begin(&mut self, out: &mut Out) -> Result<(), Error> {
        let error = |kind| Err(Error::new(kind, self.offset));
        let [flag, a, b, c, d] = *self.prefix.as_slice() else {
            return Ok(());
        };
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
        let limit = self.limits.value;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d]));
        let length = length.ok().filter(|length| *length <= limit);
        let Some(length) = length else {
            return error(ErrorKind::ValueTooLong { limit });
        };
        self.prefix.clear();
        self.left = Some(length);
        out.enter(Box::new(Prefixed::default()));
        Ok(())
    }
}

impl Rewriter for Messages {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let mut rest = chunk.clone();
        loop {
            match self.left {
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

    fn finish(&mut self, _: &mut dyn Editor, _: &mut Out) -> Result<(), Error> {
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
#[derive(Default)]
struct Prefixed(zeroize::Zeroizing<Vec<u8>>);

impl Transform for Prefixed {
    fn push(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> Result<(), Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let limit = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
        let length = u32::try_from(self.0.len())
            .map_err(|_| Error::new(ErrorKind::ValueTooLong { limit }, 0))?;
        out.push(0);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.0);
        Ok(())
    }
}
