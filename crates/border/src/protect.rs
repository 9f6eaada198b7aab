//! The body of a request on its way out: decoded, rewritten, encoded again.
//!
//! Up to `[limits] whole` nothing leaves before the body has ended well; a longer one streams, and so do one in
//! which nothing can fail, whose length is known from the start, and one of messages that are answered one by one.

use std::collections::VecDeque;

use body::coding::{Decoder, Encoder};
use body::{Error, Out, Rewriter};
use bytes::Bytes;
use integrity::Check;

use crate::sealer::Sealer;
use crate::{Answer, Flow, Progress, Refusal};

/// How many coded bytes are decoded before what they became is encoded again: each may become a thousand.
const CODED: usize = 4 << 10;

/// A body being protected.
pub(crate) struct Protect {
    sealer: Sealer,
    rewriter: Box<dyn Rewriter>,
    coding: Option<(Decoder, Encoder)>,
    /// What the head states of the body, compared with what comes.
    check: Option<Check>,
    out: Out,
    ready: VecDeque<Bytes>,
    ready_length: usize,
    read: usize,
    whole: usize,
    /// The bytes that the client says it will send.
    expected: Option<u64>,
    /// What has come waits until the keys are there that a file may need.
    waiting: Option<Bytes>,
    begun: bool,
    finished: bool,
    complete: bool,
}

impl Protect {
    pub fn new(
        sealer: Sealer,
        rewriter: Box<dyn Rewriter>,
        coding: Option<(Decoder, Encoder)>,
        check: Option<Check>,
        expected: Option<u64>,
    ) -> Self {
        let whole = sealer.border.limits.whole;
        Self {
            sealer,
            rewriter,
            coding,
            check,
            out: Out::new(),
            ready: VecDeque::new(),
            ready_length: 0,
            read: 0,
            whole,
            expected,
            waiting: None,
            begun: false,
            finished: false,
            complete: false,
        }
    }

    /// The same, where each message leaves once it is protected.
    pub fn by_message(mut self) -> Self {
        self.whole = 0;
        self
    }

    /// The same, where nothing leaves before the end however long it is.
    pub fn whole(mut self) -> Self {
        self.whole = usize::MAX;
        self
    }

    fn rewrite(&mut self, chunk: Bytes) -> Result<(), Error> {
        if self.coding.is_none() {
            return self.rewrite_plain(&chunk);
        }
        for piece in chunk.chunks(CODED) {
            let mut decoded = Vec::new();
            if let Some((decoder, _)) = &mut self.coding {
                decoder.push(piece, &mut decoded)?;
            }
            self.rewrite_plain(&decoded.into())?;
            if self.read > self.whole {
                self.pump(false)?;
            }
        }
        Ok(())
    }

    fn rewrite_plain(&mut self, chunk: &Bytes) -> Result<(), Error> {
        self.read = self.read.saturating_add(chunk.len());
        if chunk.is_empty() {
            return Ok(());
        }
        self.rewriter.push(chunk, &mut self.sealer, &mut self.out)
    }

    fn end(&mut self) -> Result<(), Error> {
        if let Some((decoder, _)) = &mut self.coding {
            let mut decoded = Vec::new();
            decoder.finish(&mut decoded)?;
            if !decoded.is_empty() {
                self.read = self.read.saturating_add(decoded.len());
                self.rewriter
                    .push(&Bytes::from(decoded), &mut self.sealer, &mut self.out)?;
            }
        }
        self.rewriter.finish(&mut self.sealer, &mut self.out)
    }

    /// After a step: the asks it raised, or what can move on.
    fn settle(&mut self) -> Result<Progress, Refusal> {
        let sealer = &mut self.sealer;
        self.out.fill(|ask, plain| sealer.fill(ask, plain));
        let asks = self.sealer.take_asks();
        if !asks.is_empty() {
            return Ok(Progress::Need(asks));
        }
        let ended = self.finished && self.out.holes() == 0;
        if ended || self.may_leave() {
            self.pump(ended)
                .map_err(|error| *self.sealer.refusal(&error))?;
        }
        Ok(Progress::More)
    }

    /// Whether something may leave before the body has ended.
    fn may_leave(&self) -> bool {
        // What leaves can be stated in the head as what came was only of a body that is held whole.
        let nothing_fails = self.check.is_none() && self.declared().is_some();
        self.read > self.whole || nothing_fails
    }

    /// Moves what no hole holds back to where it can be taken from.
    fn pump(&mut self, ended: bool) -> Result<(), Error> {
        while let Some(piece) = self.out.take() {
            match &mut self.coding {
                Some((_, encoder)) => {
                    let mut coded = Vec::new();
                    encoder.push(&piece, &mut coded)?;
                    self.offer(coded.into());
                }
                None => self.offer(piece),
            }
        }
        if let Some(fault) = self.out.fault() {
            return Err(fault);
        }
        if ended && !self.complete {
            self.complete = true;
            if let Some((_, encoder)) = &mut self.coding {
                let mut coded = Vec::new();
                encoder.finish(&mut coded)?;
                self.offer(coded.into());
            }
        }
        Ok(())
    }

    fn offer(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.ready_length += piece.len();
            self.ready.push_back(piece);
        }
    }
}

impl Flow for Protect {
    fn push(&mut self, chunk: Bytes) -> Result<Progress, Refusal> {
        if !std::mem::replace(&mut self.begun, true) {
            let asked = self.sealer.foresee();
            asked.map_err(|refusal| *refusal)?;
            let asks = self.sealer.take_asks();
            if !asks.is_empty() {
                self.waiting = Some(chunk);
                return Ok(Progress::Need(asks));
            }
        }
        if let Some(check) = &mut self.check {
            check.update(&chunk);
        }
        self.rewrite(chunk)
            .map_err(|error| *self.sealer.refusal(&error))?;
        self.settle()
    }

    fn finish(&mut self) -> Result<Progress, Refusal> {
        self.end().map_err(|error| *self.sealer.refusal(&error))?;
        if let Some(missing) = self.sealer.missing() {
            return Err(missing);
        }
        if let Some(check) = self.check.take() {
            check
                .finish()
                .map_err(|mismatch| *self.sealer.damaged(&mismatch))?;
        }
        self.finished = true;
        self.settle()
    }

    fn answer(&mut self, answers: Vec<Answer>) -> Result<Progress, Refusal> {
        for answer in answers {
            self.sealer.answer(answer).map_err(|refusal| *refusal)?;
        }
        match self.waiting.take() {
            Some(chunk) => self.push(chunk),
            None => self.settle(),
        }
    }

    fn take(&mut self) -> Option<Bytes> {
        if !self.complete && !self.may_leave() {
            return None;
        }
        let piece = self.ready.pop_front()?;
        self.ready_length -= piece.len();
        Some(piece)
    }

    fn length(&self) -> Option<u64> {
        self.complete
            .then(|| u64::try_from(self.ready_length).ok())
            .flatten()
    }

    fn declared(&self) -> Option<u64> {
        let expected = self.expected.filter(|_| self.coding.is_none());
        self.rewriter.length(expected?)
    }

    fn held(&self) -> usize {
        let waiting = self.waiting.as_ref().map_or(0, Bytes::len);
        waiting + self.rewriter.held() + self.out.len() + self.ready_length
    }
}
