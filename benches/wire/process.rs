//! What the system knows of a process: its processor time and its memory.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A running process, by its id.
#[derive(Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// Processor time of all its threads so far, to the nanosecond.
    pub fn time(self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).expect("it runs");
        let of = |thread: fs::DirEntry| {
            let line = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            line.split_whitespace()
                .next()?
                .parse()
                .ok()
                .map(Duration::from_nanos)
        };
        threads.flatten().filter_map(of).sum()
    }

    /// Its resident memory in bytes.
    pub fn memory(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).expect("it runs");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .expect("it is told");
        line.split_whitespace()
            .nth(1)
            .and_then(|number| number.parse::<u64>().ok())
            .expect("a number")
            * 1024
    }
}

/// Lets this process and its children open as many files as the system allows: thousands of connections are made.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )
    .expect("up to the maximum");
}
