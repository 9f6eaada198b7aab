//! The walk through bytes, token by token.
//!
//! A token that stands whole in the bytes is taken at once; one that their end cuts leaves a state behind from
//! which the next bytes go on.

use super::hold::Hold;
use super::number::Number;
use super::pass::Pass;
use super::sites::is_nothing;
use super::skip::{self, Between};
use super::stream::{State, Stop, Stream, Use};
use super::string;
use super::value::{Scalar, Word};
use super::walk::Dead;
use crate::edit::{Edit, PlaceId};
use crate::error::{Error, ErrorKind};

impl Stream {
    /// Walks these bytes until they are spent, or a decision sends the walk back.
    pub(super) fn run(&mut self, pass: &mut Pass<'_>) -> Result<Stop, Error> {
        loop {
            let rewind = match self.state {
                State::Between(between) => {
                    let (between, key) = self.skip(pass, between);
                    if let Some((end, escaped)) = key {
                        self.whole_key(pass, end, escaped)?
                    } else {
                        pass.at = skip::past_space(pass.bytes, pass.at);
                        let Some(byte) = pass.bytes.get(pass.at) else {
                            return Ok(Stop::Spent);
                        };
                        self.structure(pass, between, *byte)?
                    }
                }
                State::InKey => {
                    if !self.read_string(pass)? {
                        return Ok(Stop::Spent);
                    }
                    self.key(pass, self.string.escaped())?;
                    false
                }
                State::InString => {
                    if !self.read_string(pass)? {
                        return Ok(Stop::Spent);
                    }
                    self.scalar(
                        pass,
                        Scalar::String {
                            escaped: self.string.escaped(),
                        },
                    )?
                }
                State::InNumber(mut number) => {
                    pass.at = number.read(pass.bytes, pass.at);
                    if pass.at == pass.bytes.len() {
                        self.state = State::InNumber(number);
                        return Ok(Stop::Spent);
                    }
                    self.number(pass, number)?
                }
                State::InWord(word, from) => match self.read_word(pass, word, from)? {
                    None => return Ok(Stop::Spent),
                    Some(rewind) => rewind,
                },
            };
            if rewind {
                return Ok(if self.waiting.is_some() {
                    Stop::Wait
                } else {
                    Stop::Rewind
                });
            }
        }
    }

    /// Takes a byte between tokens, and the token that begins with it. This and what it calls say whether that
    /// decided the held element, or must wait.
    #[inline]
    fn structure(
        &mut self,
        pass: &mut Pass<'_>,
        between: Between,
        byte: u8,
    ) -> Result<bool, Error> {
        match (between, byte) {
            (Between::FirstKey | Between::Key, b'"') => self.begin_key(pass),
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

    /// Walks on to the next key that may be known, as far as whole tokens stand here; gives where that is.
    #[inline]
    fn skip(&mut self, pass: &mut Pass<'_>, between: Between) -> (Between, Option<(usize, bool)>) {
        let Some(around) = self.walk.skippable(between) else {
            return (between, None);
        };
        let mut dead = Dead::new(&mut self.walk, self.limits.depth);
        let stopped = skip::skip(pass.bytes, pass.at, between, around, &mut dead);
        pass.at = stopped.at;
        self.state = State::Between(stopped.between);
        (stopped.between, stopped.key)
    }

    fn begin_key(&mut self, pass: &mut Pass<'_>) -> Result<bool, Error> {
        if let Some((end, escaped)) = string::end(pass.bytes, pass.at + 1) {
            return self.whole_key(pass, end, escaped);
        }
        self.token = if self.walk.is_live() {
            Use::Key
        } else {
            Use::Skip
        };
        self.begin_string(pass, State::InKey);
        Ok(false)
    }

    /// Takes a key that stands here up to `end`, and what follows it here.
    fn whole_key(&mut self, pass: &mut Pass<'_>, end: usize, escaped: bool) -> Result<bool, Error> {
        self.token = if self.walk.is_live() {
            Use::Key
        } else {
            Use::Skip
        };
        pass.token = pass.at;
        pass.at = end;
        self.key(pass, escaped)?;
        if pass.bytes.get(end) != Some(&b':') {
            return Ok(false);
        }
        self.state = State::Between(Between::Value);
        pass.at = skip::past_space(pass.bytes, end + 1);
        match pass.bytes.get(pass.at) {
            Some(byte) => self.value(pass, *byte),
            None => Ok(false),
        }
    }

    /// A key has been read.
    #[inline]
    fn key(&mut self, pass: &Pass<'_>, escaped: bool) -> Result<(), Error> {
        self.state = State::Between(Between::Colon);
        if self.token == Use::Skip {
            return Ok(());
        }
        let here = pass.token_to(pass.at);
        let known = if self.raw.is_empty() {
            self.values.key(here, escaped, &mut self.walk, &self.places)
        } else {
            self.raw.extend_from_slice(here);
            let known = self
                .values
                .key(&self.raw, escaped, &mut self.walk, &self.places);
            self.raw.clear();
            known
        };
        self.token = Use::Skip;
        if known.is_err() && self.lenient {
            self.walk.pass();
            return Ok(());
        }
        known.map_err(|kind| pass.error(kind))
    }

    /// Begins a value.
    #[inline]
    fn value(&mut self, pass: &mut Pass<'_>, byte: u8) -> Result<bool, Error> {
        if matches!(byte, b'{' | b'[') {
            return self.open(pass, byte == b'{');
        }
        self.token = self.purpose();
        pass.token = pass.at;
        if let Use::Place(place) = self.token
            && self.must_wait(place)
        {
            self.token = Use::Skip;
            self.state = State::Between(Between::Value);
            return Ok(true);
        }
        if self.token == Use::Site && !is_nothing(pass.bytes.get(pass.at..).unwrap_or_default()) {
            self.occupied(pass)?;
            self.token = Use::Skip;
        }
        match byte {
            b'"' => match string::end(pass.bytes, pass.at + 1) {
                Some((end, escaped)) => {
                    pass.at = end;
                    self.scalar(pass, Scalar::String { escaped })
                }
                None => {
                    self.begin_string(pass, State::InString);
                    Ok(false)
                }
            },
            b'-' | b'0'..=b'9' => {
                self.state = State::InNumber(Number::Start);
                Ok(false)
            }
            b't' => self.begin_word(pass, Word::True),
            b'f' => self.begin_word(pass, Word::False),
            b'n' => self.begin_word(pass, Word::Null),
            byte => Err(pass.unexpected(byte, "a value")),
        }
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
        match self.walk.place(&self.places) {
            Some(place) => Use::Place(place),
            None if self.additions.is_empty() => Use::Skip,
            None => self.site(),
        }
    }

    /// Whether the value that comes next, at this place, must wait for its siblings.
    #[inline]
    fn must_wait(&mut self, place: PlaceId) -> bool {
        if !self.waits {
            return false;
        }
        let waits = self.ready.is_none() && self.places.siblings.has(place);
        self.waiting = waits.then_some(place);
        waits
    }

    /// Begins a string that the end of the bytes cuts, or that is malformed.
    #[cold]
    fn begin_string(&mut self, pass: &mut Pass<'_>, state: State) {
        self.string = string::Reader::default();
        self.state = state;
        pass.token = pass.at;
        pass.at += 1;
    }

    /// Reads on in a string; says whether it has ended.
    fn read_string(&mut self, pass: &mut Pass<'_>) -> Result<bool, Error> {
        match self.string.skip(pass.bytes, pass.at) {
            Ok(end) => {
                pass.at = end.unwrap_or(pass.bytes.len());
                Ok(end.is_some())
            }
            Err((at, expected)) => {
                pass.at = at;
                let byte = pass.bytes.get(at).copied().unwrap_or_default();
                Err(pass.unexpected(byte, expected))
            }
        }
    }

    fn begin_word(&mut self, pass: &mut Pass<'_>, word: Word) -> Result<bool, Error> {
        self.read_word(pass, word, 0)
            .map(|ended| ended == Some(true))
    }

    /// Reads on in a word; nothing where it has not ended.
    fn read_word(
        &mut self,
        pass: &mut Pass<'_>,
        word: Word,
        from: u8,
    ) -> Result<Option<bool>, Error> {
        let rest = word.spelling().iter().skip(usize::from(from));
        for (read, expected) in (from..).zip(rest) {
            let Some(byte) = pass.bytes.get(pass.at) else {
                self.state = State::InWord(word, read);
                return Ok(None);
            };
            if byte != expected {
                return Err(pass.unexpected(*byte, "`true`, `false` or `null`"));
            }
            pass.at += 1;
        }
        self.scalar(pass, Scalar::Word(word)).map(Some)
    }

    /// A number has ended before the byte that stands here.
    pub(super) fn number(&mut self, pass: &mut Pass<'_>, number: Number) -> Result<bool, Error> {
        if number.is_complete() {
            return self.scalar(pass, Scalar::Number);
        }
        let byte = pass.bytes.get(pass.at).copied().unwrap_or(b' ');
        Err(pass.unexpected(byte, "a digit"))
    }

    /// A value that is no object and no array has ended.
    #[inline]
    fn scalar(&mut self, pass: &mut Pass<'_>, scalar: Scalar) -> Result<bool, Error> {
        self.state = State::Between(Between::After);
        if self.token == Use::Skip {
            return Ok(false);
        }
        let here = pass.token_to(pass.at);
        let cut = !self.raw.is_empty();
        if cut {
            self.raw.extend_from_slice(here);
        }
        let whole = if cut { &self.raw } else { here };
        let mut rewind = false;
        match self.token {
            Use::Place(place) if self.captured.is_some() => {
                self.capture(place, scalar, pass)
                    .map_err(|kind| pass.error(kind))?;
            }
            Use::Place(place) => {
                let ready = self.ready.is_some().then(|| self.ready.take()).flatten();
                let siblings = ready.as_deref().unwrap_or_default();
                let decided =
                    self.values
                        .decide(place, whole, scalar, siblings, &self.limits, pass.editor);
                let edit = match decided {
                    Err(_) if self.lenient => Edit::Keep,
                    decided => decided.map_err(|error| pass.error(error.kind))?,
                };
                if cut || edit != Edit::Keep {
                    pass.keep_to(pass.token);
                    let inert = self.lenient;
                    self.values.write(edit, whole, inert, pass.editor, pass.out);
                    pass.done = pass.at;
                }
                if !self.additions.is_empty() {
                    self.passed(place, edit, pass)?;
                }
            }
            Use::Site => self.at_site(scalar, pass)?,
            Use::Test => {
                self.values
                    .test(whole, scalar, &mut self.hold, &self.walk, &self.places);
                rewind = true;
            }
            Use::Skip | Use::Key => {}
        }
        if cut {
            self.raw.clear();
        }
        self.token = Use::Skip;
        if rewind { self.settle(pass) } else { Ok(false) }
    }

    fn open(&mut self, pass: &mut Pass<'_>, object: bool) -> Result<bool, Error> {
        let mut tested = false;
        let decided = self.hold.is_decided();
        if decided || !self.walk.next.is_empty() || !self.walk.filters.is_empty() {
            if self.hold.is_deciding() {
                self.hold.test(&self.walk, &self.places, |_| false);
                tested = true;
            } else if decided {
                self.hold.enter(&mut self.walk, &self.places);
            } else if object && !self.walk.filters.is_empty() {
                pass.keep_to(pass.at);
                self.hold
                    .begin(&mut self.walk, &self.places, pass.at, pass.offset());
            }
            if !self.hold.is_deciding()
                && !self.lenient
                && let Some(place) = self.walk.place(&self.places)
            {
                if self.places.is_element(place) {
                    return self.begin_element(place, object, pass);
                }
                return Err(pass.error(ErrorKind::NotALeaf));
            }
            if !self.hold.is_deciding() && !self.places.companions.is_empty() {
                let (next, depth) = (&self.walk.next, self.walk.depth());
                self.additions
                    .open(&self.places, next, object, depth)
                    .map_err(|kind| pass.error(kind))?;
            }
        }
        let opened = self
            .walk
            .open(object, &self.places, self.limits.depth, pass.offset());
        opened.map_err(|kind| pass.error(kind))?;
        pass.at += 1;
        let between = if object {
            Between::FirstKey
        } else {
            Between::FirstElement
        };
        self.state = State::Between(between);
        if tested { self.settle(pass) } else { Ok(false) }
    }

    fn close(&mut self, pass: &mut Pass<'_>) -> Result<bool, Error> {
        if !self.additions.is_empty() {
            self.close_additions(pass)?;
        }
        self.walk.close();
        pass.at += 1;
        self.state = State::Between(Between::After);
        if self.element.is_some() {
            self.end_element(pass)?;
        }
        if self.hold.is_left(&self.walk) {
            return self.rewind(pass).map(|()| true);
        }
        Ok(false)
    }

    /// Goes back to the start of the held element if its filters are decided.
    fn settle(&mut self, pass: &Pass<'_>) -> Result<bool, Error> {
        let settled = self.hold.is_deciding() && self.hold.is_settled(&self.places);
        if settled {
            self.rewind(pass)?;
        }
        Ok(settled)
    }

    fn rewind(&mut self, pass: &Pass<'_>) -> Result<(), Error> {
        match self.hold.reaches(pass.offset(), &self.limits) {
            Err(_) if self.lenient => self.hold.fail(),
            reached => reached?,
        }
        self.hold.rewind(&mut self.walk);
        self.state = State::Between(Between::Value);
        Ok(())
    }
}
