//! What of a keyring is written down, and what is not yet: the lines of the log of subjects.

use super::{Keyring, Named};
use crate::derive::derive;
use crate::error::KeyringError;
use crate::log::{self, Chain, End, KeyLine, Line, SubjectLine};
use crate::subjects::{Join, SubjectCount};

/// Reads the log of subjects back, line by line.
pub struct Replay<'a> {
    keyring: &'a mut Keyring,
    chain: Chain,
}

impl Replay<'_> {
    /// Takes the next line, without its line end.
    ///
    /// # Errors
    /// [`KeyringError::LogLine`] when it is not the line that follows, [`KeyringError::LogVersion`].
    pub fn line(&mut self, text: &[u8]) -> Result<(), KeyringError> {
        let line = log::read(text, self.chain.end().lines() + 1)?;
        self.parsed(line)
    }

    pub(crate) fn parsed(&mut self, line: Line) -> Result<(), KeyringError> {
        self.chain.follow(&line)?;
        let number = self.chain.end().lines();
        match line {
            Line::Start(_) => Some(()),
            Line::Subject(line) => self.subject(line),
            Line::Key(line) => self.key(&line),
        }
        .ok_or(KeyringError::LogLine(number))
    }

    /// Believes the log to end here.
    ///
    /// # Errors
    /// [`KeyringError::LogCut`] when it held more once.
    pub fn finish(self) -> Result<(), KeyringError> {
        let (found, expected) = (self.keyring.subjects.count(), self.keyring.known);
        if found.subjects < expected.subjects || found.keys < expected.keys {
            return Err(KeyringError::LogCut { found, expected });
        }
        self.keyring.set_log_written(self.chain.end());
        Ok(())
    }

    fn subject(&mut self, line: SubjectLine) -> Option<()> {
        let subjects = &mut self.keyring.subjects;
        let before = subjects
            .latest(&line.app, line.subject)
            .and_then(|place| subjects.all().get(place))
            .map_or(0, |before| before.generation);
        if before.checked_add(1) != Some(line.generation) {
            return None;
        }
        subjects.add(&line.app, line.subject, line.generation, line.wrapped);
        Some(())
    }

    fn key(&mut self, line: &KeyLine) -> Option<()> {
        let keyring = &mut *self.keyring;
        let app = &keyring.entry(line.epoch).ok()?.app;
        let place = keyring.subjects.of(app, line.subject, line.generation)?;
        if keyring.named.contains_key(&line.key_id) {
            return None;
        }
        let join = Named::Join(keyring.subjects.joins().len());
        keyring.named.insert(line.key_id, join);
        keyring.subjects.join(Join {
            key_id: line.key_id,
            epoch: line.epoch,
            subject: place,
        });
        Some(())
    }
}

impl Keyring {
    /// Begins to read the log of subjects, of a keyring that was read from its catalogue.
    pub fn replay(&mut self) -> Replay<'_> {
        let chain = self.chain(End::EMPTY);
        Replay {
            keyring: self,
            chain,
        }
    }

    /// An epoch was made or destroyed since the catalogue was written down.
    pub(crate) fn catalogue_changed(&self) -> bool {
        self.catalogue_changed
    }

    /// The catalogue is written down as it is.
    pub(crate) fn set_catalogue_written(&mut self) {
        self.catalogue_changed = false;
    }

    /// The written log holds a wrap that was destroyed since: it must be written anew.
    pub(crate) fn log_must_be_rewritten(&self) -> bool {
        self.subjects.must_be_rewritten()
    }

    /// The lines that are to be appended to the log, and where it then ends; none when it is as it should be.
    pub(crate) fn unwritten(&self) -> Option<(String, End)> {
        let written = self.subjects.written();
        (written != self.subjects.count()).then(|| self.lines(self.log, written))
    }

    /// The log as it is to be, whole, and where it ends.
    pub(crate) fn whole_log(&self) -> (String, End) {
        self.lines(End::EMPTY, SubjectCount::default())
    }

    /// The log is written down as it is, and ends there.
    pub(crate) fn set_log_written(&mut self, end: End) {
        self.log = end;
        self.subjects.set_written();
    }

    /// The lines after the first `written` of each kind.
    fn lines(&self, end: End, written: SubjectCount) -> (String, End) {
        let mut chain = self.chain(end);
        let mut text = String::new();
        if chain.end() == End::EMPTY {
            log::write(&chain.start(), &mut text);
        }
        for subject in self.subjects.all().iter().skip(written.subjects) {
            let wrapped = subject.wrapped.as_ref();
            let line = chain.subject(&subject.app, subject.name, subject.generation, wrapped);
            log::write(&line, &mut text);
        }
        for join in self.subjects.joins().iter().skip(written.keys) {
            let subject = &self.subjects.all()[join.subject];
            let line = chain.key(join.key_id, join.epoch, subject.name, subject.generation);
            log::write(&line, &mut text);
        }
        (text, chain.end())
    }

    fn chain(&self, end: End) -> Chain {
        Chain::new(&derive(self.secret.expose(), "subjects-log", &[]), end)
    }
}
