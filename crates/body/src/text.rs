//! Plain text: the whole body is one value.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::edit::{Comparison, Edit, Editor, Found, PlaceId, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Out;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::{Reason, SelectorError, Which};
use crate::{Limits, Rewriter};

/// The one place of a text.
#[derive(Debug)]
struct Place(PlaceId);

/// Reads the one selector.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    whole(selected).map(|place| Arc::new(Place(place)) as Arc<dyn Grammar>)
}

impl Grammar for Place {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Stream::new(self.0, limits)))
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        Some(Box::new(Stream::new(self.0, limits).lenient()))
    }
}

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

/// Reads the one place of a format that has no parts: `*`, the whole body.
pub(crate) fn whole(selected: &[Selected<'_>]) -> Result<PlaceId, (usize, SelectorError)> {
    let fault = |index: usize, reason| {
        let length = selected.get(index).map_or(0, |place| place.at.len());
        (index, SelectorError::new(reason, 0..length))
    };
    let expected = "`*`, the whole body,";
    let alone = |text: &str, which| {
        let reason = Reason::Unsupported {
            what: "anything beside the whole body",
            remedy: "the body is one value: leave it out",
        };
        (0, SelectorError::new(reason, 0..text.len()).of(which))
    };
    match selected {
        [first, second, ..] if first.at == "*" => Err(fault(
            1,
            if second.at == "*" {
                Reason::Twice
            } else {
                Reason::Expected { expected }
            },
        )),
        [first] if first.at == "*" => match (first.beside.first(), first.companion) {
            (Some(text), _) => Err(alone(text, Which::Beside(0))),
            (None, Some((at, _))) => Err(alone(at, Which::CompanionAt)),
            (None, None) => Ok(first.place),
        },
        _ => Err(fault(0, Reason::Expected { expected })),
    }
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
            comparison: Comparison::Stored,
        };
        let edit = match editor.value(found, &mut replacement) {
            Err(_) if self.lenient => Edit::Keep,
            edit => edit?,
        };
        match edit {
            Edit::Keep => out.write(&self.text),
            Edit::Replace | Edit::Spelled => out.write(&replacement),
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, Escape::Plain),
            Edit::Nested => out.nest(editor.nested(), Escape::Plain),
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.text.capacity()
    }
}
