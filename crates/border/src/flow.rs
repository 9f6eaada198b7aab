//! One body on its way through the border: fed chunks, gives chunks, asks.

use bytes::Bytes;

use crate::{Answer, Ask, Refusal};

/// What a step ends in.
#[derive(Debug)]
#[must_use]
pub enum Progress {
    /// Ready for more.
    More,
    /// These must be answered (in one batch) before anything behind them can be taken.
    Need(Vec<Ask>),
}

/// A body being protected or revealed. The caller pushes chunks, answers asks, and takes what may leave.
///
/// On the way out an error is a refusal: nothing more may be sent and the request must not complete. On the
/// way back no step fails.
pub trait Flow: Send {
    /// Takes the next chunk as it came from the wire (still coded).
    ///
    /// # Errors
    /// The refusal to answer with.
    fn push(&mut self, chunk: Bytes) -> Result<Progress, Refusal>;

    /// Ends the body.
    ///
    /// # Errors
    /// As [`Flow::push`].
    fn finish(&mut self) -> Result<Progress, Refusal>;

    /// Brings answers.
    ///
    /// # Errors
    /// As [`Flow::push`].
    fn answer(&mut self, answers: Vec<Answer>) -> Result<Progress, Refusal>;

    /// The next piece that may leave; `None` until more is pushed, answered or finished. On a protected request
    /// up to `[limits] whole` nothing may leave before the body has ended, so `None` is what comes until then.
    fn take(&mut self) -> Option<Bytes>;

    /// The exact length of the whole output, once it is known: after `finish` with every ask answered and
    /// nothing taken yet.
    fn length(&self) -> Option<u64>;

    /// The length of the whole output where it is known before the end, from the first piece that may leave on.
    fn declared(&self) -> Option<u64> {
        None
    }

    /// Whether the head of the message must wait for more of the body, which decides what it says.
    fn is_undecided(&self) -> bool {
        false
    }

    /// Whether nothing that is still to come is needed: once nothing can be taken, the output is whole.
    fn is_done(&self) -> bool {
        false
    }

    /// Bytes held at the moment, for the global budget.
    fn held(&self) -> usize;
}
