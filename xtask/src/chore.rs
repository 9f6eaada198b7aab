//! Steps of a chore: a command is shown, run to its end, timed and counted; the first failure ends the chore.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Why a chore ended early.
#[derive(Debug)]
pub struct Failed(String);

impl Failed {
    /// A failure that is explained by `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The steps that ran, and what their runners counted.
#[derive(Debug)]
pub struct Chore {
    began: Instant,
    steps: usize,
    tests: usize,
}

impl Chore {
    /// Begins with nothing done.
    pub fn begin(title: &str) -> Self {
        println!("rempart · {title}");
        Self {
            began: Instant::now(),
            steps: 0,
            tests: 0,
        }
    }

    /// Runs `command` as the step `name`.
    ///
    /// # Errors
    /// Where it cannot start or ends with anything but success.
    pub fn step(&mut self, name: &str, command: &mut Command) -> Result<(), Failed> {
        let line = spell(command);
        self.check(name, &line, || pass_on(command))
    }

    /// Runs a check of our own as the step `name`; it gives back how many things it checked.
    ///
    /// # Errors
    /// What the check finds.
    pub fn check(
        &mut self,
        name: &str,
        line: &str,
        check: impl FnOnce() -> Result<usize, Failed>,
    ) -> Result<(), Failed> {
        println!("\n━━ {name} ━━ {line}");
        let began = Instant::now();
        let counted = check().map_err(|failed| {
            Failed::new(format!(
                "the step `{name}` failed after {:.1} s: {failed}\n       it ran: {line}",
                began.elapsed().as_secs_f64()
            ))
        })?;
        self.steps += 1;
        self.tests += counted;
        println!("━━ {name} ━━ holds, {:.1} s", began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Says that all is done, with the line that counts.
    pub fn end(self) {
        let seconds = self.began.elapsed().as_secs();
        println!(
            "\n{} steps hold, {} min {:02} s",
            self.steps,
            seconds / 60,
            seconds % 60
        );
        println!("{} passed, 0 failed", self.tests.max(self.steps));
    }
}

/// Runs a command whose output is shown as it comes, and adds up the tests that its runner counts.
fn pass_on(command: &mut Command) -> Result<usize, Failed> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Failed::new(format!("`{program}` does not start: {error}")))?;
    let errors = child.stderr.take();
    let reader =
        std::thread::spawn(move || errors.map_or(0, |errors| forward(errors, std::io::stderr())));
    let mut passed = child
        .stdout
        .take()
        .map_or(0, |output| forward(output, std::io::stdout()));
    passed += reader.join().unwrap_or(0);
    let status = child.wait()?;
    if status.success() {
        Ok(passed)
    } else {
        Err(Failed::new(format!("`{program}` ended with {status}")))
    }
}

fn forward(from: impl Read, mut to: impl Write) -> usize {
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    let mut passed = 0;
    while matches!(lines.read_until(b'\n', &mut line), Ok(read) if read > 0) {
        passed += passed_in(&String::from_utf8_lossy(&line));
        if to.write_all(&line).and_then(|()| to.flush()).is_err() {
            break;
        }
        line.clear();
    }
    passed
}

/// How many tests the closing line of `cargo test`, nextest or `rempart policy test` says have passed; 0 for any
/// other line.
fn passed_in(line: &str) -> usize {
    let plain = line.trim();
    let closes = plain.starts_with("test result:")
        || plain.starts_with("Summary [")
        || plain.ends_with(" passed, 0 failed");
    if !closes {
        return 0;
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    words
        .windows(2)
        .find(|pair| pair.get(1).is_some_and(|word| word.starts_with("passed")))
        .and_then(|pair| pair.first()?.parse().ok())
        .unwrap_or(0)
}

/// The command as a person would type it.
pub fn spell(command: &Command) -> String {
    let mut line = String::new();
    for (key, value) in command.get_envs() {
        if let Some(value) = value.filter(|_| !key.to_string_lossy().starts_with("CARGO_TARGET")) {
            line.push_str(&format!(
                "{}={:?} ",
                key.to_string_lossy(),
                value.to_string_lossy()
            ));
        }
    }
    let program = Path::new(command.get_program());
    line.push_str(
        &program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy(),
    );
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// Runs a command quietly and gives back what it wrote to standard output.
///
/// # Errors
/// Where it cannot start or ends with anything but success.
pub fn output(command: &mut Command) -> Result<String, Failed> {
    let line = spell(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failed::new(format!("`{line}`: {error}")))?;
    if !output.status.success() {
        return Err(Failed::new(format!(
            "`{line}`: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The root of the clone.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap_or_else(|_| PathBuf::from("."))
}

/// `cargo`, in the root of the clone, with the target directory of [`target`].
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(root())
        .args(arguments)
        .env("CARGO_TARGET_DIR", target());
    for (key, _) in std::env::vars_os() {
        // What cargo says of xtask itself must not reach other packages: it would build them again.
        let name = key.to_string_lossy();
        if name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST") {
            command.env_remove(&key);
        }
    }
    command
}

/// Where builds go: as the caller says; in continuous integration, whose clone is new each time, the user's
/// cache; else the clone's own `target`.
///
/// Clones share no package of ours there, since cargo's names for them hold their path; what cargo puts under
/// a plain name (`debug/rempart`) is copied out of it before it is used (`e2e.rs`).
pub fn target() -> PathBuf {
    if let Some(named) = std::env::var_os("CARGO_TARGET_DIR") {
        return std::path::absolute(&named).unwrap_or_else(|_| named.into());
    }
    if std::env::var_os("CI").is_some() {
        cache().join("target")
    } else {
        root().join("target")
    }
}

/// What outlives a clone: the Python environment, and builds in continuous integration.
pub fn cache() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("rempart")
}

#[cfg(test)]
mod tests {
    use super::passed_in;

    #[test]
    fn closing_lines_of_the_runners_are_counted() {
        assert_eq!(
            passed_in("test result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.00s\n"),
            3
        );
        assert_eq!(
            passed_in("     Summary [   0.005s] 12 tests run: 12 passed, 0 skipped\n"),
            12
        );
        assert_eq!(passed_in("21 passed, 0 failed\n"), 21);
        assert_eq!(passed_in("test passed_in ... ok"), 0);
    }
}
