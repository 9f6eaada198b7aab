//! `cargo xtask kill`: invariant I11 at length.

use crate::chore::{Chore, Failed, cargo};
use crate::{asked_for_help, e2e, machine};

const HELP: &str = "\
Kills a gateway under load with `kill -9` and starts it again, many times: every value that a client was told is
stored must open afterwards. The vault is a SQLite file; a tenth as many kills go to one on PostgreSQL.

Usage: cargo xtask kill [--times N]     N is 1000 where it is not given: some twenty minutes

Examples:
  cargo xtask kill
  cargo xtask kill --times 100
";

/// Runs the chore.
///
/// # Errors
/// The first value that is lost.
pub fn run(arguments: &[String]) -> Result<(), Failed> {
    if asked_for_help(arguments, HELP) {
        return Ok(());
    }
    let times = match arguments {
        [] => 1000,
        [flag, times] if flag == "--times" => times
            .parse::<u32>()
            .map_err(|_| Failed::new(format!("`{times}` is no number of times")))?,
        _ => return Err(Failed::new(HELP)),
    };
    let mut chore = Chore::begin("kill");
    machine::prepare(&mut chore)?;
    let gateway = e2e::gateway(&mut chore)?;
    chore.step(
        "kill",
        cargo(&[
            "test",
            "--locked",
            "-p",
            "e2e",
            "--test",
            "suite",
            "--",
            "--nocapture",
            "--test-threads=1",
            "i11_under_load",
        ])
        .env("REMPART_BIN", gateway)
        .env("REMPART_KILLS", times.to_string()),
    )?;
    chore.end();
    Ok(())
}
