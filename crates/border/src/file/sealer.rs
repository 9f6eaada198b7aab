//! A file on its way out.

use std::sync::Arc;

use body::{Editor, Error, ErrorKind, Out, Rewriter};
use bytes::{Buf as _, Bytes, BytesMut};
use seal::FieldKey;
use seal::file::stream::{self, Header, SEALED_SEGMENT};
use seal::file::{FileError, LONGEST, SEGMENT};
use zeroize::Zeroizing;

use crate::border::Inner;

/// Seals one file as it comes. One that is a sealed file of its field already passes as it is, each segment once it
/// has proved to be one: what only begins like one is refused.
///
/// The salt is random even where the request has an idempotency key, since two contents under one salt would betray
/// each other; a request sent again carries other bytes.
pub(crate) struct FileSealer {
    border: Arc<Inner>,
    app: usize,
    key: Arc<FieldKey>,
    state: State,
    read: u64,
}

enum State {
    /// What has come may be the header of a sealed file.
    Begun {
        begun: Vec<u8>,
        header: Vec<u8>,
        sealer: stream::Sealer,
    },
    Sealing(stream::Sealer),
    /// Sealed already. What is not verified waits.
    Sealed {
        opener: stream::Opener,
        waiting: BytesMut,
    },
    Ended,
}

impl FileSealer {
    /// Seals a file under this key.
    ///
    /// # Errors
    /// Where the cipher does not take the key.
    pub fn new(
        border: Arc<Inner>,
        app: usize,
        key: Arc<FieldKey>,
        chance: &mut dyn seal::Chance,
    ) -> Result<Self, FileError> {
        let mut header = Vec::with_capacity(Header::LEN);
        let sealer = stream::Sealer::begin(&key, chance, &mut header)?;
        Ok(Self {
            border,
            app,
            key,
            state: State::Begun {
                begun: Vec::new(),
                header,
                sealer,
            },
            read: 0,
        })
    }

    /// Decides, from the first bytes, whether the file is to be sealed; nothing as long as they do not tell.
    fn decide(&mut self, last: bool, out: &mut Out) -> Result<(), FileError> {
        let State::Begun { begun, .. } = &self.state else {
            return Ok(());
        };
        let may_be_sealed = Header::may_begin(begun);
        if may_be_sealed && begun.len() < Header::LEN && !last {
            return Ok(());
        }
        let sealed = may_be_sealed
            .then(|| Header::parse(begun).ok())
            .flatten()
            .and_then(|header| self.opener(&header));
        let State::Begun {
            begun,
            header,
            mut sealer,
        } = std::mem::replace(&mut self.state, State::Ended)
        else {
            return Ok(());
        };
        if let Some(opener) = sealed {
            out.write(&begun);
            self.state = State::Sealed {
                opener,
                waiting: BytesMut::new(),
            };
            return Ok(());
        }
        out.write(&header);
        let mut sealed = Vec::new();
        sealer.push(&begun, &mut sealed)?;
        out.append(sealed.into());
        self.state = State::Sealing(sealer);
        Ok(())
    }

    /// The opener of a file that is sealed under a key of this very field.
    fn opener(&self, header: &Header) -> Option<stream::Opener> {
        let key = self.border.key(self.app, header.key_id())?;
        let own = key.field() == self.key.field();
        own.then(|| stream::Opener::whole(&key, header).ok())?
    }

    /// Seals, or verifies, what follows the first bytes.
    fn go_on(&mut self, bytes: &Bytes, out: &mut Out) -> Result<(), FileError> {
        match &mut self.state {
            State::Sealing(sealer) => {
                let mut sealed = Vec::with_capacity(bytes.len() + SEALED_SEGMENT);
                sealer.push(bytes, &mut sealed)?;
                out.append(sealed.into());
            }
            State::Sealed { opener, waiting } => {
                let mut plain = Zeroizing::new(Vec::new());
                waiting.extend_from_slice(bytes);
                opener.push(bytes, &mut plain)?;
                let verified = plain.len() / SEGMENT * SEALED_SEGMENT;
                out.append(waiting.split_to(verified.min(waiting.len())).freeze());
            }
            State::Begun { .. } | State::Ended => {}
        }
        Ok(())
    }

    fn take(&mut self, chunk: &Bytes, out: &mut Out) -> Result<(), FileError> {
        let mut rest = chunk.clone();
        if let State::Begun { begun, .. } = &mut self.state {
            let first = rest.len().min(Header::LEN - begun.len());
            begun.extend_from_slice(&rest[..first]);
            rest.advance(first);
            self.decide(false, out)?;
        }
        if rest.is_empty() {
            return Ok(());
        }
        self.go_on(&rest, out)
    }

    fn end(&mut self, out: &mut Out) -> Result<(), FileError> {
        self.decide(true, out)?;
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Sealing(sealer) => {
                let mut sealed = Vec::with_capacity(SEALED_SEGMENT);
                sealer.finish(&mut sealed)?;
                out.append(sealed.into());
            }
            State::Sealed { opener, waiting } => {
                opener.finish(&mut Zeroizing::new(Vec::new()))?;
                out.append(waiting.freeze());
            }
            State::Begun { .. } | State::Ended => {}
        }
        Ok(())
    }

    fn error(&self, error: FileError) -> Error {
        let kind = match error {
            FileError::TooLong => ErrorKind::ValueTooLong {
                limit: usize::try_from(LONGEST).unwrap_or(usize::MAX),
            },
            FileError::Cipher => ErrorKind::Stopped,
            _ => ErrorKind::Syntax {
                expected: "the rest of the sealed file that it begins as",
            },
        };
        Error::new(kind, self.read)
    }
}

impl Rewriter for FileSealer {
    fn push(&mut self, chunk: &Bytes, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let taken = self.take(chunk, out);
        taken.map_err(|error| self.error(error))?;
        self.read += chunk.len() as u64;
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        let ended = self.end(out);
        ended.map_err(|error| self.error(error))
    }

    fn length(&self, input: u64) -> Option<u64> {
        match &self.state {
            State::Sealing(_) => stream::sealed_len(input).ok(),
            State::Sealed { .. } => Some(input),
            State::Begun { .. } | State::Ended => None,
        }
    }

    fn held(&self) -> usize {
        match &self.state {
            State::Begun { begun, header, .. } => begun.capacity() + header.capacity() + SEGMENT,
            State::Sealing(_) => SEGMENT,
            State::Sealed { waiting, .. } => SEALED_SEGMENT + waiting.capacity(),
            State::Ended => 0,
        }
    }
}
