//! Values that stay home, behind the pointers that stand in the SaaS; the memory of `stable` tokens; what of sealed
//! files does not fit where the files are.
//!
//! Everything comes sealed; the vault never holds a plaintext or a key. [`Vault::keep`] returns when its rows are
//! durable, so that a pointer may leave the moment it answers (I11). Waiting writers share one transaction: a commit
//! costs one flush, however many wait for it. Where the rows are is the [`engine`]'s: a file, or a server.

mod bound;
mod engine;
mod error;
mod postgres;
mod rows;
mod sqlite;
mod worker;

pub use error::Error;
pub use rows::{Keep, POINTERS, Row, Segment, Stable};

use std::path::PathBuf;

use postgres::Postgres;
use sqlite::Sqlite;
use worker::{Job, Worker};

/// What can be chosen of a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The most tokens of `stable` fields that are remembered; beyond it the oldest go.
    pub stable: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { stable: 1_000_000 }
    }
}

/// The store at home. Dropping it closes the database after what is queued is done.
#[derive(Debug)]
pub struct Vault {
    writer: Worker,
    reader: Worker,
}

impl Vault {
    /// Opens the vault at `url`: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE` for one that several
    /// gateways share. Makes the file (readable by its owner only) or the tables where there are none, and brings those
    /// of an earlier version up to date. Waits for the disk or the server.
    ///
    /// # Errors
    /// A URL that is not understood, tables of a later version, or what the database says.
    pub fn open(url: &str, options: &Options) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        match scheme {
            "sqlite" => {
                let path = PathBuf::from(rest);
                let (writing, reading, options) = (path.clone(), path, options.clone());
                Ok(Self {
                    writer: Worker::start("vault-write", move || Sqlite::open(&writing, &options))?,
                    reader: Worker::start("vault-read", move || Sqlite::open_again(&reading))?,
                })
            }
            "postgres" | "postgresql" => {
                let (writing, reading, options) = (url.to_owned(), url.to_owned(), options.clone());
                Ok(Self {
                    writer: Worker::start("vault-write", move || {
                        Postgres::open(&writing, &options)
                    })?,
                    reader: Worker::start("vault-read", move || Postgres::open_again(&reading))?,
                })
            }
            scheme => Err(Error::Scheme {
                scheme: scheme.to_owned(),
            }),
        }
    }

    /// Keeps these values and returns the identity of each, in order, once all are durable.
    ///
    /// # Cancel safety
    /// Dropping the future does not undo the write: rows nobody points to may remain.
    ///
    /// # Errors
    /// What the database says, or that a value's space of identities is full. Asking again is safe, and leaves behind
    /// what asking once would have.
    pub async fn keep(&self, rows: Vec<Keep>) -> Result<Vec<u64>, Error> {
        self.writer.ask(Job::Keep, rows).await
    }

    /// Brings the rows behind these (app, identity) pairs, in order; `None` where there is no such row, or none any
    /// more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn bring(&self, wanted: Vec<(String, u64)>) -> Result<Vec<Option<Row>>, Error> {
        self.reader.ask(Job::Bring, wanted).await
    }

    /// Deletes the values behind these (app, identity) pairs and says of each whether there was one. Durable when it
    /// answers. The identities stay taken, so that no other value ever shows where the pointers still stand.
    ///
    /// What a database keeps of its past (its log, copies of it) is another matter: see `docs/vault.md`.
    ///
    /// # Cancel safety
    /// Dropping the future does not undo it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn erase(&self, pointers: Vec<(String, u64)>) -> Result<Vec<bool>, Error> {
        self.writer.ask(Job::Erase, pointers).await
    }

    /// Remembers these tokens, each in place of the one under the same name. The oldest go beyond
    /// [`Options::stable`]. A crash may lose the latest: a field then gets a new token where it would have got this.
    ///
    /// # Cancel safety
    /// Dropping the future does not undo it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn remember(&self, tokens: Vec<Stable>) -> Result<(), Error> {
        self.writer.ask(Job::Remember, tokens).await
    }

    /// The tokens remembered under these (app, name) pairs, in order.
    ///
    /// # Errors
    /// What the database says.
    pub async fn recall(
        &self,
        names: Vec<(String, [u8; 20])>,
    ) -> Result<Vec<Option<Vec<u8>>>, Error> {
        self.reader.ask(Job::Recall, names).await
    }

    /// Keeps what belongs to these segments, durably.
    ///
    /// # Cancel safety
    /// Dropping the future does not undo it.
    ///
    /// # Errors
    /// What the database says. Asking again is safe.
    pub async fn keep_segments(&self, segments: Vec<Segment>) -> Result<(), Error> {
        self.writer.ask(Job::KeepSegments, segments).await
    }

    /// What was kept under each of these (app, fingerprint) pairs, in order: none, one, or several to try.
    ///
    /// # Errors
    /// What the database says.
    pub async fn bring_segments(
        &self,
        wanted: Vec<(String, [u8; 32])>,
    ) -> Result<Vec<Vec<Vec<u8>>>, Error> {
        self.reader.ask(Job::BringSegments, wanted).await
    }
}
