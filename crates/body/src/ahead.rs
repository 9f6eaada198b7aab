//! A rewriter whose values need their siblings: a scout walks ahead of it.
//!
//! The walk stops before a value whose siblings are not known; the bytes from there on are held, at most
//! `lookahead` of them, until the scout has met the siblings or the end of the element that could hold them. A
//! sibling that stands before its value costs nothing but the scout.
//!
//! What is found wrong is told in the order of the body, whichever of the two finds it, so that the outcome is the
//! same at every chunking (I4).

use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

use crate::edit::{Edit, Editor, Found, PlaceId};
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::utf8::Utf8;
use crate::{Limits, Rewriter};

/// The siblings of a value, in the order of its place.
pub(crate) type Values = Vec<Option<Zeroizing<Vec<u8>>>>;

/// Where a walk stopped to wait for siblings.
pub(crate) struct Pause {
    /// Bytes of earlier chunks that are still to be walked.
    pub(crate) before: Zeroizing<Vec<u8>>,
    /// Where the chunk is to be walked on from, after those.
    pub(crate) at: usize,
}

/// The rewriter of a format, as far as it can go by itself.
pub(crate) trait Walker: Send {
    type Scout: Scout<Self>;

    /// Walks bytes; says where it stopped to wait.
    fn walk(
        &mut self,
        bytes: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<Option<Pause>, Error>;

    /// The siblings of the value it waits before; nothing as long as one of them is not known.
    fn siblings(&self, scout: &Self::Scout) -> Option<Values>;

    /// Gives it the siblings of that value.
    fn resume(&mut self, siblings: Values);

    /// Ends the body.
    fn end(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error>;

    fn held(&self) -> usize;
}

/// Finds siblings.
pub(crate) trait Scout<W: ?Sized>: Send {
    /// Looks at the next bytes.
    fn look(&mut self, bytes: &Bytes) -> Result<(), Error>;

    /// The body has ended: what was not met is not there.
    fn end(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Lets go of what the walker, which stands at `offset`, can no longer ask for.
    fn forget(&mut self, walker: &W, offset: u64);

    fn held(&self) -> usize;
}

/// An editor that nobody asks.
pub(crate) struct Nobody;

impl Editor for Nobody {
    fn value(&mut self, _: Found<'_>, _: &mut Vec<u8>) -> Result<Edit, Error> {
        Ok(Edit::Keep)
    }

    fn file(&mut self, _: PlaceId) -> Result<Option<Box<dyn Rewriter>>, Error> {
        Ok(None)
    }
}

/// See the module.
pub(crate) struct Ahead<W: Walker> {
    walker: W,
    scout: W::Scout,
    limits: Limits,
    /// Where the walker's charset must be checked: it must not see a character twice.
    charset: Option<Utf8>,
    /// Whether nothing fails: siblings that cannot be known are not there.
    lenient: bool,
    /// Whether all that follows passes.
    lost: bool,
    waits: bool,
    /// What the walker has not walked, from `at` of the body on.
    held: BytesMut,
    at: u64,
    /// How far the scout has looked.
    seen: u64,
    /// What the scout found wrong.
    fault: Option<Error>,
}

impl<W: Walker> Ahead<W> {
    /// A rewriter for one body; `text` says that all of it must be UTF-8.
    pub(crate) fn new(walker: W, scout: W::Scout, limits: Limits, text: bool) -> Self {
        Self {
            walker,
            scout,
            limits,
            charset: text.then(Utf8::default),
            lenient: false,
            lost: false,
            waits: false,
            held: BytesMut::new(),
            at: 0,
            seen: 0,
            fault: None,
        }
    }

    /// The same, where nothing fails.
    pub(crate) fn lenient(self, lenient: bool) -> Self {
        Self { lenient, ..self }
    }

    /// Lets the scout look on up to `to`, of which `bytes`, from `start` on, are what is here.
    fn look(&mut self, bytes: &Bytes, start: u64, to: u64) {
        let end = start + bytes.len() as u64;
        let to = to.min(end);
        while self.fault.is_none() && self.seen < to {
            let step = (to - self.seen).min(self.limits.lookahead.max(1) as u64);
            let from = usize::try_from(self.seen.saturating_sub(start)).unwrap_or(usize::MAX);
            let step = usize::try_from(step).unwrap_or(usize::MAX);
            let from = from.min(bytes.len());
            let step = step.min(bytes.len() - from);
            if let Err(error) = self.scout.look(&bytes.slice(from..from + step)) {
                self.fault = Some(error);
                return;
            }
            self.seen += step as u64;
            self.scout.forget(&self.walker, self.at);
        }
    }

    /// Tells the scout that the body has ended.
    fn end_scout(&mut self) {
        if self.fault.is_none() {
            self.fault = self.scout.end().err();
        }
    }

    /// How far the scout may look for what the walker waits for.
    fn horizon(&self) -> u64 {
        self.at.saturating_add(self.limits.lookahead as u64)
    }

    /// Whether the walker may go on from where it waits.
    fn is_decided(&mut self) -> Result<bool, Error> {
        if let Some(siblings) = self.walker.siblings(&self.scout) {
            self.walker.resume(siblings);
            self.waits = false;
            return Ok(true);
        }
        if self.lenient && (self.fault.is_some() || self.seen >= self.horizon()) {
            return Ok(self.give_up());
        }
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if self.seen >= self.horizon() {
            let limit = self.limits.lookahead;
            return Err(Error::new(ErrorKind::Lookahead { limit }, self.at));
        }
        Ok(false)
    }

    /// Lets the walker go on without the siblings it waits for.
    fn give_up(&mut self) -> bool {
        self.walker.resume(Values::new());
        self.waits = false;
        true
    }

    /// Where nothing fails: walks what is held, and ends.
    fn release(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        self.end_scout();
        while self.waits {
            if !self.is_decided()? {
                self.give_up();
            }
            let rest = std::mem::take(&mut self.held).freeze();
            self.take(rest, editor, out)?;
        }
        self.walker.end(editor, out)
    }

    /// The earlier of two faults.
    fn first(&self, error: Error) -> Error {
        match &self.fault {
            Some(fault) if fault.offset <= error.offset => fault.clone(),
            _ => error,
        }
    }

    fn take(&mut self, chunk: Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let start = self.at + self.held.len() as u64;
        if self.waits {
            self.look(&chunk, start, self.horizon());
            if !self.is_decided()? {
                self.held.extend_from_slice(&chunk);
                return Ok(());
            }
        }
        let mut bytes = chunk;
        if !self.held.is_empty() {
            self.held.extend_from_slice(&bytes);
            bytes = std::mem::take(&mut self.held).freeze();
        }
        loop {
            let walked = self.walker.walk(&bytes, editor, out);
            match walked {
                Err(error) => {
                    self.look(&bytes, self.at, error.offset);
                    return Err(self.first(error));
                }
                Ok(None) => {
                    let start = self.at;
                    self.at += bytes.len() as u64;
                    self.look(&bytes, start, self.at);
                    let fault = self.fault.clone().filter(|_| !self.lenient);
                    return fault.map_or(Ok(()), Err);
                }
                Ok(Some(pause)) => {
                    self.look(&bytes, self.at, self.at + pause.at as u64);
                    bytes = self.pause(&pause, &bytes);
                    self.waits = true;
                    self.look(&bytes, self.at, self.horizon());
                    if !self.is_decided()? {
                        self.held = BytesMut::from(bytes);
                        return Ok(());
                    }
                }
            }
        }
    }

    /// What is still to be walked.
    fn pause(&mut self, pause: &Pause, bytes: &Bytes) -> Bytes {
        let rest = bytes.slice(pause.at.min(bytes.len())..);
        self.at += (bytes.len() - rest.len()) as u64;
        self.at -= (pause.before.len() as u64).min(self.at);
        if pause.before.is_empty() {
            return rest;
        }
        [pause.before.as_slice(), &rest].concat().into()
    }
}

impl<W: Walker> Rewriter for Ahead<W> {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if self.lost {
            out.begin(chunk);
            out.keep(0..chunk.len());
            return Ok(());
        }
        let good = match &mut self.charset {
            Some(charset) => charset.accept(chunk),
            None => Ok(()),
        };
        let length = good.err().unwrap_or(chunk.len());
        let end = self.at + self.held.len() as u64 + length as u64;
        self.take(chunk.slice(..length.min(chunk.len())), editor, out)?;
        if self.lenient && good.is_err() {
            self.lost = true;
            self.release(editor, out)?;
            out.write(chunk.get(length..).unwrap_or_default());
            return Ok(());
        }
        good.map_err(|_| Error::new(ErrorKind::Charset, end))
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if self.lost {
            return Ok(());
        }
        if self.lenient {
            return self.release(editor, out);
        }
        self.end_scout();
        if self.waits && self.is_decided()? {
            let rest = std::mem::take(&mut self.held).freeze();
            self.take(rest, editor, out)?;
        }
        if let Some(charset) = &self.charset
            && !charset.is_whole()
        {
            let end = self.at + self.held.len() as u64;
            return Err(Error::new(ErrorKind::Charset, end));
        }
        if self.waits {
            let expected = "the rest of the body";
            return Err(Error::new(ErrorKind::Syntax { expected }, self.at));
        }
        self.walker.end(editor, out)?;
        self.fault.clone().map_or(Ok(()), Err)
    }

    fn held(&self) -> usize {
        self.walker.held() + self.scout.held() + self.held.capacity()
    }
}
