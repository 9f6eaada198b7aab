//! What one side of a connection sends, read as it comes.

use bytes::{Bytes, BytesMut};

use super::{Fault, Head, Kind, Opcode, Sender, close, mask};
use crate::utf8::Utf8;

/// What the bytes that came say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A frame of a message begins, of the message's kind; its payload follows.
    Frame {
        /// What the message is.
        kind: Kind,
        /// The frame's head.
        head: Head,
    },
    /// The next bytes of the payload, unmasked. Never empty.
    Payload(BytesMut),
    /// The frame has ended.
    End {
        /// Whether its message has.
        last: bool,
    },
    /// A control frame, which may stand between two frames of a message.
    Control(Control),
}

/// A control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// The connection ends. The payload is empty, or a code that may be sent and a reason that is text.
    Close(Bytes),
    /// Asks whether the other side is there.
    Ping(Bytes),
    /// The answer to that.
    Pong(Bytes),
}

impl Control {
    /// What it is, and its payload.
    #[must_use]
    pub fn into_parts(self) -> (Opcode, Bytes) {
        match self {
            Self::Close(payload) => (Opcode::Close, payload),
            Self::Ping(payload) => (Opcode::Ping, payload),
            Self::Pong(payload) => (Opcode::Pong, payload),
        }
    }
}

/// Reads the frames of one side.
///
/// A client's text is checked to be UTF-8, since a policy may have to read it. A server's goes to a client that
/// checks it itself, and is not.
#[derive(Debug)]
pub struct Frames {
    sender: Sender,
    buffer: BytesMut,
    /// The frame whose payload comes, and how much of it has.
    open: Option<(Head, u64)>,
    /// The message that has begun and not ended.
    message: Option<Kind>,
    text: Utf8,
    closed: bool,
}

impl Frames {
    /// Begins after the handshake.
    #[must_use]
    pub fn new(sender: Sender) -> Self {
        Self {
            sender,
            buffer: BytesMut::new(),
            open: None,
            message: None,
            text: Utf8::default(),
            closed: false,
        }
    }

    /// Where bytes are to be appended as they come.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Whether a close frame has come: whatever follows it is ignored (RFC 6455 §5.5.1).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The next event; `None` until more has come.
    ///
    /// # Errors
    /// Where the connection must fail; nothing more may be read then.
    pub fn next_event(&mut self) -> Result<Option<Event>, Fault> {
        if self.closed {
            self.buffer.clear();
            return Ok(None);
        }
        match self.open {
            Some((head, done)) => self.payload(head, done),
            None => self.head(),
        }
    }

    fn head(&mut self) -> Result<Option<Event>, Fault> {
        let Some((head, size)) = Head::read(&self.buffer, self.sender)? else {
            return Ok(None);
        };
        if head.opcode.is_control() {
            return self.control(head, size);
        }
        let kind = match (head.opcode, self.message) {
            (Opcode::Continuation, Some(kind)) => kind,
            (Opcode::Continuation, None) => return Err(Fault::NothingToContinue),
            (_, Some(_)) => return Err(Fault::Interrupted),
            (Opcode::Text, None) => Kind::Text,
            (_, None) => Kind::Binary,
        };
        self.take(size);
        self.message = Some(kind);
        self.open = Some((head, 0));
        Ok(Some(Event::Frame { kind, head }))
    }

    fn payload(&mut self, head: Head, done: u64) -> Result<Option<Event>, Fault> {
        let left = head.length - done;
        if left == 0 {
            return self.end(head).map(Some);
        }
        let here = self
            .buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        if here == 0 {
            return Ok(None);
        }
        let mut payload = self.take(here);
        if let Some(key) = head.key {
            mask(&mut payload, key, done);
        }
        if self.is_checked() {
            self.text.accept(&payload).map_err(|_| Fault::Charset)?;
        }
        self.open = Some((head, done + here as u64));
        Ok(Some(Event::Payload(payload)))
    }

    fn end(&mut self, head: Head) -> Result<Event, Fault> {
        self.open = None;
        if head.last {
            if self.is_checked() && !self.text.is_whole() {
                return Err(Fault::Charset);
            }
            self.message = None;
        }
        Ok(Event::End { last: head.last })
    }

    fn control(&mut self, head: Head, size: usize) -> Result<Option<Event>, Fault> {
        let whole = usize::try_from(head.length).map_or(usize::MAX, |length| size + length);
        if self.buffer.len() < whole {
            return Ok(None);
        }
        self.take(size);
        let mut payload = self.take(whole - size);
        if let Some(key) = head.key {
            mask(&mut payload, key, 0);
        }
        let payload = payload.freeze();
        Ok(Some(Event::Control(match head.opcode {
            Opcode::Ping => Control::Ping(payload),
            Opcode::Pong => Control::Pong(payload),
            _ => {
                close::check(&payload)?;
                self.closed = true;
                Control::Close(payload)
            }
        })))
    }

    fn is_checked(&self) -> bool {
        self.sender == Sender::Client && self.message == Some(Kind::Text)
    }

    /// Takes bytes that are there.
    fn take(&mut self, length: usize) -> BytesMut {
        self.buffer.split_to(length.min(self.buffer.len()))
    }
}
