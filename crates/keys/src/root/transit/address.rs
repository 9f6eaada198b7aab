//! Which key of which service.
//!
//! ```text
//! transit:https://kms.example:8200/v1/transit/keys/rempart
//!         ^ where it listens       ^ its mount    ^ its key
//! ```

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Which key of which service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Scheme, host and port.
    base: String,
    mount: String,
    key: String,
}

/// Why a text names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It does not begin as such an address does.
    #[error("it does not begin with `transit:https://`")]
    Scheme,
    /// The token of access would cross a network for all to read.
    #[error("`http://` is for a service on this very machine; elsewhere it must be `https://`")]
    Clear,
    /// There is no host, or more than a host and a port.
    #[error("a host and perhaps a port must stand there, and no name or password")]
    Host,
    /// The path is not that of a key.
    #[error("its path must be /v1/MOUNT/keys/NAME, of letters, digits, `-`, `_` and `.`")]
    Path,
}

impl Address {
    /// Scheme, host and port.
    pub fn host(&self) -> &str {
        &self.base
    }

    /// Where an operation on the key is asked for.
    pub(super) fn operation(&self, operation: &str) -> String {
        format!("{}/v1/{}/{operation}/{}", self.base, self.mount, self.key)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = text.strip_prefix("transit:").ok_or(AddressError::Scheme)?;
        let (scheme, rest) = url.split_once("://").ok_or(AddressError::Scheme)?;
        let (authority, path) = rest.split_once('/').ok_or(AddressError::Path)?;
        match scheme {
            "https" => {}
            "http" if is_here(host(authority)) => {}
            "http" => return Err(AddressError::Clear),
            _ => return Err(AddressError::Scheme),
        }
        if !is_host_and_port(authority) {
            return Err(AddressError::Host);
        }
        let mut parts: Vec<&str> = path.split('/').collect();
        let (Some(key), Some("keys")) = (parts.pop(), parts.pop()) else {
            return Err(AddressError::Path);
        };
        let Some(("v1", mount)) = parts.split_first().map(|(first, rest)| (*first, rest)) else {
            return Err(AddressError::Path);
        };
        if mount.is_empty() || !mount.iter().all(|part| is_name(part)) || !is_name(key) {
            return Err(AddressError::Path);
        }
        Ok(Self {
            base: format!("{scheme}://{authority}"),
            mount: mount.join("/"),
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "transit:{}/v1/{}/keys/{}",
            self.base, self.mount, self.key
        )
    }
}

fn host(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(host, _)| host),
        None => authority
            .split_once(':')
            .map_or(authority, |(host, _)| host),
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => ("", port),
            _ => return false,
        },
        None => match authority.find(':') {
            Some(colon) => authority.split_at(colon),
            None => (authority, ""),
        },
    };
    let bracketed = authority.starts_with('[');
    let named = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    let numbered = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (bracketed || named) && numbered
}

/// What the engine takes as a name, without the two that a path would be walked by.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text != "."
        && text != ".."
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_operations_on_its_key() {
        let text = "transit:https://kms.example:8200/v1/teams/north/transit/keys/rempart-1";
        let address: Address = text.parse().unwrap();
        assert_eq!(address.to_string(), text);
        assert_eq!(address.host(), "https://kms.example:8200");
        assert_eq!(
            address.operation("encrypt"),
            "https://kms.example:8200/v1/teams/north/transit/encrypt/rempart-1"
        );
        for text in [
            "transit:http://127.0.0.1:8200/v1/transit/keys/k",
            "transit:http://localhost/v1/transit/keys/k",
            "transit:http://[::1]:8200/v1/transit/keys/k",
            "transit:https://[2001:db8::1]/v1/transit/keys/k",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (text, fault) in [
            (
                "https://kms.example/v1/transit/keys/k",
                AddressError::Scheme,
            ),
            (
                "transit:ftp://kms.example/v1/transit/keys/k",
                AddressError::Scheme,
            ),
            (
                "transit:http://kms.example/v1/transit/keys/k",
                AddressError::Clear,
            ),
            (
                "transit:http://127.0.0.1.example/v1/transit/keys/k",
                AddressError::Clear,
            ),
            ("transit:https:///v1/transit/keys/k", AddressError::Host),
            (
                "transit:https://me:pw@kms.example/v1/transit/keys/k",
                AddressError::Host,
            ),
            (
                "transit:https://kms.example:0/v1/transit/keys/k",
                AddressError::Host,
            ),
            (
                "transit:https://[kms]/v1/transit/keys/k",
                AddressError::Host,
            ),
            ("transit:https://kms.example", AddressError::Path),
            ("transit:https://kms.example/v1/keys/k", AddressError::Path),
            (
                "transit:https://kms.example/v2/transit/keys/k",
                AddressError::Path,
            ),
            (
                "transit:https://kms.example/v1/transit/keys/",
                AddressError::Path,
            ),
            (
                "transit:https://kms.example/v1/transit/keys/k?x=y",
                AddressError::Path,
            ),
            (
                "transit:https://kms.example/v1/../keys/k",
                AddressError::Path,
            ),
            ("transit:https://kms.example/v1//keys/k", AddressError::Path),
        ] {
            assert_eq!(text.parse::<Address>(), Err(fault), "{text}");
        }
    }
}
