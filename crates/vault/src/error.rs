//! What can go wrong with the vault.

/// Why the vault could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL names an engine that there is not.
    #[error("`{url}` names no vault: the form is sqlite:PATH")]
    Scheme {
        /// What was given.
        url: String,
    },
    /// The database refused.
    #[error("the vault's database refused ({code}): {message}")]
    Database {
        /// SQLite's result code.
        code: i32,
        /// Its message.
        message: String,
    },
    /// Too many identities drawn from one start were taken.
    #[error("no free pointer was found: the vault is too full for 40-bit pointers")]
    Full,
    /// The vault is closed.
    #[error("the vault is closed")]
    Closed,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map_or(-1, |inner| inner.extended_code);
        Self::Database {
            code,
            message: error.to_string(),
        }
    }
}
