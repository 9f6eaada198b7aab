//! What can go wrong between a keyring and its directory, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::error::KeyringError;
use crate::root::{RootError, RootKind};

/// Why a keyring was not made, opened or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error("{path} does not exist")]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// A keyring is there, and is never overwritten by a new one.
    #[error("{path} exists")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner may open the file.
    #[error("{path} has mode {mode:o}: others than its owner may open it")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file or directory cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what a keyring's file looks like.
    #[error("{path} is no keyring: line {line}, column {column}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
    },
    /// The file is of a version that this program does not read.
    #[error("{path} has version {version}, which this program does not read")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it says.
        version: u32,
    },
    /// The embedded root's key is not what one looks like.
    #[error("{path} is no root key")]
    RootKey {
        /// The file.
        path: PathBuf,
    },
    /// The keyring is wrapped by another kind of root than was given.
    #[error("the keyring is wrapped by {expected}")]
    OtherRoot {
        /// What it asks for.
        expected: RootKind,
    },
    /// The passphrase or key is not the one, or the file was changed.
    #[error("{path} does not open under this root")]
    WrongRoot {
        /// The keyring's file.
        path: PathBuf,
    },
    /// Argon2id cannot be computed with what the file asks for.
    #[error(
        "the passphrase cannot be turned into a key: {memory_kib} KiB, {passes} passes, {lanes} lanes"
    )]
    Derivation {
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes of it.
        lanes: u32,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Chance,
    /// The cipher refused, which for 32 bytes it never does.
    #[error("the keyring secret cannot be wrapped")]
    Wrap,
    /// The token or service that wraps did not do what was asked.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The file opened, and what it holds is wrong.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl StoreError {
    /// Whether the same may succeed later with nothing changed here, since a root is away.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Root(error) if error.is_away())
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Absent { .. } => "make a home with `rempart init`, or name the right one with `--home`".to_owned(),
            Self::Exists { .. } => "use the keyring that is there; if it is to go, move its whole home away".to_owned(),
            Self::Mode { path, .. } => {
                format!("chmod 600 {}; ask who could have read it in the meantime", path.display())
            }
            Self::Read { .. } | Self::Write { .. } => {
                "look at the owner and mode of the file and its directory, and at the space on the disk".to_owned()
            }
            Self::Unreadable { .. } | Self::RootKey { .. } => {
                "restore the file from a backup; keep the damaged one aside".to_owned()
            }
            Self::Version { .. } => "run the release that wrote this keyring, or a newer one".to_owned(),
            Self::OtherRoot { expected: RootKind::Passphrase } => "give the passphrase".to_owned(),
            Self::OtherRoot { expected: RootKind::KeyFile } => {
                "give no passphrase: the key lies in `root.key` beside the keyring".to_owned()
            }
            Self::OtherRoot { expected: RootKind::Pkcs11 } => {
                "name the token and its key: `[keys] root = \"pkcs11:…\"` in rempart.toml".to_owned()
            }
            Self::OtherRoot { expected: RootKind::Transit } => {
                "name the service and its key: `[keys] root = \"transit:https://…\"` in rempart.toml".to_owned()
            }
            Self::WrongRoot { .. } => {
                "type the passphrase again, or restore `keyring.json` and `root.key` from the same backup".to_owned()
            }
            Self::Derivation { .. } => "free memory, or open the keyring on the machine that made it".to_owned(),
            Self::Chance => "look at the machine's random number generator before sealing anything".to_owned(),
            Self::Wrap => "report this: it is a mistake in the program".to_owned(),
            Self::Root(error) => error.hint(),
            Self::Keyring(error) => error.hint().to_owned(),
        }
    }
}
