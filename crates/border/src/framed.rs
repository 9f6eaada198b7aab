//! A body in chunks of its own (aws-chunked): taken out of its framing, protected, and framed again.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use integrity::aws_chunked::{ChunkError, Decoder, Encoder, Framing};
use integrity::sigv4::Chain;

use crate::signing::misframed;
use crate::{Answer, Flow, Progress, Refusal};

/// A flow of a body, within the body's framing.
pub(crate) struct Framed {
    inner: Box<dyn Flow>,
    decoder: Option<Decoder>,
    encoder: Option<Encoder>,
    /// What was taken out of the framing and waits for the inner flow.
    content: VecDeque<Bytes>,
    ready: VecDeque<Bytes>,
    /// The length of what leaves without its framing, for the head.
    length: Arc<OnceLock<u64>>,
    /// Bytes of it so far.
    passed: u64,
    ended: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// More is to come.
    Open,
    /// All has come.
    Come,
    /// The inner flow has been told, and may still ask.
    Told,
    /// All can be taken.
    Done,
}

impl Framed {
    /// Puts the framing around a flow.
    pub fn new(
        inner: Box<dyn Flow>,
        framing: &Framing,
        chain: Option<Chain>,
        length: Arc<OnceLock<u64>>,
    ) -> Self {
        Self {
            inner,
            decoder: Some(framing.decoder(chain)),
            encoder: framing.encoder(),
            content: VecDeque::new(),
            ready: VecDeque::new(),
            length,
            passed: 0,
            ended: End::Open,
        }
    }

    /// Gives the inner flow what waits for it, until it asks.
    fn advance(&mut self) -> Result<Progress, Refusal> {
        while let Some(piece) = self.content.pop_front() {
            if let Progress::Need(asks) = self.inner.push(piece)? {
                return Ok(Progress::Need(asks));
            }
        }
        if self.ended == End::Come {
            self.ended = End::Told;
            if let Progress::Need(asks) = self.inner.finish()? {
                return Ok(Progress::Need(asks));
            }
        }
        if self.ended == End::Told {
            self.ended = End::Done;
            while self.pass() {}
            // It may be known already, from what was declared.
            let _ = self.length.set(self.passed);
            if let Some(encoder) = self.encoder.take() {
                encoder.finish(&mut self.ready);
            }
        } else if let Some(length) = self.inner.declared() {
            let _ = self.length.set(length);
        }
        Ok(Progress::More)
    }

    /// Frames the next piece of what leaves; whether there was one.
    fn pass(&mut self) -> bool {
        let Some(piece) = self.inner.take() else {
            return false;
        };
        self.passed = self.passed.saturating_add(piece.len() as u64);
        match &mut self.encoder {
            Some(encoder) => encoder.push(piece, &mut self.ready),
            None => self.ready.push_back(piece),
        }
        true
    }

    fn framed(&self, length: u64) -> u64 {
        match &self.encoder {
            Some(encoder) => encoder.length(length),
            None => length,
        }
    }
}

impl Flow for Framed {
    fn push(&mut self, chunk: Bytes) -> Result<Progress, Refusal> {
        let mut content = Vec::new();
        if let Some(decoder) = &mut self.decoder {
            let read = decoder.push(chunk, &mut content);
            read.map_err(|error| misframed(&error))?;
        }
        self.content.extend(content);
        self.advance()
    }

    fn finish(&mut self) -> Result<Progress, Refusal> {
        let read = self.decoder.take().map(Decoder::finish);
        read.unwrap_or(Err(ChunkError::Truncated))
            .map_err(|error| misframed(&error))?;
        self.ended = End::Come;
        self.advance()
    }

    fn answer(&mut self, answers: Vec<Answer>) -> Result<Progress, Refusal> {
        if let Progress::Need(asks) = self.inner.answer(answers)? {
            return Ok(Progress::Need(asks));
        }
        self.advance()
    }

    fn take(&mut self) -> Option<Bytes> {
        while self.ready.is_empty() && self.pass() {}
        self.ready.pop_front()
    }

    fn length(&self) -> Option<u64> {
        let ready = self.ready.iter().map(|piece| piece.len() as u64);
        (self.ended == End::Done).then(|| ready.sum())
    }

    fn declared(&self) -> Option<u64> {
        self.inner.declared().map(|length| self.framed(length))
    }

    fn held(&self) -> usize {
        let waiting = self.content.iter().chain(&self.ready);
        let waiting: usize = waiting.map(Bytes::len).sum();
        let chunk = self.encoder.as_ref().map_or(0, Encoder::held);
        waiting + chunk + self.inner.held()
    }
}

/// A body that stays as it is, where only its framing is another.
pub(crate) struct Through {
    ready: VecDeque<Bytes>,
    /// Bytes that all of it has, where the head says so.
    declared: Option<u64>,
    read: u64,
    ended: bool,
}

impl Through {
    pub fn new(declared: Option<u64>) -> Self {
        Self {
            ready: VecDeque::new(),
            declared,
            read: 0,
            ended: false,
        }
    }
}

impl Flow for Through {
    fn push(&mut self, chunk: Bytes) -> Result<Progress, Refusal> {
        self.read = self.read.saturating_add(chunk.len() as u64);
        self.ready.push_back(chunk);
        Ok(Progress::More)
    }

    fn finish(&mut self) -> Result<Progress, Refusal> {
        self.ended = true;
        Ok(Progress::More)
    }

    fn answer(&mut self, _: Vec<Answer>) -> Result<Progress, Refusal> {
        Ok(Progress::More)
    }

    fn take(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }

    fn length(&self) -> Option<u64> {
        self.ended.then_some(self.read)
    }

    fn declared(&self) -> Option<u64> {
        self.declared
    }

    fn held(&self) -> usize {
        self.ready.iter().map(Bytes::len).sum()
    }
}
