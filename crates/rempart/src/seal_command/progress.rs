//! How far a long command is: one line on a terminal, nothing elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the line is written.
const EVERY: Duration = Duration::from_millis(200);

/// A count of bytes that is shown while it grows.
pub struct Progress {
    done: &'static str,
    length: Option<u64>,
    bytes: u64,
    began: Instant,
    /// When the line was last written; `None` where there is no terminal.
    shown: Option<Instant>,
    written: bool,
}

impl Progress {
    /// Counts to `length`, if that is known; `done` is what happens to the bytes.
    pub fn new(done: &'static str, length: Option<u64>) -> Self {
        let now = Instant::now();
        Self {
            done,
            length,
            bytes: 0,
            began: now,
            shown: std::io::stderr().is_terminal().then_some(now),
            written: false,
        }
    }

    /// Counts more bytes.
    pub fn add(&mut self, bytes: u64) {
        self.bytes += bytes;
        if self.shown.is_some_and(|shown| shown.elapsed() >= EVERY) {
            self.shown = Some(Instant::now());
            self.written = true;
            self.write("");
        }
    }

    /// Writes the line for the last time, if it was written at all.
    pub fn finish(mut self) {
        if self.written {
            self.written = false;
            self.write("\n");
        }
    }

    fn write(&self, end: &str) {
        let line = line(self.done, self.bytes, self.length, self.began.elapsed());
        // A terminal that is gone is told nothing.
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}{end}");
    }
}

/// What interrupts it begins a line of its own.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.written {
            let _ = writeln!(std::io::stderr());
        }
    }
}

fn line(done: &str, bytes: u64, length: Option<u64>, elapsed: Duration) -> String {
    let megabytes = bytes as f64 / 1e6;
    let rate = megabytes / elapsed.as_secs_f64().max(0.001);
    match length.filter(|length| *length > 0) {
        Some(length) => {
            let part = 100.0 * bytes as f64 / length as f64;
            let all = length as f64 / 1e6;
            format!("{done} {megabytes:.1} of {all:.1} MB ({part:.0} %), {rate:.0} MB/s")
        }
        None => format!("{done} {megabytes:.1} MB, {rate:.0} MB/s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is() {
        let second = Duration::from_secs(1);
        assert_eq!(
            line("sealed", 25_000_000, Some(100_000_000), second),
            "sealed 25.0 of 100.0 MB (25 %), 25 MB/s"
        );
        assert_eq!(
            line("opened", 500_000, None, second),
            "opened 0.5 MB, 0 MB/s"
        );
    }
}
