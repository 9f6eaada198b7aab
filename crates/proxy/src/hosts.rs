//! The system's hosts file (hosts(5)), read again whenever it changed: resolving asks it first, and a name in it
//! passes the destination guard.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The hosts file as it was last read.
#[derive(Debug)]
pub struct Hosts {
    path: PathBuf,
    read: Mutex<Option<Read>>,
}

#[derive(Debug, Clone)]
struct Read {
    modified: SystemTime,
    length: u64,
    text: Arc<str>,
}

impl Hosts {
    /// The file at `path`.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            read: Mutex::new(None),
        }
    }

    /// The addresses the file gives a name. A file that cannot be read gives none.
    pub fn addresses(&self, name: &str) -> Vec<IpAddr> {
        self.text()
            .map(|text| find(&text, name))
            .unwrap_or_default()
    }

    fn text(&self) -> Option<Arc<str>> {
        let metadata = std::fs::metadata(&self.path).ok()?;
        let modified = metadata.modified().ok()?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = &*read
            && read.modified == modified
            && read.length == metadata.len()
        {
            return Some(Arc::clone(&read.text));
        }
        let bytes = std::fs::read(&self.path).ok()?;
        let text: Arc<str> = String::from_utf8_lossy(&bytes).into();
        *read = Some(Read {
            modified,
            length: metadata.len(),
            text: Arc::clone(&text),
        });
        Some(text)
    }
}

/// Whether a name says "this machine" by itself, whatever file it stands in: `localhost` (RFC 6761 §6.3), and the name
/// that the machine has, which Debian gives 127.0.1.1.
pub fn is_this_machine(name: &str) -> bool {
    let own = rustix::system::uname();
    name == "localhost"
        || name.ends_with(".localhost")
        || matches!(
            name,
            "localhost.localdomain"
                | "ip6-localhost"
                | "ip6-loopback"
                | "localhost4"
                | "localhost6"
        )
        || own.nodename().to_str().is_ok_and(|own| is_named(name, own))
}

/// Whether a name is the machine's, with or without its domain.
fn is_named(name: &str, own: &str) -> bool {
    let own = own.to_ascii_lowercase();
    !own.is_empty()
        && name
            .strip_prefix(own.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn find(text: &str, name: &str) -> Vec<IpAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split('#').next()?.split_ascii_whitespace();
            let address: IpAddr = words.next()?.parse().ok()?;
            words
                .any(|word| {
                    word.strip_suffix('.')
                        .unwrap_or(word)
                        .eq_ignore_ascii_case(name)
                })
                .then_some(address)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_past_comments_and_in_any_case() {
        let text = "127.0.0.1 localhost\n# 10.0.0.1 crm.example\n10.0.0.2\tCRM.example crm # 10.0.0.9 other\n\
                    ::1 crm.example.\nnonsense crm.example\n";
        let addresses: Vec<String> = find(text, "crm.example")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(addresses, ["10.0.0.2", "::1"]);
        assert!(find(text, "other").is_empty());
    }

    #[test]
    fn the_machines_own_name_is_no_excuse() {
        assert!(is_this_machine("localhost") && is_this_machine("a.localhost"));
        assert!(is_named("web", "Web") && is_named("web.example", "web"));
        assert!(!is_named("website.example", "web") && !is_named("a.example", ""));
    }

    #[test]
    fn a_changed_file_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hosts");
        let hosts = Hosts::at(&path);
        assert!(hosts.addresses("a.example").is_empty());
        std::fs::write(&path, "127.0.0.2 a.example\n").unwrap();
        assert_eq!(hosts.addresses("a.example").len(), 1);
        std::fs::write(&path, "127.0.0.2 a.example\n127.0.0.3 a.example\n").unwrap();
        assert_eq!(hosts.addresses("a.example").len(), 2);
    }
}
