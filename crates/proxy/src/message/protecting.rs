//! A request's body while the border protects it.
//!
//! Nothing is to be had from the flow before the body has ended or has grown past `[limits] whole`, so the exchange
//! waits for [`Protecting::begin`] before it sends the head: by then either the body's length is known, or the
//! body is long and streams. After a refusal no further byte leaves, and the body ends in an error, which closes
//! (HTTP/1.1) or resets (HTTP/2) the request at the origin: it never completes (I5).

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use body::AskId;
use border::{Answer, Flow, Progress, Refusal, RefusalCode};
use http::HeaderMap;
use hyper::body::{Body, Bytes, Frame, Incoming};

use super::outgoing::{Pieces, Upload};
use super::{BodyError, Stall};
use crate::budget::Held;
use crate::home::{Answering, Away, Home};

/// A body being protected.
pub struct Protecting {
    flow: Box<dyn Flow>,
    body: Option<Incoming>,
    home: Arc<dyn Home>,
    asking: Option<Answering>,
    first: Option<Bytes>,
    ended: bool,
    trailers: Option<HeaderMap>,
    keeps_trailers: bool,
    held: Held,
    stall: Stall,
    upload: Arc<Upload>,
}

/// Why a body did not become ready to leave.
#[derive(Debug)]
pub enum Unready {
    /// It was refused; what the client still sends is left to be drained.
    Refused(Box<Refusal>, Option<Incoming>),
    /// The client went away, or sent nothing for too long.
    Lost(BodyError),
}

/// A body that may leave.
pub enum Begun {
    /// It ended: all of it.
    Whole(Pieces),
    /// It is long: its first piece is there, the rest follows.
    Streams(Box<Protecting>),
}

impl std::fmt::Debug for Protecting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protecting")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Protecting {
    /// A body and the flow that protects it.
    pub fn new(
        flow: Box<dyn Flow>,
        body: Incoming,
        home: Arc<dyn Home>,
        held: Held,
        longest: Duration,
    ) -> Box<Self> {
        Box::new(Self {
            flow,
            body: Some(body),
            home,
            asking: None,
            first: None,
            ended: false,
            trailers: None,
            keeps_trailers: true,
            held,
            stall: Stall::new(longest),
            upload: Arc::default(),
        })
    }

    /// Says whether trailers may follow the body.
    pub fn keep_trailers(&mut self, keep: bool) {
        self.keeps_trailers = keep;
    }

    /// What the body tells while hyper owns it.
    pub fn upload(&self) -> Arc<Upload> {
        Arc::clone(&self.upload)
    }

    /// The length of the whole body that leaves, where it is known before its end.
    pub fn declared(&self) -> Option<u64> {
        self.flow.declared()
    }

    /// Waits until the first byte may leave.
    ///
    /// # Errors
    /// Where the body is refused, or does not come.
    pub async fn begin(mut self: Box<Self>) -> Result<Begun, Unready> {
        match poll_fn(|cx| self.poll_piece(cx)).await {
            Ok(Some(first)) if !self.ended => {
                self.first = Some(first);
                Ok(Begun::Streams(self))
            }
            Ok(first) => {
                let mut pieces = Pieces::default();
                let mut next = first;
                while let Some(piece) = next {
                    pieces.push(piece);
                    next = self.flow.take();
                }
                pieces.end(self.trailers.take());
                Ok(Begun::Whole(pieces))
            }
            Err(stopped) => Err(stopped),
        }
    }

    /// The next piece; `None` at the end. What grows beyond the budget is refused, even where some of it has left:
    /// a thousand uploads that each begin to hold a long value would take the memory of all.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Unready>> {
        loop {
            if let Some(asking) = &mut self.asking {
                let answers = ready!(asking.as_mut().poll(cx));
                self.asking = None;
                let step = match answers {
                    Ok(answers) => self.flow.answer(answers),
                    Err(Away) => Err(away()),
                };
                if let Err(refusal) = self.note(step) {
                    return Poll::Ready(Err(self.stop(refusal)));
                }
                continue;
            }
            if let Some(piece) = self.flow.take() {
                self.held.set(self.flow.held());
                return Poll::Ready(Ok(Some(piece)));
            }
            if self.ended {
                self.upload.finish();
                return Poll::Ready(Ok(None));
            }
            let Some(body) = &mut self.body else {
                return Poll::Ready(Ok(None));
            };
            let step = match Pin::new(body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.stall.progress();
                    match frame.into_data() {
                        Ok(chunk) => self.flow.push(chunk),
                        Err(frame) => {
                            let trailers = frame.into_trailers().ok();
                            self.trailers = trailers
                                .filter(|_| self.keeps_trailers)
                                .map(without_digests);
                            continue;
                        }
                    }
                }
                Poll::Ready(None) => {
                    self.ended = true;
                    self.flow.finish()
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Err(Unready::Lost(BodyError::Client(error))));
                }
                Poll::Pending => {
                    ready!(self.stall.poll(cx));
                    return Poll::Ready(Err(Unready::Lost(BodyError::Stalled)));
                }
            };
            if let Err(refusal) = self.note(step) {
                return Poll::Ready(Err(self.stop(refusal)));
            }
            if !self.held.set(self.flow.held()) {
                return Poll::Ready(Err(self.stop(busy())));
            }
        }
    }

    fn note(&mut self, step: Result<Progress, Refusal>) -> Result<(), Refusal> {
        match step? {
            Progress::More => {}
            Progress::Need(asks) => self.asking = Some(self.home.answer(asks)),
        }
        Ok(())
    }

    fn stop(&mut self, refusal: Refusal) -> Unready {
        Unready::Refused(Box::new(refusal), self.body.take().filter(|_| !self.ended))
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        Poll::Ready(match ready!(self.poll_piece(cx)) {
            Ok(Some(piece)) => {
                self.upload.progress();
                Some(Ok(Frame::data(piece)))
            }
            Ok(None) => self
                .trailers
                .take()
                .map(|trailers| Ok(Frame::trailers(trailers))),
            Err(Unready::Refused(refusal, rest)) => {
                self.upload.refuse(refusal, rest);
                Some(Err(BodyError::Refused))
            }
            Err(Unready::Lost(error)) => {
                self.upload.lose();
                Some(Err(error))
            }
        })
    }
}

/// The refusal where all exchanges together hold as much as they may.
pub fn busy() -> Refusal {
    Refusal::new(
        RefusalCode::Busy,
        "the gateway holds as many bytes as it may at the moment",
        "Send the same request again in a moment.",
    )
}

/// The refusal where what must be kept at home cannot be.
pub fn away() -> Refusal {
    Refusal::new(
        RefusalCode::HomeAway,
        "the vault cannot be reached, so nothing can be kept at home",
        "Try again later; if it lasts, ask the operator of this gateway.",
    )
}

/// A digest in the trailers is of what the client sent, not of what leaves (RFC 9530).
fn without_digests(mut trailers: HeaderMap) -> HeaderMap {
    integrity::Stated::remove(&mut trailers);
    trailers
}

/// The answers where nothing can be asked: what is not there cannot be opened.
pub fn gone(asked: &[AskId]) -> Vec<Answer> {
    asked.iter().map(|id| Answer::Gone { id: *id }).collect()
}
