//! The subjects of a keyring in memory: their wrapped secrets, the keys that join one of them to an epoch, and which
//! of both are written down already.
//!
//! Secrets stay wrapped until they are asked for. Nothing is ever taken out: a subject that is shredded loses its wrap
//! and keeps its entry, so that its tokens are known for what they are.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::id::{KeyId, SubjectName};
use crate::wrap::Wrapped;

/// One secret of one subject.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) app: String,
    pub(crate) name: SubjectName,
    /// Counted from 1: a subject that comes back after it was shredded gets another secret.
    pub(crate) generation: u32,
    /// Absent once the subject was shredded.
    pub(crate) wrapped: Option<Wrapped>,
    /// Where the secret of the generation before stands.
    before: Option<usize>,
}

/// A key that belongs to an epoch and a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Join {
    pub(crate) key_id: KeyId,
    /// The epoch's own name.
    pub(crate) epoch: KeyId,
    /// Which of [`Subjects::all`].
    pub(crate) subject: usize,
}

/// How many entries of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectCount {
    /// Secrets of subjects, those that were shredded included.
    pub subjects: usize,
    /// Keys that join an epoch and a subject.
    pub keys: usize,
}

impl SubjectCount {
    /// The greater of each.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            subjects: self.subjects.max(other.subjects),
            keys: self.keys.max(other.keys),
        }
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Subjects {
    all: Vec<Subject>,
    joins: Vec<Join>,
    /// The latest secret of each subject, by app.
    latest: HashMap<String, HashMap<SubjectName, usize>>,
    by_pair: HashMap<(KeyId, usize), KeyId>,
    written: SubjectCount,
    /// A wrap that is written down was destroyed here.
    shredded: bool,
}

impl Subjects {
    pub(crate) fn all(&self) -> &[Subject] {
        &self.all
    }

    pub(crate) fn joins(&self) -> &[Join] {
        &self.joins
    }

    pub(crate) fn count(&self) -> SubjectCount {
        SubjectCount {
            subjects: self.all.len(),
            keys: self.joins.len(),
        }
    }

    /// Where this secret of a subject stands.
    pub(crate) fn of(&self, app: &str, name: SubjectName, generation: u32) -> Option<usize> {
        let mut place = self.latest(app, name)?;
        while self.all.get(place)?.generation != generation {
            place = self.all.get(place)?.before?;
        }
        Some(place)
    }

    /// Where the latest secret of a subject stands, destroyed or not.
    pub(crate) fn latest(&self, app: &str, name: SubjectName) -> Option<usize> {
        self.latest.get(app)?.get(&name).copied()
    }

    /// The key of this epoch for this subject.
    pub(crate) fn joined(&self, epoch: KeyId, subject: usize) -> Option<KeyId> {
        self.by_pair.get(&(epoch, subject)).copied()
    }

    /// Adds a secret, which must be the next generation of its subject.
    pub(crate) fn add(
        &mut self,
        app: &str,
        name: SubjectName,
        generation: u32,
        wrapped: Option<Wrapped>,
    ) -> usize {
        let place = self.all.len();
        let before = match self.latest.get_mut(app) {
            Some(of_app) => of_app.insert(name, place),
            None => {
                let of_app = HashMap::from([(name, place)]);
                self.latest.insert(app.to_owned(), of_app);
                None
            }
        };
        self.all.push(Subject {
            app: app.to_owned(),
            name,
            generation,
            wrapped,
            before,
        });
        place
    }

    pub(crate) fn join(&mut self, join: Join) {
        self.by_pair.insert((join.epoch, join.subject), join.key_id);
        self.joins.push(join);
    }

    /// Destroys every secret of a subject; how many there were.
    pub(crate) fn shred(&mut self, app: &str, name: SubjectName) -> usize {
        let mut destroyed = 0;
        let written = self.written.subjects;
        for (place, subject) in self.all.iter_mut().enumerate() {
            if subject.name == name && subject.app == app && subject.wrapped.take().is_some() {
                destroyed += 1;
                self.shredded |= place < written;
            }
        }
        destroyed
    }

    pub(crate) fn written(&self) -> SubjectCount {
        self.written
    }

    /// What is written down holds a wrap that was destroyed since.
    pub(crate) fn must_be_rewritten(&self) -> bool {
        self.shredded
    }

    /// Everything is written down as it is.
    pub(crate) fn set_written(&mut self) {
        self.written = self.count();
        self.shredded = false;
    }

    /// Nothing is written down.
    #[cfg(feature = "backup")]
    pub(crate) fn set_unwritten(&mut self) {
        self.written = SubjectCount::default();
        self.shredded = false;
    }
}
