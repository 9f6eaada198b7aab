//! What may depend on what: the arrows between our crates, and the licences and sources of everybody else's.
//!
//! The licences, registries and banned crates are those of `deny.toml`, so that `cargo deny` says the same
//! where it is installed.

use std::collections::BTreeSet;

use crate::chore::{Failed, cargo, output, root};

/// What the core must not know: a runtime, sockets, TLS, a database.
const NOT_IN_THE_CORE: [&str; 12] = [
    "axum",
    "hyper",
    "hyper-util",
    "libsqlite3-sys",
    "mio",
    "notify",
    "rusqlite",
    "rustls",
    "socket2",
    "tokio",
    "tokio-rustls",
    "tracing-subscriber",
];

/// A crate of the core, and the crates of ours that it may depend on.
const ARROWS: [(&str, &[&str]); 6] = [
    ("keys", &[]),
    ("seal", &["keys"]),
    ("body", &[]),
    ("integrity", &[]),
    ("policy", &["body", "seal", "keys"]),
    ("border", &["policy", "body", "seal", "keys", "integrity"]),
];

const OURS: [&str; 12] = [
    "integrity",
    "policy",
    "keys",
    "seal",
    "body",
    "border",
    "vault",
    "journal",
    "proxy",
    "console",
    "practice",
    "rempart",
];

/// Checks that the core's arrows point one way. Gives back how many crates were looked at.
///
/// # Errors
/// Names each arrow that must not be.
pub fn arrows() -> Result<usize, Failed> {
    let mut wrong = Vec::new();
    for (name, allowed) in ARROWS {
        for dependency in names(name)? {
            let ours = OURS.contains(&dependency.as_str())
                && dependency != name
                && !allowed.contains(&dependency.as_str());
            if ours || NOT_IN_THE_CORE.contains(&dependency.as_str()) {
                wrong.push(format!(
                    "{name} → {dependency} (see it: cargo tree -p {name} -e normal -i {dependency})"
                ));
            }
        }
    }
    all_well(wrong, ARROWS.len())
}

fn names(package: &str) -> Result<BTreeSet<String>, Failed> {
    let tree = output(&mut cargo(&[
        "tree", "--locked", "-p", package, "-e", "normal", "--prefix", "none", "-f", "{p}",
    ]))?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// Checks licences, sources and banned crates of all that is built. Gives back how many packages there are.
///
/// # Errors
/// Names each package that `deny.toml` does not allow.
pub fn licences_and_sources() -> Result<usize, Failed> {
    let rules = std::fs::read_to_string(root().join("deny.toml"))?;
    let allowed = quoted(between(&rules, "allow = [", "]"));
    let registries = quoted(between(&rules, "allow-registry = [", "]"));
    let banned: Vec<String> = rules
        .lines()
        .filter(|line| line.contains("{ crate = "))
        .filter_map(|line| quoted(line).into_iter().next())
        .collect();
    let tree = output(&mut cargo(&[
        "tree",
        "--locked",
        "--workspace",
        "--all-features",
        "-e",
        "normal,build",
        "--prefix",
        "none",
        "-f",
        "{p}|{l}",
    ]))?;
    let packages: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| line.contains('|'))
        .collect();
    let mut wrong = Vec::new();
    for package in &packages {
        let (name, licence) = package.split_once('|').unwrap_or((package, ""));
        if banned
            .iter()
            .any(|banned| name.split_whitespace().next() == Some(banned))
        {
            wrong.push(format!("{name} is banned"));
        }
        if !is_allowed(licence, &allowed) {
            wrong.push(format!(
                "{name} has the licence `{licence}`, which deny.toml does not allow"
            ));
        }
    }
    let lock = std::fs::read_to_string(root().join("Cargo.lock"))?;
    for source in lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .map(|source| source.trim_matches('"'))
    {
        if !registries
            .iter()
            .any(|registry| source.strip_prefix("registry+") == Some(registry))
        {
            wrong.push(format!(
                "Cargo.lock takes from {source}, which deny.toml does not allow"
            ));
        }
    }
    all_well(wrong, packages.len())
}

/// Whether an SPDX expression (`MIT OR Apache-2.0`, `(A OR B) AND C`) is met by the allowed licences.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.trim();
    if let Some(parts) = split(expression, " OR ") {
        return parts.iter().any(|part| is_allowed(part, allowed));
    }
    if let Some(parts) = split(expression, " AND ") {
        return parts.iter().all(|part| is_allowed(part, allowed));
    }
    if let Some(inner) = expression
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return is_allowed(inner, allowed);
    }
    // `MIT/Apache-2.0` is the old spelling of OR.
    expression
        .split('/')
        .any(|licence| allowed.iter().any(|allowed| allowed == licence.trim()))
}

/// Splits at `operator` outside parentheses; `None` where it does not stand.
fn split<'a>(expression: &'a str, operator: &str) -> Option<Vec<&'a str>> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0_i32, 0);
    for (at, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ' ' if depth == 0 && at >= from && expression[at..].starts_with(operator) => {
                parts.push(&expression[from..at]);
                from = at + operator.len();
            }
            _ => {}
        }
    }
    if parts.is_empty() {
        return None;
    }
    parts.push(&expression[from..]);
    Some(parts)
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(&format!("\n{from}"))
        .and_then(|(_, rest)| rest.split_once(to))
        .map_or("", |(inside, _)| inside)
}

fn quoted(text: &str) -> Vec<String> {
    text.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// `count` where nothing is wrong.
///
/// # Errors
/// All that is wrong, a line each.
pub fn all_well(wrong: Vec<String>, count: usize) -> Result<usize, Failed> {
    if wrong.is_empty() {
        println!("{count} looked at");
        return Ok(0);
    }
    Err(Failed::new(format!(
        "{} things are wrong\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    )))
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn licence_expressions_are_read_as_spdx_does() {
        let allowed =
            ["MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "ISC AND (Apache-2.0 OR ISC)",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(GPL-3.0 OR MIT) AND MPL-2.0",
        ] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }
}
