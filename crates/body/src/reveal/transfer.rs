//! A part in a content transfer encoding (RFC 2045 §6): decoded, revealed as what it holds, and encoded again.
//!
//! In quoted-printable a soft line break may cut a token, in base64 nothing of it is to be seen; so it is the decoded
//! text that is read. A part in which nothing opens leaves as it came: up to `Limits::value` of it is held until that
//! is known, and a longer one is encoded again, to the same text. Decoders skip what the encoding does not know, and
//! so does this.

mod base64;
mod quoted;

use bytes::Bytes;

use super::Reveal;
use super::container::Container;
use super::tokens::{Counts, Tokens};
use crate::Limits;
use crate::out::{Out, Transform};

/// How long a line may be (RFC 2045 §6.7 and §6.8).
const LONGEST_LINE: usize = 76;

/// The encodings that change what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    QuotedPrintable,
    Base64,
}

/// What decodes a part, and knows how it is to be written again.
trait Decoder: Send {
    /// Takes the next bytes; appends what they decode to.
    fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>);

    /// Ends the part; appends what is left.
    fn finish(&mut self, text: &mut Vec<u8>);

    /// What encodes it as it came; nothing while its layout is not known and more may tell, which `last` denies.
    fn encoder(&self, last: bool) -> Option<Box<dyn Transform>>;

    /// What stood behind the encoded text.
    fn behind(&self) -> Vec<u8>;

    /// Bytes held, beside a constant.
    fn held(&self) -> usize;
}

/// A part that is revealed through its encoding.
pub(super) struct Transfer {
    decoder: Box<dyn Decoder>,
    reveal: Box<Reveal>,
    limits: Limits,
    /// What came and what would stand in its place, as long as nothing has left.
    undecided: Option<(Vec<u8>, Box<Out>)>,
}

impl Transfer {
    /// A part that holds, in this encoding, what is revealed so.
    pub(super) fn new(coding: Coding, reveal: Box<Reveal>, limits: Limits) -> Self {
        Self {
            decoder: match coding {
                Coding::QuotedPrintable => Box::new(quoted::Decode::default()),
                Coding::Base64 => Box::new(base64::Decode::default()),
            },
            reveal,
            limits,
            undecided: Some(Default::default()),
        }
    }

    /// Lets go of what is held, if it is known how it leaves.
    fn decide(&mut self, last: bool, out: &mut Out) {
        let Some((original, _)) = &self.undecided else {
            return;
        };
        let counts = self.reveal.counts();
        let is_long = original.len() > self.limits.value;
        if counts.revealed + counts.marked == 0 && !is_long {
            return;
        }
        let Some(encoder) = self.decoder.encoder(last || is_long) else {
            return;
        };
        if let Some((_, inner)) = self.undecided.take() {
            out.enter(encoder);
            out.absorb(*inner);
        }
    }

    /// Where the revealed text goes now.
    fn reveal(&mut self, text: Vec<u8>, tokens: &mut dyn Tokens, out: &mut Out) {
        match &mut self.undecided {
            Some((_, inner)) => self.reveal.push(&text.into(), tokens, inner),
            None => self.reveal.push(&text.into(), tokens, out),
        }
    }
}

impl Container for Transfer {
    fn push(&mut self, chunk: &Bytes, tokens: &mut dyn Tokens, out: &mut Out) {
        if let Some((original, _)) = &mut self.undecided {
            original.extend_from_slice(chunk);
        }
        let mut text = Vec::with_capacity(chunk.len());
        self.decoder.push(chunk, &mut text);
        self.reveal(text, tokens, out);
        self.decide(false, out);
    }

    fn finish(&mut self, tokens: &mut dyn Tokens, out: &mut Out) {
        let mut text = Vec::new();
        self.decoder.finish(&mut text);
        self.reveal(text, tokens, out);
        match &mut self.undecided {
            Some((_, inner)) => self.reveal.finish(tokens, inner),
            None => self.reveal.finish(tokens, out),
        }
        self.decide(true, out);
        match self.undecided.take() {
            Some((original, _)) => out.write(&original),
            None => {
                out.leave();
                out.write(&self.decoder.behind());
            }
        }
    }

    fn held(&self) -> usize {
        let undecided = self.undecided.as_ref();
        let undecided = undecided.map_or(0, |(original, inner)| original.len() + inner.len());
        undecided + self.decoder.held() + self.reveal.held()
    }

    fn counts(&self) -> Counts {
        self.reveal.counts()
    }
}
