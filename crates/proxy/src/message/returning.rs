//! A response's body on its way to the client.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::{BodyError, Pieces, Revealing, Stall};
use crate::upstream::{Http1, Origin};

/// A response's body on its way to the client.
#[derive(Debug)]
pub enum Returning {
    /// None.
    Empty,
    /// One of ours, or one revealed whole.
    Whole(Pieces),
    /// As it comes, untouched.
    Through(Box<FromOrigin>),
    /// As it comes, revealed.
    Revealing(Box<Revealing>),
}

impl Returning {
    /// A short body of ours.
    pub fn of(bytes: impl Into<Bytes>) -> Self {
        let mut pieces = Pieces::default();
        pieces.push(bytes.into());
        Self::Whole(pieces)
    }
}

impl Body for Returning {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Whole(pieces) => Poll::Ready(pieces.next_frame().map(Ok)),
            Self::Through(body) => Pin::new(&mut **body).poll_frame(cx),
            Self::Revealing(revealing) => revealing.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(pieces) => pieces.is_empty(),
            Self::Through(body) => body.is_end_stream(),
            Self::Revealing(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(pieces) => pieces.size_hint(),
            Self::Through(body) => body.size_hint(),
            Self::Revealing(_) => SizeHint::default(),
        }
    }
}

/// A response's body as it comes from the origin; it drives its HTTP/1.1 connection and gives it back at its end.
#[derive(Debug)]
pub struct FromOrigin {
    body: Incoming,
    connection: Option<Lent>,
    stall: Stall,
    failing: Option<BodyError>,
}

/// A connection that goes back to its origin.
#[derive(Debug)]
pub struct Lent {
    /// The connection.
    pub connection: Box<Http1>,
    /// Where it goes back to.
    pub origin: Arc<Origin>,
    /// The most unused ones that are kept there.
    pub most: usize,
}

impl FromOrigin {
    /// A body, and the connection it comes on unless that is driven elsewhere.
    pub fn new(body: Incoming, connection: Option<Lent>, stall: Stall) -> Self {
        Self {
            body,
            connection,
            stall,
            failing: None,
        }
    }

    /// Gives the connection back if the body has ended and it can carry another request. To be called once the head
    /// is there, since nobody polls a body that has nothing.
    pub async fn settle(&mut self) {
        poll_fn(|cx| {
            self.give_back_if_ended(cx);
            Poll::Ready(())
        })
        .await;
    }

    fn give_back_if_ended(&mut self, cx: &mut Context<'_>) {
        if self.body.is_end_stream() {
            self.give_back(cx);
        }
    }

    fn give_back(&mut self, cx: &mut Context<'_>) {
        if let Some(mut lent) = self.connection.take()
            && lent.connection.is_ready(cx)
        {
            lent.origin.give_back(lent.connection, lent.most);
        }
    }
}

impl Body for FromOrigin {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(failing) = this.failing.take() {
            return Poll::Ready(Some(Err(failing)));
        }
        if let Some(lent) = &mut this.connection {
            lent.connection.drive(cx);
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.stall.progress();
                this.give_back_if_ended(cx);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.connection = None;
                // An error ends the client's connection at once; what came before it is to be flushed first.
                this.failing = Some(BodyError::Origin(error));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(None) => {
                this.give_back(cx);
                Poll::Ready(None)
            }
            Poll::Pending => match this.stall.poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(BodyError::Stalled))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
