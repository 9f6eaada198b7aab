//! What of the segments of a file must be durable at home before they leave, on its way from who seals the file to who
//! asks.

use std::sync::{Arc, Mutex, PoisonError};

use body::AskId;
use seal::file::FileError;
use seal::file::same_size::{Record, SegmentKey};

use crate::ask::SealedSegment;

/// What is to be kept, each with the ask of its own that holds its bytes back.
#[derive(Clone, Default)]
pub(crate) struct Keeping(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    asked: u32,
    segments: Vec<(AskId, Vec<SealedSegment>)>,
}

impl Keeping {
    /// Has these records kept; the answer to the ask lets their segments go.
    pub fn keep(&self, key: &SegmentKey, records: &[Record]) -> Result<AskId, FileError> {
        let sealed = records.iter().map(|record| {
            Ok(SealedSegment {
                fingerprint: record.fingerprint.0,
                sealed: key.seal(record)?,
            })
        });
        let sealed = sealed.collect::<Result<_, FileError>>()?;
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of values count up from 0.
        let id = AskId(u32::MAX - waiting.asked);
        waiting.asked += 1;
        waiting.segments.push((id, sealed));
        Ok(id)
    }

    /// What is to be kept since the last call.
    pub fn take(&self) -> Vec<(AskId, Vec<SealedSegment>)> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut waiting.segments)
    }
}
