//! Why a root did not wrap or unwrap.

use crate::root::{HandedError, RootKind};

/// Why a root that keeps its own key did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// What it gave back does not fit the commitment.
    #[error("the root gave back another secret than the one it wrapped")]
    Other,
    /// What the keyring's file says was never made by this kind of root.
    #[error("what the keyring's file holds was not wrapped by {0}")]
    NotItsWrap(RootKind),
    /// A secret that the root asks for was not handed over.
    #[error(transparent)]
    Handed(#[from] HandedError),
    /// A token.
    #[cfg(feature = "pkcs11")]
    #[error(transparent)]
    Pkcs11(#[from] crate::root::pkcs11::TokenError),
    /// A key service.
    #[cfg(feature = "transit")]
    #[error(transparent)]
    Transit(#[from] crate::root::transit::TransitError),
}

impl RootError {
    /// Whether the root may answer later without anything being changed here: it is unplugged, down, sealed, or what
    /// it asks for has not been handed over yet.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Other | Self::NotItsWrap(_) => false,
            Self::Handed(error) => error.is_away(),
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11(error) => error.is_away(),
            #[cfg(feature = "transit")]
            Self::Transit(error) => error.is_away(),
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Other | Self::NotItsWrap(_) => {
                "point `[keys] root` at the key that this keyring was made under, or restore `keyring.json` from a backup"
                    .to_owned()
            }
            Self::Handed(error) => error.hint(),
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11(error) => error.hint(),
            #[cfg(feature = "transit")]
            Self::Transit(error) => error.hint(),
        }
    }
}
