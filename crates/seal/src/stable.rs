//! The memory of `stable` fields: which token was last revealed for a value, so that the value, sent back unchanged,
//! becomes that token again.
//!
//! What is remembered is found by a name that only the app's key can make from the value, and is sealed: whoever
//! holds the store learns neither values nor tokens, only how many there are and how long. Where it is kept, for
//! how long and how much of it, the vault says.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use keys::{Chance, derive};
use sha2::Sha256;
use zeroize::Zeroize;

use crate::xaes::{SALT, TAG, Xaes};

/// Bytes of a name.
const NAME: usize = 20;

/// What names and seals the remembered tokens of one app.
pub struct StableKey {
    name: Hmac<Sha256>,
    seal: Xaes,
}

impl StableKey {
    /// The purpose under which the keyring gives the app's secret.
    pub const PURPOSE: &str = "stable";

    /// Derives it from the app's secret for this purpose, `keyring.app_secret(app, StableKey::PURPOSE)`.
    pub fn derive(secret: &[u8; 32], app: &str) -> Self {
        let parts = [app.as_bytes()];
        Self {
            name: Hmac::new((&*derive::<64>(secret, "stable-name", &parts)).into()),
            seal: Xaes::new(&derive(secret, "stable-seal", &parts)),
        }
    }

    /// The name under which the token of a value is remembered, for a field and the path of the resource that the
    /// value was revealed in. 160 bits: two values share a name once in 2^80 names.
    pub fn name(&self, field: &str, resource: &str, value: &[u8]) -> [u8; NAME] {
        let mut code = self.name.clone();
        for part in [field.as_bytes(), resource.as_bytes(), value] {
            code.update(&(part.len() as u64).to_be_bytes());
            code.update(part);
        }
        let code: [u8; 32] = code.finalize().into_bytes().into();
        let mut name = [0; NAME];
        name.copy_from_slice(&code[..NAME]);
        name
    }

    /// Seals a token, or whatever stands in its place, for the row of this name: salt, ciphertext, tag.
    ///
    /// # Panics
    /// Beyond the 64 GiB of AES-GCM, which no token reaches.
    pub fn seal(&self, name: &[u8; NAME], token: &[u8], chance: &mut dyn Chance) -> Vec<u8> {
        let mut salt = [0; SALT];
        chance.fill(&mut salt);
        let mut sealed = Vec::with_capacity(SALT + token.len() + TAG);
        sealed.extend_from_slice(&salt);
        sealed.extend_from_slice(token);
        let tag = self.seal.seal(&salt, name, &mut sealed[SALT..]);
        assert!(tag.is_some(), "a token longer than AES-GCM takes");
        sealed.extend_from_slice(&tag.unwrap_or_default());
        sealed
    }

    /// What was sealed for the row of this name; nothing when it was damaged, moved from another row, or made under
    /// another key.
    pub fn open(&self, name: &[u8; NAME], sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_first_chunk::<SALT>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>()?;
        let mut token = ciphertext.to_vec();
        if self.seal.open(salt, name, &mut token, tag) {
            return Some(token);
        }
        token.zeroize();
        None
    }
}

impl fmt::Debug for StableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StableKey(‹96 bytes›)")
    }
}
