//! A file on its way back: known by its first bytes, opened segment by segment. One that was sent whole says itself
//! what opens it; of one that was sent in pieces the vault is asked, where the route says that its answers are files.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use seal::FieldKey;
use seal::file::FileError;
use seal::file::stream::{self, Header, Span};

use super::head::Told;
use super::kept::{Kept, Known};
use super::range::{Found, Wanted};
use crate::Asked;
use crate::border::Inner;
use crate::counts::Counts;

/// What an answer's head says of its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// The bytes that will come, coded as they are, where their number is known.
    pub length: Option<u64>,
    /// Whether they are coded.
    pub is_coded: bool,
    /// It may be a file that was sent in pieces.
    pub may_be_kept: bool,
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
    /// What may have been sent in pieces, and what was.
    Kept(Box<Kept>),
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
        let decided = match &self.state {
            State::First(_) => false,
            State::Kept(kept) => kept.is_file(),
            State::File { .. } | State::None => true,
        };
        self.expected.waits && !decided
    }

    /// Whether this is a file that is being opened, or was.
    pub fn is_file(&self) -> bool {
        match &self.state {
            State::File { .. } => true,
            State::Kept(kept) => kept.is_file(),
            State::First(_) | State::None => false,
        }
    }

    /// Whether nothing can be said or given before the vault has answered.
    pub fn is_waiting(&self) -> bool {
        matches!(&self.state, State::Kept(kept) if kept.is_waiting())
    }

    /// What is to be asked of the vault: the records under these fingerprints.
    pub fn take_question(&mut self) -> Option<Asked> {
        let State::Kept(kept) = &mut self.state else {
            return None;
        };
        Some(Asked::BringSegments {
            app: self.border.app_id(self.app),
            fingerprints: kept.take_question()?,
        })
    }

    /// Takes the vault's answer.
    ///
    /// # Errors
    /// As [`Opening::push`].
    pub fn answer(&mut self, found: &[Vec<Vec<u8>>]) -> Result<Seen, FileError> {
        let State::Kept(kept) = &mut self.state else {
            return Ok(Seen::Nothing);
        };
        if kept.is_file() {
            kept.bring(found);
            return self.open_kept(Kept::go_on);
        }
        match kept.begin(found) {
            Known::Other(bytes) => {
                self.state = State::None;
                Ok(Seen::Other(bytes.into()))
            }
            Known::File(field) => {
                self.tell_kept()?;
                if let Some(field) = field {
                    self.counts.reveal(field);
                }
                self.open_kept(Kept::go_on)
            }
        }
    }

    /// Whether all that was asked for is open, whatever else may come.
    pub fn is_done(&self) -> bool {
        match &self.state {
            State::File { opener, .. } => opener.is_none(),
            State::Kept(kept) => kept.is_done(),
            State::First(_) | State::None => false,
        }
    }

    /// The number of bytes that come out, where it is known; of what is no file that of those that come.
    pub fn length(&self) -> Option<u64> {
        match &self.state {
            State::File { .. } | State::Kept(_) => self.told.get()?.length(),
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
            State::Kept(kept) => kept.held(),
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
            State::Kept(_) => self.open_kept(|kept, plain| kept.push(chunk, plain)),
            State::First(begun)
                if begun.is_empty() && !self.expected.may_be_kept && !Header::may_begin(chunk) =>
            {
                self.state = State::None;
                Ok(Seen::Other(chunk.clone()))
            }
            State::First(begun) => {
                begun.extend_from_slice(chunk);
                if Header::may_begin(begun) && begun.len() < Header::LEN {
                    return Ok(Seen::Nothing);
                }
                if self.expected.may_be_kept
                    && !Header::may_begin(begun)
                    && !Kept::can_ask(begun.len(), false)
                {
                    return Ok(Seen::Nothing);
                }
                let begun = std::mem::take(begun);
                match self.begin(&begun)? {
                    true => self.open(begun.get(Header::LEN..).unwrap_or_default()),
                    false => Ok(self.begin_kept(begun, false)),
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
            State::First(begun) => Ok(self.begin_kept(begun, true)),
            State::Kept(kept) => {
                self.state = State::Kept(kept);
                self.open_kept(Kept::finish)
            }
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

    /// Asks whether bytes that are no whole file begin one that was sent in pieces.
    fn begin_kept(&mut self, begun: Vec<u8>, ended: bool) -> Seen {
        let key = self.border.segment_key(self.app);
        let key = key.filter(|_| self.expected.may_be_kept && Kept::can_ask(begun.len(), ended));
        let Some(key) = key else {
            self.state = State::None;
            return Seen::Other(begun.into());
        };
        let kept = Kept::new(Arc::clone(&self.border), self.app, key, begun, ended);
        self.state = State::Kept(Box::new(kept));
        Seen::Nothing
    }

    /// Says what the head tells of a file that keeps its size, and decides what of it is needed.
    fn tell_kept(&mut self) -> Result<(), FileError> {
        let mut told = Told {
            plain: self.expected.length.filter(|_| !self.expected.is_coded),
            ..Told::default()
        };
        if let (State::Kept(kept), Some(plain), Some(wanted)) =
            (&mut self.state, told.plain, &self.expected.range)
        {
            match wanted.within(plain) {
                Found::Bytes(range) => {
                    kept.narrow(&range)?;
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
        // Set once, since a body begins once.
        let _ = self.told.set(told);
        Ok(())
    }

    fn open_kept(
        &mut self,
        step: impl FnOnce(&mut Kept, &mut Vec<u8>) -> Result<(), FileError>,
    ) -> Result<Seen, FileError> {
        let State::Kept(kept) = &mut self.state else {
            return Ok(Seen::Nothing);
        };
        let mut plain = Vec::new();
        let opened = step(kept, &mut plain);
        opened.inspect_err(|_| self.counts.unopened())?;
        Ok(if kept.is_file() {
            Seen::Opened(plain.into())
        } else {
            Seen::Nothing
        })
    }

    /// Reads the header, and decides what of the file is needed; whether it is a file that opens here.
    fn begin(&mut self, begun: &[u8]) -> Result<bool, FileError> {
        let Ok(header) = Header::parse(begun) else {
            return Ok(false);
        };
        let key = self.border.key(self.app, header.key_id());
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
