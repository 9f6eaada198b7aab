//! The body of a response on its way back. A body without tokens leaves as it came, coded bytes included.
//!
//! A sealed file is opened whatever the answer says of its type; what finds tokens sees everything else, if the type
//! is one in which they are looked for.
//!
//! A coded chunk is decoded in small pieces, and no further while an ask is open: a few coded bytes can become a
//! million tokens.
//!
//! A coded body is held while it is clean, up to `[limits] coded` of coded bytes; a longer one, or one with
//! tokens, is decoded and coded again at the fastest level.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use body::coding::{Decoder, Encoder};
use body::reveal::At;
use body::{AskId, Out};
use bytes::Bytes;
use seal::file::FileError;

use crate::file::{Opening, Seen};
use crate::opener::Opener;
use crate::{Answer, Ask, Flow, Progress, Refusal, RefusalCode};

/// How many decoded bytes of a coded body are held for each coded byte that may be held, before it streams.
const DECODED_FACTOR: usize = 16;

/// What is asked for a file. It is one question at a time; those of tokens count up from 0.
const OF_FILE: AskId = AskId(u32::MAX);

/// How many coded bytes are decoded at once: each may become a thousand.
const CODED: usize = 2 << 10;

/// A body being revealed.
pub(crate) struct Reveal {
    opener: Opener,
    opening: Option<Opening>,
    text: Option<Text>,
    coded: Option<Coded>,
    /// What of the chunk is not decoded yet.
    rest: Bytes,
    out: Out,
    ready: VecDeque<Bytes>,
    ready_length: usize,
    finished: bool,
    complete: bool,
    whole: Arc<AtomicBool>,
}

/// What finds the tokens of a text.
pub(crate) struct Text {
    at: Option<Places>,
    /// Nothing where tokens come back at places only.
    reveal: Option<body::reveal::Reveal>,
    /// How many bytes stand before what is read.
    before: usize,
}

/// The first of two stages: what has no prefix, at the places that the route names.
struct Places {
    at: At,
    middle: Out,
}

impl Text {
    pub fn new(at: Option<At>, reveal: body::reveal::Reveal) -> Self {
        let at = at.map(|at| Places {
            at,
            middle: Out::new(),
        });
        Self {
            at,
            reveal: Some(reveal),
            before: 0,
        }
    }

    /// Where tokens come back at places only: in messages of Protocol Buffers.
    pub fn at_places(at: At) -> Self {
        let middle = Out::new();
        Self {
            at: Some(Places { at, middle }),
            reveal: None,
            before: 0,
        }
    }

    /// The same, where so many bytes before it pass unread.
    pub fn after(mut self, bytes: usize) -> Self {
        self.before = bytes;
        self
    }

    /// Whether nothing was revealed.
    fn is_clean(&self) -> bool {
        let counts = self.reveal.as_ref().map(body::reveal::Reveal::counts);
        let counts = counts.unwrap_or_default();
        let at = self.at.as_ref().map_or(0, |places| places.at.revealed());
        counts.revealed + counts.marked + at == 0
    }

    /// Reveals decoded bytes: at places first, then wherever a token stands.
    fn push(&mut self, bytes: &Bytes, opener: &mut Opener, out: &mut Out) {
        let mut bytes = bytes.clone();
        if self.before > 0 {
            let passes = bytes.split_to(self.before.min(bytes.len()));
            self.before -= passes.len();
            out.append(passes);
        }
        let bytes = &bytes;
        match (&mut self.at, &mut self.reveal) {
            (Some(Places { at, middle }), Some(reveal)) => {
                at.push(bytes, opener, middle);
                reveal.push_from(middle, opener, out);
            }
            (Some(Places { at, .. }), None) => at.push(bytes, opener, out),
            (None, Some(reveal)) => reveal.push(bytes, opener, out),
            (None, None) => out.append(bytes.clone()),
        }
    }

    /// Ends both stages.
    fn finish(&mut self, opener: &mut Opener, out: &mut Out) {
        match (&mut self.at, &mut self.reveal) {
            (Some(Places { at, middle }), Some(reveal)) => {
                at.finish(opener, middle);
                reveal.push_from(middle, opener, out);
            }
            (Some(Places { at, .. }), None) => at.finish(opener, out),
            (None, _) => {}
        }
        if let Some(reveal) = &mut self.reveal {
            reveal.finish(opener, out);
        }
    }

    fn held(&self) -> usize {
        let at = self.at.as_ref();
        let at = at.map_or(0, |places| places.at.held() + places.middle.len());
        let reveal = self.reveal.as_ref();
        at + reveal.map_or(0, body::reveal::Reveal::held)
    }
}

/// The coding of a body, and its coded bytes as long as they may still leave as they came.
pub(crate) struct Coded {
    pub decoder: Decoder,
    pub encoder: Encoder,
    /// Its reader waits for each message: nothing is held for long.
    pub live: bool,
    pub limit: usize,
    pub original: Vec<Bytes>,
    pub state: State,
}

/// What becomes of a coded body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Clean so far: nothing has left.
    Holding,
    /// Coded again.
    Recoding,
    /// Not what its coding says: it leaves as it came.
    Passing,
}

impl Reveal {
    pub fn new(
        opener: Opener,
        opening: Option<Opening>,
        text: Option<Text>,
        coded: Option<Coded>,
        whole: Arc<AtomicBool>,
    ) -> Self {
        Self {
            opener,
            opening,
            text,
            coded,
            rest: Bytes::new(),
            out: Out::new(),
            ready: VecDeque::new(),
            ready_length: 0,
            finished: false,
            complete: false,
            whole,
        }
    }

    fn is_clean(&self) -> bool {
        !self.is_file() && self.text.as_ref().is_none_or(Text::is_clean)
    }

    fn is_file(&self) -> bool {
        self.opening.as_ref().is_some_and(Opening::is_file)
    }

    /// Opens decoded bytes if they are a file's, and looks for tokens in what is none.
    fn step(&mut self, bytes: &Bytes) -> Result<(), Refusal> {
        let seen = match &mut self.opening {
            Some(opening) => opening.push(bytes).map_err(damaged)?,
            None => Seen::Other(bytes.clone()),
        };
        self.give(seen);
        Ok(())
    }

    /// Ends the body, as a file or as a text.
    fn end(&mut self) -> Result<(), Refusal> {
        if let Some(opening) = &mut self.opening {
            let seen = opening.finish().map_err(damaged)?;
            self.give(seen);
        }
        self.end_text();
        Ok(())
    }

    /// Ends a text, once it is known to be one.
    fn end_text(&mut self) {
        if !self.is_file()
            && !self.is_waiting()
            && let Some(text) = &mut self.text
        {
            text.finish(&mut self.opener, &mut self.out);
        }
    }

    fn is_waiting(&self) -> bool {
        self.opening.as_ref().is_some_and(Opening::is_waiting)
    }

    /// Brings what the vault has of a file's segments.
    fn answer_file(&mut self, found: &[Vec<Vec<u8>>]) -> Result<(), Refusal> {
        let Some(opening) = &mut self.opening else {
            return Ok(());
        };
        let seen = opening.answer(found).map_err(damaged)?;
        self.give(seen);
        if self.finished {
            self.end_text();
        }
        Ok(())
    }

    fn give(&mut self, seen: Seen) {
        let bytes = match seen {
            Seen::Nothing => return,
            Seen::Opened(plain) => return self.out.append(plain),
            Seen::Other(bytes) => bytes,
        };
        if bytes.is_empty() {
            return;
        }
        if let Some(text) = &mut self.text {
            text.push(&bytes, &mut self.opener, &mut self.out);
        } else if self.is_held() {
            self.pass();
        } else {
            self.out.append(bytes);
        }
    }

    /// Whether the coded bytes may still leave as they came.
    fn is_held(&self) -> bool {
        let coded = self.coded.as_ref();
        coded.is_some_and(|coded| coded.state == State::Holding)
    }

    /// Lets the coded bytes leave as they came.
    fn pass(&mut self) {
        let Some(coded) = &mut self.coded else { return };
        coded.state = State::Passing;
        self.out = Out::new();
        let original = std::mem::take(&mut coded.original);
        original.into_iter().for_each(|piece| self.offer(piece));
    }

    /// Decodes a chunk. Damage is passed on as it came while nothing has left; later it ends the body.
    fn decode(&mut self, chunk: &Bytes, last: bool) -> Result<Option<Bytes>, Refusal> {
        let Some(coded) = &mut self.coded else {
            return Ok(Some(chunk.clone()));
        };
        if coded.state == State::Holding && !chunk.is_empty() {
            coded.original.push(chunk.clone());
        }
        let mut decoded = Vec::new();
        let mut result = coded.decoder.push(chunk, &mut decoded);
        if last {
            result = result.and_then(|()| coded.decoder.finish(&mut decoded));
        }
        match (result, coded.state) {
            (Ok(()), _) => Ok(Some(decoded.into())),
            (Err(_), State::Holding) => {
                self.pass();
                Ok(None)
            }
            (Err(error), _) => Err(Refusal::new(
                RefusalCode::ContentCoding,
                error.to_string(),
                "ask the app's operator: its answer is damaged",
            )),
        }
    }

    /// Decodes what is left of a chunk, until an ask is open.
    fn go_on(&mut self) -> Result<Progress, Refusal> {
        loop {
            let progress = self.settle();
            if matches!(progress, Progress::Need(_)) || self.rest.is_empty() {
                return Ok(progress);
            }
            let piece = self.rest.split_to(self.rest.len().min(CODED));
            if let Some(decoded) = self.decode(&piece, false)?.filter(|all| !all.is_empty()) {
                self.step(&decoded)?;
            }
            if self.passes() {
                let rest = std::mem::take(&mut self.rest);
                self.offer(rest);
            }
        }
    }

    fn settle(&mut self) -> Progress {
        // An answer may come before the hole that it fills: the escape of a held token is decided later.
        let opener = &mut self.opener;
        self.out.fill(|ask, plain| opener.fill(ask, plain));
        let mut asks = self.opener.take_asks();
        let question = self.opening.as_mut().and_then(Opening::take_question);
        asks.extend(question.map(|what| Ask { id: OF_FILE, what }));
        if !asks.is_empty() {
            return Progress::Need(asks);
        }
        let ended = self.finished && self.out.holes() == 0 && !self.is_waiting();
        let clean = self.is_clean();
        if let Some(coded) = &mut self.coded
            && coded.state == State::Holding
        {
            let held: usize = coded.original.iter().map(Bytes::len).sum();
            let full =
                held > coded.limit || self.out.len() > coded.limit.saturating_mul(DECODED_FACTOR);
            if !clean || full {
                coded.state = State::Recoding;
                coded.original = Vec::new();
            } else if ended {
                self.pass();
            } else {
                return Progress::More;
            }
        }
        self.pump(ended);
        Progress::More
    }

    fn pump(&mut self, ended: bool) {
        let mut live = false;
        while let Some(piece) = self.out.take() {
            match &mut self.coded {
                Some(coded) if coded.state == State::Recoding => {
                    let mut again = Vec::new();
                    // Encoding into memory cannot fail but for a fault of the encoder; the body then ends short.
                    let _ = coded.encoder.push(&piece, &mut again);
                    live = coded.live;
                    self.offer(again.into());
                }
                _ => self.offer(piece),
            }
        }
        if let Some(coded) = self.coded.as_mut().filter(|_| live && !ended) {
            let mut again = Vec::new();
            let _ = coded.encoder.flush(&mut again);
            self.offer(again.into());
        }
        if ended && !self.complete {
            self.complete = true;
            self.whole.store(true, Relaxed);
            if let Some(coded) = self
                .coded
                .as_mut()
                .filter(|coded| coded.state == State::Recoding)
            {
                let mut again = Vec::new();
                let _ = coded.encoder.finish(&mut again);
                self.offer(again.into());
            }
        }
    }

    fn offer(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.ready_length += piece.len();
            self.ready.push_back(piece);
        }
    }

    fn passes(&self) -> bool {
        self.coded
            .as_ref()
            .is_some_and(|coded| coded.state == State::Passing)
    }
}

impl Flow for Reveal {
    fn push(&mut self, chunk: Bytes) -> Result<Progress, Refusal> {
        if self.passes() {
            self.offer(chunk);
            return Ok(Progress::More);
        }
        if self.coded.is_none() {
            self.step(&chunk)?;
            return Ok(self.settle());
        }
        self.rest = chunk;
        self.go_on()
    }

    fn finish(&mut self) -> Result<Progress, Refusal> {
        self.finished = true;
        if !self.passes() {
            if self.coded.is_some()
                && let Some(decoded) = self
                    .decode(&Bytes::new(), true)?
                    .filter(|decoded| !decoded.is_empty())
            {
                self.step(&decoded)?;
            }
            if !self.passes() {
                self.end()?;
            }
        }
        Ok(self.settle())
    }

    fn answer(&mut self, answers: Vec<Answer>) -> Result<Progress, Refusal> {
        for answer in answers {
            match answer {
                Answer::Segments { found, .. } => self.answer_file(&found)?,
                answer if answer.id() == OF_FILE => self.answer_file(&[])?,
                answer => self.opener.answer(answer),
            }
        }
        self.go_on()
    }

    fn take(&mut self) -> Option<Bytes> {
        let piece = self.ready.pop_front()?;
        self.ready_length -= piece.len();
        Some(piece)
    }

    fn length(&self) -> Option<u64> {
        self.complete
            .then(|| u64::try_from(self.ready_length).ok())
            .flatten()
    }

    fn held(&self) -> usize {
        let original = self
            .coded
            .as_ref()
            .map_or(0, |coded| coded.original.iter().map(Bytes::len).sum());
        let opening = self.opening.as_ref().map_or(0, Opening::held);
        let text = self.text.as_ref().map_or(0, Text::held);
        opening + text + self.rest.len() + self.out.len() + self.ready_length + original
    }

    fn declared(&self) -> Option<u64> {
        let as_it_came = self.text.is_none() && (self.coded.is_none() || self.passes());
        let opening = self.opening.as_ref()?;
        (opening.is_file() || as_it_came).then(|| opening.length())?
    }

    fn is_undecided(&self) -> bool {
        let opening = self.opening.as_ref();
        !self.passes() && !self.finished && opening.is_some_and(Opening::is_undecided)
    }

    fn is_done(&self) -> bool {
        self.coded.is_none() && self.opening.as_ref().is_some_and(Opening::is_done)
    }
}

/// A file that does not open to its end: what came of it must not be taken for the whole.
fn damaged(error: FileError) -> Refusal {
    Refusal::new(
        RefusalCode::UnreadableBody,
        error.to_string(),
        "ask the app's operator: the file is not the one that was sent to it",
    )
}
