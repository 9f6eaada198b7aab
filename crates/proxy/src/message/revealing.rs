//! A response's body while the border reveals it. Nothing fails closed here: what cannot be opened is shown as the
//! policy says, and where the vault is away its pointers are as good as gone.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use body::AskId;
use border::{Effect, Exchange, Flow, Progress, Refusal};
use http::HeaderMap;
use hyper::body::{Body, Bytes, Frame};

use super::protecting::gone;
use super::{BodyError, FromOrigin, Pieces};
use crate::budget::Held;
use crate::home::{Answering, Away, Home};

/// A body being revealed.
pub struct Revealing {
    flow: Box<dyn Flow>,
    body: FromOrigin,
    record: Record,
    asking: Option<(Vec<AskId>, Answering)>,
    ready: VecDeque<Bytes>,
    ended: bool,
    trailers: Option<HeaderMap>,
    held: Held,
}

/// An exchange whose journal entry is written when its response has ended, whichever way it ended.
pub struct Record {
    exchange: Exchange,
    home: Arc<dyn Home>,
}

impl Record {
    /// An exchange and where its entry goes.
    pub fn new(exchange: Exchange, home: Arc<dyn Home>) -> Self {
        Self { exchange, home }
    }

    /// The exchange.
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The exchange.
    pub fn exchange_mut(&mut self) -> &mut Exchange {
        &mut self.exchange
    }

    /// Where values and the journal are kept.
    pub fn home(&self) -> &Arc<dyn Home> {
        &self.home
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let summary = self.exchange.summary();
        if !summary.protected.is_empty() || !summary.revealed.is_empty() || summary.unopened > 0 {
            self.home.note(Effect::Journal {
                barrier: None,
                summary,
            });
        }
    }
}

impl std::fmt::Debug for Revealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revealing")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Revealing {
    /// A body and the flow that reveals it.
    pub fn new(flow: Box<dyn Flow>, body: FromOrigin, record: Record, held: Held) -> Box<Self> {
        Box::new(Self {
            flow,
            body,
            record,
            asking: None,
            ready: VecDeque::new(),
            ended: false,
            trailers: None,
            held,
        })
    }

    /// The exchange the body belongs to.
    pub fn exchange(&self) -> &Exchange {
        self.record.exchange()
    }

    /// The length of the whole body that goes back, where it is known before its end.
    pub fn declared(&self) -> Option<u64> {
        self.flow.declared()
    }

    /// Waits until the body has decided what the head says of it.
    ///
    /// # Errors
    /// Where the body does not come so far.
    pub async fn decide(&mut self) -> Result<(), BodyError> {
        poll_fn(|cx| {
            while self.flow.is_undecided() {
                match ready!(self.poll_piece(cx))? {
                    Some(piece) => self.ready.push_back(piece),
                    None => break,
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Reveals what has come, up to `most` bytes, and the rest too where `wait` says that it will come soon. Gives
    /// the whole body if that was all of it.
    ///
    /// # Errors
    /// Where the body does not come whole.
    pub async fn whole(&mut self, most: usize, wait: bool) -> Result<Option<Pieces>, BodyError> {
        let mut taken = 0;
        let complete = poll_fn(|cx| {
            loop {
                if taken > most {
                    return Poll::Ready(Ok(false));
                }
                match self.poll_piece(cx) {
                    Poll::Ready(Ok(Some(piece))) => {
                        taken += piece.len();
                        self.ready.push_back(piece);
                    }
                    Poll::Ready(Ok(None)) => return Poll::Ready(Ok(true)),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending if wait => return Poll::Pending,
                    Poll::Pending => return Poll::Ready(Ok(false)),
                }
            }
        })
        .await?;
        if !complete {
            return Ok(None);
        }
        let mut pieces = Pieces::default();
        for piece in self.ready.drain(..) {
            pieces.push(piece);
        }
        pieces.end(self.trailers.take());
        Ok(Some(pieces))
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        loop {
            if let Some((asked, answer)) = &mut self.asking {
                let answers = ready!(answer.as_mut().poll(cx)).unwrap_or_else(|Away| gone(asked));
                self.asking = None;
                let step = self.flow.answer(answers);
                self.note(step)?;
                continue;
            }
            if let Some(piece) = self.flow.take() {
                self.held.set(self.flow.held());
                return Poll::Ready(Ok(Some(piece)));
            }
            if self.ended || self.flow.is_done() {
                return Poll::Ready(Ok(None));
            }
            let step = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => self.flow.push(chunk),
                    Err(frame) => {
                        self.trailers = frame.into_trailers().ok();
                        continue;
                    }
                },
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => {
                    self.ended = true;
                    self.flow.finish()
                }
            };
            self.note(step)?;
            self.held.set(self.flow.held());
        }
    }

    fn note(&mut self, step: Result<Progress, Refusal>) -> Result<(), BodyError> {
        // Before the bytes that were just revealed can be taken: what they show may come back at once.
        for memory in self.record.exchange().memories() {
            self.record.home().note(memory);
        }
        match step.map_err(|_| BodyError::Unrevealed)? {
            Progress::More => {}
            Progress::Need(asks) => {
                let asked = asks.iter().map(|ask| ask.id).collect();
                self.asking = Some((asked, self.record.home().answer(asks)));
            }
        }
        Ok(())
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(piece) = self.ready.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        Poll::Ready(match ready!(self.poll_piece(cx)) {
            Ok(Some(piece)) => Some(Ok(Frame::data(piece))),
            Ok(None) => self
                .trailers
                .take()
                .map(|trailers| Ok(Frame::trailers(trailers))),
            Err(error) => Some(Err(error)),
        })
    }
}
