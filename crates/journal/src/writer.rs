//! The append-only file and the thread that writes it. Entries that arrive together share one flush.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::{Entry, Error};

/// How long an entry nobody waits for may stay in memory (design §4.7).
pub const GROUPING: Duration = Duration::from_millis(100);

/// How many entries may wait for the thread before whoever appends waits itself.
const QUEUE: usize = 4096;

struct Job {
    line: Vec<u8>,
    durable: Option<oneshot::Sender<Result<(), Error>>>,
}

/// The journal. Dropping it writes what is queued and closes the file.
#[derive(Debug)]
pub struct Journal {
    queue: Option<SyncSender<Job>>,
    thread: Option<std::thread::JoinHandle<()>>,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal at `path`, making the file where there is none.
    ///
    /// # Errors
    /// What the system says of the file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let fault = |error: std::io::Error| Error::File {
            path: path.display().to_string(),
            message: error.to_string(),
        };
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(fault)?;
        let (queue, jobs) = sync_channel(QUEUE);
        let name = path.display().to_string();
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_all(file, &name, &jobs))
            .map_err(fault)?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            path: path.to_owned(),
        })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends an entry that may be on disk a little later, within [`GROUPING`].
    ///
    /// # Errors
    /// The journal is closed.
    pub fn note(&self, entry: &Entry) -> Result<(), Error> {
        self.send(Job {
            line: line(entry)?,
            durable: None,
        })
    }

    /// Appends an entry and waits until it is durable.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the entry in the queue: it is written all the same.
    ///
    /// # Errors
    /// What the system says of the write, or the journal is closed.
    pub async fn record(&self, entry: &Entry) -> Result<(), Error> {
        let (durable, done) = oneshot::channel();
        self.send(Job {
            line: line(entry)?,
            durable: Some(durable),
        })?;
        done.await.map_err(|_| Error::Closed)?
    }

    fn send(&self, job: Job) -> Result<(), Error> {
        self.queue
            .as_ref()
            .ok_or(Error::Closed)?
            .send(job)
            .map_err(|_| Error::Closed)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic on that thread was reported there.
            let _ = thread.join();
        }
    }
}

fn line(entry: &Entry) -> Result<Vec<u8>, Error> {
    let mut line = serde_json::to_vec(entry).map_err(|error| Error::File {
        path: String::new(),
        message: error.to_string(),
    })?;
    line.push(b'\n');
    Ok(line)
}

/// Writes until every sender is gone. A failed write is told to whoever waits and reported once to the log; the
/// next group tries again.
fn write_all(mut file: File, path: &str, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let deadline = Instant::now() + GROUPING;
        let mut urgent = first.durable.is_some();
        let mut lines = first.line;
        let mut waiting: Vec<_> = first.durable.into_iter().collect();
        loop {
            let patience = if urgent {
                Duration::ZERO
            } else {
                deadline.saturating_duration_since(Instant::now())
            };
            match jobs.recv_timeout(patience) {
                Ok(job) => {
                    urgent |= job.durable.is_some();
                    lines.extend_from_slice(&job.line);
                    waiting.extend(job.durable);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        let written = file.write_all(&lines).and_then(|()| file.sync_data());
        let result = written.map_err(|error| Error::File {
            path: path.to_owned(),
            message: error.to_string(),
        });
        if let Err(error) = &result {
            tracing::error!(%error, "journal entries were lost");
        }
        for durable in waiting {
            // Whoever waited may be gone.
            let _ = durable.send(result.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Count, Outcome};

    fn entry(reference: &str) -> Entry {
        Entry {
            time: "2026-11-24T00:00:00Z".into(),
            reference: reference.into(),
            app: "practice".into(),
            route: Some("POST /api/children".into()),
            outcome: Outcome::Refused {
                code: "unreadable-body".into(),
            },
            protected: vec![Count {
                field: "last-name".into(),
                count: 2,
            }],
            revealed: Vec::new(),
            unopened: 0,
        }
    }

    #[tokio::test]
    async fn a_recorded_entry_is_in_the_file_before_record_returns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::open(&path).unwrap();
        journal.record(&entry("one")).await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            serde_json::from_str::<Entry>(text.trim_end()).unwrap(),
            entry("one")
        );
    }

    #[tokio::test]
    async fn dropping_the_journal_writes_what_was_noted_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::open(&path).unwrap();
        for n in 0..200 {
            journal.note(&entry(&n.to_string())).unwrap();
        }
        drop(journal);
        let text = std::fs::read_to_string(&path).unwrap();
        let references: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<Entry>(line).unwrap().reference)
            .collect();
        assert_eq!(
            references,
            (0..200).map(|n| n.to_string()).collect::<Vec<_>>()
        );
    }
}
