//! Messages on their way: bodies out, bodies back, and the fields that concern one hop only.

mod hops;
mod outgoing;
mod protecting;
mod returning;
mod revealing;
mod stall;

pub use hops::{Upgrade, for_the_next_hop};
pub use outgoing::{Gate, Outgoing, Pieces, Upload};
pub use protecting::{Begun, Protecting, Unready, away, busy, gone};
pub use returning::{FromOrigin, Lent, Returning};
pub use revealing::{Record, Revealing};
pub use stall::Stall;

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The client's connection.
    #[error("the client did not send the whole body")]
    Client(#[source] hyper::Error),
    /// The origin's connection.
    #[error("the origin did not send the whole body")]
    Origin(#[source] hyper::Error),
    /// Nothing came for too long.
    #[error("no more of the body came in time")]
    Stalled,
    /// What came was refused; the refusal lies in [`Upload`].
    #[error("the body was refused")]
    Refused,
    /// What was revealed could not go on.
    #[error("the answer could not be revealed further")]
    Unrevealed,
}
