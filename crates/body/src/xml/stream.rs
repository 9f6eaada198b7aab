//! The rewriter: what stands between `<` and `<` passes, tags are read as units, and what stands at places is held
//! until it has ended.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::markup::Comment;
use super::places::Places;
use super::pure::Cut;
use super::tag::{Expected, Scan, Tag};
use super::walk::Walk;
use crate::edit::{Editor, PlaceId};
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::{Limits, Rewriter};

/// In what the walk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Text, or the markup that `held` begins.
    Text,
    Comment(Comment),
    /// An instruction and a CDATA section, and the last two bytes of each.
    Instruction([u8; 2]),
    Cdata([u8; 2]),
}

/// The text of an element at a place.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) place: PlaceId,
    /// What stands in earlier chunks.
    pub(super) raw: Zeroizing<Vec<u8>>,
    /// Where in this chunk it goes on.
    pub(super) from: usize,
}

/// One XML body on its way out.
pub(super) struct Stream {
    pub(super) places: Arc<Places>,
    pub(super) limits: Limits,
    /// Whether the document stands in another body: then it may be a fragment.
    pub(super) inside: bool,
    pub(super) state: State,
    pub(super) walk: Walk,
    pub(super) tag: Tag,
    pub(super) cut: Cut,
    /// Markup that began in an earlier chunk.
    pub(super) held: Zeroizing<Vec<u8>>,
    pub(super) scan: Scan,
    pub(super) content: Option<Content>,
    /// Where the document begins: after a byte-order mark.
    pub(super) start: u64,
    /// Whether there was a root element.
    pub(super) rooted: bool,
    pub(super) ordinal: u32,
    /// How many bytes of the body stand before this chunk.
    pub(super) offset: u64,
    /// How many bytes of this chunk are dealt with.
    pub(super) at: usize,
    pub(super) lenient: bool,
    pub(super) lost: bool,
    pub(super) plain: Zeroizing<Vec<u8>>,
    pub(super) replacement: Zeroizing<Vec<u8>>,
}

impl Stream {
    /// A rewriter for one body.
    pub(super) fn new(places: Arc<Places>, inside: bool, limits: Limits, lenient: bool) -> Self {
        Self {
            walk: Walk::new(&places),
            places,
            limits,
            inside,
            state: State::Text,
            tag: Tag::default(),
            cut: Cut::default(),
            held: Zeroizing::default(),
            scan: Scan::default(),
            content: None,
            start: 0,
            rooted: false,
            ordinal: 0,
            offset: 0,
            at: 0,
            lenient,
            lost: false,
            plain: Zeroizing::default(),
            replacement: Zeroizing::default(),
        }
    }

    /// Takes a piece that begins and ends between characters.
    fn piece(&mut self, piece: &[u8], editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        self.at = 0;
        let done = self.run(piece, editor, out);
        if let Err(kind) = done {
            return Err(Error::new(kind, self.offset + self.at as u64));
        }
        self.offset += piece.len() as u64;
        Ok(())
    }

    /// From here on, all passes as it came: `piece` from where it is dealt with.
    fn give_up(&mut self, piece: &[u8], out: &mut Out) {
        self.lost = true;
        let content = self.content.take();
        let mut from = self.at;
        if let Some(content) = content {
            out.write(&content.raw);
            if self.held.is_empty() {
                from = content.from;
            }
        }
        out.write(&self.held);
        self.held.clear();
        out.keep(from..piece.len());
    }

    fn take(&mut self, piece: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(piece);
        match self.piece(piece, editor, out) {
            Err(_) if self.lenient => {
                self.give_up(piece, out);
                Ok(())
            }
            done => done,
        }
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if self.lost {
            out.begin(chunk);
            out.keep(0..chunk.len());
            return Ok(());
        }
        let pieces = self.cut.part(chunk);
        if let Some(first) = &pieces.first {
            self.take(first, editor, out)?;
        }
        if !self.lost {
            let piece = chunk.slice(pieces.from..pieces.to);
            self.take(&piece, editor, out)?;
        } else {
            out.begin(chunk);
            out.keep(pieces.from..pieces.to);
        }
        if let Some(kind) = &pieces.fault {
            if !self.lenient {
                return Err(Error::new(kind.clone(), self.offset));
            }
            self.at = 0;
            self.give_up(&[], out);
        }
        if self.lost {
            let cut = self.cut.take();
            if pieces.fault.is_some() {
                out.write(&cut);
            }
            out.begin(chunk);
            out.keep(pieces.to..chunk.len());
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        if self.lenient {
            self.at = 0;
            self.give_up(&[], out);
            out.write(&self.cut.take());
            return Ok(());
        }
        let kind = if !self.cut.is_whole() {
            ErrorKind::Charset
        } else if !self.held.is_empty() {
            syntax("the end of a tag")
        } else if self.state != State::Text {
            syntax("the end of a comment, a section or an instruction")
        } else if self.walk.depth() > 0 {
            syntax("the end tag of the element that is open")
        } else if !self.rooted && !self.inside {
            syntax("an element")
        } else {
            return Ok(());
        };
        Err(Error::new(kind, self.offset))
    }

    fn held(&self) -> usize {
        let content = self.content.as_ref();
        self.held.capacity()
            + content.map_or(0, |content| content.raw.capacity())
            + self.plain.capacity()
            + self.replacement.capacity()
            + self.walk.held()
    }
}

pub(super) fn syntax(expected: Expected) -> ErrorKind {
    ErrorKind::Syntax { expected }
}
