//! What crossed, without what it said.
//!
//! One line of JSON an [`Entry`], appended to a file of mode 0600. An entry names app, route template, fields and
//! counts; never a value, a query string or a path beyond its template. [`Journal::note`] returns at once and is
//! on disk within [`GROUPING`]; [`Journal::record`] returns when the entry is durable, for what must be written
//! before the answer is given (a refusal). What happens to the keys ([`KeyEvent`]) stands among them.

mod entry;
mod key_event;
mod writer;

pub use entry::{Count, Entry, Outcome};
pub use key_event::{KeyChange, KeyEvent};
pub use writer::{GROUPING, Journal};

/// Why an entry could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be opened or written.
    #[error("the journal at {path} could not be written: {message}")]
    File {
        /// Where it is.
        path: String,
        /// What the system said.
        message: String,
    },
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}
