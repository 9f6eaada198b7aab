//! What can be wrong with a backup, said so that the person with the paper in hand knows where to look.

use crate::backup::BackupId;
use crate::error::KeyringError;

/// Why a backup was not made, or did not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// These numbers make no backup.
    #[error("{threshold} of {shares} shares make no backup")]
    Plan {
        /// How many were to give the secret.
        threshold: u8,
        /// How many there were to be.
        shares: u8,
    },
    /// The lines around the share's words are missing.
    #[error("there is no share on this page")]
    NoShare,
    /// The lines around the keyring are missing.
    #[error("there is no keyring on this page, or its end is missing")]
    NoKeyring,
    /// A share has 32 words.
    #[error("a share has 32 words, and these are {0}")]
    WordCount(usize),
    /// This word (counted from 1) is not in the list.
    #[error("word {0} is not one of the list")]
    UnknownWord(usize),
    /// This word (counted from 1) is in the list, and is not the one on the page.
    #[error("word {0} is wrong")]
    WrongWord(usize),
    /// This word (counted from 1) and the next were exchanged.
    #[error("word {0} and the next have changed places")]
    SwappedWords(usize),
    /// Several words are wrong.
    #[error("more than one word is wrong")]
    WrongWords,
    /// The share is of a version that this program does not read.
    #[error("version {0} of a share is not one that this program reads")]
    ShareVersion(u8),
    /// This line (counted from 1) of the keyring's text is damaged.
    #[error("line {0} of the keyring's text is damaged")]
    Line(usize),
    /// Each line is in order, and they are not the lines that were written.
    #[error("lines of the keyring's text are missing, or come from another page")]
    Digest,
    /// What the keyring's text says is not what a keyring looks like.
    #[error("the keyring's text cannot be read at line {line}, column {column} of what it holds")]
    Unreadable {
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
    },
    /// The backup is of a version that this program does not read.
    #[error("version {0} of a backup is not one that this program reads")]
    Version(u32),
    /// Pages of two backups.
    #[error("one page belongs to backup {expected}, another to backup {found}")]
    OtherBackup {
        /// That of the first page.
        expected: BackupId,
        /// That of the other.
        found: BackupId,
    },
    /// One share was given twice.
    #[error("share {0} was given twice")]
    SameShare(u8),
    /// Not enough shares.
    #[error("{threshold} shares are needed, and {given} were given")]
    TooFew {
        /// How many there were.
        given: usize,
        /// How many it takes.
        threshold: usize,
    },
    /// The shares go together, and what they give is not this keyring's secret.
    #[error("these shares do not give the secret of this keyring")]
    WrongSecret,
    /// The secret is right, and what the keyring holds is wrong.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl BackupError {
    /// What the person with the pages can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Plan { .. } => {
                "ask for at least two shares, and for no more to open it than there are"
            }
            Self::NoShare | Self::NoKeyring => {
                "give the file as it was written, with its lines that begin with five dashes"
            }
            Self::WordCount(_) => {
                "type the words row by row; the numbers before them are not needed"
            }
            Self::UnknownWord(_) | Self::WrongWord(_) | Self::SwappedWords(_) => {
                "look at the page again at that number"
            }
            Self::WrongWords => "compare every word with the page, row by row",
            Self::ShareVersion(_) | Self::Version(_) => {
                "run the release that made this backup, or a newer one"
            }
            Self::Line(_) | Self::Digest | Self::Unreadable { .. } => {
                "take the keyring's text from another page of the same backup: it is the same on all of them"
            }
            Self::OtherBackup { .. } => {
                "take pages that show the same backup and the same verification code"
            }
            Self::SameShare(_) => "bring another page: each page has a share of its own",
            Self::TooFew { .. } => "bring more pages of the same backup",
            Self::WrongSecret => "one of the pages was changed, or belongs to another backup",
            Self::Keyring(error) => error.hint(),
        }
    }
}
