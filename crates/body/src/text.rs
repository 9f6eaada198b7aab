//! Plain text: the whole body is one value.

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::edit::{Edit, Editor, Found, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Out;
use crate::{Limits, Rewriter};

/// One text on its way out, held whole.
///
/// It must be UTF-8 without a byte-order mark; a zero byte tells of another charset or of no text at all.
pub struct Stream {
    place: PlaceId,
    limits: Limits,
    text: Zeroizing<Vec<u8>>,
    /// Whether nothing fails: what is no text passes.
    lenient: bool,
    /// Whether all that follows passes.
    lost: bool,
}

impl Stream {
    /// A rewriter for one body.
    #[must_use]
    pub fn new(place: PlaceId, limits: Limits) -> Self {
        Self {
            place,
            limits,
            text: Zeroizing::default(),
            lenient: false,
            lost: false,
        }
    }

    /// The same, where nothing fails.
    pub(crate) fn lenient(self) -> Self {
        Self {
            lenient: true,
            ..self
        }
    }
}

/// Whether bytes are text as it may stand at a place.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    !bytes.starts_with(b"\xef\xbb\xbf") && !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, _: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        let limit = self.limits.value;
        let length = self.text.len() + chunk.len();
        if self.lenient && (self.lost || length > limit) {
            self.lost = true;
            out.write(&self.text);
            self.text.clear();
            out.keep(0..chunk.len());
            return Ok(());
        }
        if length > limit {
            return Err(Error::new(ErrorKind::ValueTooLong { limit }, limit as u64));
        }
        self.text.extend_from_slice(chunk);
        Ok(())
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(&Bytes::new());
        if self.lenient && !is_text(&self.text) {
            out.write(&self.text);
            return Ok(());
        }
        if !is_text(&self.text) {
            return Err(Error::new(ErrorKind::Charset, 0));
        }
        if self.text.is_empty() {
            return Ok(());
        }
        let mut replacement = Zeroizing::new(Vec::new());
        let found = Found {
            place: self.place,
            ordinal: 0,
            value_type: ValueType::String,
            text: &self.text,
            beside: &[],
        };
        let edit = match editor.value(found, &mut replacement) {
            Err(_) if self.lenient => Edit::Keep,
            edit => edit?,
        };
        match edit {
            Edit::Keep => out.write(&self.text),
            Edit::Replace | Edit::Spelled => out.write(&replacement),
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, Escape::Plain),
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.text.capacity()
    }
}
