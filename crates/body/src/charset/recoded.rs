//! A body that is decoded before its format sees it, and encoded again behind it.

use bytes::Bytes;

use super::declared::{Declared, Declares, Named};
use super::{Decode, Encode};
use crate::Rewriter;
use crate::edit::Editor;
use crate::error::{Error, ErrorKind};
use crate::out::{Out, Transform};

/// The rewriter of a format, in whatever charset the body is. A byte-order mark stays where it is, and the format
/// does not see it.
pub(crate) struct Recoded {
    inner: Box<dyn Rewriter>,
    declares: Declares,
    header: Option<Named>,
    state: State,
    offset: u64,
}

enum State {
    /// What has come decides nothing yet.
    Opening(Vec<u8>),
    /// It is UTF-8: nothing is done.
    Same,
    Other(Decode),
}

impl Recoded {
    /// The rewriter of a body whose format says its charset so, beside what its content type names.
    pub(crate) fn new(inner: Box<dyn Rewriter>, declares: Declares, header: Option<Named>) -> Self {
        Self {
            inner,
            declares,
            header,
            state: State::Opening(Vec::new()),
            offset: 0,
        }
    }

    /// Looks at what the body begins with, and takes it.
    fn open(
        &mut self,
        bytes: Bytes,
        last: bool,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        let declared = self.declares.read(&bytes, last, self.header);
        let Some(declared) = declared.map_err(|kind| Error::new(kind, 0))? else {
            self.state = State::Opening(bytes.to_vec());
            return Ok(());
        };
        let Declared { encoding, mark } = declared;
        let mark = mark.min(bytes.len());
        out.begin(&bytes);
        out.keep(0..mark);
        self.offset = mark as u64;
        self.state = if encoding == encoding_rs::UTF_8 {
            State::Same
        } else {
            out.enter(Box::new(Encode::new(encoding)));
            State::Other(Decode::new(encoding))
        };
        self.take(&bytes.slice(mark..), editor, out)
    }

    fn take(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let State::Other(decode) = &mut self.state else {
            return self.inner.push(chunk, editor, out);
        };
        if decode.is_same(chunk) {
            self.offset += chunk.len() as u64;
            return self.inner.push(chunk, editor, out);
        }
        let mut text = Vec::new();
        let came = self.offset + (decode.open().len() + chunk.len()) as u64;
        let decoded = decode.push(chunk, &mut text);
        self.offset = came - decode.open().len() as u64;
        // What is wrong is told in the order of the body.
        self.inner.push(&text.into(), editor, out)?;
        decoded.map_err(|fault| Error::new(fault.into(), self.offset))
    }
}

impl Rewriter for Recoded {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let State::Opening(held) = &mut self.state else {
            return self.take(chunk, editor, out);
        };
        let bytes = if held.is_empty() {
            chunk.clone()
        } else {
            held.extend_from_slice(chunk);
            std::mem::take(held).into()
        };
        self.open(bytes, false, editor, out)
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if let State::Opening(held) = &mut self.state {
            let bytes = std::mem::take(held).into();
            self.open(bytes, true, editor, out)?;
        }
        let State::Other(decode) = &mut self.state else {
            return self.inner.finish(editor, out);
        };
        let ended = decode.finish(&mut Vec::new());
        ended.map_err(|fault| Error::new(fault.into(), self.offset))?;
        self.inner.finish(editor, out)?;
        out.leave();
        Ok(())
    }

    fn held(&self) -> usize {
        let opening = match &self.state {
            State::Opening(held) => held.capacity(),
            State::Same | State::Other(_) => 0,
        };
        self.inner.held() + opening
    }
}

impl Transform for Encode {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        Self::push(self, bytes, out).map_err(|_| Error::new(UNHELD, 0))
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> Result<(), Error> {
        Self::finish(self).map_err(|_| Error::new(UNHELD, 0))
    }
}

const UNHELD: ErrorKind = ErrorKind::Encoding {
    why: "what takes a value's place has a character that it lacks; send UTF-8",
};
