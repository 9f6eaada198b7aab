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
        (written != self.subjects.count()).then(|| self.text(self.log, written))
    }

    /// The log as it is to be, whole, and where it ends.
    pub(crate) fn whole_log(&self) -> (String, End) {
        self.text(End::EMPTY, SubjectCount::default())
    }

    /// All there is to write down: the log, without a line where there are no subjects, and a catalogue that says how
    /// much it holds.
    #[cfg(feature = "backup")]
    pub(crate) fn whole(&self) -> (Vec<Line>, crate::catalogue::Catalogue) {
        let mut lines = Vec::new();
        if self.subjects.count() != SubjectCount::default() {
            self.lines(End::EMPTY, SubjectCount::default(), |line| lines.push(line));
        }
        (lines, self.catalogue_with(self.subjects.count()))
    }

    /// Nothing of it is written down yet, as in a keyring that comes from a backup.
    #[cfg(feature = "backup")]
    pub(crate) fn set_unwritten(&mut self) {
        self.catalogue_changed = true;
        self.log = End::EMPTY;
        self.subjects.set_unwritten();
    }

    /// The log is written down as it is, and ends there.
    pub(crate) fn set_log_written(&mut self, end: End) {
        self.log = end;
        self.subjects.set_written();
    }

    fn text(&self, end: End, written: SubjectCount) -> (String, End) {
        let mut text = String::new();
        let end = self.lines(end, written, |line| log::write(&line, &mut text));
        (text, end)
    }

    /// Gives the lines after the first `written` of each kind, and says where the log then ends.
    fn lines(&self, end: End, written: SubjectCount, mut line: impl FnMut(Line)) -> End {
        let mut chain = self.chain(end);
        if chain.end() == End::EMPTY {
            line(chain.start());
        }
        for subject in self.subjects.all().iter().skip(written.subjects) {
            let wrapped = subject.wrapped.as_ref();
            line(chain.subject(&subject.app, subject.name, subject.generation, wrapped));
        }
        for join in self.subjects.joins().iter().skip(written.keys) {
            let subject = &self.subjects.all()[join.subject];
            line(chain.key(join.key_id, join.epoch, subject.name, subject.generation));
        }
        chain.end()
    }

    fn chain(&self, end: End) -> Chain {
        Chain::new(&derive(self.secret.expose(), "subjects-log", &[]), end)
    }
}
