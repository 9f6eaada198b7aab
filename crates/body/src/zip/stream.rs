//! The rewriter: record by record, members that are no places by range.

use std::sync::Arc;

use bytes::Bytes;
use flate2::Crc;

use super::directory::{Directory, header};
use super::name::Names;
use super::packed::{Account, DAMAGED, Deflate, Inflate, sizes};
use super::record::{
    CENTRAL, CENTRAL_LENGTH, DEFLATED, DESCRIBED_BEHIND, DESCRIPTOR, ENCRYPTED, END, END_LENGTH,
    Facts, LOCAL, LOCAL_LENGTH, STORED, Sizes, extra, short, syntax,
};
use crate::content::Content;
use crate::edit::{Editor, Opened, PlaceId};
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::{Limits, Rewriter};

/// In what the walk stands.
enum State {
    /// In a record, of which `held` has the beginning.
    Record,
    /// In the data of a member that passes, of which so many bytes are to come.
    Passing(u64),
    /// In the data of a member that passes, whose end only its undoing tells.
    Seeking(Box<Inflate>),
    /// In the data of a member at a place.
    Inside(Box<Inside>),
    /// In the descriptor behind a member that was this.
    Behind(Sizes, bool),
    /// After the end.
    Over,
}

/// A member at a place.
struct Inside {
    content: Content,
    packed: Packed,
    /// How many bytes of its data are to come, where its header told.
    left: Option<u64>,
}

enum Packed {
    Deflated(Box<Inflate>),
    Stored { checksum: Crc, length: u64 },
}

/// One archive on its way out.
pub(super) struct Stream {
    names: Arc<Names>,
    limits: Limits,
    state: State,
    held: Vec<u8>,
    directory: Directory,
    account: Account,
    ordinal: u32,
    /// How many bytes of the archive stand before this chunk.
    offset: u64,
}

impl Stream {
    /// A rewriter for one archive.
    pub(super) fn new(names: Arc<Names>, limits: Limits) -> Self {
        Self {
            names,
            limits,
            state: State::Record,
            held: Vec::new(),
            directory: Directory::default(),
            account: Account::default(),
            ordinal: 0,
            offset: 0,
        }
    }

    fn ratio(&self) -> u64 {
        u64::try_from(self.limits.ratio).unwrap_or(u64::MAX)
    }

    /// Takes what stands in `chunk` from `at` up to the next turn; gives where to go on.
    fn step(
        &mut self,
        chunk: &Bytes,
        at: usize,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, ErrorKind> {
        let rest = chunk.get(at..).unwrap_or_default();
        let ratio = self.ratio();
        match &mut self.state {
            State::Record | State::Behind(..) => self.record(rest, at, editor, out),
            State::Over => Err(syntax("nothing after the archive's end")),
            State::Passing(left) => {
                let length = count(*left).min(rest.len());
                *left -= length as u64;
                if *left == 0 {
                    self.state = State::Record;
                }
                out.keep(at..at + length);
                Ok(at + length)
            }
            State::Seeking(inflate) => {
                let used = inflate.push(rest, ratio, &mut self.account, |_| Ok(()))?;
                if inflate.has_ended() {
                    let sizes = inflate.sizes()?;
                    self.state = State::Behind(sizes, true);
                }
                out.keep(at..at + used);
                Ok(at + used)
            }
            State::Inside(inside) => {
                let most = inside
                    .left
                    .map_or(rest.len(), |left| count(left).min(rest.len()));
                let piece = chunk.slice(at..at + most);
                let used = inside.push(&piece, ratio, &mut self.account, editor, out)?;
                out.begin(chunk);
                if inside.is_whole(used == most)? {
                    self.close(editor, out)?;
                    out.begin(chunk);
                }
                Ok(at + used)
            }
        }
    }

    /// Takes bytes of a record, and the record where they end it.
    fn record(
        &mut self,
        rest: &[u8],
        at: usize,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, ErrorKind> {
        let need = self.need()?;
        let length = need.saturating_sub(self.held.len()).min(rest.len());
        self.held
            .extend_from_slice(rest.get(..length).unwrap_or_default());
        if self.held.len() == need && self.need()? == need {
            let record = std::mem::take(&mut self.held);
            let from = self.offset + (at + length) as u64 - record.len() as u64;
            self.whole(&record, from, editor, out)?;
            self.held = record;
            self.held.clear();
        }
        Ok(at + length)
    }

    /// How long the record is that is held, as far as can be said.
    fn need(&self) -> Result<usize, ErrorKind> {
        let held = self.held.as_slice();
        if let State::Behind(..) = self.state {
            let signed = held.get(..4) == Some(&DESCRIPTOR);
            return Ok(match held.len() {
                0..4 => 4,
                _ if signed => 16,
                _ => 12,
            });
        }
        let Some(signature) = held.first_chunk::<4>() else {
            return Ok(4);
        };
        let variable = |at: usize| usize::from(short(held, at));
        Ok(match *signature {
            LOCAL if held.len() < LOCAL_LENGTH => LOCAL_LENGTH,
            LOCAL => LOCAL_LENGTH + variable(26) + variable(28),
            CENTRAL if held.len() < CENTRAL_LENGTH => CENTRAL_LENGTH,
            CENTRAL => CENTRAL_LENGTH + variable(28) + variable(30) + variable(32),
            END if held.len() < END_LENGTH => END_LENGTH,
            END => END_LENGTH + variable(20),
            _ => return Err(syntax("a record of an archive without ZIP64")),
        })
    }

    /// Takes a record that begins at `from`.
    fn whole(
        &mut self,
        record: &[u8],
        from: u64,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        if let State::Behind(sizes, passes) = self.state {
            let told = Sizes::read(record, record.len() - 12);
            if told != sizes {
                return Err(DAMAGED);
            }
            self.directory.tell(sizes)?;
            if passes {
                out.write(record);
            }
            self.state = State::Record;
            return Ok(());
        }
        match record.first_chunk::<4>() {
            Some(&LOCAL) => self.member(record, from, editor, out)?,
            Some(&CENTRAL) => self.directory.entry(record, from)?,
            _ => {
                let written = self.directory.end(record, from)?;
                out.enter(Box::new(written));
                out.leave();
                self.state = State::Over;
            }
        }
        self.directory.fits(&self.limits)
    }

    /// Begins a member.
    fn member(
        &mut self,
        record: &[u8],
        from: u64,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let name_end = LOCAL_LENGTH + usize::from(short(record, 26));
        let name = record.get(LOCAL_LENGTH..name_end).unwrap_or_default();
        let facts = Facts::read(record, 6);
        facts.is_plain()?;
        extra(record.get(name_end..).unwrap_or_default(), name)?;
        let place = self.names.place(name)?;
        self.directory.add(name, from, record.len(), facts)?;
        let behind = facts.flags & DESCRIBED_BEHIND != 0;
        let encrypted = facts.flags & ENCRYPTED != 0;
        if encrypted && (behind || place.is_some()) {
            return Err(syntax("a member that is not encrypted"));
        }
        if behind && facts.method != DEFLATED {
            return Err(syntax("a member whose size stands before it"));
        }
        let Some(place) = place else {
            out.write(record);
            self.state = if behind {
                State::Seeking(Box::default())
            } else {
                State::Passing(u64::from(facts.sizes.packed))
            };
            if facts.sizes.packed == 0 && !behind {
                self.state = State::Record;
            }
            return Ok(());
        };
        self.open(place, record, facts, editor, out)
    }

    /// Begins a member at a place.
    fn open(
        &mut self,
        place: PlaceId,
        record: &[u8],
        facts: Facts,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let packed = match facts.method {
            DEFLATED => Packed::Deflated(Box::default()),
            STORED => Packed::Stored {
                checksum: Crc::new(),
                length: 0,
            },
            _ => return Err(syntax("a member that is stored or deflated")),
        };
        let opened = Opened {
            place,
            content_type: None,
        };
        let content = Content::begin(opened, editor, &self.limits).map_err(|error| error.kind)?;
        out.write(&header(record));
        let (deflate, written) = Deflate::new();
        out.enter(Box::new(deflate));
        self.directory.rewrite(written);
        let behind = facts.flags & DESCRIBED_BEHIND != 0;
        let left = (!behind).then(|| u64::from(facts.sizes.packed));
        let inside = Inside {
            content,
            packed,
            left,
        };
        let empty = inside.is_whole(true)?;
        self.state = State::Inside(Box::new(inside));
        if empty {
            self.close(editor, out)?;
        }
        Ok(())
    }

    /// Ends a member at a place.
    fn close(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), ErrorKind> {
        let state = std::mem::replace(&mut self.state, State::Record);
        let State::Inside(inside) = state else {
            return Ok(());
        };
        let Inside {
            content,
            packed,
            left,
        } = *inside;
        let came = packed.sizes()?;
        let told = self.directory.last().map(|facts| facts.sizes);
        if left.is_some() && told != Some(came) {
            return Err(DAMAGED);
        }
        let ended = content.finish(&mut self.ordinal, editor, out);
        ended.map_err(|error| error.kind)?;
        out.leave();
        if left.is_none() {
            self.state = State::Behind(came, false);
        }
        Ok(())
    }
}

impl Inside {
    /// Takes the next bytes of the data; gives how many.
    fn push(
        &mut self,
        piece: &Bytes,
        ratio: u64,
        account: &mut Account,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, ErrorKind> {
        let content = &mut self.content;
        let mut plain = |plain: &Bytes| {
            let taken = content.push(plain, editor, out);
            taken.map_err(|error| error.kind)
        };
        let used = match &mut self.packed {
            Packed::Stored { checksum, length } => {
                checksum.update(piece);
                *length += piece.len() as u64;
                plain(piece)?;
                piece.len()
            }
            Packed::Deflated(inflate) => {
                inflate.push(piece, ratio, account, |bytes| plain(&bytes.into()))?
            }
        };
        if let Some(left) = &mut self.left {
            *left -= used as u64;
        }
        Ok(used)
    }

    /// Whether its data has ended; `spent` says that it took all there was.
    ///
    /// # Errors
    /// [`ErrorKind::Coding`] where its header and its data disagree about its end.
    fn is_whole(&self, spent: bool) -> Result<bool, ErrorKind> {
        let ended = match &self.packed {
            Packed::Deflated(inflate) => inflate.has_ended(),
            Packed::Stored { .. } => self.left == Some(0),
        };
        match self.left {
            Some(0) if !ended => Err(DAMAGED),
            Some(1..) if ended || !spent => Err(DAMAGED),
            _ => Ok(ended),
        }
    }
}

impl Packed {
    fn sizes(&self) -> Result<Sizes, ErrorKind> {
        match self {
            Self::Deflated(inflate) => inflate.sizes(),
            Self::Stored { checksum, length } => sizes(checksum, *length, *length),
        }
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let mut at = 0;
        while at < chunk.len() {
            at = self
                .step(chunk, at, editor, out)
                .map_err(|kind| Error::new(kind, self.offset + at as u64))?;
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        match self.state {
            State::Over => Ok(()),
            _ => Err(Error::new(syntax("the archive's end"), self.offset)),
        }
    }

    fn held(&self) -> usize {
        let inside = match &self.state {
            State::Inside(inside) => inside.content.held(),
            _ => 0,
        };
        inside + self.held.capacity() + self.directory.held()
    }
}

/// A length that is left, as far as one chunk can have it.
fn count(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
