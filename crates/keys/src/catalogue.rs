//! The catalogue: every epoch with its wrapped secret, as it is written down.
//!
//! A code over all of it (HMAC-SHA-256 under a key from the keyring secret) makes a changed, exchanged, added or
//! missing entry noticed. An older catalogue put back whole is not noticed here: only a counter outside the file
//! could tell. It also says how much the log of subjects held when it was signed, so that a log that was cut or
//! taken away is noticed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::HashSet;
use zeroize::Zeroizing;

use crate::derive::encode;
use crate::error::KeyringError;
use crate::hex;
use crate::id::KeyId;
use crate::subjects::SubjectCount;
use crate::wrap::Wrapped;

/// The version of the catalogue that this program writes.
const VERSION: u32 = 2;
/// Before there were subjects; it is read, and written as the version above when the keyring is next saved.
const WITHOUT_SUBJECTS: u32 = 1;

/// The written form of a keyring, without its secret. It is not confidential, and cannot be changed unnoticed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<SubjectCount>,
    epochs: Vec<Entry>,
    #[serde(with = "hex")]
    mac: [u8; 32],
}

/// One epoch of one field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    #[serde(with = "hex::key_id")]
    pub(crate) key_id: KeyId,
    pub(crate) app: String,
    pub(crate) field: String,
    pub(crate) epoch: u32,
    /// Absent once the epoch was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wrapped: Option<Wrapped>,
}

impl Catalogue {
    /// Reads a catalogue from JSON. It is believed only by [`Keyring::from_catalogue`](crate::Keyring::from_catalogue).
    ///
    /// # Errors
    /// [`KeyringError::Unreadable`].
    pub fn from_json(text: &str) -> Result<Self, KeyringError> {
        serde_json::from_str(text).map_err(|error| KeyringError::Unreadable {
            line: error.line(),
            column: error.column(),
        })
    }

    /// Writes it as JSON, a line a value, so that two versions can be compared by eye.
    pub fn to_json(&self) -> String {
        // Strings, numbers and nothing else: there is nothing that JSON cannot say.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The names of the epochs that are not destroyed. Nobody vouches for them before the catalogue is believed.
    pub fn live(&self) -> impl Iterator<Item = KeyId> {
        let live = self.epochs.iter().filter(|entry| entry.wrapped.is_some());
        live.map(|entry| entry.key_id)
    }

    pub(crate) fn signed(key: &Zeroizing<[u8; 64]>, entries: &[Entry], log: SubjectCount) -> Self {
        let log = Some(log);
        Self {
            version: VERSION,
            log,
            epochs: entries.to_vec(),
            mac: code(key, VERSION, log, entries)
                .finalize()
                .into_bytes()
                .into(),
        }
    }

    /// The entries, and how much the log of subjects holds at least.
    pub(crate) fn verified(
        self,
        key: &Zeroizing<[u8; 64]>,
    ) -> Result<(Vec<Entry>, SubjectCount), KeyringError> {
        let log = match (self.version, self.log) {
            (WITHOUT_SUBJECTS, None) => SubjectCount::default(),
            (VERSION, Some(log)) => log,
            (WITHOUT_SUBJECTS | VERSION, _) => return Err(KeyringError::Changed),
            (other, _) => return Err(KeyringError::Version(other)),
        };
        code(key, self.version, self.log, &self.epochs)
            .verify_slice(&self.mac)
            .map_err(|_| KeyringError::Changed)?;
        let mut names = HashSet::new();
        let mut numbers = HashSet::new();
        for entry in &self.epochs {
            let number = (entry.app.as_str(), entry.field.as_str(), entry.epoch);
            if !names.insert(entry.key_id) || !numbers.insert(number) {
                return Err(KeyringError::Twice(entry.key_id));
            }
        }
        Ok((self.epochs, log))
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Catalogue(version {}, ‹{} epochs›)",
            self.version,
            self.epochs.len()
        )
    }
}

/// The code over a version and entries, each encoded so that no two lists look alike.
fn code(
    key: &Zeroizing<[u8; 64]>,
    version: u32,
    log: Option<SubjectCount>,
    entries: &[Entry],
) -> Hmac<Sha256> {
    let mut code = <Hmac<Sha256>>::new((&**key).into());
    code.update(&version.to_be_bytes());
    if let Some(log) = log {
        code.update(&(log.subjects as u64).to_be_bytes());
        code.update(&(log.keys as u64).to_be_bytes());
    }
    code.update(&(entries.len() as u64).to_be_bytes());
    for entry in entries {
        let wrapped = entry.wrapped.as_ref();
        code.update(&encode(&[
            &entry.key_id.to_bytes(),
            entry.app.as_bytes(),
            entry.field.as_bytes(),
            &entry.epoch.to_be_bytes(),
            wrapped.map_or(&[], |wrapped| wrapped.nonce.as_slice()),
            wrapped.map_or(&[], |wrapped| wrapped.secret.as_slice()),
            wrapped.map_or(&[], |wrapped| wrapped.tag.as_slice()),
        ]));
    }
    code
}
