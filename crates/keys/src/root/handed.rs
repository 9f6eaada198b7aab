//! Secrets that are handed to the process: a passphrase, a PIN, a token of access, in a small file or through an
//! inherited descriptor.
//!
//! The text is taken without its line end, held in memory that is wiped, and never printed.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// No passphrase, PIN or token of access comes near this.
const LONGEST: usize = 64 << 10;

/// Why a secret was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandedError {
    /// It cannot be read, or is not there.
    #[error("{path} cannot be read")]
    Read {
        /// The file or descriptor.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It says nothing.
    #[error("{path} is empty")]
    Empty {
        /// The file or descriptor.
        path: PathBuf,
    },
    /// It says less than a secret must.
    #[error("{path} holds {length} bytes, and a secret for a root has at least {least}")]
    Short {
        /// The file or descriptor.
        path: PathBuf,
        /// How many bytes it holds.
        length: usize,
        /// How many it must hold.
        least: usize,
    },
    /// It says more than a secret ever does.
    #[error("{path} is longer than any secret")]
    Long {
        /// The file or descriptor.
        path: PathBuf,
    },
    /// Everybody on the machine may read the file.
    #[error("{path} has mode {mode:o}: everybody on this machine may read it")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl HandedError {
    /// Whether it may be there later: what is not mounted, or not written yet.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Read { .. } | Self::Empty { .. })
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } | Self::Empty { .. } => {
                "see whether whatever provides it has run, and who may read it".to_owned()
            }
            Self::Short { .. } | Self::Long { .. } => {
                "put one line of text there, such as what `openssl rand -base64 32` prints"
                    .to_owned()
            }
            Self::Mode { path, .. } => {
                format!(
                    "chmod o= {}; ask who could have read it in the meantime",
                    path.display()
                )
            }
        }
    }
}

/// Takes the secret in a file that not everybody may open. The group may: services are given their secrets that way.
#[cfg(any(feature = "pkcs11", feature = "transit"))]
pub(crate) fn private_file(path: &Path) -> Result<Zeroizing<String>, HandedError> {
    let failed = |source| HandedError::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o007 != 0 {
            return Err(HandedError::Mode {
                path: path.to_owned(),
                mode,
            });
        }
    }
    text(path, file)
}

/// Takes the secret that a file, pipe or socket says to its end.
pub(crate) fn text(path: &Path, from: impl Read) -> Result<Zeroizing<String>, HandedError> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST + 1));
    from.take(LONGEST as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|source| HandedError::Read {
            path: path.to_owned(),
            source,
        })?;
    if text.len() > LONGEST {
        return Err(HandedError::Long {
            path: path.to_owned(),
        });
    }
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    if text.is_empty() {
        return Err(HandedError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(text)
}
