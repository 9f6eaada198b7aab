//! `cargo xtask e2e`: real clients against real gateways.

use std::path::PathBuf;

use crate::chore::{Chore, Failed, cargo, root, target};
use crate::{asked_for_help, machine};

const HELP: &str = "\
The end-to-end tests alone: real `rempart` processes, real origins, and curl, Python, Node and Chromium.

Usage: cargo xtask e2e [FILTER]

Examples:
  cargo xtask e2e
  cargo xtask e2e chromium
  cargo xtask e2e i05_
";

/// Runs the chore.
///
/// # Errors
/// The first test that fails.
pub fn run(arguments: &[String]) -> Result<(), Failed> {
    if asked_for_help(arguments, HELP) {
        return Ok(());
    }
    let mut chore = Chore::begin("end to end");
    machine::prepare(&mut chore)?;
    let gateway = gateway(&mut chore)?;
    tests(&mut chore, &gateway, arguments)?;
    chore.end();
    Ok(())
}

/// Builds `rempart` and copies it into the clone's own `target`, where no other clone writes.
///
/// # Errors
/// Where it does not compile.
pub fn gateway(chore: &mut Chore) -> Result<PathBuf, Failed> {
    chore.step("build", &mut cargo(&["build", "--locked", "-p", "rempart"]))?;
    let folder = root().join("target").join("e2e");
    std::fs::create_dir_all(&folder)?;
    let copy = folder.join("rempart");
    // Written beside and renamed: a running copy of an earlier build keeps its bytes.
    std::fs::copy(
        target().join("debug").join("rempart"),
        folder.join("rempart.new"),
    )?;
    std::fs::rename(folder.join("rempart.new"), &copy)?;
    Ok(copy)
}

/// Runs the tests of the package `e2e` against `gateway`.
///
/// # Errors
/// The first test that fails.
pub fn tests(chore: &mut Chore, gateway: &PathBuf, filter: &[String]) -> Result<(), Failed> {
    let mut command = if machine::has_cargo("nextest") {
        cargo(&["nextest", "run", "--locked", "-p", "e2e"])
    } else {
        cargo(&["test", "--locked", "-p", "e2e", "--"])
    };
    command.args(filter);
    if !machine::has_cargo("nextest") {
        command.arg("--test-threads=2");
    }
    command
        .env("REMPART_BIN", gateway)
        .env("REMPART_PYTHON", machine::python()?);
    chore.step("end to end", &mut command)
}
