//! A root at a key service that speaks the wire protocol of the well-known transit engine.
//!
//! The service wraps by `encrypt` and unwraps by `decrypt`; its key stays there. When that key was rotated, `rewrap`
//! gives the same secret under the newest version, without the secret crossing the wire again.
//!
//! No associated data is sent: `rewrap` takes none in the engine's releases, and what binds the wrap to its keyring is
//! the commitment beside it. Redirects are not followed and no proxy of the environment is used: a gateway's
//! environment may well name the gateway. The HTTP client keeps copies of what it sends and receives in buffers that it
//! does not wipe; they live as long as one call.

mod address;
mod error;
mod wire;

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

pub use address::{Address, AddressError};
pub use error::TransitError;

use crate::root::{Custodian, RootError, RootKind, handed};
use crate::secret::KeyringSecret;
use wire::{Ask, Wire};

/// No wrap of 32 bytes comes near this.
const LONGEST_WRAP: usize = 4096;

/// What a service is asked with.
#[derive(Debug)]
pub struct Access {
    /// What proves who asks.
    pub token: AccessToken,
    /// The namespace of the mount, where the service has such.
    pub namespace: Option<String>,
    /// The certificates (PEM) to believe the service by; none for those that the system believes.
    pub authorities: Option<String>,
}

/// What proves who asks.
pub enum AccessToken {
    /// A file, read at every call: whatever provides it may renew it.
    File(PathBuf),
    /// The token itself.
    Given(Zeroizing<String>),
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "AccessToken({})", path.display()),
            Self::Given(_) => f.write_str("AccessToken(‹secret›)"),
        }
    }
}

/// A root at a key service.
#[derive(Debug)]
pub struct Transit {
    address: Address,
    token: AccessToken,
    wire: Wire,
}

impl Transit {
    /// The root at `address`. Nothing is asked of the service yet.
    ///
    /// # Errors
    /// [`TransitError::Certificates`].
    pub fn new(address: Address, access: Access) -> Result<Self, TransitError> {
        Ok(Self {
            address,
            token: access.token,
            wire: Wire::new(access.namespace, access.authorities.as_deref())?,
        })
    }

    fn wrapped(&self, operation: &'static str, ask: &Ask<'_>) -> Result<String, RootError> {
        let answer = self.ask(operation, ask)?;
        let strange = |what| TransitError::Strange {
            host: self.address.host().to_owned(),
            what,
        };
        let wrapped = answer
            .ciphertext
            .ok_or_else(|| strange("there is no ciphertext in its answer"))?;
        if wrapped.len() > LONGEST_WRAP || version(&wrapped).is_none() {
            return Err(strange("its ciphertext is not of the form vault:vN:…").into());
        }
        Ok(wrapped)
    }

    fn ask(&self, operation: &'static str, ask: &Ask<'_>) -> Result<wire::Data, RootError> {
        let read;
        let token = match &self.token {
            AccessToken::File(path) => {
                read = handed::private_file(path)?;
                &read
            }
            AccessToken::Given(token) => token,
        };
        Ok(self.wire.ask(&self.address, operation, token, ask)?)
    }
}

impl Custodian for Transit {
    fn kind(&self) -> RootKind {
        RootKind::Transit
    }

    fn name(&self) -> String {
        self.address.to_string()
    }

    fn wrap(&self, secret: &KeyringSecret) -> Result<String, RootError> {
        let plaintext = Zeroizing::new(STANDARD.encode(secret.expose()));
        self.wrapped(
            "encrypt",
            &Ask::Encrypt {
                plaintext: &plaintext,
            },
        )
    }

    fn unwrap(&self, wrapped: &str) -> Result<KeyringSecret, RootError> {
        if version(wrapped).is_none() {
            return Err(RootError::NotItsWrap(RootKind::Transit));
        }
        let answer = self.ask(
            "decrypt",
            &Ask::Wrapped {
                ciphertext: wrapped,
            },
        )?;
        let plaintext = answer.plaintext.ok_or_else(|| TransitError::Strange {
            host: self.address.host().to_owned(),
            what: "there is no plaintext in its answer",
        })?;
        // Room for what 32 bytes take at most before their length is known.
        let mut bytes = Zeroizing::new([0; 36]);
        let length = STANDARD
            .decode_slice(plaintext.as_bytes(), bytes.as_mut_slice())
            .map_err(|_| RootError::Other)?;
        let secret = bytes.get(..length).and_then(|bytes| bytes.try_into().ok());
        secret
            .map(KeyringSecret::from_bytes)
            .ok_or(RootError::Other)
    }

    fn renew(&self, wrapped: &str) -> Result<Option<String>, RootError> {
        let renewed = self.wrapped(
            "rewrap",
            &Ask::Wrapped {
                ciphertext: wrapped,
            },
        )?;
        Ok((version(&renewed) > version(wrapped)).then_some(renewed))
    }
}

/// The version of the key that wrapped; nothing for what the engine does not write.
fn version(wrapped: &str) -> Option<u64> {
    let (version, rest) = wrapped.strip_prefix("vault:v")?.split_once(':')?;
    let is_written = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
    is_written.then(|| version.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_wrap_is_read_and_what_is_none_is_refused() {
        assert_eq!(version("vault:v1:abc="), Some(1));
        assert_eq!(version("vault:v12:abc="), Some(12));
        for none in [
            "",
            "vault:v1:",
            "vault:v:abc",
            "vault:1:abc",
            "vault:v1:a b",
            "vault:v99999999999999999999:abc",
        ] {
            assert_eq!(version(none), None, "{none}");
        }
        assert!(version("vault:v10:x") > version("vault:v9:x"));
    }
}
