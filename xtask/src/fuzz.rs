//! `cargo xtask fuzz`: every parser against generated input, on the stable compiler.
//!
//! libFuzzer needs coverage counters only, which stable rustc inserts when LLVM's own pass is named; the
//! sanitizers that need a nightly compiler look for what safe Rust rules out.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::asked_for_help;
use crate::chore::{Chore, Failed, cargo, output, root, target};

const HELP: &str = "\
Every parser against generated input. What is found is written to fuzz/artifacts/TARGET; what is learnt stays in
the build directory, and `--learn` copies it into fuzz/corpus.

Usage: cargo xtask fuzz [TARGET] [--seconds N] [--learn]

Examples:
  cargo xtask fuzz                      each target for a minute
  cargo xtask fuzz json --seconds 600
  cargo xtask fuzz json fuzz/artifacts/json/crash-1a2b     one input again
";

const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs the chore.
///
/// # Errors
/// The first input that breaks a target.
pub fn run(arguments: &[String]) -> Result<(), Failed> {
    if asked_for_help(arguments, HELP) {
        return Ok(());
    }
    let mut seconds = 60;
    let mut learn = false;
    let mut named = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--seconds" => {
                seconds = rest
                    .next()
                    .and_then(|seconds| seconds.parse().ok())
                    .ok_or_else(|| Failed::new("--seconds takes a number"))?;
            }
            "--learn" => learn = true,
            other => named.push(other.to_owned()),
        }
    }
    let mut chore = Chore::begin("fuzz");
    let programs = build(&mut chore)?;
    match named.as_slice() {
        [] => each(&mut chore, &programs, seconds, learn)?,
        [name] => one(&mut chore, &programs, name, seconds, learn)?,
        [name, input, ..] => {
            let mut again = Command::new(programs.join(name));
            chore.step(name, again.current_dir(root()).arg(input))?;
        }
    }
    chore.end();
    Ok(())
}

/// Every target for so many seconds.
///
/// # Errors
/// The first input that breaks one.
pub fn steps(chore: &mut Chore, seconds: u32) -> Result<(), Failed> {
    let programs = build(chore)?;
    each(chore, &programs, seconds, false)
}

fn each(chore: &mut Chore, programs: &Path, seconds: u32, learn: bool) -> Result<(), Failed> {
    for name in targets()? {
        one(chore, programs, &name, seconds, learn)?;
    }
    Ok(())
}

fn build(chore: &mut Chore) -> Result<PathBuf, Failed> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or_else(|| Failed::new("rustc does not name its host"))?
        .to_owned();
    let folder = target().join("fuzz");
    // Naming the target keeps the counters out of build scripts and procedural macros.
    let mut command = cargo(&[
        "build",
        "--release",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--target",
        &host,
    ]);
    chore.step(
        "build fuzz targets",
        command
            .env("RUSTFLAGS", COVERAGE)
            .env("CARGO_TARGET_DIR", &folder),
    )?;
    Ok(folder.join(host).join("release"))
}

/// The names of the targets: the files of `fuzz/targets`.
fn targets() -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("fuzz").join("targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    names.sort();
    Ok(names)
}

fn one(
    chore: &mut Chore,
    programs: &Path,
    name: &str,
    seconds: u32,
    learn: bool,
) -> Result<(), Failed> {
    let kept = root().join("fuzz").join("corpus").join(name);
    let learnt = if learn {
        kept.clone()
    } else {
        target().join("fuzz").join("corpus").join(name)
    };
    let artifacts = root().join("fuzz").join("artifacts").join(name);
    for folder in [&kept, &learnt, &artifacts] {
        std::fs::create_dir_all(folder)?;
    }
    let mut command = Command::new(programs.join(name));
    command.current_dir(root()).arg(&learnt);
    if learnt != kept {
        command.arg(&kept);
    }
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=0",
            "-verbosity=0",
        ]);
    chore.step(&format!("fuzz {name}"), &mut command)
}
