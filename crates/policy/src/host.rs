//! Which hosts an app has: names, and `*.name` for exactly one label more.
//!
//! Names are compared without regard to ASCII case, and one trailing dot is dropped (RFC 1034 §3.1). Addresses
//! are no app: a certificate of an app's intermediate is for names only (design §9), so they are refused when
//! the policy loads.

use std::cmp::Ordering;

/// A host of a policy, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// The name in lower case; of a wildcard the part after `*.`.
    name: String,
    wildcard: bool,
}

impl HostPattern {
    /// Reads `app.example` or `*.example`.
    ///
    /// # Errors
    /// [`HostFault`] says why the text names no host.
    pub fn parse(text: &str) -> Result<Self, HostFault> {
        if text.contains("://") || text.contains('/') {
            return Err(HostFault::Url);
        }
        if text.starts_with('[') || text.parse::<std::net::IpAddr>().is_ok() {
            return Err(HostFault::Address);
        }
        if text.contains(':') {
            return Err(HostFault::Port);
        }
        let (name, wildcard) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.contains('*') {
            return Err(HostFault::Wildcard);
        }
        if !name.is_ascii() {
            return Err(HostFault::NotAscii);
        }
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(HostFault::Label);
        }
        // A last label of digits, or of 0x and hex digits, is how clients tell an address (WHATWG URL §3.5).
        if name.rsplit('.').next().is_some_and(reads_as_number) {
            return Err(HostFault::Address);
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            wildcard,
        })
    }

    /// Whether `host` is one of this pattern's.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        if self.wildcard {
            parent(host).is_some_and(|parent| parent.eq_ignore_ascii_case(&self.name))
        } else {
            host.eq_ignore_ascii_case(&self.name)
        }
    }

    /// Whether it is `*.name`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// The name in lower case, without a wildcard's `*.`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for HostPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.wildcard { "*." } else { "" }, self.name)
    }
}

/// Why a text names no host of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostFault {
    /// A URL.
    #[error("a host is a name, not a URL")]
    Url,
    /// An address, v4 or v6.
    #[error("an address is no host of an app: the authority signs for names only")]
    Address,
    /// A port.
    #[error("a host names no port: every port of an app's host is intercepted")]
    Port,
    /// A `*` that is not the whole first label.
    #[error("`*` stands for exactly one label, the first")]
    Wildcard,
    /// Letters outside ASCII.
    #[error("a host is written in ASCII")]
    NotAscii,
    /// A label that is empty, too long or holds other characters.
    #[error("a host is labels of letters, digits and hyphens, joined by single dots")]
    Label,
}

/// The hosts of all apps, for one lookup a connection.
#[derive(Clone, Debug, Default)]
pub struct HostTable {
    exact: Vec<(String, usize)>,
    wildcard: Vec<(String, usize)>,
}

impl HostTable {
    /// Adds a pattern of app `app`; gives the app that already has the very same pattern.
    pub fn insert(&mut self, pattern: &HostPattern, app: usize) -> Option<usize> {
        let list = if pattern.wildcard {
            &mut self.wildcard
        } else {
            &mut self.exact
        };
        match list.binary_search_by(|(name, _)| compare(name, &pattern.name)) {
            Ok(at) => list.get(at).map(|(_, app)| *app),
            Err(at) => {
                list.insert(at, (pattern.name.clone(), app));
                None
            }
        }
    }

    /// The app that `host` belongs to: a whole name before a wildcard.
    #[must_use]
    pub fn find(&self, host: &str) -> Option<usize> {
        let host = host.strip_suffix('.').unwrap_or(host);
        look_up(&self.exact, host).or_else(|| look_up(&self.wildcard, parent(host)?))
    }
}

fn look_up(list: &[(String, usize)], name: &str) -> Option<usize> {
    let at = list
        .binary_search_by(|(known, _)| compare(known, name))
        .ok()?;
    list.get(at).map(|(_, app)| *app)
}

/// What follows the first label, where there is one that is not empty.
fn parent(host: &str) -> Option<&str> {
    let (label, rest) = host.split_once('.')?;
    (!label.is_empty()).then_some(rest)
}

/// Orders names without regard to ASCII case, without copying them.
fn compare(left: &str, right: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(lower).cmp(right.bytes().map(lower))
}

fn is_label(label: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
    let bytes = label.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn reads_as_number(label: &str) -> bool {
    match label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"))
    {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap()
    }

    #[test]
    fn names_match_in_any_case_and_with_one_trailing_dot() {
        assert!(host("API.stripe.com").matches("api.Stripe.com."));
        assert!(host("localhost").matches("localhost"));
        assert!(!host("api.stripe.com").matches("api.stripe.com.."));
        assert!(!host("stripe.com").matches("api.stripe.com"));
    }

    #[test]
    fn a_wildcard_is_exactly_one_label() {
        let pattern = host("*.fhir.example");
        assert!(pattern.matches("clinic.fhir.example"));
        assert!(!pattern.matches("fhir.example"));
        assert!(!pattern.matches("a.b.fhir.example"));
        assert!(!pattern.matches(".fhir.example"));
    }

    #[test]
    fn what_is_no_host_says_why() {
        for (text, fault) in [
            ("https://a.example", HostFault::Url),
            ("a.example/x", HostFault::Url),
            ("10.0.0.1", HostFault::Address),
            ("::1", HostFault::Address),
            ("[::1]", HostFault::Address),
            ("127.1", HostFault::Address),
            ("0x7f.0x1", HostFault::Address),
            ("a.example:443", HostFault::Port),
            ("*", HostFault::Wildcard),
            ("a.*.example", HostFault::Wildcard),
            ("*x.example", HostFault::Wildcard),
            ("école.example", HostFault::NotAscii),
            ("", HostFault::Label),
            ("a..example", HostFault::Label),
            ("-a.example", HostFault::Label),
            ("a b.example", HostFault::Label),
            ("*.", HostFault::Label),
        ] {
            assert_eq!(HostPattern::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_whole_name_beats_a_wildcard() {
        let mut table = HostTable::default();
        assert_eq!(table.insert(&host("*.a.example"), 0), None);
        assert_eq!(table.insert(&host("x.a.example"), 1), None);
        assert_eq!(table.insert(&host("X.a.example."), 2), Some(1));
        assert_eq!(table.insert(&host("*.A.example"), 2), Some(0));
        assert_eq!(table.find("x.A.example."), Some(1));
        assert_eq!(table.find("y.a.example"), Some(0));
        assert_eq!(table.find("a.example"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn i06_only_a_host_that_a_pattern_names_is_an_apps(
            patterns in proptest::collection::vec("(\\*\\.)?[ab](\\.[abB]){0,2}", 1..8),
            asked in "[aAbB](\\.[abB]){0,3}\\.?",
        ) {
            let mut table = HostTable::default();
            let mut kept: Vec<(HostPattern, usize)> = Vec::new();
            for (app, text) in patterns.iter().enumerate() {
                let pattern = host(text);
                if table.insert(&pattern, app).is_none() {
                    kept.push((pattern, app));
                }
            }
            let naive = kept
                .iter()
                .filter(|(pattern, _)| pattern.matches(&asked))
                .min_by_key(|(pattern, _)| pattern.is_wildcard())
                .map(|(_, app)| *app);
            prop_assert_eq!(table.find(&asked), naive);
        }

        #[test]
        fn reading_a_host_never_panics(text in "\\PC{0,40}") {
            let _ = HostPattern::parse(&text);
        }
    }
}
