//! The rewriter of a form: names are read as they pass, values at places are held.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::encoding;
use super::name::Names;
use crate::edit::{Edit, Editor, Found, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Out;
use crate::{Limits, Rewriter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a name, or before one.
    Name,
    /// In a value that passes, or that stands at a place.
    Value(Option<PlaceId>),
    /// In what passes, behind a `;`: there are servers that read a name here.
    Hidden,
}

/// A protected field that only some servers would find: behind a `;`, which is no separator any more (WHATWG URL
/// §5.1).
pub(crate) const HIDDEN: ErrorKind = ErrorKind::Syntax {
    expected: "`&` before a protected field",
};

/// One form on its way out.
pub struct Stream {
    names: Arc<Names>,
    limits: Limits,
    state: State,
    /// What stands in earlier chunks of the name or the value that is being read.
    raw: Zeroizing<Vec<u8>>,
    plain: Zeroizing<Vec<u8>>,
    replacement: Zeroizing<Vec<u8>>,
    written: Zeroizing<Vec<u8>>,
    ordinal: u32,
    offset: u64,
}

impl Stream {
    /// A rewriter for one body.
    #[must_use]
    pub fn new(names: Arc<Names>, limits: Limits) -> Self {
        Self {
            names,
            limits,
            state: State::Name,
            raw: Zeroizing::default(),
            plain: Zeroizing::default(),
            replacement: Zeroizing::default(),
            written: Zeroizing::default(),
            ordinal: 0,
            offset: 0,
        }
    }

    /// Reads a name that has ended and gives its place.
    fn name(&mut self, rest: &[u8]) -> Result<Option<PlaceId>, ErrorKind> {
        self.plain.clear();
        if self.raw.is_empty() && encoding::is_bare(rest) && rest.is_ascii() {
            return Ok(self.names.find(rest));
        }
        self.raw.extend_from_slice(rest);
        let decoded = encoding::decode(&self.raw, &mut self.plain);
        self.raw.clear();
        decoded.map(|()| self.names.find(&self.plain))
    }

    /// Handles a value at a place that ends with `rest`, which stands in the current chunk at `from`.
    fn value(
        &mut self,
        place: PlaceId,
        rest: &[u8],
        from: usize,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let mut raw = std::mem::take(&mut self.raw);
        let cut = !raw.is_empty();
        if cut {
            raw.extend_from_slice(rest);
        }
        let edit = self.decide(place, if cut { &raw } else { rest }, editor)?;
        match edit {
            Edit::Keep if cut => out.write(&raw),
            Edit::Keep => out.keep(from..from + rest.len()),
            Edit::Replace | Edit::Spelled => {
                self.written.clear();
                Escape::Form.write(&self.replacement, &mut self.written);
                out.write(&self.written);
            }
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, Escape::Form),
        }
        raw.clear();
        self.raw = raw;
        Ok(())
    }

    fn decide(
        &mut self,
        place: PlaceId,
        raw: &[u8],
        editor: &mut dyn Editor,
    ) -> Result<Edit, ErrorKind> {
        self.fits(raw.len())?;
        if raw.is_empty() {
            return Ok(Edit::Keep);
        }
        self.plain.clear();
        encoding::decode(raw, &mut self.plain)?;
        self.replacement.clear();
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text: &self.plain,
            beside: &[],
        };
        self.ordinal = self.ordinal.saturating_add(1);
        editor
            .value(found, &mut self.replacement)
            .map_err(|error| error.kind)
    }

    fn fits(&self, length: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.value;
        if length > limit {
            Err(ErrorKind::ValueTooLong { limit })
        } else {
            Ok(())
        }
    }

    /// A name is held to be looked up: it may not be longer than what else is held for a decision.
    fn name_fits(&self, length: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.lookahead;
        if length > limit {
            Err(ErrorKind::Lookahead { limit })
        } else {
            Ok(())
        }
    }

    /// Takes what stands in `chunk` from `at` up to the next separator; gives where to go on.
    fn step(
        &mut self,
        chunk: &[u8],
        at: usize,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, ErrorKind> {
        let rest = chunk.get(at..).unwrap_or_default();
        let found = match self.state {
            State::Name | State::Hidden => memchr::memchr3(b'&', b'=', b';', rest),
            State::Value(None) => memchr::memchr2(b'&', b';', rest),
            State::Value(Some(_)) => memchr::memchr(b'&', rest),
        };
        let length = found.unwrap_or(rest.len());
        let piece = rest.get(..length).unwrap_or_default();
        let end = at + length;
        match (self.state, found) {
            (State::Name, _) => {
                self.name_fits(self.raw.len() + length)?;
                out.keep(at..end);
                if found.is_none() {
                    self.raw.extend_from_slice(piece);
                    return Ok(end);
                }
                let place = self.name(piece)?;
                match rest.get(length) {
                    Some(b'=') => self.state = State::Value(place),
                    Some(b';') => self.state = State::Hidden,
                    _ => {}
                }
            }
            (State::Hidden, found) => {
                out.keep(at..end);
                if self.raw.len() + length > self.limits.lookahead {
                    // No protected name is as long.
                    self.raw.clear();
                    self.state = State::Value(None);
                    return Ok(end);
                }
                if found.is_none() {
                    self.raw.extend_from_slice(piece);
                    return Ok(end);
                }
                let hidden = self.name(piece);
                self.state = match rest.get(length) {
                    Some(b'=') if matches!(hidden, Ok(Some(_))) => return Err(HIDDEN),
                    Some(b'=') => State::Value(None),
                    Some(b';') => State::Hidden,
                    _ => State::Name,
                };
            }
            (State::Value(None), None) => {
                out.keep(at..end);
                return Ok(end);
            }
            (State::Value(None), Some(_)) => {
                out.keep(at..end);
                self.state = match rest.get(length) {
                    Some(b';') => State::Hidden,
                    _ => State::Name,
                };
            }
            (State::Value(Some(_)), None) => {
                self.raw.extend_from_slice(piece);
                self.fits(self.raw.len())?;
                return Ok(end);
            }
            (State::Value(Some(place)), Some(_)) => {
                self.value(place, piece, at, editor, out)?;
                self.state = State::Name;
            }
        }
        out.keep(end..end + 1);
        Ok(end + 1)
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let mut at = 0;
        while at < chunk.len() {
            let offset = self.offset + at as u64;
            at = self
                .step(chunk, at, editor, out)
                .map_err(|kind| Error::new(kind, offset))?;
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        let done = match self.state {
            State::Name => self.name(&[]).map(|_| ()),
            State::Value(None) | State::Hidden => Ok(()),
            State::Value(Some(place)) => self.value(place, &[], 0, editor, out),
        };
        done.map_err(|kind| Error::new(kind, self.offset))
    }

    fn held(&self) -> usize {
        let texts = [&self.raw, &self.plain, &self.replacement, &self.written];
        texts.into_iter().map(|text| text.capacity()).sum()
    }
}
