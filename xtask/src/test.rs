//! `cargo xtask test`: everything that must hold before a change lands.

use std::path::Path;
use std::process::Command;

use crate::chore::{Chore, Failed, cargo, root, target};
use crate::{asked_for_help, e2e, fuzz, lint, machine};

const HELP: &str = "\
Everything that must hold before a change lands, cheapest first; the first failure ends it. Installs what the
machine lacks and says so.

Usage: cargo xtask test

Examples:
  cargo xtask test
  cargo nextest run -p border          one crate
  cargo nextest run i07                one invariant, wherever it is tested
";

/// How long each fuzz target runs: enough to replay the corpus and to meet a blunder.
const FUZZ_SECONDS: u32 = 3;

/// The most that a build cache outside the clone may hold before it is begun anew.
const CACHE_LIMIT: u64 = 12 << 30;

/// Runs the chore.
///
/// # Errors
/// The first thing that does not hold.
pub fn run(arguments: &[String]) -> Result<(), Failed> {
    if asked_for_help(arguments, HELP) {
        return Ok(());
    }
    let mut chore = Chore::begin("test");
    tidy()?;
    println!("builds go to {}", target().display());
    machine::prepare(&mut chore)?;
    lint::steps(&mut chore)?;
    units(&mut chore)?;
    vectors(&mut chore)?;
    let gateway = e2e::gateway(&mut chore)?;
    policies(&mut chore, &gateway)?;
    fuzz::steps(&mut chore, FUZZ_SECONDS)?;
    e2e::tests(&mut chore, &gateway, &[])?;
    chore.end();
    Ok(())
}

fn units(chore: &mut Chore) -> Result<(), Failed> {
    if machine::has_cargo("nextest") {
        chore.step(
            "tests",
            &mut cargo(&[
                "nextest",
                "run",
                "--locked",
                "--workspace",
                "--exclude",
                "e2e",
            ]),
        )?;
    } else {
        chore.step(
            "tests",
            &mut cargo(&[
                "test",
                "--locked",
                "--workspace",
                "--exclude",
                "e2e",
                "--all-targets",
            ]),
        )?;
    }
    chore.step(
        "documentation tests",
        &mut cargo(&["test", "--locked", "--workspace", "--doc"]),
    )
}

/// The vectors of tokens, stand-ins and files, opened by the exit kit, which shares no line with `seal`.
fn vectors(chore: &mut Chore) -> Result<(), Failed> {
    let mut command = Command::new(machine::python()?);
    command.current_dir(root().join("crates/seal/tests"));
    command.args(["open_vectors.py", "vectors", "stand_ins", "files"]);
    chore.step("vectors", &mut command)
}

fn policies(chore: &mut Chore, gateway: &Path) -> Result<(), Failed> {
    for verb in ["check", "test"] {
        chore.step(
            &format!("policy {verb}"),
            Command::new(gateway)
                .current_dir(root())
                .args(["policy", verb, "policies"]),
        )?;
    }
    Ok(())
}

/// Begins the shared build cache anew when it has grown past its limit: each clone adds its own packages to it.
fn tidy() -> Result<(), Failed> {
    let folder = target();
    if folder.starts_with(crate::chore::cache()) && folder.is_dir() && size(&folder) > CACHE_LIMIT {
        println!(
            "the build cache has grown past {} GiB: it is begun anew",
            CACHE_LIMIT >> 30
        );
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
