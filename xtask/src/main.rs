//! The project's own chores, as `cargo xtask NAME`.
//!
//! Only the standard library, so that a new clone compiles it in seconds. Every chore says what it runs, how
//! long it took, and what to type to run that one thing again.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to a terminal"
)]

mod bench;
mod chore;
mod dependencies;
mod e2e;
mod fuzz;
mod kill;
mod lint;
mod machine;
mod test;
mod text;

use std::process::ExitCode;

use chore::Failed;

const HELP: &str = "\
The project's own chores.

Usage: cargo xtask <CHORE>

Chores:
  test     everything that must hold before a change lands (installs what the machine lacks)
  lint     formatting, clippy, the arrows between crates, licences and sources, documentation
  e2e      the end-to-end tests alone: real clients against real gateways
  fuzz     every parser against generated input
  kill     a gateway under load, killed and started again many times: nothing that was told is lost
  bench    what Rempart costs, beside what others cost, as a table

Examples:
  cargo xtask test
  cargo xtask e2e chromium
  cargo xtask fuzz json --seconds 600
  cargo xtask <CHORE> --help
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match chore.as_str() {
        "test" => test::run(&rest),
        "lint" => lint::run(&rest),
        "e2e" => e2e::run(&rest),
        "fuzz" => fuzz::run(&rest),
        "kill" => kill::run(&rest),
        "bench" => bench::run(&rest),
        "" | "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(Failed::new(format!(
            "there is no chore `{other}`; `cargo xtask --help` lists them"
        ))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("\nxtask: {failed}");
            ExitCode::FAILURE
        }
    }
}

/// Prints `help` where the arguments ask for it, and says whether they did.
fn asked_for_help(arguments: &[String], help: &str) -> bool {
    let asked = arguments
        .iter()
        .any(|argument| argument == "-h" || argument == "--help");
    if asked {
        print!("{help}");
    }
    asked
}
