//! A file on its way back: known by its first bytes, opened segment by segment.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use seal::FieldKey;
use seal::file::FileError;
use seal::file::stream::{self, Header, Span};

use super::head::Told;
use super::range::{Found, Wanted};
use crate::border::Inner;
use crate::counts::Counts;

/// What an answer's head says of its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// The bytes that will come, coded as they are, where their number is known.
    pub length: Option<u64>,
    /// Whether they are coded.
    pub is_coded: bool,
    /// What the client wants of the file; only where the head waits.
    pub range: Option<Wanted>,
    /// The head waits until the first bytes have told what the body is.
    pub waits: bool,
}

/// Looks at the first bytes of an answer, and opens it if they are a sealed file's of this app.
///
/// What cannot be opened (another app's, a destroyed key's, damaged in its header) is no file here: it passes as it
/// came.
pub(crate) struct Opening {
    border: Arc<Inner>,
    app: usize,
    counts: Arc<Counts>,
    expected: Expected,
    told: Arc<OnceLock<Told>>,
    state: State,
}

enum State {
    First(Vec<u8>),
    /// Sealed bytes that are not needed, those that are, and what opens them; nothing when the last is open.
    File {
        skip: u64,
        left: u64,
        opener: Option<Box<stream::Opener>>,
    },
    None,
}

/// What a chunk turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The beginning of something; more must come.
    Nothing,
    /// No file: these bytes and all that follow.
    Other(Bytes),
    /// What of the file it opened.
    Opened(Bytes),
}

impl Opening {
    /// Nothing has come yet. What is found to be told in the head is put into `told`.
    pub fn new(
        border: Arc<Inner>,
        app: usize,
        counts: Arc<Counts>,
        expected: Expected,
        told: Arc<OnceLock<Told>>,
    ) -> Self {
        Self {
            border,
            app,
            counts,
            expected,
            told,
            state: State::First(Vec::new()),
        }
    }

    /// Whether the head has to wait for more.
    pub fn is_undecided(&self) -> bool {
        self.expected.waits && matches!(self.state, State::First(_))
    }

    /// Whether this is a file that is being opened, or was.
    pub fn is_file(&self) -> bool {
        matches!(self.state, State::File { .. })
    }

    /// Whether all that was asked for is open, whatever else may come.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::File { opener: None, .. })
    }

    /// The number of bytes that come out, where it is known; of what is no file that of those that come.
    pub fn length(&self) -> Option<u64> {
        match &self.state {
            State::File { .. } => self.told.get()?.length(),
            State::None => self.expected.length,
            State::First(_) => None,
        }
    }

    /// Bytes held at the moment, beside a constant.
    pub fn held(&self) -> usize {
        match &self.state {
            State::First(begun) => begun.capacity(),
            State::File {
                opener: Some(_), ..
            } => stream::SEALED_SEGMENT,
            State::File { opener: None, .. } | State::None => 0,
        }
    }

    /// Takes the next chunk.
    ///
    /// # Errors
    /// A file that was changed or put together anew: what has come out is authentic, but it is not the file.
    pub fn push(&mut self, chunk: &Bytes) -> Result<Seen, FileError> {
        match &mut self.state {
            State::None => Ok(Seen::Other(chunk.clone())),
            State::File { .. } => self.open(chunk),
            State::First(begun) if begun.is_empty() && !Header::may_begin(chunk) => {
                self.state = State::None;
                Ok(Seen::Other(chunk.clone()))
            }
            State::First(begun) => {
                begun.extend_from_slice(chunk);
                if Header::may_begin(begun) && begun.len() < Header::LEN {
                    return Ok(Seen::Nothing);
                }
                let begun = std::mem::take(begun);
                match self.begin(&begun)? {
                    true => self.open(begun.get(Header::LEN..).unwrap_or_default()),
                    false => {
                        self.state = State::None;
                        Ok(Seen::Other(begun.into()))
                    }
                }
            }
        }
    }

    /// Ends the answer.
    ///
    /// # Errors
    /// As [`Opening::push`], and for a file that is not whole.
    pub fn finish(&mut self) -> Result<Seen, FileError> {
        match std::mem::replace(&mut self.state, State::None) {
            State::First(begun) => Ok(Seen::Other(begun.into())),
            State::None => Ok(Seen::Other(Bytes::new())),
            State::File { opener, .. } => {
                self.state = State::File {
                    skip: 0,
                    left: 0,
                    opener: None,
                };
                let mut plain = Vec::new();
                if let Some(opener) = opener {
                    let finished = opener.finish(&mut plain);
                    finished.inspect_err(|_| self.counts.unopened())?;
                }
                Ok(Seen::Opened(plain.into()))
            }
        }
    }

    /// Reads the header, and decides what of the file is needed; whether it is a file that opens here.
    fn begin(&mut self, begun: &[u8]) -> Result<bool, FileError> {
        let Ok(header) = Header::parse(begun) else {
            return Ok(false);
        };
        let key = self.border.file_key(self.app, &header);
        let Some((key, whole)) = key.and_then(|key| {
            let opener = stream::Opener::whole(&key, &header).ok()?;
            Some((key, opener))
        }) else {
            self.counts.unopened();
            return Ok(false);
        };
        self.state = State::File {
            skip: 0,
            left: u64::MAX,
            opener: Some(Box::new(whole)),
        };
        let sealed = self.expected.length.filter(|_| !self.expected.is_coded);
        let plain = sealed.and_then(|sealed| stream::plain_len(sealed).ok());
        let mut told = Told {
            plain,
            ..Told::default()
        };
        if let (Some(sealed), Some(plain), Some(wanted)) = (sealed, plain, &self.expected.range) {
            match wanted.within(plain) {
                Found::Bytes(range) => {
                    self.narrow(&key, &header, range.clone(), sealed)?;
                    told.range = Some(range);
                }
                Found::Beyond => {
                    told.beyond = true;
                    self.state = State::File {
                        skip: 0,
                        left: 0,
                        opener: None,
                    };
                }
            }
        }
        if let Some(field) = self.border.field_named(self.app, key.field()) {
            self.counts.reveal(field);
        }
        // Set once, since a body begins once.
        let _ = self.told.set(told);
        Ok(true)
    }

    /// Leaves out the segments before and behind a range.
    fn narrow(
        &mut self,
        key: &FieldKey,
        header: &Header,
        range: std::ops::Range<u64>,
        sealed: u64,
    ) -> Result<(), FileError> {
        let span = Span::of(range)?.within(sealed)?;
        let needed = span.sealed();
        self.state = State::File {
            skip: needed.start.saturating_sub(Header::LEN as u64),
            left: needed.end - needed.start,
            opener: Some(Box::new(stream::Opener::range(key, header, &span)?)),
        };
        Ok(())
    }

    fn open(&mut self, sealed: &[u8]) -> Result<Seen, FileError> {
        let mut plain = Vec::new();
        let opened = self.append(sealed, &mut plain);
        opened.inspect_err(|_| self.counts.unopened())?;
        Ok(Seen::Opened(plain.into()))
    }

    fn append(&mut self, sealed: &[u8], plain: &mut Vec<u8>) -> Result<(), FileError> {
        let State::File { skip, left, opener } = &mut self.state else {
            return Ok(());
        };
        let Some(open) = opener else { return Ok(()) };
        let most = |count: u64| {
            usize::try_from(count)
                .unwrap_or(usize::MAX)
                .min(sealed.len())
        };
        let skipped = most(*skip);
        *skip -= skipped as u64;
        let sealed = sealed.get(skipped..).unwrap_or_default();
        let needed = usize::try_from(*left).unwrap_or(usize::MAX);
        let sealed = sealed.get(..needed).unwrap_or(sealed);
        *left -= sealed.len() as u64;
        plain.reserve(sealed.len());
        open.push(sealed, plain)?;
        if *left == 0
            && let Some(opener) = opener.take()
        {
            opener.finish(plain)?;
        }
        Ok(())
    }
}
