//! `cargo xtask lint`: what can be told from the sources alone.

use crate::chore::{Chore, Failed, cargo};
use crate::{asked_for_help, dependencies, machine, text};

const HELP: &str = "\
What can be told from the sources alone: formatting, clippy, the arrows between crates, what tracked files must
not hold, licences and sources, documentation.

Usage: cargo xtask lint [--deny]

Options:
  --deny   also `cargo deny check` (advisories, duplicates), which must be installed: `cargo install cargo-deny`
           takes some minutes. Without it, licences, sources and banned crates are checked by xtask itself
           against the same deny.toml; advisories are not.

Examples:
  cargo xtask lint
  cargo fmt && cargo xtask lint
";

/// Runs the chore.
///
/// # Errors
/// The first lint that does not hold.
pub fn run(arguments: &[String]) -> Result<(), Failed> {
    if asked_for_help(arguments, HELP) {
        return Ok(());
    }
    let mut chore = Chore::begin("lint");
    steps(&mut chore)?;
    if arguments.iter().any(|argument| argument == "--deny") {
        chore.step("cargo deny", &mut cargo(&["deny", "check"]))?;
    }
    chore.end();
    Ok(())
}

/// The lints, cheapest first.
///
/// # Errors
/// The first that does not hold.
pub fn steps(chore: &mut Chore) -> Result<(), Failed> {
    chore.step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    chore.check(
        "tracked text",
        "no private key, no path of one machine",
        text::tracked,
    )?;
    chore.check(
        "arrows",
        "the core knows no runtime, no socket, no store",
        dependencies::arrows,
    )?;
    chore.check(
        "licences",
        "licences, sources and banned crates as in deny.toml",
        dependencies::licences_and_sources,
    )?;
    if machine::has_cargo("deny") {
        chore.step(
            "cargo deny",
            &mut cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]),
        )?;
    }
    chore.step(
        "clippy",
        &mut cargo(&[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    // Private items too: its readers work on it.
    let mut documentation = cargo(&[
        "doc",
        "--locked",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    documentation.env(
        "RUSTDOCFLAGS",
        "-D warnings -A rustdoc::private_intra_doc_links",
    );
    chore.step("documentation", &mut documentation)
}
