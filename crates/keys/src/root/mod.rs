//! Roots of trust: what wraps the keyring secret, and nothing else.
//!
//! A root is asked for two things: to wrap 32 bytes, once, when the keyring is made, and to unwrap them at every
//! start. So one that keeps its own key and never gives it out, a hardware token or a key service, serves as well as
//! a passphrase. What it made is written down beside the catalogue (`root` in `keyring.json`).
//!
//! Nothing that derives or seals is here, and no root ever sees an app's key.

mod committed;
mod custodian;
mod error;
mod handed;
mod key_file;
mod passphrase;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
mod record;
#[cfg(feature = "transit")]
pub mod transit;

use std::fmt;

pub use custodian::Custodian;
pub use error::RootError;
pub use handed::HandedError;
pub use passphrase::Passphrase;

pub(crate) use key_file::RootKey;
pub(crate) use record::RootRecord;

/// Which root wraps a keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootKind {
    /// The key in `root.key`: whoever reads the directory has the keyring.
    KeyFile,
    /// A passphrase, from a person, a credential or a file descriptor.
    Passphrase,
    /// A key in a PKCS#11 token.
    Pkcs11,
    /// A key of a transit key service.
    Transit,
}

impl fmt::Display for RootKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyFile => "a key in a file",
            Self::Passphrase => "a passphrase",
            Self::Pkcs11 => "a key in a PKCS#11 token",
            Self::Transit => "a key of a transit key service",
        })
    }
}

/// A root, given to make or open a keyring.
#[derive(Clone, Copy, Debug)]
pub enum Root<'a> {
    /// The key in `root.key`.
    KeyFile,
    /// This passphrase.
    Passphrase(&'a Passphrase),
    /// A token or a service that keeps its own key.
    Custodian(&'a dyn Custodian),
}
