//! One side's frames as they are read.

use std::io;

use body::websocket::{Event, Fault, Frames, Sender};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Room for what comes next: little while little comes, so that an idle connection costs little.
const LITTLE: usize = 4 << 10;
/// Room where much comes.
const MUCH: usize = 64 << 10;

/// Why no more is read.
pub(super) enum Stop {
    /// The connection is gone, or at its end.
    Lost,
    /// What came is not the protocol.
    Faulty(Fault),
}

/// Reads frames.
pub(super) struct Source<R> {
    from: R,
    frames: Frames,
    room: usize,
}

impl<R: AsyncRead + Unpin> Source<R> {
    /// Reads the frames of this side.
    pub(super) fn new(from: R, sender: Sender) -> Self {
        Self {
            from,
            frames: Frames::new(sender),
            room: LITTLE,
        }
    }

    /// The next event.
    ///
    /// # Cancel safety
    /// Nothing is lost: what was read stays in the buffer.
    pub(super) async fn next(&mut self) -> Result<Event, Stop> {
        loop {
            if let Some(event) = self.frames.next_event().map_err(Stop::Faulty)? {
                return Ok(event);
            }
            if self.read().await.map_err(|_| Stop::Lost)? == 0 {
                return Err(Stop::Lost);
            }
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        let buffer = self.frames.buffer();
        buffer.reserve(self.room);
        let read = self.from.read_buf(buffer).await?;
        self.room = if read < LITTLE { LITTLE } else { MUCH };
        Ok(read)
    }

    /// Reads and throws away what still comes.
    pub(super) async fn drain(&mut self) {
        loop {
            self.frames.buffer().clear();
            if !self.read().await.is_ok_and(|read| read > 0) {
                return;
            }
        }
    }
}
