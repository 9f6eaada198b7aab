//! A member's data undone and done again (RFC 1951).

use std::sync::{Arc, OnceLock};

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

use super::record::{DESCRIPTOR, Sizes};
use crate::error::{Error, ErrorKind};
use crate::out::Transform;

/// How much is undone or done before it goes on.
const STEP: usize = 32 << 10;

/// What any archive may become, whatever its ratio, as for content codings.
const FREE: u64 = 1 << 20;

const fn coding(why: &'static str) -> ErrorKind {
    ErrorKind::Coding { why }
}

pub(crate) const DAMAGED: ErrorKind = coding("a member of the archive is damaged");

/// How much the members of one archive have become.
#[derive(Debug, Default)]
pub(crate) struct Account {
    packed: u64,
    plain: u64,
}

/// A member being undone.
pub(crate) struct Inflate {
    state: Decompress,
    checksum: Crc,
    ended: bool,
}

impl Default for Inflate {
    fn default() -> Self {
        Self {
            state: Decompress::new(false),
            checksum: Crc::new(),
            ended: false,
        }
    }
}

impl Inflate {
    /// Undoes the next bytes; gives how many of them the member took, and what they become to `piece`.
    ///
    /// # Errors
    /// [`ErrorKind::Coding`] where they are damaged or become too much; what `piece` says.
    pub(crate) fn push(
        &mut self,
        input: &[u8],
        ratio: u64,
        account: &mut Account,
        mut piece: impl FnMut(Vec<u8>) -> Result<(), ErrorKind>,
    ) -> Result<usize, ErrorKind> {
        let mut used = 0;
        while !self.ended {
            let mut room = Vec::with_capacity(STEP);
            let rest = input.get(used..).unwrap_or_default();
            let before = self.state.total_in();
            let status = self
                .state
                .decompress_vec(rest, &mut room, FlushDecompress::None)
                .map_err(|_| DAMAGED)?;
            let taken = self.state.total_in() - before;
            used += usize::try_from(taken).unwrap_or(usize::MAX);
            account.packed += taken;
            account.plain += room.len() as u64;
            if account.plain > account.packed.saturating_mul(ratio).max(FREE) {
                return Err(coding("the archive becomes too much"));
            }
            self.ended = status == Status::StreamEnd;
            self.checksum.update(&room);
            let full = room.len() == room.capacity();
            if !room.is_empty() {
                piece(room)?;
            }
            if used >= input.len() && !full {
                break;
            }
        }
        Ok(used)
    }

    /// Whether the member has come to its end.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// What it was.
    ///
    /// # Errors
    /// [`ErrorKind::Coding`] where it did not end, or is longer than the format can say.
    pub(crate) fn sizes(&self) -> Result<Sizes, ErrorKind> {
        if !self.ended {
            return Err(DAMAGED);
        }
        sizes(
            &self.checksum,
            self.state.total_in(),
            self.state.total_out(),
        )
    }
}

/// What was counted, as the format says it.
pub(crate) fn sizes(checksum: &Crc, packed: u64, plain: u64) -> Result<Sizes, ErrorKind> {
    const LONG: ErrorKind = coding("a member of the archive is longer than 4 GiB");
    Ok(Sizes {
        checksum: checksum.sum(),
        packed: u32::try_from(packed).map_err(|_| LONG)?,
        plain: u32::try_from(plain).map_err(|_| LONG)?,
    })
}

/// A member being written: what goes through becomes its data and the descriptor behind it.
pub(crate) struct Deflate {
    state: Compress,
    checksum: Crc,
    /// What the directory says of it in the end.
    written: Arc<OnceLock<Sizes>>,
    /// Set where it is known not to be what it should: it is told with a false checksum.
    spoiled: Arc<OnceLock<()>>,
}

impl Deflate {
    /// A member, and where its sizes will be told.
    pub(crate) fn new() -> (Self, Arc<OnceLock<Sizes>>) {
        let written = Arc::new(OnceLock::new());
        let deflate = Self {
            state: Compress::new(Compression::default(), false),
            checksum: Crc::new(),
            written: Arc::clone(&written),
            spoiled: Arc::default(),
        };
        (deflate, written)
    }

    /// The same, with a cell that says of it, before it ends, that it is damaged.
    pub(crate) fn spoiled_by(self, spoiled: Arc<OnceLock<()>>) -> Self {
        Self { spoiled, ..self }
    }

    fn run(&mut self, input: &[u8], flush: FlushCompress, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut rest = input;
        loop {
            out.reserve(STEP.min(rest.len() + 64));
            let before = self.state.total_in();
            let status = self
                .state
                .compress_vec(rest, out, flush)
                .map_err(|_| Error::new(coding("an encoder failed"), 0))?;
            let taken = usize::try_from(self.state.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            let full = out.len() == out.capacity();
            let done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => rest.is_empty() && !full,
            };
            if done {
                return Ok(());
            }
        }
    }
}

impl Transform for Deflate {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.checksum.update(bytes);
        self.run(bytes, FlushCompress::None, out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.run(&[], FlushCompress::Finish, out)?;
        let mut sizes = sizes(
            &self.checksum,
            self.state.total_out(),
            self.state.total_in(),
        )
        .map_err(|kind| Error::new(kind, 0))?;
        if self.spoiled.get().is_some() {
            sizes.checksum = !sizes.checksum;
        }
        out.extend_from_slice(&DESCRIPTOR);
        out.extend_from_slice(&sizes.bytes());
        let told = self.written.set(sizes);
        debug_assert!(told.is_ok(), "a member ends once");
        Ok(())
    }
}
