//! What can go wrong with the vault, and what to do about it.

/// Why the vault could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL names an engine that there is not. What stands behind its scheme may be a password and is not told.
    #[error(
        "`{scheme}:…` names no vault: the forms are sqlite:PATH and postgres://USER@HOST/DATABASE"
    )]
    Scheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// SQLite refused.
    #[error("the vault's file was refused ({code}): {message}")]
    File {
        /// SQLite's extended result code, or the system's error number.
        code: i32,
        /// Its message.
        message: String,
    },
    /// A server's URL is not understood. Its text may hold a password and is not told.
    #[error("the vault's URL cannot be used: {0}")]
    Url(&'static str),
    /// The roots that a server is verified against cannot be had.
    #[error("the roots that the vault's server is verified against cannot be read: {0}")]
    Roots(String),
    /// A server refused.
    #[error("the vault's server refused ({code}): {message}")]
    Server {
        /// Its SQLSTATE.
        code: String,
        /// Its message, without details.
        message: String,
    },
    /// A server could not be reached, or did not answer, for as long as it was tried.
    #[error("the vault's server could not be asked: {0}")]
    Away(String),
    /// The database was made by a later version of this program.
    #[error("the vault's tables are of version {found}, and this program knows version {known}")]
    Version {
        /// The version of the tables.
        found: i64,
        /// The newest version that this program reads.
        known: i64,
    },
    /// Every identity drawn for a value was taken.
    #[error("no free pointer was found for a value of field `{field}` of app `{app}`")]
    Full {
        /// The app.
        app: String,
        /// The field.
        field: String,
    },
    /// The vault is closed.
    #[error("the vault is closed")]
    Closed,
}

impl Error {
    /// What whoever runs the gateway can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Scheme { .. } => "set [vault] url in rempart.toml to one of the two forms",
            Self::File { .. } => {
                "see whether the vault's file is there, whole, yours, and on a disk with free space"
            }
            Self::Url(_) => "correct [vault] url in rempart.toml",
            Self::Roots(_) => {
                "name a PEM file with sslrootcert=FILE in [vault] url, or install the root on this system"
            }
            Self::Server { code, .. } => server_hint(code),
            Self::Away(_) => {
                "see whether the server runs, whether this machine reaches its address and port, and whether its \
                 certificate names it"
            }
            Self::Version { .. } => {
                "run the version of Rempart that last used this vault, or a later one"
            }
            Self::Full { .. } => {
                "the pointers' shape is too short for so many values: give the field a longer one"
            }
            Self::Closed => "the gateway is stopping; try again when it is up",
        }
    }
}

/// By the class of the SQLSTATE.
fn server_hint(code: &str) -> &'static str {
    match code.get(..2).unwrap_or_default() {
        "28" => "see the user and the password in [vault] url, and the server's pg_hba.conf",
        "3D" => "make the database first: createdb NAME",
        "42" => {
            "the user of [vault] url needs SELECT, INSERT, UPDATE and DELETE on the rempart_ tables, and CREATE on \
             their schema the first time"
        }
        "53" => "the server is out of disk, memory or connections",
        "25" => "this server only reads: name the one that writes",
        _ => "see the server's log",
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map_or(-1, |inner| inner.extended_code);
        Self::File {
            code,
            message: error.to_string(),
        }
    }
}
