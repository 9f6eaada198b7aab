//! `subjects.log` beside the keyring: read whole at the start, appended to as subjects come, written anew only when a
//! subject was shredded.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::chance::Chance;
use crate::file::{StoreError, whole};
use crate::keyring::Keyring;

/// The log's file.
const SUBJECTS: &str = "subjects.log";

/// The log of one keyring.
#[derive(Debug)]
pub(crate) struct SubjectsLog {
    path: PathBuf,
    /// Open for writing once something was appended.
    file: Option<File>,
    /// How many bytes are whole lines. Whatever a write that was cut short left behind them goes before the next.
    length: u64,
}

impl SubjectsLog {
    /// The log of a keyring that has none yet.
    pub(crate) fn empty(directory: &Path) -> Self {
        Self {
            path: directory.join(SUBJECTS),
            file: None,
            length: 0,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the log of a keyring that was read from its catalogue.
    pub(crate) fn read(directory: &Path, keyring: &mut Keyring) -> Result<Self, StoreError> {
        let mut log = Self::empty(directory);
        let mut replay = keyring.replay();
        match whole::open(&log.path) {
            Ok(file) => {
                let mut file = BufReader::with_capacity(1 << 16, file);
                let mut line = Vec::new();
                loop {
                    line.clear();
                    let bytes =
                        file.read_until(b'\n', &mut line)
                            .map_err(|source| StoreError::Read {
                                path: log.path.clone(),
                                source,
                            })?;
                    let Some(text) = line.strip_suffix(b"\n") else {
                        break;
                    };
                    replay.line(text)?;
                    log.length += bytes as u64;
                }
            }
            Err(StoreError::Absent { .. }) => {}
            Err(error) => return Err(error),
        }
        replay.finish()?;
        Ok(log)
    }

    /// How many secrets and keys of subjects are written down in `directory`, whether or not they are in order.
    #[cfg(feature = "backup")]
    pub(crate) fn lines_in(directory: &Path) -> Result<usize, StoreError> {
        let path = directory.join(SUBJECTS);
        let mut file = match whole::open(&path) {
            Ok(file) => BufReader::with_capacity(1 << 16, file),
            Err(StoreError::Absent { .. }) => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut lines = 0_usize;
        loop {
            let bytes = file.fill_buf().map_err(|source| StoreError::Read {
                path: path.clone(),
                source,
            })?;
            if bytes.is_empty() {
                // The first is about the log itself.
                return Ok(lines.saturating_sub(1));
            }
            lines += bytes.iter().filter(|byte| **byte == b'\n').count();
            let read = bytes.len();
            file.consume(read);
        }
    }

    /// Writes down what of the keyring's subjects is not yet; when this returns, it is on the disk.
    pub(crate) fn save(
        &mut self,
        keyring: &mut Keyring,
        chance: &mut dyn Chance,
    ) -> Result<(), StoreError> {
        if keyring.log_must_be_rewritten() {
            let (text, end) = keyring.whole_log();
            self.file = None;
            whole::replace(&self.path, &text, chance)?;
            self.length = text.len() as u64;
            keyring.set_log_written(end);
        } else if let Some((text, end)) = keyring.unwritten() {
            self.append(text.as_bytes())
                .map_err(|source| StoreError::Write {
                    path: self.path.clone(),
                    source,
                })?;
            keyring.set_log_written(end);
        }
        Ok(())
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        let new = self.length == 0;
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let mut options = OpenOptions::new();
                options.write(true).create(true).truncate(false);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                self.file.insert(options.open(&self.path)?)
            }
        };
        file.set_len(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        file.write_all(text)?;
        file.sync_data()?;
        if new {
            whole::sync_directory_of(&self.path)?;
        }
        self.length += text.len() as u64;
        Ok(())
    }
}
