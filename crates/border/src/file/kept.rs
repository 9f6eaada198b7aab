//! A file on its way back that was sent in pieces: known by its first bytes, opened by what the vault has of its
//! segments.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use seal::file::same_size::{FINGERPRINTED, Fingerprint, Opener, Record, SHORTEST, SegmentKey};
use seal::file::{FileError, SEGMENT};
use zeroize::Zeroize as _;

use crate::border::Inner;

/// For how many segments the vault is asked at once.
const AHEAD: u64 = 16;

/// One answer that may be such a file.
pub(crate) struct Kept {
    border: Arc<Inner>,
    app: usize,
    key: Arc<SegmentKey>,
    /// What is not opened yet.
    held: Vec<u8>,
    /// Nothing more comes.
    ended: bool,
    /// What the vault is asked, until it has answered.
    question: Vec<Fingerprint>,
    /// Somebody is asking.
    taken: bool,
    /// Nothing until the answer is known to be such a file.
    file: Option<File>,
}

struct File {
    opener: Opener,
    /// The records of the segments from the next one on.
    brought: VecDeque<Vec<Record>>,
    /// Sealed bytes that are not needed, before the first segment that is.
    skip: u64,
    /// Bytes of plaintext before those that are wanted.
    before: usize,
    /// How many are wanted still; nothing where all are, to the end of the file.
    left: Option<u64>,
}

/// What the vault said of an answer's first bytes.
pub(crate) enum Known {
    /// They begin a file of ours: its field, if the policy still has it.
    File(Option<usize>),
    /// They do not: these are the bytes.
    Other(Vec<u8>),
}

impl Kept {
    /// Whether so many bytes are enough to ask by.
    pub fn can_ask(begun: usize, ended: bool) -> bool {
        begun >= FINGERPRINTED || ended && begun >= SHORTEST
    }

    /// Asks whose file begins with these bytes.
    pub fn new(
        border: Arc<Inner>,
        app: usize,
        key: Arc<SegmentKey>,
        begun: Vec<u8>,
        ended: bool,
    ) -> Self {
        Self {
            question: vec![key.fingerprint(&begun)],
            border,
            app,
            key,
            held: begun,
            ended,
            taken: false,
            file: None,
        }
    }

    /// Whether it is known to be a file.
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// Whether an answer of the vault is to come.
    pub fn is_waiting(&self) -> bool {
        !self.question.is_empty()
    }

    /// Whether all that is wanted is open.
    pub fn is_done(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.left == Some(0))
    }

    /// What is to be asked of the vault.
    pub fn take_question(&mut self) -> Option<Vec<[u8; 32]>> {
        if self.taken || self.question.is_empty() {
            return None;
        }
        self.taken = true;
        Some(self.question.iter().map(|print| print.0).collect())
    }

    /// Bytes held at the moment, beside a constant.
    pub fn held(&self) -> usize {
        self.held.capacity()
    }

    /// Takes the vault's answer to the first question.
    pub fn begin(&mut self, found: &[Vec<Vec<u8>>]) -> Known {
        let records = self.answered(found).pop_front().unwrap_or_default();
        let Some(opener) = Opener::new(&records, 0) else {
            return Known::Other(std::mem::take(&mut self.held));
        };
        let key = records
            .iter()
            .find_map(|record| self.border.key(self.app, record.key_id));
        let field = key.and_then(|key| self.border.field_named(self.app, key.field()));
        self.file = Some(File {
            opener,
            brought: VecDeque::from([records]),
            skip: 0,
            before: 0,
            left: None,
        });
        Known::File(field)
    }

    /// Takes the vault's answer to a later question.
    pub fn bring(&mut self, found: &[Vec<Vec<u8>>]) {
        let brought = self.answered(found);
        if let Some(file) = &mut self.file {
            file.brought.extend(brought);
        }
    }

    /// Leaves out the segments before and behind a range.
    pub fn narrow(&mut self, range: &Range<u64>) -> Result<(), FileError> {
        let segment = SEGMENT as u64;
        let first = u32::try_from(range.start / segment).map_err(|_| FileError::Range)?;
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let begins = file.brought.pop_front().unwrap_or_default();
        file.opener = Opener::new(&begins, first).ok_or(FileError::Range)?;
        if first == 0 {
            file.brought.push_front(begins);
        }
        file.skip = u64::from(first) * segment;
        file.before = usize::try_from(range.start % segment).map_err(|_| FileError::Range)?;
        file.left = Some(range.end - range.start);
        Ok(())
    }

    /// Takes the next bytes, and opens what it can.
    pub fn push(&mut self, sealed: &[u8], plain: &mut Vec<u8>) -> Result<(), FileError> {
        self.held.extend_from_slice(sealed);
        self.go_on(plain)
    }

    /// Ends the file, and opens what it can: all of it unless the vault is asked once more.
    pub fn finish(&mut self, plain: &mut Vec<u8>) -> Result<(), FileError> {
        self.ended = true;
        self.go_on(plain)
    }

    /// Opens what is there, as far as the vault's answers reach.
    pub fn go_on(&mut self, plain: &mut Vec<u8>) -> Result<(), FileError> {
        let Some(file) = self.file.as_mut().filter(|_| self.question.is_empty()) else {
            return Ok(());
        };
        let skipped = usize::try_from(file.skip)
            .unwrap_or(usize::MAX)
            .min(self.held.len());
        file.skip -= skipped as u64;
        let mut at = skipped;
        let result = loop {
            if file.left == Some(0) {
                at = self.held.len();
                break Ok(());
            }
            let there = self.held.len() - at;
            // The last segment waits until the end has come, and the vault has said that it is the file's: with all
            // bytes of its length, a file that was cut would look whole.
            if there <= SEGMENT && !self.ended {
                break Ok(());
            }
            let is_last = there <= SEGMENT;
            if file.brought.len() < 1 + usize::from(is_last) {
                let from = file.opener.next().saturating_add(file.brought.len() as u64);
                let ahead = (from..from.saturating_add(AHEAD))
                    .map_while(|index| file.opener.place(&self.key, index));
                self.question = ahead.collect();
                self.taken = false;
                if self.question.is_empty() {
                    break Err(FileError::TooLong);
                }
                break Ok(());
            }
            let records = file.brought.pop_front().unwrap_or_default();
            let end = at + there.min(SEGMENT);
            let segment = self.held.get_mut(at..end).unwrap_or_default();
            let key = |id| self.border.key(self.app, id);
            let mut opened = file.opener.open(&records, key, segment);
            if is_last {
                let behind = file.brought.front().map_or(&[][..], Vec::as_slice);
                opened = opened.and_then(|()| file.opener.finish(behind));
            }
            if let Err(error) = opened {
                segment.zeroize();
                break Err(error);
            }
            at = end;
            file.give(segment, plain);
            if is_last {
                file.left = Some(0);
            }
        };
        self.held.drain(..at.min(self.held.len()));
        result
    }

    /// The records that the vault's answer holds, in the order of the question.
    fn answered(&mut self, found: &[Vec<Vec<u8>>]) -> VecDeque<Vec<Record>> {
        let question = std::mem::take(&mut self.question);
        let records = question.iter().enumerate().map(|(at, print)| {
            let sealed = found.get(at).into_iter().flatten();
            sealed
                .filter_map(|sealed| self.key.open(*print, sealed))
                .collect()
        });
        records.collect()
    }
}

impl File {
    /// Appends what is wanted of an opened segment.
    fn give(&mut self, opened: &[u8], plain: &mut Vec<u8>) {
        let wanted = opened.get(self.before..).unwrap_or_default();
        self.before = self.before.saturating_sub(opened.len());
        let most = self.left.and_then(|left| usize::try_from(left).ok());
        let wanted = most.and_then(|most| wanted.get(..most)).unwrap_or(wanted);
        if let Some(left) = &mut self.left {
            *left -= wanted.len() as u64;
        }
        plain.extend_from_slice(wanted);
    }
}
