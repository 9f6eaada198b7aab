//! Which key of which token: a URI in the spirit of RFC 7512.
//!
//! ```text
//! pkcs11:token=rempart;object=keyring?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/rempart/pin
//! ```
//!
//! Attributes that are not understood are refused, since each would narrow down which key is meant. A PIN in the URI
//! itself (`pin-value`) is refused too: it would stand in a settings file and in every listing of processes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands as it is in an attribute's value (RFC 3986 §2.3).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What stands as it is in a path.
const PATH: &AsciiSet = &PLAIN.remove(b'/');

/// Which key of which token, and how to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    /// The token's label.
    pub(super) token: Option<String>,
    /// The token's serial number.
    pub(super) serial: Option<String>,
    /// The key's label.
    pub(super) object: String,
    /// The library that speaks to the token.
    pub(super) module: PathBuf,
    /// The file that holds the PIN; none where it is typed on the device, or none is asked for.
    pub(super) pin: Option<PathBuf>,
}

/// Why a text names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// It does not begin as such a URI does.
    #[error("it does not begin with `pkcs11:`")]
    Scheme,
    /// An attribute stands twice.
    #[error("`{0}` stands twice")]
    Twice(String),
    /// An attribute that is not understood, or not allowed.
    #[error(
        "`{0}` is no attribute that can stand there; known are token, serial, object, module-path, pin-source"
    )]
    Unknown(String),
    /// A PIN in the settings.
    #[error(
        "a PIN does not belong into the settings; name the file that holds it with pin-source=file:/…"
    )]
    PinValue,
    /// An attribute without a value, or one that is not text.
    #[error("`{0}` has no value that is text")]
    Value(String),
    /// An attribute that must be there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A path that depends on where the program was started.
    #[error("`{0}` is no absolute path")]
    Relative(&'static str),
}

impl Uri {
    /// The whole URI, with the ways to the key, as settings hold it.
    pub fn to_setting(&self) -> String {
        let encoded = |path: &Path| utf8_percent_encode(&path.to_string_lossy(), PATH).to_string();
        let pin = self.pin.as_deref().map_or_else(String::new, |pin| {
            format!("&pin-source=file:{}", encoded(pin))
        });
        format!("{self}?module-path={}{pin}", encoded(&self.module))
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let text = text.strip_prefix("pkcs11:").ok_or(UriError::Scheme)?;
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut token = None;
        let mut serial = None;
        let mut object = None;
        let mut module = None;
        let mut pin = None;
        for (name, value) in attributes(path, ';') {
            let target = match name {
                "token" => &mut token,
                "serial" => &mut serial,
                "object" => &mut object,
                _ => return Err(UriError::Unknown(name.to_owned())),
            };
            set(target, name, value)?;
        }
        for (name, value) in attributes(query, '&') {
            let target = match name {
                "module-path" => &mut module,
                "pin-source" => &mut pin,
                "pin-value" => return Err(UriError::PinValue),
                _ => return Err(UriError::Unknown(name.to_owned())),
            };
            set(target, name, value)?;
        }
        if token.is_none() && serial.is_none() {
            return Err(UriError::Missing("token"));
        }
        let pin = pin.map(|pin| pin.strip_prefix("file:").unwrap_or(&pin).to_owned());
        Ok(Self {
            token,
            serial,
            object: object.ok_or(UriError::Missing("object"))?,
            module: absolute(
                module.ok_or(UriError::Missing("module-path"))?,
                "module-path",
            )?,
            pin: pin.map(|pin| absolute(pin, "pin-source")).transpose()?,
        })
    }
}

/// The key alone, without the ways to it.
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pkcs11:")?;
        let named = [("token", &self.token), ("serial", &self.serial)];
        for (name, value) in named {
            if let Some(value) = value {
                write!(f, "{name}={};", utf8_percent_encode(value, PLAIN))?;
            }
        }
        write!(f, "object={}", utf8_percent_encode(&self.object, PLAIN))
    }
}

fn attributes(text: &str, separator: char) -> impl Iterator<Item = (&str, &str)> {
    text.split(separator)
        .filter(|attribute| !attribute.is_empty())
        .map(|attribute| attribute.split_once('=').unwrap_or((attribute, "")))
}

fn set(target: &mut Option<String>, name: &str, value: &str) -> Result<(), UriError> {
    if target.is_some() {
        return Err(UriError::Twice(name.to_owned()));
    }
    let value = percent_decode_str(value)
        .decode_utf8()
        .ok()
        .filter(|value| !value.is_empty() && !value.contains('\0'))
        .ok_or_else(|| UriError::Value(name.to_owned()))?;
    *target = Some(value.into_owned());
    Ok(())
}

fn absolute(path: String, name: &'static str) -> Result<PathBuf, UriError> {
    let path = PathBuf::from(path);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(UriError::Relative(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_found_again() {
        let uri: Uri = "pkcs11:token=La%20cl%C3%A9;object=keyring?module-path=/lib/p11.so&pin-source=file:/run/pin"
            .parse()
            .unwrap();
        assert_eq!(uri.token.as_deref(), Some("La clé"));
        assert_eq!(uri.object, "keyring");
        assert_eq!(uri.module, PathBuf::from("/lib/p11.so"));
        assert_eq!(uri.pin, Some(PathBuf::from("/run/pin")));
        assert_eq!(
            uri.to_string(),
            "pkcs11:token=La%20cl%C3%A9;object=keyring",
            "the name says nothing of the way to the PIN"
        );
        assert_eq!(uri.to_setting().parse(), Ok(uri.clone()));
        let again: Uri = format!("{uri}?module-path=/lib/p11.so&pin-source=/run/pin")
            .parse()
            .unwrap();
        assert_eq!(again, uri);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let refused = |text: &str| text.parse::<Uri>().unwrap_err();
        assert_eq!(refused("transit:x"), UriError::Scheme);
        assert_eq!(
            refused("pkcs11:token=a;object=b?module-path=/m&pin-value=1234"),
            UriError::PinValue
        );
        assert_eq!(
            refused("pkcs11:token=a;model=b"),
            UriError::Unknown("model".into())
        );
        assert_eq!(
            refused("pkcs11:token=a;token=b"),
            UriError::Twice("token".into())
        );
        assert_eq!(refused("pkcs11:token="), UriError::Value("token".into()));
        assert_eq!(refused("pkcs11:token=%FF"), UriError::Value("token".into()));
        assert_eq!(
            refused("pkcs11:object=b?module-path=/m"),
            UriError::Missing("token")
        );
        assert_eq!(
            refused("pkcs11:token=a?module-path=/m"),
            UriError::Missing("object")
        );
        assert_eq!(
            refused("pkcs11:token=a;object=b"),
            UriError::Missing("module-path")
        );
        assert_eq!(
            refused("pkcs11:token=a;object=b?module-path=m.so"),
            UriError::Relative("module-path")
        );
    }
}
