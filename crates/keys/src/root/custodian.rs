//! A root that keeps its own key: it is handed the keyring secret to wrap, and hands it back when asked.
//!
//! What it hands back is believed only if it fits the commitment that was written down with the wrap: a token or a
//! service that answers with another secret, by mistake or by design, is found out before a key is derived from it.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::derive::derive;
use crate::hex;
use crate::root::{RootError, RootKind};
use crate::secret::KeyringSecret;

/// A token or a service that wraps and unwraps under a key of its own.
///
/// Its calls block: on a wire, on a device, or on a person who touches it.
pub trait Custodian: fmt::Debug + Send + Sync {
    /// Which kind it is.
    fn kind(&self) -> RootKind;

    /// The name of its key for people, without anything secret.
    fn name(&self) -> String;

    /// Wraps the secret under its key, which must be there.
    ///
    /// # Errors
    /// Why it did not.
    fn wrap(&self, secret: &KeyringSecret) -> Result<String, RootError>;

    /// Gives back what it wrapped.
    ///
    /// # Errors
    /// Why it did not.
    fn unwrap(&self, wrapped: &str) -> Result<KeyringSecret, RootError>;

    /// Wraps anew what it wrapped, where its key has a newer version since; nothing where it has not.
    ///
    /// # Errors
    /// Why it did not; what was wrapped before still holds.
    fn renew(&self, wrapped: &str) -> Result<Option<String>, RootError>;
}

/// The keyring secret in a custodian's wrap, with the commitment to it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    secret: String,
    #[serde(with = "hex")]
    commitment: [u8; 32],
}

impl Kept {
    pub(crate) fn wrap(
        custodian: &dyn Custodian,
        secret: &KeyringSecret,
    ) -> Result<Self, RootError> {
        let kept = Self {
            secret: custodian.wrap(secret)?,
            commitment: commitment(secret),
        };
        // Proven before anything depends on it: a wrap that never opens is a keyring that is lost.
        kept.unwrap(custodian)?;
        Ok(kept)
    }

    pub(crate) fn unwrap(&self, custodian: &dyn Custodian) -> Result<KeyringSecret, RootError> {
        self.checked(custodian.unwrap(&self.secret)?)
    }

    /// The wrap under the newest version of the custodian's key, proven by unwrapping it before it replaces the other.
    pub(crate) fn renewed(&self, custodian: &dyn Custodian) -> Result<Option<Self>, RootError> {
        let Some(secret) = custodian.renew(&self.secret)? else {
            return Ok(None);
        };
        let renewed = Self {
            secret,
            commitment: self.commitment,
        };
        renewed.unwrap(custodian)?;
        Ok(Some(renewed))
    }

    fn checked(&self, secret: KeyringSecret) -> Result<KeyringSecret, RootError> {
        if bool::from(commitment(&secret).ct_eq(&self.commitment)) {
            Ok(secret)
        } else {
            Err(RootError::Other)
        }
    }
}

/// What shows that a secret is the one that was wrapped, and nothing else about it.
fn commitment(secret: &KeyringSecret) -> [u8; 32] {
    *derive(secret.expose(), "root-commitment", &[])
}
