//! `backups.json`: what a home knows of the backups that were made of its keyring. It holds nothing secret, and is
//! believed for warnings and for what shredding says of older copies, no more.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::backup::BackupId;
use crate::chance::Chance;
use crate::file::subjects_log::SubjectsLog;
use crate::file::{FileStore, StoreError, whole};
use crate::hex;
use crate::id::KeyId;
use crate::keyring::Keyring;
use crate::subjects::SubjectCount;

/// The record's file.
const BACKUPS: &str = "backups.json";

/// The version of the file that this program writes.
const VERSION: u32 = 1;

/// The backups that were made of a keyring, in the order they were made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRecords {
    version: u32,
    /// Each of them.
    pub backups: Vec<BackupRecord>,
}

/// One backup, and which keys it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRecord {
    /// Its name, as on its pages.
    pub id: String,
    /// When it was made, RFC 3339.
    pub made: String,
    /// How many shares open it.
    pub threshold: u8,
    /// How many shares there are.
    pub shares: u8,
    /// The epochs whose secrets it holds, by key id.
    epochs: Vec<EpochId>,
    /// How many secrets of subjects it holds: the first of the log.
    subjects: usize,
    /// How many keys of subjects it holds: the first of the log.
    keys: usize,
}

/// An epoch's key id in the form in which it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct EpochId(#[serde(with = "hex::key_id")] KeyId);

impl BackupRecord {
    /// What a backup of `keyring` holds.
    pub fn new(id: BackupId, plan: &crate::backup::Plan, keyring: &Keyring) -> Self {
        let SubjectCount { subjects, keys } = keyring.subject_count();
        Self {
            id: id.to_string(),
            made: plan.made.clone(),
            threshold: plan.threshold,
            shares: plan.shares,
            epochs: keyring
                .epochs()
                .filter(|epoch| epoch.live)
                .map(|epoch| EpochId(epoch.key_id))
                .collect(),
            subjects,
            keys,
        }
    }

    /// Whether it holds the secret of this epoch.
    pub fn holds_epoch(&self, key_id: KeyId) -> bool {
        self.epochs.contains(&EpochId(key_id))
    }

    /// Whether it holds the secret of a subject that stands at this place of the log and is not destroyed, or was not
    /// when it was made.
    pub fn holds_subject(&self, place: usize) -> bool {
        place < self.subjects
    }
}

/// How well the keyring of a directory is backed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackedUp {
    /// No backup was made.
    Never,
    /// The keyring has grown since the latest one.
    Behind {
        /// The latest one.
        latest: BackupRecord,
        /// Epochs that it does not hold.
        epochs: usize,
        /// Secrets and keys of subjects that it does not hold.
        subjects: usize,
    },
    /// The latest one holds everything.
    Wholly(BackupRecord),
}

impl BackupRecords {
    /// Reads the record in `directory`; none is an empty one.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(BACKUPS);
        let text = match whole::read(&path) {
            Ok(text) => text,
            Err(StoreError::Absent { .. }) => {
                return Ok(Self {
                    version: VERSION,
                    backups: Vec::new(),
                });
            }
            Err(error) => return Err(error),
        };
        let records: Self =
            serde_json::from_str(&text).map_err(|error| StoreError::Unreadable {
                path: path.clone(),
                line: error.line(),
                column: error.column(),
            })?;
        if records.version != VERSION {
            return Err(StoreError::Version {
                path,
                version: records.version,
            });
        }
        Ok(records)
    }

    /// Compares the latest backup with what is written down in `directory`. It asks for no root, so it believes the
    /// files.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn compare(directory: &Path) -> Result<BackedUp, StoreError> {
        let Some(latest) = Self::read(directory)?.backups.pop() else {
            return Ok(BackedUp::Never);
        };
        let catalogue = FileStore::catalogue_in(directory)?;
        let missing = catalogue
            .live()
            .filter(|key_id| !latest.holds_epoch(*key_id));
        let epochs = missing.count();
        let lines = SubjectsLog::lines_in(directory)?;
        let subjects = lines.saturating_sub(latest.subjects + latest.keys);
        Ok(if epochs == 0 && subjects == 0 {
            BackedUp::Wholly(latest)
        } else {
            BackedUp::Behind {
                latest,
                epochs,
                subjects,
            }
        })
    }

    /// Adds one, on the disk before this returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(
        &mut self,
        directory: &Path,
        record: BackupRecord,
        chance: &mut dyn Chance,
    ) -> Result<(), StoreError> {
        self.backups.push(record);
        // Strings, numbers and nothing else: there is nothing that JSON cannot say.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        whole::replace(&directory.join(BACKUPS), &text, chance)
    }
}
