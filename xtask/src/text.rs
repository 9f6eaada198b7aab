//! What must not stand in a tracked file: private keys, and paths of one person's machine.

use std::process::Command;

use crate::chore::{Failed, output, root};
use crate::dependencies::all_well;

/// Reads every tracked text file. Gives back how many there are.
///
/// # Errors
/// Names each file and line that holds what it must not.
pub fn tracked() -> Result<usize, Failed> {
    // Put together here, so that this file does not hold them.
    let unwanted = [
        (
            ["-----BEGIN", "PRIVATE KEY-----"].join(" "),
            "a private key",
        ),
        (
            ["-----BEGIN", "RSA PRIVATE KEY-----"].join(" "),
            "a private key",
        ),
        (
            ["-----BEGIN", "EC PRIVATE KEY-----"].join(" "),
            "a private key",
        ),
        (["", "root", ""].join("/"), "a path of one machine"),
        (
            ["", "home", "runner", ""].join("/"),
            "a path of one machine",
        ),
        (["", "work", "shared"].join("/"), "a path of one machine"),
        (["", "tmp", "w", ""].join("/"), "a path of one machine"),
    ];
    let listed = output(
        Command::new("git")
            .arg("-C")
            .arg(root())
            .args(["ls-files", "-z"]),
    )?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let Ok(text) = std::fs::read_to_string(root().join(name)) else {
            continue;
        };
        count += 1;
        for (at, line) in text.lines().enumerate() {
            for (pattern, what) in unwanted
                .iter()
                .filter(|(pattern, _)| line.contains(pattern.as_str()))
            {
                wrong.push(format!("{name}:{}: {what} ({pattern})", at + 1));
            }
        }
    }
    all_well(wrong, count)
}
