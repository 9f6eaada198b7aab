//! The append-only file and the thread that writes it. Entries that arrive together share one flush, and the thread is
//! woken once for all of them: an entry that nobody waits for costs its line and a lock.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;

use crate::{Entry, Error, KeyEvent};

/// How long an entry nobody waits for may stay in memory (design §4.7).
pub const GROUPING: Duration = Duration::from_millis(100);

/// How many bytes of lines may wait for the thread before whoever appends waits itself.
const QUEUE: usize = 4 << 20;

type Waiting = oneshot::Sender<Result<(), Error>>;

/// What waits to be written.
#[derive(Debug, Default)]
struct Queue {
    lines: Vec<u8>,
    waiting: Vec<Waiting>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Told when the first line comes, when somebody waits, and when the journal closes.
    filled: Condvar,
    /// Told when the lines were taken.
    taken: Condvar,
}

impl Shared {
    /// A panic while the lock was held leaves lines that are whole: each is appended at once.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The journal. Dropping it writes what is queued and closes the file.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
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
        let shared = Arc::new(Shared::default());
        let (name, queue) = (path.display().to_string(), Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_all(file, &name, &queue))
            .map_err(fault)?;
        Ok(Self {
            shared,
            thread: Some(thread),
            path: path.to_owned(),
        })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends an entry that may be on disk a little later, within [`GROUPING`] of the disk's own time. Waits only
    /// where the disk has fallen behind by megabytes.
    ///
    /// # Errors
    /// The journal is closed.
    pub fn note(&self, entry: &Entry) -> Result<(), Error> {
        self.append(entry, None)
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
        self.append(entry, Some(durable))?;
        done.await.map_err(|_| Error::Closed)?
    }

    /// Appends what happened to keys and waits until it is durable. Blocks: not for a thread that drives a runtime.
    ///
    /// # Errors
    /// As [`Journal::record`].
    ///
    /// # Panics
    /// When it is called from asynchronous code, which must not block.
    pub fn record_keys(&self, event: &KeyEvent) -> Result<(), Error> {
        let (durable, done) = oneshot::channel();
        self.append(event, Some(durable))?;
        done.blocking_recv().map_err(|_| Error::Closed)?
    }

    fn append(&self, entry: &impl Serialize, durable: Option<Waiting>) -> Result<(), Error> {
        let mut line = serde_json::to_vec(entry).map_err(|error| Error::File {
            path: self.path.display().to_string(),
            message: error.to_string(),
        })?;
        line.push(b'\n');
        let mut queue = self.shared.lock();
        while queue.lines.len() >= QUEUE && !queue.closed {
            queue = self
                .shared
                .taken
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if queue.closed {
            return Err(Error::Closed);
        }
        let wakes = queue.lines.is_empty() || durable.is_some();
        queue.lines.extend_from_slice(&line);
        queue.waiting.extend(durable);
        drop(queue);
        if wakes {
            self.shared.filled.notify_one();
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
        self.shared.taken.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic on that thread was reported there.
            let _ = thread.join();
        }
    }
}

/// Writes until the journal is closed. A failed write is told to whoever waits and reported once to the log; the
/// next group tries again.
fn write_all(mut file: File, path: &str, shared: &Shared) {
    while let Some((lines, waiting)) = next_group(shared) {
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

/// The next lines to write: at once where somebody waits for them, else what comes within [`GROUPING`]. `None` when
/// the journal is closed and everything is written.
fn next_group(shared: &Shared) -> Option<(Vec<u8>, Vec<Waiting>)> {
    let mut queue = shared.lock();
    while queue.lines.is_empty() {
        if queue.closed {
            return None;
        }
        queue = shared
            .filled
            .wait(queue)
            .unwrap_or_else(PoisonError::into_inner);
    }
    let patient = |queue: &mut Queue| queue.waiting.is_empty() && !queue.closed;
    let (mut queue, _) = shared
        .filled
        .wait_timeout_while(queue, GROUPING, patient)
        .unwrap_or_else(PoisonError::into_inner);
    let group = (
        std::mem::take(&mut queue.lines),
        std::mem::take(&mut queue.waiting),
    );
    drop(queue);
    shared.taken.notify_all();
    Some(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Count, KeyChange, Outcome};

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

    #[test]
    fn what_happened_to_keys_is_in_the_file_before_record_keys_returns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::open(&path).unwrap();
        let event = KeyEvent {
            time: "2026-11-24T00:00:00Z".into(),
            keys: KeyChange::Restored {
                backup: "4f2a91c0".into(),
            },
        };
        journal.record_keys(&event).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{\"time\":\"2026-11-24T00:00:00Z\",\"keys\":{\"restored\":{\"backup\":\"4f2a91c0\"}}}\n"
        );
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
