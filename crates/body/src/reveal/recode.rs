//! An answer in a charset in which ASCII bytes do not stand for themselves (UTF-16, Shift_JIS and their kin): it is
//! decoded before it is scanned and encoded again behind. A byte-order mark says more than the content type (WHATWG
//! Encoding §6.1), so the beginning of every answer is looked at.
//!
//! Nothing fails: from bytes on that cannot be read, or not be kept as they came, the rest passes and is counted.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::Reveal;
use super::medium::Medium;
use super::tokens::Tokens;
use crate::charset::{Decode, Encode};
use crate::escape::Charset;
use crate::out::{Out, Taken};

/// The stage before and behind the scan.
pub(super) struct Recode {
    state: State,
}

enum State {
    /// What has come may be the beginning of a mark.
    Opening(Vec<u8>, Option<&'static Encoding>),
    Other(Box<Other>),
    /// All that follows passes.
    Lost,
}

struct Other {
    encoding: &'static Encoding,
    decode: Decode,
    encode: Encode,
    /// What the scan has written.
    middle: Out,
}

const MARKS: [(&[u8], Option<&Encoding>); 3] = [
    (b"\xef\xbb\xbf", None),
    (b"\xfe\xff", Some(UTF_16BE)),
    (b"\xff\xfe", Some(UTF_16LE)),
];

impl Recode {
    /// The stage for an answer of this medium; nothing where its charset is known whatever its bytes are.
    pub(super) fn of(medium: &Medium) -> Option<Self> {
        let declared = match medium.charset() {
            Charset::Within(encoding) => Some(encoding),
            Charset::Utf8 | Charset::Undeclared | Charset::Of(_) => None,
        };
        let state = State::Opening(Vec::new(), declared);
        medium.may_be_marked().then_some(Self { state })
    }

    /// Takes the next chunk; says whether the stage is still needed.
    pub(super) fn push(
        &mut self,
        chunk: &Bytes,
        reveal: &mut Reveal,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> bool {
        let State::Opening(held, declared) = &mut self.state else {
            self.take(chunk, reveal, tokens, out);
            return true;
        };
        let declared = *declared;
        let bytes = if held.is_empty() {
            chunk.clone()
        } else {
            held.extend_from_slice(chunk);
            std::mem::take(held).into()
        };
        let is_open = |mark: &[u8]| bytes.len() < mark.len() && mark.starts_with(&bytes);
        if MARKS.iter().any(|(mark, _)| is_open(mark)) {
            self.state = State::Opening(bytes.to_vec(), declared);
            return true;
        }
        self.open(&bytes, declared, reveal, tokens, out)
    }

    /// Begins with what has come.
    fn open(
        &mut self,
        bytes: &Bytes,
        declared: Option<&'static Encoding>,
        reveal: &mut Reveal,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> bool {
        let marked = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark));
        let (mark, encoding) = match marked {
            Some((mark, encoding)) => {
                reveal
                    .scan
                    .in_charset(encoding.map_or(Charset::Utf8, Charset::Within));
                (mark.len(), *encoding)
            }
            None => (0, declared),
        };
        let Some(encoding) = encoding else {
            reveal.push_text(bytes, tokens, out);
            return false;
        };
        out.write(bytes.get(..mark).unwrap_or_default());
        self.state = State::Other(Box::new(Other {
            encoding,
            decode: Decode::new(encoding),
            encode: Encode::new(encoding),
            middle: Out::new(),
        }));
        self.take(&bytes.slice(mark..), reveal, tokens, out);
        true
    }

    fn take(&mut self, chunk: &Bytes, reveal: &mut Reveal, tokens: &mut dyn Tokens, out: &mut Out) {
        let State::Other(other) = &mut self.state else {
            out.begin(chunk);
            out.keep(0..chunk.len());
            return;
        };
        let mut text = Vec::new();
        let decoded = other.decode.push(chunk, &mut text);
        reveal.push_text(&text.into(), tokens, &mut other.middle);
        if decoded.is_err() {
            self.lose(reveal, tokens, out);
        } else {
            other.drain(out);
        }
    }

    /// Lets what cannot be read pass, and all that follows.
    fn lose(&mut self, reveal: &mut Reveal, tokens: &mut dyn Tokens, out: &mut Out) {
        if let State::Other(mut other) = std::mem::replace(&mut self.state, State::Lost) {
            reveal.finish_text(tokens, &mut other.middle);
            other.drain(out);
            out.write(other.decode.open());
            reveal.unread += 1;
        }
    }

    /// Ends the answer.
    pub(super) fn finish(mut self, reveal: &mut Reveal, tokens: &mut dyn Tokens, out: &mut Out) {
        if let State::Opening(held, declared) = &mut self.state {
            let (held, declared) = (std::mem::take(held).into(), *declared);
            if !self.open(&held, declared, reveal, tokens, out) {
                return reveal.finish_text(tokens, out);
            }
        }
        let State::Other(other) = &mut self.state else {
            return;
        };
        if other.decode.finish(&mut Vec::new()).is_err() {
            return self.lose(reveal, tokens, out);
        }
        reveal.finish_text(tokens, &mut other.middle);
        other.drain(out);
    }

    /// What has come of an answer of which nothing is decided.
    pub(super) fn into_held(self) -> Bytes {
        match self.state {
            State::Opening(held, _) => held.into(),
            State::Other(_) | State::Lost => Bytes::new(),
        }
    }

    pub(super) fn held(&self) -> usize {
        match &self.state {
            State::Opening(held, _) => held.len(),
            State::Other(other) => other.decode.open().len(),
            State::Lost => 0,
        }
    }
}

impl Other {
    /// Encodes what the scan has written: characters that the charset holds, and no others.
    fn drain(&mut self, out: &mut Out) {
        while let Some(taken) = self.middle.take_piece() {
            match taken {
                Taken::Bytes(bytes) => {
                    let mut written = Vec::with_capacity(bytes.len() * 2);
                    if self.encode.push(&bytes, &mut written).is_err() {
                        written.push(b'?');
                    }
                    out.write(&written);
                }
                Taken::Hole(ask, escape) => {
                    out.hole(ask, escape.in_charset(Charset::Of(self.encoding)));
                }
            }
        }
    }
}
