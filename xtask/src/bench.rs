//! `cargo xtask bench`: what Rempart costs, beside what others cost.

use crate::asked_for_help;
use crate::chore::{Failed, cargo, root, target};

const HELP: &str = "\
Builds the release binary and the benches (a workspace of their own), runs them on loopback and prints a table;
nothing is asserted. What it measures, and on what the figures in benches/README.md were taken, stands there.

Usage: cargo xtask bench [core [part]...|vault|wire]

Examples:
  cargo xtask bench             all, some minutes
  cargo xtask bench core        rewriting, scanning, sealing: no network
  cargo xtask bench core bodies each format of bodies, and nothing else
  cargo xtask bench vault       keeping values at home: SQLite and PostgreSQL
";

/// Runs the chore.
///
/// # Errors
/// Where something does not compile or a bench cannot run.
pub fn run(arguments: &[String]) -> Result<(), Failed> {
    if asked_for_help(arguments, HELP) {
        return Ok(());
    }
    let folder = target().join("benches");
    let which = arguments.first().map(String::as_str);
    let mut commands = Vec::new();
    for name in ["core", "vault", "wire"] {
        if which.is_some_and(|which| which != name) {
            continue;
        }
        if name == "wire" {
            commands.push(cargo(&["build", "--locked", "--release", "-p", "rempart"]));
        }
        let mut command = cargo(&[
            "run",
            "--locked",
            "--release",
            "--manifest-path",
            "benches/Cargo.toml",
            "--bin",
            name,
            "--",
        ]);
        command.args(arguments.iter().skip(1));
        commands.push(command);
    }
    for mut command in commands {
        if command
            .get_args()
            .any(|argument| argument == "benches/Cargo.toml")
        {
            command.env("CARGO_TARGET_DIR", &folder);
        }
        command
            .env("REMPART_BIN", target().join("release").join("rempart"))
            .current_dir(root());
        let status = command.status()?;
        if !status.success() {
            return Err(Failed::new(format!("the bench ended with {status}")));
        }
    }
    Ok(())
}
