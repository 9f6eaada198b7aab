//! What a database must do to be a vault. Each call carries out a group: the requests of all who waited, so that they
//! share one transaction and one flush. An engine owns one connection and may block: it runs on a thread of its own.

use crate::{Error, Keep, Row, Segment, Stable};

/// An app's id and an identity: what a pointer says.
pub type Pointer = (String, u64);

/// An app's id and the fingerprint of a segment.
pub type Fingerprint = (String, [u8; 32]);

/// An app's id and the name of a remembered token.
pub type Name = (String, [u8; 20]);

/// A database. An error of the whole call means that nobody of the group may be told that theirs was done, and that
/// each may ask the same again: every write leaves the same behind however often it is carried out.
pub trait Engine: Send {
    /// Keeps the rows of every request durably and says the identity of each. A request that finds no free identity
    /// fails alone.
    fn keep(&mut self, group: &[Vec<Keep>]) -> Result<Vec<Result<Vec<u64>, Error>>, Error>;

    /// Brings the rows behind pointers; `None` where there is none.
    fn bring(&mut self, group: &[Vec<Pointer>]) -> Result<Vec<Vec<Option<Row>>>, Error>;

    /// Deletes the values behind pointers durably and says whether there was one. The identity is never given again:
    /// where its pointer still stands, no other value must show.
    fn erase(&mut self, group: &[Vec<Pointer>]) -> Result<Vec<Vec<bool>>, Error>;

    /// Remembers tokens in place of those under the same names; the oldest beyond the bound go. Need not be durable.
    fn remember(&mut self, group: &[Vec<Stable>]) -> Result<(), Error>;

    /// The token under each name.
    fn recall(&mut self, group: &[Vec<Name>]) -> Result<Vec<Vec<Option<Vec<u8>>>>, Error>;

    /// Keeps segments durably. Several may have one fingerprint; one that is there already is not kept twice.
    fn keep_segments(&mut self, group: &[Vec<Segment>]) -> Result<(), Error>;

    /// Every segment with each fingerprint.
    fn bring_segments(
        &mut self,
        group: &[Vec<Fingerprint>],
    ) -> Result<Vec<Vec<Vec<Vec<u8>>>>, Error>;
}
