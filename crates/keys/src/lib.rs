//! The keyring: one random secret, from which every app's key is derived, and the random secrets of epochs and
//! subjects that are wrapped under them.
//!
//! ```text
//! root ──wraps──▶ keyring secret ──HKDF──▶ app key ──wraps──▶ epoch secret   ──HKDF──▶ field key (crate `seal`)
//!                                                    ──wraps──▶ subject secret ──────▶ with a subject, over both
//! ```
//!
//! What is derived can be derived again, so what must be destroyable is random: the secret of an epoch or a subject
//! exists only as its wrap, and deleting the wrap destroys every token that was made under it (`docs/adr/0005`).
//!
//! Without features there is no IO here, no clock and no source of chance: the caller gives one ([`Chance`]).
//! The feature `file` adds the store that keeps a keyring in a directory, `backup` the pages that bring one back. What the bytes mean is in
//! `docs/keyring-format.md`.

#![cfg_attr(
    not(feature = "file"),
    expect(
        dead_code,
        reason = "what is to be written down concerns a store alone"
    )
)]

#[cfg(feature = "backup")]
pub mod backup;
mod catalogue;
mod chance;
mod derive;
mod error;
#[cfg(feature = "file")]
pub mod file;
mod hex;
mod id;
mod keyring;
mod log;
#[cfg(feature = "file")]
pub mod root;
mod secret;
mod subject;
mod subjects;
mod wrap;

pub use catalogue::Catalogue;
pub use chance::{Ahead, Chance};
pub use derive::{derive, encode};
pub use error::KeyringError;
pub use id::{KeyId, SubjectName};
pub use keyring::{EpochView, FieldSecret, Keyring, Replay};
pub use secret::{EpochSecret, KeyringSecret, SubjectSecret};
pub use subject::SubjectNames;
pub use subjects::SubjectCount;
