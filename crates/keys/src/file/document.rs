//! What `keyring.json` says: its version, how the root wraps the keyring secret, and the catalogue.

use std::fmt;
use std::path::Path;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::catalogue::Catalogue;
use crate::chance::Chance;
use crate::derive::derive;
use crate::file::StoreError;
use crate::file::root::{Argon2id, Passphrase, RootKey, RootKind};
use crate::hex;
use crate::secret::KeyringSecret;

/// The version of the file that this program writes.
const VERSION: u32 = 1;

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    version: u32,
    pub(crate) root: RootRecord,
    pub(crate) catalogue: Catalogue,
}

/// Only as much of the file as every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Document {
    pub(crate) fn new(root: RootRecord, catalogue: Catalogue) -> Self {
        Self {
            version: VERSION,
            root,
            catalogue,
        }
    }

    pub(crate) fn from_json(text: &str, path: &Path) -> Result<Self, StoreError> {
        let unreadable = |error: serde_json::Error| StoreError::Unreadable {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
        };
        let Versioned { version } = serde_json::from_str(text).map_err(unreadable)?;
        if version != VERSION {
            return Err(StoreError::Version {
                path: path.to_owned(),
                version,
            });
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    pub(crate) fn to_json(&self) -> String {
        // Strings, numbers and nothing else: there is nothing that JSON cannot say.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The root and what it wraps.
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
}

impl RootRecord {
    pub(crate) fn under_key_file(
        key: &RootKey,
        secret: &KeyringSecret,
        chance: &mut dyn Chance,
    ) -> Result<Self, StoreError> {
        Ok(Self::KeyFile {
            wrapped: Committed::wrap(key, secret, chance)?,
        })
    }

    pub(crate) fn under_passphrase(
        passphrase: &Passphrase,
        secret: &KeyringSecret,
        chance: &mut dyn Chance,
    ) -> Result<Self, StoreError> {
        let argon2id = Argon2id::second_choice(chance);
        let wrapped = Committed::wrap(&argon2id.root_key(passphrase)?, secret, chance)?;
        Ok(Self::Passphrase { argon2id, wrapped })
    }

    pub(crate) fn kind(&self) -> RootKind {
        match self {
            Self::KeyFile { .. } => RootKind::KeyFile,
            Self::Passphrase { .. } => RootKind::Passphrase,
        }
    }

    /// Nothing when the key is not the one, or not this kind of root's.
    pub(crate) fn unwrap_with_key(&self, key: &RootKey) -> Option<KeyringSecret> {
        match self {
            Self::KeyFile { wrapped } => wrapped.unwrap(key),
            Self::Passphrase { .. } => None,
        }
    }

    /// Nothing when the passphrase is not the one, or not this kind of root's.
    pub(crate) fn unwrap_with_passphrase(
        &self,
        passphrase: &Passphrase,
    ) -> Result<Option<KeyringSecret>, StoreError> {
        match self {
            Self::KeyFile { .. } => Ok(None),
            Self::Passphrase { argon2id, wrapped } => {
                Ok(wrapped.unwrap(&argon2id.root_key(passphrase)?))
            }
        }
    }
}

impl fmt::Debug for RootRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootRecord({:?})", self.kind())
    }
}

/// The keyring secret under a root key: HKDF-SHA-256 over the root key and a salt of its own gives an AES-256-GCM
/// key, used once with a nonce of zeros, and a commitment of 32 bytes to it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Committed {
    #[serde(with = "hex")]
    salt: [u8; 32],
    #[serde(with = "hex")]
    commitment: [u8; 32],
    #[serde(with = "hex")]
    secret: [u8; 32],
    #[serde(with = "hex")]
    tag: [u8; 16],
}

/// The key is used once, so its nonce says nothing.
const NONCE: [u8; 12] = [0; 12];

impl Committed {
    fn wrap(
        root: &RootKey,
        secret: &KeyringSecret,
        chance: &mut dyn Chance,
    ) -> Result<Self, StoreError> {
        let mut salt = [0; 32];
        chance.fill(&mut salt);
        let (cipher, commitment) = ready(root, &salt);
        let mut wrapped = *secret.expose();
        let tag = cipher
            .encrypt_inout_detached((&NONCE).into(), &[], wrapped.as_mut_slice().into())
            .map_err(|_| StoreError::Wrap)?;
        Ok(Self {
            salt,
            commitment,
            secret: wrapped,
            tag: tag.into(),
        })
    }

    fn unwrap(&self, root: &RootKey) -> Option<KeyringSecret> {
        let (cipher, commitment) = ready(root, &self.salt);
        if !bool::from(commitment.ct_eq(&self.commitment)) {
            return None;
        }
        let mut secret = Zeroizing::new(self.secret);
        cipher
            .decrypt_inout_detached(
                (&NONCE).into(),
                &[],
                secret.as_mut_slice().into(),
                (&self.tag).into(),
            )
            .ok()?;
        Some(KeyringSecret::from_bytes(&secret))
    }
}

/// The cipher and the commitment that a root key and a salt give.
fn ready(root: &RootKey, salt: &[u8; 32]) -> (Aes256Gcm, [u8; 32]) {
    let derived = derive::<64>(root.expose(), "keyring-wrap", &[salt]);
    let mut key = Zeroizing::new([0; 32]);
    let mut commitment = [0; 32];
    key.copy_from_slice(&derived[..32]);
    commitment.copy_from_slice(&derived[32..]);
    (Aes256Gcm::new((&*key).into()), commitment)
}
