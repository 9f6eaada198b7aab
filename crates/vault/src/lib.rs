//! Values that stay home, behind the pointers that stand in the SaaS.
//!
//! The values come sealed; the vault never holds a plaintext or a key. [`Vault::keep`] returns when its rows are
//! durable (SQLite in WAL mode with `synchronous = FULL`), so that a pointer may leave the moment it answers
//! (I11). Waiting writers share one transaction: a commit costs one flush, however many wait for it.

mod error;
mod sqlite;

pub use error::Error;

use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};

use sqlite::Engine;

/// Pointers are 40 bits: what a 16-character pointer carries beside its check.
pub const POINTER_BITS: u32 = 40;

/// How many requests may wait for an engine thread before callers wait themselves.
const QUEUE: usize = 1024;

/// A value to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The app whose pointer this is.
    pub app: String,
    /// The field.
    pub field: String,
    /// The identity to try first; where another row has it, the next free one drawn from it is taken. A row that
    /// is kept already, the same in all else, keeps the identity that it has: equal values, sealed so that equal
    /// values are equal, share one.
    pub first: u64,
    /// The value, sealed.
    pub sealed: Vec<u8>,
}

/// A row as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The field it was kept for.
    pub field: String,
    /// The value, sealed.
    pub sealed: Vec<u8>,
}

/// The store at home. Dropping it closes the database after what is queued is done.
#[derive(Debug)]
pub struct Vault {
    writer: Worker<Vec<Keep>, Vec<u64>>,
    reader: Worker<Vec<(String, u64)>, Vec<Option<Row>>>,
}

impl Vault {
    /// Opens the vault at `url`: `sqlite:PATH`. Makes the database where there is none, readable by its owner only.
    ///
    /// # Errors
    /// An unknown scheme, or what SQLite says of the file.
    pub fn open(url: &str) -> Result<Self, Error> {
        let path = url
            .strip_prefix("sqlite:")
            .map(PathBuf::from)
            .ok_or_else(|| Error::Scheme {
                url: url.to_owned(),
            })?;
        let writing = Engine::open(&path)?;
        let reading = Engine::open(&path)?;
        Ok(Self {
            writer: Worker::start("vault-write", writing, Engine::keep_all),
            reader: Worker::start("vault-read", reading, Engine::bring_all),
        })
    }

    /// Keeps these values and returns the identity of each, in order, once all are durable.
    ///
    /// # Cancel safety
    /// Dropping the future does not undo the write: rows nobody points to may remain.
    ///
    /// # Errors
    /// What the database says; then none of the rows is kept.
    pub async fn keep(&self, rows: Vec<Keep>) -> Result<Vec<u64>, Error> {
        self.writer.ask(rows).await
    }

    /// Brings the rows behind these (app, identity) pairs, in order; `None` where there is no such row.
    ///
    /// # Errors
    /// What the database says.
    pub async fn bring(&self, wanted: Vec<(String, u64)>) -> Result<Vec<Option<Row>>, Error> {
        self.reader.ask(wanted).await
    }
}

/// A request and where its answer goes.
struct Job<Q, A> {
    question: Q,
    answer: oneshot::Sender<Result<A, Error>>,
}

/// An engine on a thread of its own: SQLite blocks, and its connection wants one owner.
#[derive(Debug)]
struct Worker<Q, A> {
    queue: Option<mpsc::Sender<Job<Q, A>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl<Q: Send + 'static, A: Send + 'static> Worker<Q, A> {
    fn start(
        name: &str,
        mut engine: Engine,
        work: fn(&mut Engine, &[Q]) -> Result<Vec<A>, Error>,
    ) -> Self {
        let (queue, mut jobs) = mpsc::channel::<Job<Q, A>>(QUEUE);
        let run = move || {
            while let Some(first) = jobs.blocking_recv() {
                let mut waiting = vec![first];
                while waiting.len() < QUEUE {
                    match jobs.try_recv() {
                        Ok(job) => waiting.push(job),
                        Err(_) => break,
                    }
                }
                let (questions, answers): (Vec<Q>, Vec<_>) = waiting
                    .into_iter()
                    .map(|job| (job.question, job.answer))
                    .unzip();
                match work(&mut engine, &questions) {
                    Ok(results) => {
                        for (answer, result) in answers.into_iter().zip(results) {
                            // Whoever asked may be gone; the rows stand all the same.
                            let _ = answer.send(Ok(result));
                        }
                    }
                    Err(error) => {
                        for answer in answers {
                            let _ = answer.send(Err(error.clone()));
                        }
                    }
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .ok();
        Self {
            queue: thread.is_some().then_some(queue),
            thread,
        }
    }

    async fn ask(&self, question: Q) -> Result<A, Error> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(Error::Closed)?;
        queue
            .send(Job { question, answer })
            .await
            .map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl<Q, A> Drop for Worker<Q, A> {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic on that thread was reported there; closing must not raise it again.
            let _ = thread.join();
        }
    }
}
