//! The keyring in a directory: `keyring.json`, `subjects.log` once there are subjects, and for the embedded default
//! `root.key` beside them.
//!
//! - Written whole or not at all: into a new file, synced, then put in place and the directory synced. What was
//!   saved survives `kill -9`; a creation that is interrupted leaves no keyring, and may be tried again. Subjects are
//!   appended and synced; a line that was cut short counts for nothing, and nothing was sealed under it.
//! - Only the owner reads or writes these files; one that others may open is refused, with the command that mends it.
//! - The secret is wrapped by a key that only the root can make, with a commitment that is compared in constant time
//!   before anything is decrypted: a wrong passphrase and a changed file are one error.
//!
//! Two processes that save at once overwrite each other: whoever runs this holds a lock on the directory.

#[cfg(feature = "backup")]
mod backups;
mod chance;
mod document;
mod error;
mod subjects_log;
pub(crate) mod whole;

use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "backup")]
pub use backups::{BackedUp, BackupRecord, BackupRecords};
pub use chance::SystemChance;
pub use error::StoreError;

pub use crate::root::{Custodian, Passphrase, Root, RootError, RootKind};

use crate::catalogue::Catalogue;
use crate::chance::Chance;
use crate::keyring::Keyring;
use crate::root::RootRecord;
use document::Document;
use subjects_log::SubjectsLog;

/// The keyring's file.
pub(crate) const KEYRING: &str = "keyring.json";

/// A directory that holds a keyring, opened.
#[derive(Debug)]
pub struct FileStore {
    directory: PathBuf,
    root: RootRecord,
    log: SubjectsLog,
}

impl FileStore {
    /// Makes a keyring in `directory`, which is made when there is none, and never in the place of another keyring.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one; otherwise what went wrong in writing. Then there is none.
    pub fn create(
        directory: &Path,
        root: Root<'_>,
        chance: &mut dyn Chance,
    ) -> Result<(Self, Keyring), StoreError> {
        let mut keyring = Keyring::create(chance);
        let store = Self::adopt(directory, root, &mut keyring, chance)?;
        Ok((store, keyring))
    }

    /// Writes down in `directory` a keyring that came from elsewhere, such as a backup.
    ///
    /// # Errors
    /// As [`FileStore::create`].
    pub fn adopt(
        directory: &Path,
        root: Root<'_>,
        keyring: &mut Keyring,
        chance: &mut dyn Chance,
    ) -> Result<Self, StoreError> {
        let path = directory.join(KEYRING);
        let mut log = SubjectsLog::empty(directory);
        // A log without a keyring is not this one's, and may be all that is left of another.
        for path in [path.as_path(), log.path()] {
            if path.exists() {
                return Err(StoreError::Exists {
                    path: path.to_owned(),
                });
            }
        }
        whole::make_directory(directory)?;
        let root = RootRecord::wrap(root, directory, keyring.secret(), chance)?;
        log.save(keyring, chance)?;
        let store = Self {
            directory: directory.to_owned(),
            root,
            log,
        };
        whole::write_new(&path, &store.document(keyring).to_json(), chance)?;
        keyring.set_catalogue_written();
        Ok(store)
    }

    /// What is written down in `directory` of a keyring without its root: its epochs and how many subjects it has at
    /// least, as far as the file can be believed without a key.
    ///
    /// # Errors
    /// As [`FileStore::root_kind_in`].
    pub fn catalogue_in(directory: &Path) -> Result<Catalogue, StoreError> {
        Ok(Self::read(directory)?.catalogue)
    }

    /// Opens the keyring in `directory` with the root it was made under; [`FileStore::root_kind_in`] says which.
    ///
    /// # Errors
    /// [`StoreError::Absent`] when there is none, [`StoreError::WrongRoot`] when the passphrase or the key is not
    /// its own or the file was changed, and what is wrong with the file otherwise.
    pub fn open(directory: &Path, root: Root<'_>) -> Result<(Self, Keyring), StoreError> {
        let document = Self::read(directory)?;
        let secret = document.root.unwrap(root, directory)?;
        let mut keyring = Keyring::from_catalogue(secret, document.catalogue)?;
        let log = SubjectsLog::read(directory, &mut keyring)?;
        Ok((
            Self {
                directory: directory.to_owned(),
                root: document.root,
                log,
            },
            keyring,
        ))
    }

    /// Which root the keyring in `directory` asks for.
    ///
    /// # Errors
    /// As [`FileStore::open`], as far as they show without a root.
    pub fn root_kind_in(directory: &Path) -> Result<RootKind, StoreError> {
        Ok(Self::read(directory)?.root.kind())
    }

    /// What a custodian's key is called, as it was written down when the keyring in `directory` was made; nothing for
    /// roots that keep no key of their own.
    ///
    /// # Errors
    /// As [`FileStore::root_kind_in`].
    pub fn root_key_in(directory: &Path) -> Result<Option<String>, StoreError> {
        Ok(Self::read(directory)?.root.key().map(str::to_owned))
    }

    /// Whether `directory` holds a keyring.
    pub fn exists(directory: &Path) -> bool {
        directory.join(KEYRING).exists()
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Which root this keyring is wrapped by.
    pub fn root_kind(&self) -> RootKind {
        self.root.kind()
    }

    /// Writes down what of the keyring is not yet; when this returns, it is on the disk. New subjects are appended,
    /// which costs one sync however many there are; a destroyed secret is gone from every file of the directory.
    ///
    /// # Errors
    /// [`StoreError::Write`]; the files are then as they were before, or as they were to be, and what was to be written
    /// is written by the next call.
    pub fn save(
        &mut self,
        keyring: &mut Keyring,
        chance: &mut dyn Chance,
    ) -> Result<(), StoreError> {
        let path = self.directory.join(KEYRING);
        if keyring.catalogue_changed() || keyring.log_must_be_rewritten() {
            whole::remove_leftovers(&path)?;
            whole::remove_leftovers(self.log.path())?;
        }
        // The catalogue first: the log names its epochs.
        if keyring.catalogue_changed() {
            self.write(keyring, chance)?;
            keyring.set_catalogue_written();
        }
        self.log.save(keyring, chance)
    }

    /// Has the custodian wrap the secret anew where its key has a newer version, and writes that down; false where
    /// there was nothing to do.
    ///
    /// # Errors
    /// [`StoreError::Root`] or [`StoreError::Write`]; the keyring then opens as it did.
    pub fn renew(
        &mut self,
        custodian: &dyn Custodian,
        keyring: &Keyring,
        chance: &mut dyn Chance,
    ) -> Result<bool, StoreError> {
        let Some(root) = self.root.renewed(custodian)? else {
            return Ok(false);
        };
        let former = std::mem::replace(&mut self.root, root);
        self.write(keyring, chance)
            .inspect_err(|_| self.root = former)?;
        Ok(true)
    }

    fn write(&self, keyring: &Keyring, chance: &mut dyn Chance) -> Result<(), StoreError> {
        let text = self.document(keyring).to_json();
        whole::replace(&self.directory.join(KEYRING), &text, chance)
    }

    fn document(&self, keyring: &Keyring) -> Document {
        Document::new(self.root.clone(), keyring.catalogue())
    }

    fn read(directory: &Path) -> Result<Document, StoreError> {
        let path = directory.join(KEYRING);
        let text = whole::read(&path)?;
        Document::from_json(&text, &path)
    }
}

/// Tells a missing file from one that cannot be read.
fn reading(path: &Path, source: io::Error) -> StoreError {
    if source.kind() == io::ErrorKind::NotFound {
        StoreError::Absent {
            path: path.to_owned(),
        }
    } else {
        StoreError::Read {
            path: path.to_owned(),
            source,
        }
    }
}
