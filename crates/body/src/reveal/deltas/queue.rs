//! The messages that wait, in their order.

use std::collections::VecDeque;

use crate::out::{GapId, Out, Piece};

/// Messages in their order, the first of which waits for something.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) messages: VecDeque<Out>,
    /// The number of the first.
    pub(super) first: u64,
    /// The message at hand, which comes after those.
    pub(super) open: Out,
}

impl Queue {
    /// The number of the message at hand.
    pub(super) fn number(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// The message at hand is written.
    pub(super) fn commit(&mut self) {
        self.messages.push_back(std::mem::take(&mut self.open));
    }

    pub(super) fn close(&mut self, number: u64, gap: GapId, pieces: Vec<Piece>) {
        let index = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        match self.messages.get_mut(index) {
            Some(out) => out.close(gap, pieces),
            None => self.open.close(gap, pieces),
        }
    }

    pub(super) fn held(&self) -> usize {
        self.messages.iter().map(Out::len).sum()
    }
}
