//! An engine on a thread of its own, and the queue before it. What waits is carried out as one group, so that a flush
//! or a round trip costs the same however many wait for it.

use tokio::sync::{mpsc, oneshot};

use crate::Error;
use crate::engine::{Engine, Fingerprint, Name, Pointer};
use crate::{Keep, Row, Segment, Stable};

/// How many requests may wait for an engine before callers wait themselves, and the most of one group.
const QUEUE: usize = 1024;

/// A question and where its answer goes.
#[derive(Debug)]
pub struct Asked<Q, A> {
    question: Q,
    answer: oneshot::Sender<Result<A, Error>>,
}

/// A request of any kind.
#[derive(Debug)]
pub enum Job {
    /// [`Engine::keep`].
    Keep(Asked<Vec<Keep>, Vec<u64>>),
    /// [`Engine::bring`].
    Bring(Asked<Vec<Pointer>, Vec<Option<Row>>>),
    /// [`Engine::erase`].
    Erase(Asked<Vec<Pointer>, Vec<bool>>),
    /// [`Engine::remember`].
    Remember(Asked<Vec<Stable>, ()>),
    /// [`Engine::recall`].
    Recall(Asked<Vec<Name>, Vec<Option<Vec<u8>>>>),
    /// [`Engine::keep_segments`].
    KeepSegments(Asked<Vec<Segment>, ()>),
    /// [`Engine::bring_segments`].
    BringSegments(Asked<Vec<Fingerprint>, Vec<Vec<Vec<u8>>>>),
}

/// The thread and the way to it. Dropping it ends the thread after what is queued is done.
#[derive(Debug)]
pub struct Worker {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread whose engine `open` makes on it, and waits until it is made.
    ///
    /// # Errors
    /// What `open` says, or that the system gives no thread.
    pub fn start<E: Engine + 'static>(
        name: &str,
        open: impl FnOnce() -> Result<E, Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let (queue, mut jobs) = mpsc::channel(QUEUE);
        let (opened, outcome) = std::sync::mpsc::sync_channel(1);
        let run = move || {
            let mut engine = match open() {
                Ok(engine) => engine,
                Err(error) => {
                    // Whoever opens waits for this, or is gone with its thread.
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            let _ = opened.send(Ok(()));
            while let Some(first) = jobs.blocking_recv() {
                let mut group = Group::default();
                group.add(first);
                for _ in 1..QUEUE {
                    match jobs.try_recv() {
                        Ok(job) => group.add(job),
                        Err(_) => break,
                    }
                }
                group.carry_out(&mut engine);
            }
        };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|error| Error::File {
                code: error.raw_os_error().unwrap_or(-1),
                message: error.to_string(),
            })?;
        outcome.recv().map_err(|_| Error::Closed)??;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Queues a question as `kind` and waits for its answer.
    ///
    /// # Errors
    /// What the engine says, or that the vault is closed.
    pub async fn ask<Q, A>(&self, kind: fn(Asked<Q, A>) -> Job, question: Q) -> Result<A, Error> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(Error::Closed)?;
        queue
            .send(kind(Asked { question, answer }))
            .await
            .map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic on that thread was reported there; closing must not raise it again.
            let _ = thread.join();
        }
    }
}

/// The questions of one kind, and beside each where its answer goes.
struct Kind<Q, A> {
    questions: Vec<Q>,
    answers: Vec<oneshot::Sender<Result<A, Error>>>,
}

impl<Q, A> Default for Kind<Q, A> {
    fn default() -> Self {
        Self {
            questions: Vec::new(),
            answers: Vec::new(),
        }
    }
}

impl<Q, A> Kind<Q, A> {
    fn add(&mut self, asked: Asked<Q, A>) {
        self.questions.push(asked.question);
        self.answers.push(asked.answer);
    }

    /// Asks the engine where there is anything to ask, and tells each their own. Whoever asked may be gone; what was
    /// done stands all the same.
    fn each(self, work: impl FnOnce(&[Q]) -> Result<Vec<Result<A, Error>>, Error>) {
        if self.questions.is_empty() {
            return;
        }
        match work(&self.questions) {
            Ok(results) => {
                for (answer, result) in self.answers.into_iter().zip(results) {
                    let _ = answer.send(result);
                }
            }
            Err(error) => {
                for answer in self.answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    fn all(self, work: impl FnOnce(&[Q]) -> Result<Vec<A>, Error>) {
        self.each(|questions| Ok(work(questions)?.into_iter().map(Ok).collect()));
    }
}

#[derive(Default)]
struct Group {
    keep: Kind<Vec<Keep>, Vec<u64>>,
    bring: Kind<Vec<Pointer>, Vec<Option<Row>>>,
    erase: Kind<Vec<Pointer>, Vec<bool>>,
    remember: Kind<Vec<Stable>, ()>,
    recall: Kind<Vec<Name>, Vec<Option<Vec<u8>>>>,
    keep_segments: Kind<Vec<Segment>, ()>,
    bring_segments: Kind<Vec<Fingerprint>, Vec<Vec<Vec<u8>>>>,
}

impl Group {
    fn add(&mut self, job: Job) {
        match job {
            Job::Keep(asked) => self.keep.add(asked),
            Job::Bring(asked) => self.bring.add(asked),
            Job::Erase(asked) => self.erase.add(asked),
            Job::Remember(asked) => self.remember.add(asked),
            Job::Recall(asked) => self.recall.add(asked),
            Job::KeepSegments(asked) => self.keep_segments.add(asked),
            Job::BringSegments(asked) => self.bring_segments.add(asked),
        }
    }

    /// What somebody's bytes wait for comes first.
    fn carry_out(self, engine: &mut impl Engine) {
        self.keep.each(|group| engine.keep(group));
        self.keep_segments.all(|group| {
            engine.keep_segments(group)?;
            Ok(vec![(); group.len()])
        });
        self.bring.all(|group| engine.bring(group));
        self.bring_segments
            .all(|group| engine.bring_segments(group));
        self.recall.all(|group| engine.recall(group));
        self.erase.all(|group| engine.erase(group));
        self.remember.all(|group| {
            engine.remember(group)?;
            Ok(vec![(); group.len()])
        });
    }
}
