//! The rewriter of a form: names are read as they pass, values at places are held.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::additions::Additions;
use super::encoding;
use super::fields::{self, Fields, Walk};
use super::name::Names;
use crate::ahead::Pause;
use crate::charset;
use crate::companion::Token;
use crate::edit::{Edit, Editor, PlaceId};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Out;
use crate::{Limits, Rewriter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a name, or before one.
    Name,
    /// In a value.
    Value(Purpose),
    /// In what passes, behind a `;`: there are servers that read a name here.
    Hidden,
}

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// It passes unread.
    Passes,
    /// It stands at a place.
    Place(PlaceId),
    /// It stands where the companion of this number goes.
    Site(usize),
    /// It names the form's charset.
    Charset,
}

/// A protected field that only some servers would find: behind a `;`, which is no separator any more (WHATWG URL
/// §5.1).
pub(crate) const HIDDEN: ErrorKind = ErrorKind::Syntax {
    expected: "`&` before a protected field",
};

/// One form on its way out.
pub struct Stream {
    fields: Fields,
    state: State,
    /// What stands in earlier chunks of the name or the value that is being read.
    raw: Zeroizing<Vec<u8>>,
    plain: Zeroizing<Vec<u8>>,
    replacement: Zeroizing<Vec<u8>>,
    written: Zeroizing<Vec<u8>>,
    /// Whether nothing fails: what is not as it should be passes.
    lenient: bool,
    additions: Additions,
    offset: u64,
}

impl Stream {
    /// A rewriter for one body.
    #[must_use]
    pub fn new(names: Arc<Names>, limits: Limits) -> Self {
        Self {
            fields: Fields::new(names, limits),
            state: State::Name,
            raw: Zeroizing::default(),
            plain: Zeroizing::default(),
            replacement: Zeroizing::default(),
            written: Zeroizing::default(),
            lenient: false,
            additions: Additions::default(),
            offset: 0,
        }
    }

    /// The same, where nothing fails.
    pub(super) fn lenient(self, lenient: bool) -> Self {
        Self { lenient, ..self }
    }

    /// The same, where values wait for their siblings.
    pub(super) fn waiting(mut self) -> Self {
        self.fields.wait();
        self
    }

    /// The same, looking for siblings only.
    pub(super) fn capturing(mut self) -> Self {
        self.fields.capture();
        self
    }

    /// Reads a name that has ended and gives what its value is for.
    fn name(&mut self, rest: &[u8]) -> Result<Purpose, ErrorKind> {
        if self.raw.is_empty() && self.fields.names.surely_lacks(rest) {
            return Ok(Purpose::Passes);
        }
        self.plain.clear();
        if self.raw.is_empty() && encoding::is_bare(rest) && rest.is_ascii() {
            return self.purpose(rest);
        }
        self.raw.extend_from_slice(rest);
        let mut plain = std::mem::take(&mut self.plain);
        let decoded = encoding::decode(&self.raw, &mut plain);
        self.raw.clear();
        let purpose = decoded.and_then(|()| self.purpose(&plain));
        self.plain = plain;
        match purpose {
            Err(_) if self.lenient => Ok(Purpose::Passes),
            purpose => purpose,
        }
    }

    fn purpose(&mut self, name: &[u8]) -> Result<Purpose, ErrorKind> {
        let place = match self.fields.begin(name) {
            Err(_) if self.lenient => None,
            place => place?,
        };
        Ok(place.map_or_else(
            || match self.fields.names.beside.companion_at(name) {
                Some(site) => Purpose::Site(site),
                None if name == charset::FIELD && !self.lenient => Purpose::Charset,
                None => Purpose::Passes,
            },
            Purpose::Place,
        ))
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
        let decided = self.decide(place, if cut { &raw } else { rest }, editor);
        let edit = match decided {
            Err(_) if self.lenient => Edit::Keep,
            decided => decided?,
        };
        match edit {
            Edit::Keep if cut => out.write(&raw),
            Edit::Keep => out.keep(from..from + rest.len()),
            Edit::Replace | Edit::Spelled => {
                self.written.clear();
                Escape::Form.write(&self.replacement, &mut self.written);
                out.write(&self.written);
            }
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, Escape::Form),
            Edit::Nested => out.nest(editor.nested(), Escape::Form),
        }
        raw.clear();
        self.raw = raw;
        if let Some((number, companion)) = self.fields.names.beside.companion(place) {
            let token = match edit {
                Edit::Keep => None,
                _ => Token::of(place, editor).map_err(|error| error.kind)?,
            };
            let end = self.offset + rest.len() as u64;
            self.additions
                .pass(number, companion, token, end, &self.fields.limits, out)?;
        }
        Ok(())
    }

    fn decide(
        &mut self,
        place: PlaceId,
        raw: &[u8],
        editor: &mut dyn Editor,
    ) -> Result<Edit, ErrorKind> {
        self.fields.fits(raw.len())?;
        self.plain.clear();
        encoding::decode(raw, &mut self.plain)?;
        self.replacement.clear();
        let replacement = &mut self.replacement;
        self.fields.decide(place, &self.plain, editor, replacement)
    }

    /// A name is held to be looked up: it may not be longer than what else is held for a decision.
    fn name_fits(&self, length: usize) -> Result<(), ErrorKind> {
        let limit = self.fields.limits.lookahead;
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
        if let State::Value(Purpose::Place(place)) = self.state
            && self.raw.is_empty()
            && rest.first().is_some_and(|byte| *byte != b'&')
            && self.fields.must_wait(place)
        {
            return Ok(at);
        }
        let found = match self.state {
            State::Name | State::Hidden => memchr::memchr3(b'&', b'=', b';', rest),
            State::Value(Purpose::Passes) => memchr::memchr2(b'&', b';', rest),
            State::Value(_) => memchr::memchr(b'&', rest),
        };
        let length = found.unwrap_or(rest.len());
        let piece = rest.get(..length).unwrap_or_default();
        let end = at + length;
        match (self.state, found) {
            (State::Name, _) => {
                let fits = self.name_fits(self.raw.len() + length);
                out.keep(at..end);
                if fits.is_err() && self.lenient {
                    self.raw.clear();
                    self.state = State::Value(Purpose::Passes);
                    return Ok(end);
                }
                fits?;
                if found.is_none() {
                    self.raw.extend_from_slice(piece);
                    return Ok(end);
                }
                let purpose = self.name(piece)?;
                match rest.get(length) {
                    Some(b'=') => self.state = State::Value(purpose),
                    Some(b'&') => self.bare(purpose)?,
                    Some(b';') => self.state = State::Hidden,
                    _ => {}
                }
            }
            (State::Hidden, found) => {
                out.keep(at..end);
                if self.raw.len() + length > self.fields.limits.lookahead {
                    // No protected name is as long.
                    self.raw.clear();
                    self.state = State::Value(Purpose::Passes);
                    return Ok(end);
                }
                if found.is_none() {
                    self.raw.extend_from_slice(piece);
                    return Ok(end);
                }
                let hidden = self.name(piece);
                self.state = match rest.get(length) {
                    Some(b'=') if matches!(hidden, Ok(Purpose::Place(_))) && !self.lenient => {
                        return Err(HIDDEN);
                    }
                    Some(b'=') => State::Value(Purpose::Passes),
                    Some(b';') => State::Hidden,
                    _ => State::Name,
                };
            }
            (State::Value(Purpose::Passes), None) => {
                out.keep(at..end);
                return Ok(end);
            }
            (State::Value(Purpose::Passes), Some(_)) => {
                out.keep(at..end);
                self.state = match rest.get(length) {
                    Some(b';') => State::Hidden,
                    _ => State::Name,
                };
            }
            (State::Value(Purpose::Place(_)), None) => {
                self.raw.extend_from_slice(piece);
                let fits = self.fields.fits(self.raw.len());
                if fits.is_err() && self.lenient {
                    out.write(&self.raw);
                    self.raw.clear();
                    self.state = State::Value(Purpose::Passes);
                    return Ok(end);
                }
                fits?;
                return Ok(end);
            }
            (State::Value(Purpose::Place(place)), Some(_)) => {
                self.value(place, piece, at, editor, out)?;
                self.state = State::Name;
            }
            (State::Value(Purpose::Charset), found) => {
                out.keep(at..end);
                self.raw.extend_from_slice(piece);
                if found.is_none() {
                    self.name_fits(self.raw.len())?;
                    return Ok(end);
                }
                self.charset()?;
                self.state = State::Name;
            }
            (State::Value(Purpose::Site(number)), found) => {
                if length > 0 {
                    self.additions.take(number)?;
                    self.state = State::Value(Purpose::Passes);
                    return Ok(at);
                }
                if found.is_some() {
                    let beside = &self.fields.names.beside;
                    self.additions.arrive(number, beside, self.offset, out)?;
                    self.state = State::Name;
                }
            }
        }
        out.keep(end..end + 1);
        Ok(end + 1)
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        self.walk_chunk(chunk, editor, out).map(drop)
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        let empty = self.raw.is_empty();
        let done = match self.state {
            State::Name => self.name(&[]).and_then(|purpose| self.bare(purpose)),
            State::Value(Purpose::Passes) | State::Hidden => Ok(()),
            State::Value(Purpose::Place(place)) => self.value(place, &[], 0, editor, out),
            State::Value(Purpose::Charset) => self.charset(),
            State::Value(Purpose::Site(number)) => {
                self.additions
                    .arrive(number, &self.fields.names.beside, self.offset, out)
            }
        };
        let parted = self.offset == 0 || (self.state == State::Name && empty);
        done.and_then(|()| {
            self.additions.finish(
                &self.fields.names.beside,
                parted,
                self.offset,
                &self.fields.limits,
                out,
            )
        })
        .map_err(|kind| Error::new(kind, self.offset))
    }

    fn held(&self) -> usize {
        let texts = [&self.raw, &self.plain, &self.replacement, &self.written];
        texts.into_iter().map(|text| text.capacity()).sum()
    }
}

impl Stream {
    /// A name has ended without a value.
    fn bare(&mut self, purpose: Purpose) -> Result<(), ErrorKind> {
        match purpose {
            Purpose::Site(number) => self.additions.take(number),
            Purpose::Place(_) | Purpose::Passes | Purpose::Charset => Ok(()),
        }
    }

    /// The field that names the form's charset has ended.
    fn charset(&mut self) -> Result<(), ErrorKind> {
        self.plain.clear();
        encoding::decode(&self.raw, &mut self.plain)?;
        self.raw.clear();
        charset::field(&self.plain)
    }
}

impl Walk for Stream {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn fields_mut(&mut self) -> &mut Fields {
        &mut self.fields
    }

    fn walk_chunk(
        &mut self,
        chunk: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<Option<Pause>, Error> {
        let start = self.offset;
        let mut at = 0;
        while at < chunk.len() {
            self.offset = start + at as u64;
            at = self
                .step(chunk, at, editor, out)
                .map_err(|kind| Error::new(kind, start + at as u64))?;
            if self.fields.is_waiting() {
                self.offset = start + at as u64;
                return Ok(Some(fields::pause(at)));
            }
        }
        self.offset = start + chunk.len() as u64;
        let reached = self.additions.reaches(self.offset, &self.fields.limits);
        reached.map_err(|kind| Error::new(kind, self.offset))?;
        Ok(None)
    }
}
