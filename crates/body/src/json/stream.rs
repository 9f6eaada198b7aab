//! The rewriter: reads JSON strictly, byte by byte where a chunk cuts it, and edits what stands at places.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::hold::Hold;
use super::number::Number;
use super::path::Literal;
use super::places::Places;
use super::skip::{self, Between};
use super::string;
use super::walk::{Dead, Walk};
use crate::edit::{Edit, Editor, Found, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Out;
use crate::utf8::Utf8;
use crate::{Limits, Rewriter};

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A token.
    Between(Between),
    /// The rest of a key.
    InKey,
    /// The rest of a string.
    InString,
    /// The rest of a number.
    InNumber(Number),
    /// The rest of `true`, `false` or `null`.
    InWord(Word, u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    True,
    False,
    Null,
}

impl Word {
    fn spelling(self) -> &'static [u8] {
        match self {
            Self::True => b"true",
            Self::False => b"false",
            Self::Null => b"null",
        }
    }
}

/// The type of a value that stands by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scalar {
    String,
    Number,
    Word(Word),
}

/// What a token that is being read is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It passes unread.
    Skip,
    /// A key that may lead to a place.
    Key,
    /// A value that stands at a place.
    Place(PlaceId),
    /// A value that a filter looks at.
    Test,
}

/// Why a walk over bytes stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// All bytes are walked.
    Spent,
    /// The held element is decided: walk it again.
    Rewind,
}

/// One JSON body on its way out.
pub struct Stream {
    places: Arc<Places>,
    limits: Limits,
    charset: Utf8,
    state: State,
    walk: Walk,
    hold: Hold,
    string: string::Reader,
    /// What the token that is being read is for, and its bytes from earlier chunks.
    token: Use,
    raw: Zeroizing<Vec<u8>>,
    plain: Zeroizing<Vec<u8>>,
    replacement: Zeroizing<Vec<u8>>,
    written: Zeroizing<Vec<u8>>,
    ordinal: u32,
    /// Where the next chunk begins in the body.
    offset: u64,
}

/// Bytes that are walked: a chunk, or what was held of earlier ones.
struct Pass<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Up to where the bytes are in the output.
    done: usize,
    /// Where the token that is being read begins here.
    token: usize,
    /// Where these bytes begin in the body.
    offset: u64,
    held: bool,
    editor: &'a mut dyn Editor,
    out: &'a mut Out,
}

impl Stream {
    /// A rewriter for one body.
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
            string: string::Reader::default(),
            token: Use::Skip,
            raw: Zeroizing::default(),
            plain: Zeroizing::default(),
            replacement: Zeroizing::default(),
            written: Zeroizing::default(),
            ordinal: 0,
            offset: 0,
        }
    }

    /// Walks a chunk, and what was held of earlier ones whenever that is decided.
    fn chunk(&mut self, bytes: &[u8], editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let mut pass = Pass::new(bytes, self.offset, false, editor, out);
        while self.run(&mut pass)? == Stop::Rewind {
            let start = match self.hold.start {
                Some(start) => start,
                None => {
                    self.replay(&mut pass)?;
                    0
                }
            };
            pass.restart(start);
        }
        self.park(&mut pass)?;
        self.offset += bytes.len() as u64;
        if self.hold.is_deciding() && self.offset - self.hold.offset > self.limits.lookahead as u64
        {
            return Err(self.too_far(self.offset));
        }
        Ok(())
    }

    /// Walks again what was held of earlier chunks.
    fn replay(&mut self, chunk: &mut Pass<'_>) -> Result<(), Error> {
        let held = std::mem::take(&mut self.hold.bytes);
        let mut pass = Pass::new(&held, self.hold.offset, true, chunk.editor, chunk.out);
        while self.run(&mut pass)? == Stop::Rewind {
            let start = self.hold.start.unwrap_or_default();
            pass.restart(start);
        }
        self.park(&mut pass)
    }

    /// Keeps what the end of these bytes cuts.
    fn park(&mut self, pass: &mut Pass<'_>) -> Result<(), Error> {
        let end = pass.bytes.len();
        if self.token != Use::Skip && self.in_token() {
            self.gather(pass, end)?;
            if !self.hold.is_deciding() && matches!(self.token, Use::Place(_)) {
                pass.keep_to(pass.token);
                pass.done = end;
            }
        }
        if self.hold.is_deciding() {
            let from = self.hold.start.take().unwrap_or_default();
            self.hold
                .bytes
                .extend_from_slice(pass.bytes.get(from..).unwrap_or_default());
        } else {
            pass.keep_to(end);
        }
        Ok(())
    }

    fn in_token(&self) -> bool {
        matches!(
            self.state,
            State::InKey | State::InString | State::InNumber(_) | State::InWord(..)
        )
    }

    /// Adds what these bytes have of the token, up to `end`, to what came before.
    fn gather(&mut self, pass: &Pass<'_>, end: usize) -> Result<(), Error> {
        let more = pass.bytes.get(pass.token..end).unwrap_or_default();
        match self.token {
            Use::Skip => {}
            // A key that is longer than any that is known, each character escaped, is none of them.
            Use::Key if self.raw.len() > 6 * self.places.longest_name() + 16 => {}
            Use::Key | Use::Test => self.raw.extend_from_slice(more),
            Use::Place(_) => {
                self.raw.extend_from_slice(more);
                self.fits(pass, self.raw.len())?;
            }
        }
        Ok(())
    }

    fn fits(&self, pass: &Pass<'_>, length: usize) -> Result<(), Error> {
        let limit = self.limits.value;
        if length > limit {
            Err(pass.error(ErrorKind::ValueTooLong { limit }))
        } else {
            Ok(())
        }
    }

    fn too_far(&self, offset: u64) -> Error {
        Error::new(
            ErrorKind::Lookahead {
                limit: self.limits.lookahead,
            },
            offset,
        )
    }

    /// Walks these bytes until they are spent, or a decision sends the walk back.
    fn run(&mut self, pass: &mut Pass<'_>) -> Result<Stop, Error> {
        loop {
            match self.state {
                State::InKey => {
                    let Some(end) = self.string(pass)? else {
                        return Ok(Stop::Spent);
                    };
                    if self.token == Use::Key {
                        self.key(pass, end)?;
                    }
                    self.state = State::Between(Between::Colon);
                }
                State::InString => {
                    let Some(end) = self.string(pass)? else {
                        return Ok(Stop::Spent);
                    };
                    self.state = State::Between(Between::After);
                    if self.token != Use::Skip {
                        self.scalar(pass, end, Scalar::String)?;
                        if self.is_settled(pass)? {
                            return Ok(Stop::Rewind);
                        }
                    }
                }
                State::InNumber(mut number) => {
                    pass.at = number.read(pass.bytes, pass.at);
                    self.state = State::InNumber(number);
                    if pass.at == pass.bytes.len() {
                        return Ok(Stop::Spent);
                    }
                    if self.number(pass, number)? {
                        return Ok(Stop::Rewind);
                    }
                }
                State::InWord(word, from) => {
                    if !self.word(pass, word, from)? {
                        return Ok(Stop::Spent);
                    }
                    if self.is_settled(pass)? {
                        return Ok(Stop::Rewind);
                    }
                }
                State::Between(between) => {
                    if let Some(object) = self.walk.in_dead() {
                        let from = pass.at;
                        self.skip(pass, between, object);
                        if pass.at > from {
                            continue;
                        }
                    }
                    pass.at = skip::past_space(pass.bytes, pass.at);
                    let Some(byte) = pass.bytes.get(pass.at) else {
                        return Ok(Stop::Spent);
                    };
                    if self.structure(pass, between, *byte)? {
                        return Ok(Stop::Rewind);
                    }
                }
            }
        }
    }

    /// Takes a byte between tokens; says whether it decided the held element.
    #[inline]
    fn structure(
        &mut self,
        pass: &mut Pass<'_>,
        between: Between,
        byte: u8,
    ) -> Result<bool, Error> {
        match (between, byte) {
            (Between::FirstKey | Between::Key, b'"') => {
                self.begin(
                    pass,
                    if self.walk.is_live() {
                        Use::Key
                    } else {
                        Use::Skip
                    },
                );
                self.state = State::InKey;
                Ok(false)
            }
            (Between::Colon, b':') => {
                pass.at += 1;
                self.state = State::Between(Between::Value);
                Ok(false)
            }
            (Between::After, b',') => {
                let next = match self.walk.in_object() {
                    Some(true) => Between::Key,
                    Some(false) => Between::Element,
                    None => return Err(pass.unexpected(byte, "the end of the body")),
                };
                self.state = State::Between(next);
                pass.at += 1;
                Ok(false)
            }
            (Between::FirstKey, b'}') | (Between::FirstElement, b']') => self.close(pass),
            (Between::After, b'}') if self.walk.in_object() == Some(true) => self.close(pass),
            (Between::After, b']') if self.walk.in_object() == Some(false) => self.close(pass),
            (Between::FirstElement | Between::Element, _) => {
                if self.walk.is_live() {
                    self.walk.element(&self.places);
                }
                self.state = State::Between(Between::Value);
                self.value(pass, byte)
            }
            (Between::Value, _) => self.value(pass, byte),
            (between, _) => Err(pass.unexpected(byte, self.expected(between))),
        }
    }

    fn expected(&self, between: Between) -> &'static str {
        match (between, self.walk.in_object()) {
            (Between::FirstKey, _) => "a key or `}`",
            (Between::Key, _) => "a key",
            (Between::Colon, _) => "`:`",
            (Between::After, Some(true)) => "`,` or `}`",
            (Between::After, Some(false)) => "`,` or `]`",
            (Between::After, None) => "the end of the body",
            _ => "a value",
        }
    }

    /// Begins a value; says whether its type alone decided the held element.
    #[inline]
    fn value(&mut self, pass: &mut Pass<'_>, byte: u8) -> Result<bool, Error> {
        match byte {
            b'"' => {
                let token = self.purpose();
                self.begin(pass, token);
                self.state = State::InString;
            }
            b'{' | b'[' => return self.open(pass, byte == b'{'),
            b'-' | b'0'..=b'9' => {
                self.token = self.purpose();
                pass.token = pass.at;
                self.state = State::InNumber(Number::Start);
            }
            b't' => self.begin_word(pass, Word::True),
            b'f' => self.begin_word(pass, Word::False),
            b'n' => self.begin_word(pass, Word::Null),
            byte => return Err(pass.unexpected(byte, "a value")),
        }
        Ok(false)
    }

    /// What a scalar that stands here is for.
    #[inline]
    fn purpose(&self) -> Use {
        if self.walk.next.is_empty() {
            return Use::Skip;
        }
        if self.hold.is_deciding() {
            return if Hold::is_tested(&self.walk, &self.places) {
                Use::Test
            } else {
                Use::Skip
            };
        }
        self.walk.place(&self.places).map_or(Use::Skip, Use::Place)
    }

    /// Begins a string at its quote.
    #[inline]
    fn begin(&mut self, pass: &mut Pass<'_>, token: Use) {
        self.token = token;
        self.string = string::Reader::default();
        pass.token = pass.at;
        pass.at += 1;
    }

    fn begin_word(&mut self, pass: &mut Pass<'_>, word: Word) {
        self.token = self.purpose();
        pass.token = pass.at;
        self.state = State::InWord(word, 0);
    }

    fn open(&mut self, pass: &mut Pass<'_>, object: bool) -> Result<bool, Error> {
        let mut settled = false;
        let decided = self.hold.is_decided();
        if decided || !self.walk.next.is_empty() || !self.walk.filters.is_empty() {
            if self.hold.is_deciding() {
                self.hold.test(&self.walk, &self.places, |_| false);
                settled = true;
            } else if decided {
                self.hold.enter(&mut self.walk, &self.places);
            } else if object && !self.walk.filters.is_empty() {
                pass.keep_to(pass.at);
                let offset = pass.offset + pass.at as u64;
                self.hold
                    .begin(&mut self.walk, &self.places, pass.at, offset);
            }
            if !self.hold.is_deciding() && self.walk.place(&self.places).is_some() {
                return Err(pass.error(ErrorKind::NotALeaf));
            }
        }
        let opened = self.walk.open(object, &self.places, self.limits.depth);
        opened.map_err(|kind| pass.error(kind))?;
        pass.at += 1;
        let between = if object {
            Between::FirstKey
        } else {
            Between::FirstElement
        };
        self.state = State::Between(between);
        Ok(settled && self.is_settled(pass)?)
    }

    /// Walks on in a frame that no selector leads into, as far as whole tokens stand here.
    fn skip(&mut self, pass: &mut Pass<'_>, between: Between, object: bool) {
        let mut dead = Dead::new(&mut self.walk, self.limits.depth);
        let (at, between) = skip::skip(pass.bytes, pass.at, between, object, &mut dead);
        pass.at = at;
        self.state = State::Between(between);
    }

    /// Closes the innermost object or array; says whether the held element ends with it.
    fn close(&mut self, pass: &mut Pass<'_>) -> Result<bool, Error> {
        self.walk.close();
        pass.at += 1;
        self.state = State::Between(Between::After);
        if self.hold.is_left(&self.walk) {
            self.rewind(pass)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Goes back to the start of the held element if its filters are decided.
    #[inline]
    fn is_settled(&mut self, pass: &Pass<'_>) -> Result<bool, Error> {
        let settled = self.hold.is_deciding() && self.hold.is_settled(&self.places);
        if settled {
            self.rewind(pass)?;
        }
        Ok(settled)
    }

    fn rewind(&mut self, pass: &Pass<'_>) -> Result<(), Error> {
        let here = pass.offset + pass.at as u64;
        if here - self.hold.offset > self.limits.lookahead as u64 {
            return Err(self.too_far(here));
        }
        self.hold.rewind(&mut self.walk);
        self.state = State::Between(Between::Value);
        self.token = Use::Skip;
        self.raw.clear();
        Ok(())
    }

    /// Reads on in a string; gives the offset after its closing quote.
    #[inline]
    fn string(&mut self, pass: &mut Pass<'_>) -> Result<Option<usize>, Error> {
        match self.string.skip(pass.bytes, pass.at) {
            Ok(Some(end)) => {
                pass.at = end;
                Ok(Some(end))
            }
            Ok(None) => {
                pass.at = pass.bytes.len();
                Ok(None)
            }
            Err((at, expected)) => {
                pass.at = at;
                Err(pass.error(ErrorKind::Syntax { expected }))
            }
        }
    }

    /// A key that may be known has been read.
    #[inline]
    fn key(&mut self, pass: &mut Pass<'_>, end: usize) -> Result<(), Error> {
        let escaped = self.string.escaped();
        let key = if self.raw.is_empty() {
            pass.bytes.get(pass.token..end).unwrap_or_default()
        } else {
            self.gather(pass, end)?;
            &self.raw
        };
        let key = inner(key);
        let known = if escaped {
            self.plain.clear();
            // Half of a surrogate pair is in no name that is known; what could be decoded is compared.
            match string::decode(key, &mut self.plain) {
                Ok(()) => self.walk.key(&self.places, &self.plain),
                Err(string::LoneSurrogate) => self.walk.key(&self.places, b"\xff"),
            }
        } else {
            self.walk.key(&self.places, key)
        };
        self.raw.clear();
        known.map_err(|kind| pass.error(kind))
    }

    /// A number has ended before the byte that stands here; says whether it decided the held element.
    fn number(&mut self, pass: &mut Pass<'_>, number: Number) -> Result<bool, Error> {
        if !number.is_complete() {
            let byte = pass.bytes.get(pass.at).copied().unwrap_or_default();
            return Err(pass.unexpected(byte, "a digit"));
        }
        self.state = State::Between(Between::After);
        if self.token != Use::Skip {
            self.scalar(pass, pass.at, Scalar::Number)?;
        }
        self.is_settled(pass)
    }

    /// Reads on in a word; says whether it has ended.
    fn word(&mut self, pass: &mut Pass<'_>, word: Word, from: u8) -> Result<bool, Error> {
        let mut read = from;
        for expected in word.spelling().iter().skip(usize::from(from)) {
            let Some(byte) = pass.bytes.get(pass.at) else {
                self.state = State::InWord(word, read);
                return Ok(false);
            };
            if byte != expected {
                return Err(pass.unexpected(*byte, "`true`, `false` or `null`"));
            }
            pass.at += 1;
            read += 1;
        }
        self.state = State::Between(Between::After);
        if self.token != Use::Skip {
            self.scalar(pass, pass.at, Scalar::Word(word))?;
        }
        Ok(true)
    }

    /// A value that somebody looks at has ended at `end`.
    fn scalar(&mut self, pass: &mut Pass<'_>, end: usize, scalar: Scalar) -> Result<(), Error> {
        let here = pass.bytes.get(pass.token..end).unwrap_or_default();
        let mut raw = std::mem::take(&mut self.raw);
        let cut = !raw.is_empty();
        if cut {
            raw.extend_from_slice(here);
        }
        let whole = if cut { &raw } else { here };
        let done = match self.token {
            Use::Place(place) => self
                .protect(pass, place, whole, scalar)
                .map(|edit| match edit {
                    Edit::Keep if !cut => {}
                    edit => {
                        self.write(pass, whole, edit);
                        pass.done = end;
                    }
                }),
            Use::Test => {
                self.test(whole, scalar);
                Ok(())
            }
            Use::Skip | Use::Key => Ok(()),
        };
        raw.clear();
        self.raw = raw;
        self.token = Use::Skip;
        done
    }

    /// Asks the editor what is to happen to the value at a place.
    fn protect(
        &mut self,
        pass: &mut Pass<'_>,
        place: PlaceId,
        whole: &[u8],
        scalar: Scalar,
    ) -> Result<Edit, Error> {
        self.fits(pass, whole.len())?;
        let (value_type, text) = match scalar {
            Scalar::String => (ValueType::String, inner(whole)),
            Scalar::Number => (ValueType::Number, whole),
            Scalar::Word(Word::True | Word::False) => (ValueType::Boolean, whole),
            Scalar::Word(Word::Null) => return Ok(Edit::Keep),
        };
        if text.is_empty() {
            return Ok(Edit::Keep);
        }
        let text = if scalar == Scalar::String && self.string.escaped() {
            self.plain.clear();
            let decoded = string::decode(text, &mut self.plain);
            decoded.map_err(|string::LoneSurrogate| pass.error(ErrorKind::Charset))?;
            &self.plain
        } else {
            text
        };
        self.replacement.clear();
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type,
            text,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        pass.editor.value(found, &mut self.replacement)
    }

    /// Writes what an edit makes of a value.
    fn write(&mut self, pass: &mut Pass<'_>, whole: &[u8], edit: Edit) {
        pass.keep_to(pass.token);
        match edit {
            Edit::Keep => pass.out.write(whole),
            Edit::Replace => {
                self.written.clear();
                string::write(&self.replacement, &mut self.written);
                pass.out.write(&self.written);
            }
            Edit::Pending(ask) => {
                pass.out.write(b"\"");
                pass.out.hole(ask, Escape::Plain);
                pass.out.write(b"\"");
            }
        }
    }

    /// Takes a value to the filters that look at it.
    fn test(&mut self, whole: &[u8], scalar: Scalar) {
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        let text = match scalar {
            Scalar::String => string::decode(inner(whole), &mut plain)
                .ok()
                .map(|()| plain.as_slice()),
            Scalar::Number | Scalar::Word(_) => None,
        };
        self.hold.test(&self.walk, &self.places, |literal| {
            match (literal, scalar) {
                (Literal::String(literal), Scalar::String) => text == Some(literal.as_bytes()),
                (Literal::Number(literal), Scalar::Number) => equals(*literal, whole),
                (Literal::Boolean(true), Scalar::Word(Word::True))
                | (Literal::Boolean(false), Scalar::Word(Word::False))
                | (Literal::Null, Scalar::Word(Word::Null)) => true,
                _ => false,
            }
        });
        self.plain = plain;
    }
}

/// A string without its quotes.
fn inner(whole: &[u8]) -> &[u8] {
    whole
        .get(1..whole.len().saturating_sub(1))
        .unwrap_or_default()
}

/// Numbers are compared as every implementation holds them (RFC 9535 §2.3.5.2.2).
#[expect(
    clippy::float_cmp,
    reason = "the standard compares numbers for equality"
)]
fn equals(literal: f64, spelling: &[u8]) -> bool {
    let number = std::str::from_utf8(spelling)
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    number.is_some_and(|number| number == literal)
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let good = self.charset.accept(chunk);
        let length = good.err().unwrap_or(chunk.len());
        self.chunk(chunk.get(..length).unwrap_or_default(), editor, out)?;
        good.map_err(|_| Error::new(ErrorKind::Charset, self.offset))
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        let mut pass = Pass::new(&[], self.offset, true, editor, out);
        if let State::InNumber(number) = self.state
            && number.is_complete()
            && self.walk.in_object().is_none()
        {
            self.number(&mut pass, number)?;
        }
        if !self.charset.is_whole() {
            return Err(pass.error(ErrorKind::Charset));
        }
        if self.state != State::Between(Between::After) || self.walk.in_object().is_some() {
            return Err(pass.error(ErrorKind::Syntax {
                expected: "the rest of the JSON text",
            }));
        }
        Ok(())
    }

    fn held(&self) -> usize {
        let texts = [
            &self.raw,
            &self.plain,
            &self.replacement,
            &self.written,
            &self.hold.bytes,
        ];
        texts.into_iter().map(|text| text.capacity()).sum()
    }
}

impl<'a> Pass<'a> {
    fn new(
        bytes: &'a [u8],
        offset: u64,
        held: bool,
        editor: &'a mut dyn Editor,
        out: &'a mut Out,
    ) -> Self {
        Self {
            bytes,
            at: 0,
            done: 0,
            token: 0,
            offset,
            held,
            editor,
            out,
        }
    }

    /// Begins again at an earlier byte, up to which all is in the output.
    fn restart(&mut self, at: usize) {
        self.at = at;
        self.done = at;
        self.token = at;
    }

    /// Sends everything up to `end` that is not yet in the output, as it came.
    fn keep_to(&mut self, end: usize) {
        if self.done < end {
            if self.held {
                self.out
                    .write(self.bytes.get(self.done..end).unwrap_or_default());
            } else {
                self.out.keep(self.done..end);
            }
            self.done = end;
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.offset + self.at as u64)
    }

    /// A byte that may not stand between tokens. No other charset's text gets past its first structural
    /// character without one that is zero or above ASCII, nor does a byte-order mark.
    fn unexpected(&self, byte: u8, expected: &'static str) -> Error {
        let foreign = byte == 0 || !byte.is_ascii();
        self.error(if foreign {
            ErrorKind::Charset
        } else {
            ErrorKind::Syntax { expected }
        })
    }
}
