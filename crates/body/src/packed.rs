//! A body or value that is compressed itself: gzip (RFC 1952, one member or several) and zstd (RFC 8878) around one
//! value or one body.
//!
//! It is decoded within the limits of content codings ([`crate::coding`]): a bomb, a damaged stream, one that is cut
//! short or goes on after its end is refused. Where nothing inside changes, the bytes leave as they came, as long as
//! neither they nor what they become is longer than [`Limits::lookahead`]; otherwise they are encoded again, as one
//! member, without the name and the time that a gzip header may hold.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::coding::{Coding, Decoder, Encoder};
use crate::content::Content;
use crate::edit::{Editor, Opened, PlaceId};
use crate::error::Error;
use crate::out::{Out, Transform};
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter, text};

/// How many coded bytes are decoded at a time: what they become is in memory at once.
const STEP: usize = 4 << 10;

/// How many bytes are encoded at a time.
const BLOCK: usize = 16 << 10;

/// The place of a compressed body.
#[derive(Debug)]
struct Place(PlaceId, Coding);

/// Reads the one selector.
pub(crate) fn compile(
    selected: &[Selected<'_>],
    coding: Coding,
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    text::whole(selected).map(|place| Arc::new(Place(place, coding)) as Arc<dyn Grammar>)
}

impl Grammar for Place {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Stream {
            place: self.0,
            coding: self.1,
            limits,
            open: None,
            ordinal: 0,
        }))
    }
}

/// One compressed body on its way out.
struct Stream {
    place: PlaceId,
    coding: Coding,
    limits: Limits,
    /// What is at work once a byte has come.
    open: Option<Open>,
    ordinal: u32,
}

struct Open {
    decoder: Decoder,
    content: Content,
    original: Kept,
    shared: Arc<OnceLock<Kept>>,
}

/// What came, as long as it is short enough to be kept.
#[derive(Default)]
struct Kept {
    coded: Vec<u8>,
    plain: Zeroizing<Vec<u8>>,
    too_long: bool,
}

impl Kept {
    fn extend(&mut self, coded: &[u8], plain: &[u8], limit: usize) {
        let longest = (self.coded.len() + coded.len()).max(self.plain.len() + plain.len());
        if self.too_long || longest > limit {
            *self = Self {
                too_long: true,
                ..Self::default()
            };
            return;
        }
        self.coded.extend_from_slice(coded);
        self.plain.extend_from_slice(plain);
    }
}

impl Stream {
    fn begin(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<Open, Error> {
        let decoder = Decoder::new(&[self.coding], self.limits)?;
        let shared = Arc::default();
        out.enter(Box::new(Writer {
            coding: self.coding,
            limit: self.limits.lookahead,
            plain: Zeroizing::default(),
            encoder: None,
            original: Arc::clone(&shared),
        }));
        let opened = Opened {
            place: self.place,
            content_type: None,
        };
        Ok(Open {
            decoder,
            content: Content::begin(opened, editor, &self.limits)?,
            original: Kept::default(),
            shared,
        })
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        if chunk.is_empty() {
            return Ok(());
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin(editor, out)?,
        };
        for piece in chunk.chunks(STEP) {
            let mut plain = Vec::new();
            open.decoder.push(piece, &mut plain)?;
            open.original.extend(piece, &plain, self.limits.lookahead);
            if !plain.is_empty() {
                open.content.push(&Bytes::from(plain), editor, out)?;
            }
        }
        self.open = Some(open);
        Ok(())
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        let mut rest = Vec::new();
        open.decoder.finish(&mut rest)?;
        open.original.extend(&[], &rest, self.limits.lookahead);
        if !rest.is_empty() {
            open.content.push(&Bytes::from(rest), editor, out)?;
        }
        open.content.finish(&mut self.ordinal, editor, out)?;
        if !open.original.too_long {
            // The cell is this stream's: nobody has set it before.
            let _ = open.shared.set(open.original);
        }
        out.leave();
        Ok(())
    }

    fn held(&self) -> usize {
        self.open.as_ref().map_or(0, |open| {
            let original = &open.original;
            open.content.held() + original.coded.capacity() + original.plain.capacity()
        })
    }
}

/// Encodes what stands inside, unless it is what came.
struct Writer {
    coding: Coding,
    limit: usize,
    /// What is not encoded yet: all of it as long as it may be what came, then less than a block.
    plain: Zeroizing<Vec<u8>>,
    encoder: Option<Encoder>,
    original: Arc<OnceLock<Kept>>,
}

impl Writer {
    /// Encodes what there is: whole blocks, and at the end the rest. What an encoder writes hangs on how its input is
    /// cut, which must not hang on how the body was.
    fn encode(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => self.encoder.insert(Encoder::new(&[self.coding], true)?),
        };
        let mut blocks = self.plain.chunks_exact(BLOCK);
        for block in blocks.by_ref() {
            encoder.push(block, out)?;
        }
        let rest = blocks.remainder();
        if last {
            encoder.push(rest, out)?;
            return encoder.finish(out);
        }
        let encoded = self.plain.len() - rest.len();
        self.plain.drain(..encoded);
        Ok(())
    }
}

impl Transform for Writer {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.plain.extend_from_slice(bytes);
        if self.encoder.is_some() || self.plain.len() > self.limit {
            self.encode(false, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let original = self.original.get().filter(|_| self.encoder.is_none());
        if let Some(same) = original.filter(|original| *original.plain == *self.plain) {
            out.extend_from_slice(&same.coded);
            return Ok(());
        }
        self.encode(true, out)
    }
}
