//! One side as it is written to: whole frames, or frames whose payload comes in pieces.
//!
//! What is queued is written by [`Sink::flush`], which may be dropped at any time: a direction that ends leaves the
//! queue as it is, and its rest still comes before a close frame.

use std::collections::VecDeque;
use std::io;

use body::websocket::{CloseCode, Head, Opcode, close_payload, mask};
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Writes frames.
pub(super) struct Sink<W> {
    to: W,
    queue: VecDeque<Bytes>,
    /// Where the keys of a client's frames come from (RFC 6455 §5.3); a server's have none.
    chance: Option<Box<dyn seal::Chance + Send>>,
    /// The frame whose payload is being written, and how much of it has come.
    open: Option<(Head, u64)>,
    closed: bool,
}

impl<W: AsyncWrite> Sink<W> {
    /// Writes to the client, as a server does.
    pub(super) fn to_client(to: W) -> Self {
        Self::new(to, None)
    }

    /// Writes to the origin, as a client does.
    pub(super) fn to_origin(to: W, chance: Box<dyn seal::Chance + Send>) -> Self {
        Self::new(to, Some(chance))
    }

    fn new(to: W, chance: Option<Box<dyn seal::Chance + Send>>) -> Self {
        Self {
            to,
            queue: VecDeque::new(),
            chance,
            open: None,
            closed: false,
        }
    }

    /// Begins a frame whose payload of so many bytes follows.
    pub(super) fn begin(&mut self, opcode: Opcode, last: bool, length: u64) {
        let key = self.chance.as_mut().map(|chance| {
            let mut key = [0; 4];
            chance.fill(&mut key);
            key
        });
        let head = Head {
            last,
            opcode,
            length,
            key,
        };
        let mut bytes = BytesMut::new();
        head.write(&mut bytes);
        self.queue.push_back(bytes.freeze());
        self.open = (length > 0).then_some((head, 0));
    }

    /// Adds a part of the payload of the frame that was begun.
    pub(super) fn payload(&mut self, mut bytes: BytesMut) {
        let Some((head, done)) = &mut self.open else {
            return;
        };
        if let Some(key) = head.key {
            mask(&mut bytes, key, *done);
        }
        *done += bytes.len() as u64;
        if *done >= head.length {
            self.open = None;
        }
        self.queue.push_back(bytes.freeze());
    }

    /// Adds a whole frame.
    pub(super) fn frame(&mut self, opcode: Opcode, last: bool, pieces: Vec<Bytes>) {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        self.begin(opcode, last, length as u64);
        if self.chance.is_some() {
            let mut whole = BytesMut::with_capacity(length);
            pieces
                .iter()
                .for_each(|piece| whole.extend_from_slice(piece));
            self.payload(whole);
        } else {
            self.open = None;
            self.queue
                .extend(pieces.into_iter().filter(|piece| !piece.is_empty()));
        }
        self.closed |= opcode == Opcode::Close;
    }

    /// Adds a close frame, unless one has gone already or a frame is open in which it cannot stand.
    pub(super) fn close(&mut self, code: CloseCode, reason: &str) {
        if !self.closed && self.open.is_none() {
            self.frame(Opcode::Close, true, vec![close_payload(code, reason)]);
        }
    }
}

impl<W: AsyncWrite + Unpin> Sink<W> {
    /// Writes what is queued.
    ///
    /// # Cancel safety
    /// Nothing is lost or written twice.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        if self.queue.is_empty() {
            return Ok(());
        }
        while let Some(front) = self.queue.front_mut() {
            if front.is_empty() {
                self.queue.pop_front();
            } else {
                let written = self.to.write(front).await?;
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                front.advance(written);
            }
        }
        self.to.flush().await
    }

    /// Writes what is queued and ends.
    pub(super) async fn end(&mut self) {
        // Whoever is gone is told nothing more.
        let _ = self.flush().await;
        let _ = self.to.shutdown().await;
    }
}
