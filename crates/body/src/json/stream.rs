//! The rewriter, chunk by chunk: what is walked now, what is kept for the next chunk, what is walked again.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::additions::Additions;
use super::element::Element;
use super::hold::Hold;
use super::number::Number;
use super::pass::Pass;
use super::places::Places;
use super::skip::Between;
use super::string;
use super::value::{Captured, Values, Word, fits};
use super::walk::Walk;
use crate::ahead::{self, Pause};
use crate::edit::{Editor, PlaceId};
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::utf8::Utf8;
use crate::{Limits, Rewriter};

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A token.
    Between(Between),
    /// The rest of a key.
    InKey,
    /// The rest of a string.
    InString,
    /// The rest of a number.
    InNumber(Number),
    /// The rest of a word, of which so many bytes were read.
    InWord(Word, u8),
}

/// What a token that is being read is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It passes unread.
    Skip,
    /// A key that may lead to a place.
    Key,
    /// A value that stands at a place.
    Place(PlaceId),
    /// A value that a filter looks at.
    Test,
    /// What stands where a companion goes: it may stand for nothing.
    Site,
}

/// Why a walk over bytes stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All bytes are walked.
    Spent,
    /// The held element is decided: walk it again.
    Rewind,
    /// The siblings of the value that comes next must be known first.
    Wait,
}

/// One JSON body on its way out.
pub struct Stream {
    pub(super) places: Arc<Places>,
    pub(super) limits: Limits,
    charset: Utf8,
    pub(super) state: State,
    pub(super) walk: Walk,
    pub(super) hold: Hold,
    pub(super) values: Values,
    /// How far a string is read that the last chunk cut.
    pub(super) string: string::Reader,
    /// What the token that is being read is for, and its bytes from earlier chunks.
    pub(super) token: Use,
    pub(super) raw: Zeroizing<Vec<u8>>,
    /// Whether values with siblings wait for them.
    pub(super) waits: bool,
    /// The place of the value that waits for its siblings, and these once they are known.
    pub(super) waiting: Option<PlaceId>,
    pub(super) ready: Option<ahead::Values>,
    /// What was found, where this stream only looks for siblings.
    pub(super) captured: Option<Captured>,
    pub(super) additions: Additions,
    /// The element that is held, since it is a body itself.
    pub(super) element: Option<Element>,
    /// Whether nothing fails: what is not as it should be passes.
    pub(super) lenient: bool,
    /// Whether all that follows passes.
    lost: bool,
    /// Where the next chunk begins in the body.
    offset: u64,
}

impl Stream {
    /// A rewriter for one body, which does not look for siblings: [`Plan::rewriter`](crate::Plan::rewriter) makes
    /// one that does.
    #[must_use]
    pub fn new(places: Arc<Places>, limits: Limits) -> Self {
        let walk = Walk::new(&places);
        Self {
            places,
            limits,
            charset: Utf8::default(),
            state: State::Between(Between::Value),
            walk,
            hold: Hold::default(),
            values: Values::default(),
            string: string::Reader::default(),
            token: Use::Skip,
            raw: Zeroizing::default(),
            waits: false,
            waiting: None,
            ready: None,
            captured: None,
            additions: Additions::default(),
            element: None,
            lenient: false,
            lost: false,
            offset: 0,
        }
    }

    /// Makes ready for another document after one has ended; the room stays, values and bytes are counted on.
    pub(crate) fn restart(&mut self) {
        self.charset = Utf8::default();
        self.state = State::Between(Between::Value);
        self.walk.restart(&self.places);
        self.hold = Hold::default();
        self.string = string::Reader::default();
        self.token = Use::Skip;
        self.raw.clear();
        self.additions = Additions::default();
        self.element = None;
        self.lost = false;
    }

    /// Walks a chunk, and what was held of earlier ones whenever that is decided; says where it waits for siblings.
    pub(super) fn chunk(
        &mut self,
        bytes: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<Option<Pause>, Error> {
        let mut pass = Pass::chunk(bytes, self.offset, editor, out);
        loop {
            if self.lost {
                pass.keep_to(bytes.len());
                self.offset += bytes.len() as u64;
                return Ok(None);
            }
            let stop = match self.run(&mut pass) {
                Ok(Stop::Spent) if self.gives_up(bytes.len()) => Stop::Rewind,
                Err(_) if self.lenient => {
                    self.lose(&mut pass);
                    continue;
                }
                stop => stop?,
            };
            match (stop, self.hold.start) {
                (Stop::Spent, _) => break,
                (Stop::Rewind, Some(start)) => pass.restart(start),
                (Stop::Rewind, None) => {
                    if let Some(before) = self.replay(&mut pass)? {
                        return Ok(Some(Pause { before, at: 0 }));
                    }
                    pass.restart(0);
                }
                (Stop::Wait, _) => {
                    pass.keep_to(pass.at);
                    self.offset += pass.at as u64;
                    return Ok(Some(Pause {
                        before: Zeroizing::default(),
                        at: pass.at,
                    }));
                }
            }
        }
        self.park(&mut pass)?;
        self.offset += bytes.len() as u64;
        if self.hold.is_deciding() {
            self.hold.reaches(self.offset, &self.limits)?;
        }
        self.additions.reaches(self.offset, &self.limits)?;
        Ok(None)
    }

    /// Walks again what was held of earlier chunks; gives what is left of it where the walk waits.
    fn replay(&mut self, chunk: &mut Pass<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let mut held = std::mem::take(&mut self.hold.bytes);
        let start = self.hold.offset;
        let mut pass = Pass::held(&held, start, chunk.editor, chunk.out);
        loop {
            let stop = match self.run(&mut pass) {
                Err(_) if self.lenient => {
                    self.lost = true;
                    pass.keep_to(held.len());
                    return Ok(None);
                }
                stop => stop?,
            };
            match stop {
                Stop::Spent => break,
                Stop::Rewind => pass.restart(self.hold.start.unwrap_or_default()),
                Stop::Wait => {
                    let at = pass.at;
                    pass.keep_to(at);
                    self.offset = start + at as u64;
                    held.drain(..at);
                    return Ok(Some(held));
                }
            }
        }
        self.park(&mut pass).map(|()| None)
    }

    /// Where nothing may fail: gives up the element that is held, if it is longer than may be held with so many
    /// more bytes.
    fn gives_up(&mut self, more: usize) -> bool {
        let end = self.offset + more as u64;
        let gives_up = self.lenient
            && self.hold.is_deciding()
            && self.hold.reaches(end, &self.limits).is_err();
        if gives_up {
            self.hold.fail();
            self.hold.rewind(&mut self.walk);
            self.state = State::Between(Between::Value);
        }
        gives_up
    }

    /// What is read is not understood: all that is not yet written passes, and all that follows.
    fn lose(&mut self, pass: &mut Pass<'_>) {
        self.lost = true;
        self.write_held(pass.out);
        pass.keep_to(pass.bytes.len());
        pass.at = pass.bytes.len();
    }

    /// Writes what is held of earlier chunks.
    fn write_held(&mut self, out: &mut Out) {
        if self.hold.is_deciding() {
            if self.hold.start.is_none() {
                out.write(&self.hold.bytes);
            }
        } else if matches!(self.token, Use::Place(_) | Use::Site) {
            out.write(&self.raw);
        }
        self.hold.bytes.clear();
        self.raw.clear();
    }

    /// Keeps what the end of these bytes cuts.
    fn park(&mut self, pass: &mut Pass<'_>) -> Result<(), Error> {
        let end = pass.bytes.len();
        if !matches!(self.state, State::Between(_)) {
            if matches!(self.token, Use::Place(_) | Use::Site) {
                pass.keep_to(pass.token);
                pass.done = end;
            }
            self.gather(pass)?;
            if self.token == Use::Site && matches!(self.raw.as_slice(), [b'"', _, ..]) {
                self.occupied(pass)?;
                pass.out.write(&self.raw);
                self.raw.clear();
                self.token = Use::Skip;
            }
        }
        if let Some(element) = &mut self.element {
            let gathered = element.gather(pass.bytes, &self.limits);
            gathered.map_err(|error| pass.error(error.kind))?;
            pass.done = end;
        } else if self.hold.is_deciding() {
            let from = self.hold.start.take().unwrap_or_default();
            self.hold
                .bytes
                .extend_from_slice(pass.bytes.get(from..).unwrap_or_default());
        } else {
            pass.keep_to(end);
        }
        Ok(())
    }

    /// Keeps what these bytes have of the token that they cut.
    fn gather(&mut self, pass: &mut Pass<'_>) -> Result<(), Error> {
        let more = pass.token_to(pass.bytes.len());
        match self.token {
            Use::Skip => {}
            // A key that is longer than any that is known, each character escaped, is none of them.
            Use::Key if self.raw.len() > 6 * self.places.longest_name() + 16 => {}
            Use::Key | Use::Test | Use::Site => self.raw.extend_from_slice(more),
            Use::Place(_) => {
                self.raw.extend_from_slice(more);
                let fits = fits(self.raw.len(), &self.limits);
                if fits.is_err() && self.lenient {
                    pass.out.write(&self.raw);
                    self.raw.clear();
                    self.token = Use::Skip;
                    return Ok(());
                }
                fits.map_err(|error| pass.error(error.kind))?;
            }
        }
        Ok(())
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let good = self.charset.accept(chunk);
        let length = good.err().unwrap_or(chunk.len());
        self.chunk(chunk.get(..length).unwrap_or_default(), editor, out)?;
        if self.lenient && good.is_err() {
            self.write_held(out);
            out.keep(length..chunk.len());
            self.lost = true;
            return Ok(());
        }
        good.map_err(|_| Error::new(ErrorKind::Charset, self.offset))
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if !self.charset.is_whole() && !self.lenient {
            return Err(Error::new(ErrorKind::Charset, self.offset));
        }
        self.end_body(editor, out)
    }

    fn held(&self) -> usize {
        let element = self.element.as_ref().map_or(0, Element::held);
        self.raw.capacity() + self.hold.bytes.capacity() + self.values.held() + element
    }
}

impl Stream {
    /// Ends the body, its charset apart.
    pub(super) fn end_body(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        let mut pass = Pass::chunk(&[], self.offset, editor, out);
        // Nothing but the end of the body ends a number that is all of it.
        if let State::InNumber(number) = self.state
            && self.walk.in_object().is_none()
            && (number.is_complete() || !self.lenient)
        {
            self.number(&mut pass, number)?;
        }
        if self.lenient {
            self.write_held(out);
            return Ok(());
        }
        if self.state != State::Between(Between::After) || self.walk.in_object().is_some() {
            return Err(pass.error(ErrorKind::Syntax {
                expected: "the rest of the JSON text",
            }));
        }
        Ok(())
    }
}
