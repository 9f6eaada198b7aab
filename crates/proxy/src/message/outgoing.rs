//! A request's body on its way to the origin.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use border::Refusal;
use http::HeaderMap;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

use super::{BodyError, Protecting, Stall};

/// A request's body on its way to the origin.
#[derive(Debug)]
pub enum Outgoing {
    /// None.
    Empty,
    /// Checked whole before its first byte leaves.
    Whole(Pieces),
    /// As it comes, untouched.
    Through(Box<Through>),
    /// As it comes, protected.
    Protecting(Box<Protecting>),
}

/// A body untouched.
#[derive(Debug)]
pub struct Through {
    body: Incoming,
    gate: Option<Gate>,
    stall: Stall,
    upload: Arc<Upload>,
    keeps_trailers: bool,
}

impl Outgoing {
    /// A body that streams through untouched; behind the gate, if any.
    pub fn through(
        body: Incoming,
        gate: Option<Gate>,
        longest: Duration,
        upload: Arc<Upload>,
    ) -> Self {
        Self::Through(Box::new(Through {
            body,
            gate,
            stall: Stall::new(longest),
            upload,
            keeps_trailers: true,
        }))
    }

    /// Lets no trailers follow a body that streams through.
    pub fn drop_trailers(&mut self) {
        if let Self::Through(through) = self {
            through.keeps_trailers = false;
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Whole(pieces) => Poll::Ready(pieces.next_frame().map(Ok)),
            Self::Through(through) => through.poll_frame(cx),
            Self::Protecting(protecting) => protecting.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(pieces) => pieces.is_empty(),
            Self::Through(through) => through.body.is_end_stream(),
            Self::Protecting(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(pieces) => pieces.size_hint(),
            Self::Through(through) => through.body.size_hint(),
            Self::Protecting(_) => SizeHint::default(),
        }
    }
}

impl Through {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(gate) = &mut self.gate {
            ready!(gate.poll(cx));
            self.gate = None;
        }
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let is_trailers = frame.is_trailers();
                self.stall.progress();
                self.upload.progress();
                if self.body.is_end_stream() || is_trailers {
                    self.upload.finish();
                }
                Poll::Ready(Some(Ok(frame)).filter(|_| self.keeps_trailers || !is_trailers))
            }
            Poll::Ready(Some(Err(error))) => {
                self.upload.lose();
                Poll::Ready(Some(Err(BodyError::Client(error))))
            }
            Poll::Ready(None) => {
                self.upload.finish();
                Poll::Ready(None)
            }
            Poll::Pending => match self.stall.poll(cx) {
                Poll::Ready(()) => {
                    self.upload.lose();
                    Poll::Ready(Some(Err(BodyError::Stalled)))
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

/// A body that is there whole: pieces, and trailers after them.
#[derive(Debug, Default)]
pub struct Pieces {
    pieces: VecDeque<Bytes>,
    left: u64,
    trailers: Option<HeaderMap>,
}

impl Pieces {
    /// Adds a piece.
    pub fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.left += piece.len() as u64;
            self.pieces.push_back(piece);
        }
    }

    /// Says which trailers follow.
    pub fn end(&mut self, trailers: Option<HeaderMap>) {
        self.trailers = trailers;
    }

    /// Whether trailers follow, which need chunks (RFC 9112 §7.1.2).
    pub fn has_trailers(&self) -> bool {
        self.trailers.is_some()
    }

    /// The pieces that are left.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(Bytes::as_ref)
    }

    /// Bytes that are left.
    pub fn length(&self) -> u64 {
        self.left
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.trailers.is_none()
    }

    /// The next frame.
    pub fn next_frame(&mut self) -> Option<Frame<Bytes>> {
        if let Some(piece) = self.pieces.pop_front() {
            self.left -= piece.len() as u64;
            return Some(Frame::data(piece));
        }
        self.trailers.take().map(Frame::trailers)
    }

    /// The exact length, unless trailers follow.
    pub fn size_hint(&self) -> SizeHint {
        if self.trailers.is_some() {
            SizeHint::default()
        } else {
            SizeHint::with_exact(self.left)
        }
    }
}

/// What a body tells the exchange while hyper owns it.
#[derive(Debug, Default)]
pub struct Upload {
    finished: AtomicBool,
    moved: AtomicBool,
    lost: AtomicBool,
    refused: Mutex<Option<(Box<Refusal>, Option<Incoming>)>>,
    signal: Mutex<Option<Arc<Signal>>>,
}

impl Upload {
    /// Something of the body has left.
    pub fn progress(&self) {
        self.moved.store(true, Ordering::Relaxed);
    }

    /// Whether something of the body has left since this was last asked.
    pub fn moved_lately(&self) -> bool {
        self.moved.swap(false, Ordering::Relaxed)
    }

    /// The body has left whole.
    pub fn finish(&self) {
        self.finished.store(true, Ordering::Release);
    }

    /// Whether the body has left whole.
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// The client did not send it whole.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }

    /// Whether the client did not send it whole.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// The body was refused; what the client still sends is left to be drained.
    pub fn refuse(&self, refusal: Box<Refusal>, rest: Option<Incoming>) {
        *lock(&self.refused) = Some((refusal, rest));
    }

    /// The refusal, if there was one.
    pub fn take_refused(&self) -> Option<(Box<Refusal>, Option<Incoming>)> {
        lock(&self.refused).take()
    }

    /// The signal that lets a held body go.
    pub fn signal(&self) -> Option<Arc<Signal>> {
        lock(&self.signal).clone()
    }

    /// Whether the body was still held back when its answer came: then it is never sent, nor asked of the client.
    pub fn abandon_if_held(&self) -> bool {
        lock(&self.signal)
            .as_ref()
            .is_some_and(|signal| signal.abandon())
    }
}

/// Holds a body back until the origin says `100 Continue`, or for so long (RFC 9110 §10.1.1).
#[derive(Debug)]
pub struct Gate {
    signal: Arc<Signal>,
    timer: Pin<Box<Sleep>>,
}

/// What the origin said about a body that is held back.
#[derive(Debug, Default)]
pub struct Signal {
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
enum Said {
    #[default]
    Nothing,
    Waited(Waker),
    Continue,
    Final,
}

impl Gate {
    /// A gate that opens after `longest` by itself.
    pub fn new(longest: Duration, upload: &Upload) -> Self {
        let signal = Arc::new(Signal::default());
        *lock(&upload.signal) = Some(Arc::clone(&signal));
        Self {
            signal,
            timer: Box::pin(tokio::time::sleep(longest)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut said = lock(&self.signal.said);
        match &*said {
            Said::Continue => return Poll::Ready(()),
            // Never sent: whoever waits for it is dropped with the connection.
            Said::Final => return Poll::Pending,
            Said::Nothing | Said::Waited(_) => {}
        }
        if self.timer.as_mut().poll(cx).is_ready() {
            *said = Said::Continue;
            return Poll::Ready(());
        }
        *said = Said::Waited(cx.waker().clone());
        Poll::Pending
    }
}

impl Signal {
    /// The origin wants the body.
    pub fn open(&self) {
        if let Said::Waited(waker) = std::mem::replace(&mut *lock(&self.said), Said::Continue) {
            waker.wake();
        }
    }

    /// The origin has answered; whether the body was still held back.
    fn abandon(&self) -> bool {
        let mut said = lock(&self.said);
        let held = matches!(*said, Said::Nothing | Said::Waited(_));
        if held {
            *said = Said::Final;
        }
        held
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
