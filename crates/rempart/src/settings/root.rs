//! `[keys] root`: which root of trust, as one text.

use std::fmt;
use std::str::FromStr;

use keys::root::pkcs11::{Uri, UriError};
use keys::root::transit::{Address, AddressError};
use serde::Deserialize;

/// The root of trust.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum Root {
    /// A key in a file of mode 0600 beside the keyring.
    #[default]
    File,
    /// A passphrase (Argon2id), typed or in a file that the environment names.
    Passphrase,
    /// A passphrase in the credential of this name, which the service manager hands over.
    Credential(String),
    /// A passphrase through an inherited descriptor, whose number this variable of the environment holds.
    Descriptor(String),
    /// A key in a PKCS#11 token.
    Pkcs11(Uri),
    /// A key of a transit key service, asked over HTTP.
    Transit(Address),
}

/// Why a text names no root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootNameError {
    /// It begins like none.
    #[error(
        "`{0}` is no root of trust: write `file`, `passphrase`, `credential:NAME`, `fd:VARIABLE`, `pkcs11:…` or `transit:https://…`"
    )]
    Unknown(String),
    /// The name of a credential or a variable is none.
    #[error("`{0}` names no root: letters, digits, `-`, `_` and `.` make up a name")]
    Name(String),
    /// A token's URI is none.
    #[error("the PKCS#11 URI cannot be used: {0}")]
    Pkcs11(#[from] UriError),
    /// A service's address is none.
    #[error("the key service's address cannot be used: {0}")]
    Transit(#[from] AddressError),
}

impl Root {
    /// As a settings file says it, whole.
    pub fn to_setting(&self) -> String {
        match self {
            Self::Pkcs11(uri) => uri.to_setting(),
            other => other.to_string(),
        }
    }
}

impl FromStr for Root {
    type Err = RootNameError;

    fn from_str(text: &str) -> Result<Self, RootNameError> {
        let scheme = text.split_once(':').map_or(text, |(scheme, _)| scheme);
        match (scheme, text.split_once(':')) {
            ("file", None) => Ok(Self::File),
            ("passphrase", None) => Ok(Self::Passphrase),
            ("credential", Some((_, name))) => named(text, name).map(Self::Credential),
            ("fd", Some((_, name))) => named(text, name).map(Self::Descriptor),
            ("pkcs11", Some(_)) => Ok(Self::Pkcs11(text.parse()?)),
            ("transit", Some(_)) => Ok(Self::Transit(text.parse()?)),
            // Whatever stands behind the scheme may hold something secret.
            _ => Err(RootNameError::Unknown(scheme.to_owned())),
        }
    }
}

impl TryFrom<String> for Root {
    type Error = RootNameError;

    fn try_from(text: String) -> Result<Self, RootNameError> {
        text.parse()
    }
}

/// As people call it, without the ways to what is secret.
impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::Passphrase => f.write_str("passphrase"),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::Descriptor(name) => write!(f, "fd:{name}"),
            Self::Pkcs11(uri) => write!(f, "{uri}"),
            Self::Transit(address) => write!(f, "{address}"),
        }
    }
}

fn named(text: &str, name: &str) -> Result<String, RootNameError> {
    let is_name = !matches!(name, "" | "." | "..")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_name {
        Ok(name.to_owned())
    } else {
        Err(RootNameError::Name(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_is_named_and_nothing_else_is() {
        assert_eq!("file".parse(), Ok(Root::File));
        assert_eq!("passphrase".parse(), Ok(Root::Passphrase));
        assert_eq!(
            "credential:rempart".parse(),
            Ok(Root::Credential("rempart".to_owned()))
        );
        assert_eq!(
            "fd:REMPART_ROOT_FD".parse(),
            Ok(Root::Descriptor("REMPART_ROOT_FD".to_owned()))
        );
        for text in [
            "pkcs11:token=a;object=b?module-path=/m.so&pin-source=/pin",
            "transit:https://kms.example/v1/transit/keys/k",
        ] {
            assert_eq!(
                text.parse::<Root>().unwrap().to_setting().parse(),
                text.parse::<Root>()
            );
        }
        for text in [
            "",
            "files",
            "file:",
            "credential",
            "credential:../passwd",
            "fd:",
            "fd:A B",
            "pkcs11:",
            "transit:http://kms.example/v1/transit/keys/k",
        ] {
            assert!(text.parse::<Root>().is_err(), "{text}");
        }
        let error = "hvs:very-secret".parse::<Root>().unwrap_err().to_string();
        assert!(!error.contains("very-secret"), "{error}");
    }
}
