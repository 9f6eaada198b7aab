//! Hosts and ports as they are written in requests (RFC 3986 §3.2.2), in the one form everything else compares.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host: lower case, without the root's dot, an address without its brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(Box<str>);

impl Host {
    /// Reads a host as it stands in an authority.
    ///
    /// `None` for what is neither a name of letters, digits, `-`, `_` and `.` nor an address: whatever else an origin
    /// or a resolver may make of it, no policy has been asked about that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            return Some(Self(address.to_string().into()));
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > 253 || !text.bytes().all(named) || text.starts_with('.')
        {
            return None;
        }
        if text.contains("..") {
            return None;
        }
        Some(Self(text.to_ascii_lowercase().into()))
    }

    /// The host's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, where the host is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host with its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
}

impl Target {
    /// Reads `host:port`, with the scheme's port where none is written. Without a scheme (a `CONNECT`, RFC 9110
    /// §9.3.6) a port must be written.
    #[must_use]
    pub fn parse(text: &str, default_port: Option<u16>) -> Option<Self> {
        let (host, port) = split_port(text)?;
        let port = match port {
            Some(port) => port,
            None => default_port?,
        };
        Some(Self {
            host: Host::parse(host)?,
            port,
        })
    }

    /// Whether a `Host` or `:authority` names this target. One without a port means the scheme's.
    #[must_use]
    pub fn is_named_by(&self, authority: &str, scheme_port: u16) -> bool {
        // The usual spelling, without an allocation.
        if authority.eq_ignore_ascii_case(self.host.as_str()) {
            return self.port == scheme_port;
        }
        Self::parse(authority, Some(scheme_port)).is_some_and(|named| named == *self)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.as_str().contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Whether a policy's host pattern covers a host; `*.x` stands for exactly one label.
#[must_use]
pub fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
        None => pattern == host,
    }
}

fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_host = match text.strip_prefix('[') {
        Some(inner) => inner.find(']')? + 2,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at_checked(after_host)?;
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Some((host, None)),
        None => None,
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().map(|port| (host, Some(port)))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_one_form() {
        for (text, form) in [
            ("App.Example", Some("app.example")),
            ("app.example.", Some("app.example")),
            ("[::1]", Some("::1")),
            ("[0:0::1]", Some("::1")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("app..example", None),
            (".example", None),
            ("", None),
            (".", None),
            ("app%2eexample", None),
            ("user@app.example", None),
            ("app.example/", None),
            ("[::1", None),
        ] {
            assert_eq!(
                Host::parse(text).as_ref().map(Host::as_str),
                form,
                "{text:?}"
            );
        }
    }

    #[test]
    fn targets_name_a_port() {
        let target = |text| Target::parse(text, None).map(|target| target.to_string());
        assert_eq!(target("a.example:443").as_deref(), Some("a.example:443"));
        assert_eq!(target("[::1]:443").as_deref(), Some("[::1]:443"));
        for wrong in [
            "a.example",
            "a.example:",
            "a.example:+1",
            "a.example:65536",
            "::1:443",
            "[::1]x:443",
        ] {
            assert_eq!(target(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_authority_names_its_target_only() {
        let target = Target::parse("a.example:443", None).unwrap();
        for (authority, named) in [
            ("a.example", true),
            ("A.Example:443", true),
            ("a.example.", true),
            ("a.example:8443", false),
            ("b.example", false),
            ("a.example:443@b.example", false),
            ("", false),
        ] {
            assert_eq!(target.is_named_by(authority, 443), named, "{authority:?}");
        }
        assert!(
            !Target::parse("a.example:8443", None)
                .unwrap()
                .is_named_by("a.example", 443)
        );
    }

    #[test]
    fn a_wildcard_is_one_label() {
        assert!(covers("*.x.example", "a.x.example"));
        for host in ["x.example", "a.b.x.example", ".x.example", "ax.example"] {
            assert!(!covers("*.x.example", host), "{host}");
        }
    }
}
