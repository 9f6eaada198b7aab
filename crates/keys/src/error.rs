//! What can be wrong with a keyring.

use crate::id::{KeyId, SubjectName};
use crate::subjects::SubjectCount;

/// Why a keyring did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// No epoch has this name.
    #[error("no key {0} in this keyring")]
    Unknown(KeyId),
    /// The epoch's secret was destroyed on purpose.
    #[error("key {0} was destroyed")]
    Destroyed(KeyId),
    /// The epoch's wrap does not open under its app's key.
    #[error("the wrap of key {0} is damaged")]
    Damaged(KeyId),
    /// A subject's wrap does not open under its app's key.
    #[error("the wrap of subject {0} is damaged")]
    DamagedSubject(SubjectName),
    /// The catalogue's code does not fit: entries were changed or exchanged, or it belongs to another keyring.
    #[error("the catalogue of keys was changed by something other than rempart")]
    Changed,
    /// The catalogue is of a version that this program does not read.
    #[error("version {0} of the catalogue of keys is not one that this program reads")]
    Version(u32),
    /// The catalogue is not what a catalogue looks like.
    #[error("the catalogue of keys cannot be read at line {line}, column {column}")]
    Unreadable {
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
    },
    /// Two epochs share a name, or one field has two epochs of one number.
    #[error("key {0} stands twice in the catalogue")]
    Twice(KeyId),
    /// A line of the log of subjects does not follow from the one before it, or is none.
    #[error(
        "line {0} of the log of subjects is damaged, or was changed by something other than rempart"
    )]
    LogLine(usize),
    /// The log of subjects is of a version that this program does not read.
    #[error("version {0} of the log of subjects is not one that this program reads")]
    LogVersion(u32),
    /// Lines at the end of the log of subjects are gone, or all of it.
    #[error(
        "the log of subjects holds {} secrets and {} keys, and held {} and {} before",
        found.subjects, found.keys, expected.subjects, expected.keys
    )]
    LogCut {
        /// What it holds.
        found: SubjectCount,
        /// What it held when the catalogue was signed.
        expected: SubjectCount,
    },
    /// The source of chance gave names that are taken, again and again.
    #[error("the source of random bytes repeats itself")]
    Chance,
    /// A field has had as many epochs as can be counted.
    #[error("the field has no epochs left")]
    Exhausted,
}

impl KeyringError {
    /// What an operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => {
                "the token comes from another installation, or from a backup newer than this keyring"
            }
            Self::Destroyed(_) => "nothing: its values are gone, as was asked",
            Self::Damaged(_)
            | Self::DamagedSubject(_)
            | Self::Changed
            | Self::Unreadable { .. }
            | Self::Twice(_) => {
                "restore the keyring's file from a backup; keep the damaged one aside"
            }
            Self::LogLine(_) | Self::LogCut { .. } => {
                "put subjects.log back as it was beside keyring.json, or restore both from a backup; keep the damaged \
                 one aside"
            }
            Self::Version(_) | Self::LogVersion(_) => {
                "run the release that wrote this keyring, or a newer one"
            }
            Self::Chance => "look at the machine's random number generator before sealing anything",
            Self::Exhausted => "make a new field in the policy and move the values there",
        }
    }
}
