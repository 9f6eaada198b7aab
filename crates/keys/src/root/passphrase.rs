//! A passphrase, which Argon2id (RFC 9106) turns into the key that wraps.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::chance::Chance;
use crate::file::StoreError;
use crate::hex;
use crate::root::{HandedError, RootKey, handed};

/// How many bytes a passphrase has at least that a machine hands over.
const LEAST: usize = 16;

/// A passphrase: never printed, wiped when dropped.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase as it was typed, without its line end.
    pub fn new(typed: String) -> Self {
        Self(Zeroizing::new(typed))
    }

    /// Takes the passphrase that a credential holds: a file that the service manager made for this process alone. Who
    /// may read it is the manager's business, so its mode is not looked at (systemd grants by access list, which shows
    /// as the group's).
    ///
    /// # Errors
    /// It is not there, or holds no passphrase of at least 16 bytes.
    pub fn from_credential(path: &Path) -> Result<Self, HandedError> {
        let file = File::open(path).map_err(|source| HandedError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_machine(path, file)
    }

    /// Takes the passphrase that an inherited descriptor gives to its end, and closes it. The descriptor is a pipe or a
    /// file that this process may open anew. Nobody in this process may own it: call this before anything else opens
    /// descriptors.
    ///
    /// # Errors
    /// It cannot be read, or gives no passphrase of at least 16 bytes.
    pub fn from_descriptor(number: u16) -> Result<Self, HandedError> {
        let path = PathBuf::from(format!("/dev/fd/{number}"));
        let failed = |source| HandedError::Read {
            path: path.clone(),
            source,
        };
        let taken = File::open(&path)
            .map_err(failed)
            .and_then(|file| Self::from_machine(&path, file));
        nix::unistd::close(std::os::fd::RawFd::from(number))
            .map_err(|error| failed(error.into()))?;
        taken
    }

    /// What no person types may be long, so it must be.
    fn from_machine(path: &Path, from: impl Read) -> Result<Self, HandedError> {
        let text = handed::text(path, from)?;
        if text.len() < LEAST {
            return Err(HandedError::Short {
                path: path.to_owned(),
                length: text.len(),
                least: LEAST,
            });
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(‹secret›)")
    }
}

/// What Argon2id (RFC 9106) was asked for: kept with each keyring, so that a later release may ask for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Argon2id {
    passes: u32,
    memory_kib: u32,
    lanes: u32,
    #[serde(with = "hex")]
    salt: [u8; 16],
}

impl Argon2id {
    /// Beyond these a file was changed, or asks for what no release ever asked.
    const MOST_PASSES: u32 = 64;
    const MOST_MEMORY_KIB: u32 = 4 << 20;
    const MOST_LANES: u32 = 64;

    /// The second recommended choice of RFC 9106 §4: 3 passes, 64 MiB, 4 lanes, a salt of 128 bits.
    pub(crate) fn second_choice(chance: &mut dyn Chance) -> Self {
        let mut salt = [0; 16];
        chance.fill(&mut salt);
        Self {
            passes: 3,
            memory_kib: 64 << 10,
            lanes: 4,
            salt,
        }
    }

    /// Turns a passphrase into a root key. Takes as long and as much memory as it says.
    pub(crate) fn root_key(&self, passphrase: &Passphrase) -> Result<RootKey, StoreError> {
        let refused = || StoreError::Derivation {
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
        };
        if self.passes > Self::MOST_PASSES
            || self.memory_kib > Self::MOST_MEMORY_KIB
            || self.lanes > Self::MOST_LANES
        {
            return Err(refused());
        }
        let parameters = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| refused())?;
        let mut key = RootKey::empty();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(passphrase.0.as_bytes(), &self.salt, key.as_mut())
            .map_err(|_| refused())?;
        Ok(key)
    }
}
