//! What can be asked of a keyring, and what it answers: within one process, or over a running gateway's socket.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Which keys there are.
    List,
    /// A new epoch for every field, or for those of this app and of this name.
    Rotate {
        /// Only this app's.
        app: Option<String>,
        /// Only fields of this name.
        field: Option<String>,
    },
    /// A backup in this folder.
    Backup {
        /// How many shares open it.
        threshold: u8,
        /// How many shares there are.
        shares: u8,
        /// The folder, from the root: another process may stand elsewhere.
        out: PathBuf,
    },
    /// Destroy what belongs to a subject.
    ShredSubject {
        /// Its identity, as the app's messages spell it.
        subject: String,
        /// Only in this app.
        app: Option<String>,
        /// Say what would become unreadable, and destroy nothing.
        dry_run: bool,
    },
    /// Destroy an epoch of a field.
    ShredEpoch {
        /// The app.
        app: String,
        /// The field.
        field: String,
        /// The epoch.
        epoch: u32,
        /// Say what would become unreadable, and destroy nothing.
        dry_run: bool,
    },
    /// Whether every wrap opens.
    Verify,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// To [`Request::List`].
    Listed(Listed),
    /// To [`Request::Rotate`].
    Rotated(Rotated),
    /// To [`Request::Backup`].
    BackedUp(BackedUp),
    /// To [`Request::ShredSubject`] and [`Request::ShredEpoch`].
    Shredded(Shredded),
    /// To [`Request::Verify`].
    Verified(Verified),
}

/// The keys of a home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Every epoch there is or was.
    pub epochs: Vec<Epoch>,
    /// How many secrets of subjects were ever made.
    pub subjects: usize,
    /// How many keys of subjects were ever made.
    pub subject_keys: usize,
    /// The backups that this home knows of.
    pub backups: Vec<KnownBackup>,
}

/// One epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// The app.
    pub app: String,
    /// Its field.
    pub field: String,
    /// Counted from 1.
    pub epoch: u32,
    /// As tokens name it.
    pub key_id: String,
    /// What it is good for.
    pub state: State,
    /// The latest backup that holds it.
    pub backup: Option<String>,
}

/// What an epoch is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// New values are sealed under it.
    Current,
    /// It opens what was sealed under it.
    Live,
    /// What was sealed under it is gone.
    Destroyed,
}

/// One backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownBackup {
    /// Its name, as on its pages.
    pub id: String,
    /// When it was made.
    pub made: String,
    /// How many shares open it.
    pub threshold: u8,
    /// How many shares there are.
    pub shares: u8,
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotated {
    /// The new epochs.
    pub started: Vec<Epoch>,
    /// The fields that were left as they are.
    pub skipped: Vec<Skipped>,
}

/// A field that was not rotated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// The app.
    pub app: String,
    /// Its field.
    pub field: String,
    /// Why.
    pub why: String,
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackedUp {
    /// Its name and how it is split.
    pub backup: KnownBackup,
    /// The verification code on its pages.
    pub code: String,
    /// The pages.
    pub files: Vec<PathBuf>,
}

/// What was destroyed, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shredded {
    /// False where it was only asked what would be.
    pub done: bool,
    /// The keys whose tokens are unreadable from then on.
    pub keys: Vec<ShreddedKey>,
    /// Keys of subjects that go with an epoch.
    pub subject_keys: usize,
    /// Known backups that still hold it.
    pub backups: Vec<KnownBackup>,
}

/// A key whose tokens are unreadable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShreddedKey {
    /// As tokens name it.
    pub key_id: String,
    /// The app.
    pub app: String,
    /// Its field.
    pub field: String,
    /// The epoch of that field.
    pub epoch: u32,
}

/// A keyring of which every wrap opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// Epochs that are not destroyed.
    pub epochs: usize,
    /// Secrets of subjects, those that were shredded included.
    pub subjects: usize,
}

/// Why something asked over the socket was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// One line back over the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done.
    Done(Answer),
    /// It was not.
    Refused(Refused),
}
