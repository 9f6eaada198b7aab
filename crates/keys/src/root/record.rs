//! What `keyring.json` says of its root: which kind it is, and the keyring secret as it wrapped it.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::file::{KEYRING, StoreError};
use crate::root::committed::Committed;
use crate::root::custodian::Kept;
use crate::root::passphrase::Argon2id;
use crate::root::{Custodian, Root, RootError, RootKey, RootKind};
use crate::secret::KeyringSecret;

/// The root and what it wraps. It holds no secret in the clear.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum RootRecord {
    KeyFile {
        wrapped: Committed,
    },
    Passphrase {
        argon2id: Argon2id,
        wrapped: Committed,
    },
    Pkcs11 {
        /// Which key of which token, for people: the settings say where it is.
        key: String,
        wrapped: Kept,
    },
    Transit {
        /// Which key of which service, for people: the settings say where it is.
        key: String,
        wrapped: Kept,
    },
}

impl RootRecord {
    /// Wraps the secret of a keyring in `directory`, where the embedded root's key is, or is made.
    pub(crate) fn wrap(
        root: Root<'_>,
        directory: &Path,
        secret: &KeyringSecret,
        chance: &mut dyn Chance,
    ) -> Result<Self, StoreError> {
        Ok(match root {
            Root::KeyFile => Self::KeyFile {
                wrapped: Committed::wrap(
                    &RootKey::in_directory(directory, chance)?,
                    secret,
                    chance,
                )?,
            },
            Root::Passphrase(passphrase) => {
                let argon2id = Argon2id::second_choice(chance);
                let wrapped = Committed::wrap(&argon2id.root_key(passphrase)?, secret, chance)?;
                Self::Passphrase { argon2id, wrapped }
            }
            Root::Custodian(custodian) => {
                let (key, wrapped) = (custodian.name(), Kept::wrap(custodian, secret)?);
                match custodian.kind() {
                    RootKind::Pkcs11 => Self::Pkcs11 { key, wrapped },
                    RootKind::Transit => Self::Transit { key, wrapped },
                    kind @ (RootKind::KeyFile | RootKind::Passphrase) => {
                        return Err(StoreError::OtherRoot { expected: kind });
                    }
                }
            }
        })
    }

    /// Gives the secret back, of a keyring in `directory`.
    pub(crate) fn unwrap(
        &self,
        root: Root<'_>,
        directory: &Path,
    ) -> Result<KeyringSecret, StoreError> {
        let secret = match (root, self) {
            (Root::KeyFile, Self::KeyFile { wrapped }) => {
                wrapped.unwrap(&RootKey::read(directory)?)
            }
            (Root::Passphrase(passphrase), Self::Passphrase { argon2id, wrapped }) => {
                wrapped.unwrap(&argon2id.root_key(passphrase)?)
            }
            (
                Root::Custodian(custodian),
                Self::Pkcs11 { wrapped, .. } | Self::Transit { wrapped, .. },
            ) if custodian.kind() == self.kind() => Some(wrapped.unwrap(custodian)?),
            _ => {
                return Err(StoreError::OtherRoot {
                    expected: self.kind(),
                });
            }
        };
        secret.ok_or_else(|| StoreError::WrongRoot {
            path: directory.join(KEYRING),
        })
    }

    /// Wraps anew where the custodian's key has a newer version; nothing where it has not.
    pub(crate) fn renewed(&self, custodian: &dyn Custodian) -> Result<Option<Self>, RootError> {
        let (Self::Pkcs11 { wrapped, .. } | Self::Transit { wrapped, .. }) = self else {
            return Ok(None);
        };
        let Some(renewed) = wrapped.renewed(custodian)? else {
            return Ok(None);
        };
        let mut record = self.clone();
        if let Self::Pkcs11 { wrapped, .. } | Self::Transit { wrapped, .. } = &mut record {
            *wrapped = renewed;
        }
        Ok(Some(record))
    }

    pub(crate) fn kind(&self) -> RootKind {
        match self {
            Self::KeyFile { .. } => RootKind::KeyFile,
            Self::Passphrase { .. } => RootKind::Passphrase,
            Self::Pkcs11 { .. } => RootKind::Pkcs11,
            Self::Transit { .. } => RootKind::Transit,
        }
    }

    /// What a custodian's key is called; nothing of the other kinds.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::KeyFile { .. } | Self::Passphrase { .. } => None,
            Self::Pkcs11 { key, .. } | Self::Transit { key, .. } => Some(key),
        }
    }
}

impl fmt::Debug for RootRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootRecord({:?})", self.kind())
    }
}
