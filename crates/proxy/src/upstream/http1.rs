//! One HTTP/1.1 connection to an origin, driven by whoever uses it.
//!
//! No task of its own: the task that waits for the answer, and then reads its body, also moves the connection. That
//! saves two wake-ups a request between threads. Unused, nobody drives it; whether it still stands is found out
//! when it is taken.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;

use super::stream::Stream;
use crate::message::Outgoing;

/// A connection and the handle that sends on it.
#[derive(Debug)]
pub struct Http1 {
    sender: http1::SendRequest<Outgoing>,
    connection: http1::Connection<TokioIo<Stream>, Outgoing>,
    ended: bool,
}

impl Http1 {
    /// Begins HTTP/1.1 on a connection.
    ///
    /// # Errors
    /// What hyper says.
    pub async fn begin(stream: Stream, limits: Limits) -> hyper::Result<Box<Self>> {
        let (sender, connection) = http1::Builder::new()
            .preserve_header_case(true)
            .max_buf_size(limits.buffer)
            .max_header_size(limits.head)
            .max_headers(limits.fields)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Box::new(Self {
            sender,
            connection,
            ended: false,
        }))
    }

    /// Sends a request and waits for the answer's head.
    ///
    /// # Cancel safety
    /// Dropped in the middle, the connection must not be used again; whoever drops the future drops both.
    ///
    /// # Errors
    /// What hyper says, with the request where nothing of it was sent.
    pub async fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let (connection, ended) = (&mut self.connection, &mut self.ended);
        poll_fn(|cx| {
            // The connection first: what it brings is then there when the answer is asked, without a wake-up.
            if !*ended
                && Pin::new(&mut *connection)
                    .poll_without_shutdown(cx)
                    .is_ready()
            {
                *ended = true;
            }
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// Moves the connection.
    pub fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.ended && self.connection.poll_without_shutdown(cx).is_ready() {
            self.ended = true;
        }
    }

    /// Whether another request may be sent, after moving the connection once.
    pub fn is_ready(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        !self.ended && matches!(self.sender.poll_ready(cx), Poll::Ready(Ok(())))
    }

    /// As [`Http1::is_ready`], for whoever is not being polled.
    pub async fn still_stands(&mut self) -> bool {
        poll_fn(|cx| Poll::Ready(self.is_ready(cx))).await
    }

    /// Drives the connection to its end, for an upload that goes on while the answer is read elsewhere.
    pub async fn run(mut self: Box<Self>) {
        poll_fn(|cx| {
            self.drive(cx);
            if self.ended {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// The bare connection after a `101`, with what was read past the head.
    pub async fn into_stream(mut self: Box<Self>) -> (Stream, Bytes) {
        poll_fn(|cx| {
            self.drive(cx);
            if self.ended {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        let parts = self.connection.into_parts();
        (parts.io.into_inner(), parts.read_buf)
    }
}

/// What one connection may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of a buffer.
    pub buffer: usize,
    /// Of a head.
    pub head: usize,
    /// Of a head's fields.
    pub fields: usize,
}
