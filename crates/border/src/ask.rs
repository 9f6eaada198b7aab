//! What the border cannot know by itself, as data: questions, their answers, and effects with a barrier.

use std::ops::Range;
use std::sync::Arc;

use ::keys::SubjectName;
use body::AskId;

use crate::SubjectKey;

/// A question to the world outside. Bytes behind it wait until it is answered.
#[derive(Debug)]
pub struct Ask {
    /// Names it in the answer.
    pub id: AskId,
    /// What is asked.
    pub what: Asked,
}

/// What is asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Asked {
    /// Keep a sealed value at home, durably, under a pointer that is free; answered by [`Answer::Kept`].
    Keep {
        /// The app, part of what the pointer's check binds.
        app: String,
        /// The field.
        field: String,
        /// The 40-bit identity to try first, random or, where equal values share a pointer, derived from the value.
        /// Where another row has it, the keeper draws on from it; the very same row keeps the one it has.
        first: u64,
        /// Where identities of this pointer's shape lie.
        space: Range<u64>,
        /// The value, sealed under the field's key.
        sealed: Vec<u8>,
    },
    /// Bring the sealed value behind a pointer; answered by [`Answer::Row`] or [`Answer::Gone`].
    Bring {
        /// The app.
        app: String,
        /// The pointer's identity.
        pointer: u64,
    },
    /// Bring what was last remembered under a name; answered by [`Answer::Recalled`] or [`Answer::Gone`].
    Recall {
        /// The app.
        app: String,
        /// The name.
        name: MemoryName,
    },
    /// Keep what opens segments of a file at home, durably; answered by [`Answer::SegmentsKept`].
    KeepSegments {
        /// The app.
        app: String,
        /// What is to be kept. What is there already is not kept twice.
        segments: Vec<SealedSegment>,
    },
    /// Bring what was kept of segments; answered by [`Answer::Segments`].
    BringSegments {
        /// The app.
        app: String,
        /// What they were kept under.
        fingerprints: Vec<[u8; 32]>,
    },
    /// Make sure, durably, that a field has a key for a subject; answered by [`Answer::Subject`] or
    /// [`Answer::Gone`].
    Subject {
        /// The app.
        app: String,
        /// The field.
        field: String,
        /// Whose.
        subject: SubjectName,
    },
}

/// What opens a segment of a file, sealed, and what it is kept under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSegment {
    /// What it is found by; several may have the same.
    pub fingerprint: [u8; 32],
    /// What is kept.
    pub sealed: Vec<u8>,
}

/// Names what is remembered of a value that was revealed: nobody without the key can tell of which.
pub type MemoryName = [u8; 20];

/// The answer to an [`Ask`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// The value is durable under this identity.
    Kept {
        /// Which ask.
        id: AskId,
        /// The identity under which it is kept.
        pointer: u64,
    },
    /// The row behind the pointer.
    Row {
        /// Which ask.
        id: AskId,
        /// The field it was kept for.
        field: String,
        /// The value, sealed under that field's key.
        sealed: Vec<u8>,
    },
    /// What was remembered, sealed.
    Recalled {
        /// Which ask.
        id: AskId,
        /// The token, sealed under the app's key for such memories.
        sealed: Vec<u8>,
    },
    /// What opens the segments is durable.
    SegmentsKept {
        /// Which ask.
        id: AskId,
    },
    /// What was kept of segments.
    Segments {
        /// Which ask.
        id: AskId,
        /// All that was kept under each fingerprint, in the order in which they were asked for.
        found: Vec<Vec<Vec<u8>>>,
    },
    /// The key of a field for a subject.
    Subject {
        /// Which ask.
        id: AskId,
        /// The keys.
        key: Arc<SubjectKey>,
    },
    /// No such row (never was, or erased).
    Gone {
        /// Which ask.
        id: AskId,
    },
}

impl Answer {
    /// Which ask it answers.
    #[must_use]
    pub fn id(&self) -> AskId {
        match self {
            Self::Kept { id, .. }
            | Self::Row { id, .. }
            | Self::Recalled { id, .. }
            | Self::Subject { id, .. }
            | Self::SegmentsKept { id }
            | Self::Segments { id, .. }
            | Self::Gone { id } => *id,
        }
    }
}

/// Something that must be carried out, and the output offset that may not leave before it is durable.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// A journal entry. `barrier` is `None` where the entry may follow within the journal's grouping time,
    /// and the number of bytes of output that may leave before it is durable otherwise.
    Journal {
        /// Bytes of this message's output that may leave before the entry is durable.
        barrier: Option<u64>,
        /// What crossed.
        summary: crate::Summary,
    },
    /// Remember under a name the token that was just revealed; nothing waits for it.
    Remember {
        /// The app.
        app: String,
        /// The name.
        name: MemoryName,
        /// The token, sealed.
        sealed: Vec<u8>,
    },
}
