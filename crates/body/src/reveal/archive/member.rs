//! One member on its way back: held as it came while it is clean, deflated anew where it is not.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Crc;

use super::moved::Moved;
use crate::Limits;
use crate::out::Out;
use crate::reveal::Reveal;
use crate::reveal::tokens::{Counts, Tokens};
use crate::zip::directory::header;
use crate::zip::packed::{Account, Deflate, Inflate, sizes};
use crate::zip::record::{DEFLATED, DESCRIBED_BEHIND, Facts, Sizes};

/// How many bytes that a member becomes are held for each that it is packed in.
const PLAIN_FACTOR: usize = 16;

pub(super) struct Member {
    header: Vec<u8>,
    /// Where it begins in the archive.
    begins: u64,
    facts: Facts,
    reveal: Box<Reveal>,
    packed: Packed,
    /// How many bytes of its data have come.
    came: u64,
    /// How long it became.
    plain: u64,
    limits: Limits,
    state: State,
}

enum Packed {
    Deflated(Box<Inflate>),
    Stored(Crc),
}

enum State {
    /// Nothing has left: what came, and what it would become.
    Undecided(Vec<u8>, Box<Out>),
    /// It is written anew: where its sizes will be told, and what makes its checksum false.
    Written(Arc<OnceLock<Sizes>>, Arc<OnceLock<()>>),
}

/// What became of bytes.
pub(super) enum Taken {
    /// So many were taken, and the data goes on.
    More(usize),
    /// So many were taken, and the data has ended.
    Ended(usize),
    /// So many were taken: its data is not what it should be.
    Damaged(usize),
}

impl Member {
    pub(super) fn new(
        header: &[u8],
        begins: u64,
        facts: Facts,
        reveal: Box<Reveal>,
        limits: Limits,
    ) -> Self {
        let packed = if facts.method == DEFLATED {
            Packed::Deflated(Box::default())
        } else {
            Packed::Stored(Crc::new())
        };
        Self {
            header: header.to_vec(),
            begins,
            facts,
            reveal,
            packed,
            came: 0,
            plain: 0,
            limits,
            state: State::Undecided(Vec::new(), Box::default()),
        }
    }

    /// Whether it has no data at all.
    pub(super) fn is_empty(&self) -> bool {
        self.left() == Some(0)
    }

    /// Whether its sizes stand behind it.
    pub(super) fn is_described_behind(&self) -> bool {
        self.facts.flags & DESCRIBED_BEHIND != 0
    }

    /// What its header told of it.
    pub(super) fn told(&self) -> Option<Sizes> {
        (!self.is_described_behind()).then_some(self.facts.sizes)
    }

    /// How much of its data is to come, where its header told.
    pub(super) fn left(&self) -> Option<u64> {
        self.told()
            .map(|told| u64::from(told.packed).saturating_sub(self.came))
    }

    /// Where what has come of it ends.
    pub(super) fn ends(&self) -> u64 {
        self.begins + self.header.len() as u64 + self.came
    }

    /// Whether nothing of it has left.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self.state, State::Undecided(..))
    }

    /// Takes the next bytes of its data.
    pub(super) fn push(
        &mut self,
        rest: &Bytes,
        (account, ratio): (&mut Account, u64),
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> Taken {
        let left = self.left();
        let most = left.and_then(|left| usize::try_from(left).ok());
        let piece = rest.slice(..most.map_or(rest.len(), |most| most.min(rest.len())));
        let target = match &mut self.state {
            State::Undecided(_, inner) => &mut **inner,
            State::Written(..) => out,
        };
        let (reveal, plain) = (&mut self.reveal, &mut self.plain);
        let used = match &mut self.packed {
            Packed::Stored(checksum) => {
                checksum.update(&piece);
                *plain += piece.len() as u64;
                reveal.push(&piece, tokens, target);
                Ok(piece.len())
            }
            Packed::Deflated(inflate) => inflate.push(&piece, ratio, account, |bytes| {
                *plain += bytes.len() as u64;
                reveal.push(&bytes.into(), tokens, target);
                Ok(())
            }),
        };
        let Ok(used) = used else {
            return Taken::Damaged(0);
        };
        self.came += used as u64;
        if let State::Undecided(original, _) = &mut self.state {
            original.extend_from_slice(piece.get(..used).unwrap_or_default());
            if self.is_long() {
                self.decide(out);
            }
        }
        let ended = match &self.packed {
            Packed::Deflated(inflate) => inflate.has_ended(),
            Packed::Stored(_) => self.left() == Some(0),
        };
        match self.left() {
            Some(1..) if ended => Taken::Damaged(used),
            Some(0) if !ended => Taken::Damaged(used),
            _ if ended => Taken::Ended(used),
            _ => Taken::More(used),
        }
    }

    /// Whether it is too long to be held.
    fn is_long(&self) -> bool {
        let limit = self.limits.lookahead as u64;
        self.came > limit || self.plain > limit.saturating_mul(PLAIN_FACTOR as u64)
    }

    /// Writes it anew from here on, its beginning too.
    fn decide(&mut self, out: &mut Out) {
        let spoiled = Arc::default();
        let (deflate, written) = Deflate::new();
        let state = State::Written(written, Arc::clone(&spoiled));
        if let State::Undecided(_, inner) = std::mem::replace(&mut self.state, state) {
            out.write(&header(&self.header));
            out.enter(Box::new(deflate.spoiled_by(spoiled)));
            out.absorb(*inner);
        }
    }

    /// Lets what has come of it pass as it came.
    pub(super) fn pass(self, out: &mut Out) {
        if let State::Undecided(original, _) = self.state {
            out.write(&self.header);
            out.append(original.into());
        }
    }

    /// Ends it, given what was told of it, the descriptor behind it and where that ends: what was done in it, and where
    /// it stood if it was written anew.
    pub(super) fn close(
        mut self,
        told: Option<Sizes>,
        behind: &[u8],
        end: u64,
        tokens: &mut dyn Tokens,
        out: &mut Out,
    ) -> (Counts, Option<Moved>) {
        let target = match &mut self.state {
            State::Undecided(_, inner) => &mut **inner,
            State::Written(..) => &mut *out,
        };
        self.reveal.finish(tokens, target);
        let counts = self.reveal.counts();
        if self.is_undecided() {
            if counts.revealed + counts.marked == 0 {
                self.pass(out);
                out.write(behind);
                return (counts, None);
            }
            self.decide(out);
        }
        let came = match &self.packed {
            Packed::Deflated(inflate) => inflate.sizes(),
            Packed::Stored(checksum) => sizes(checksum, self.plain, self.plain),
        };
        let State::Written(written, spoiled) = self.state else {
            return (counts, None);
        };
        if told.is_none() || came.ok() != told {
            // It is told once.
            let _ = spoiled.set(());
        }
        out.leave();
        let moved = Moved::new(self.begins..end, self.header.len(), written);
        (counts, Some(moved))
    }

    pub(super) fn counts(&self) -> Counts {
        self.reveal.counts()
    }

    pub(super) fn held(&self) -> usize {
        let state = match &self.state {
            State::Undecided(original, inner) => original.len() + inner.len(),
            State::Written(..) => 0,
        };
        state + self.header.len() + self.reveal.held()
    }
}
