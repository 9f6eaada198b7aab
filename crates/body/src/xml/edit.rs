//! What becomes of values: asked of the editor, and written where they stood.

use super::name::get;
use super::stream::{Content, Stream, syntax};
use super::value::Kind;
use crate::edit::{Comparison, Edit, Editor, Found, PlaceId, ValueType};
use crate::error::ErrorKind;
use crate::out::Out;

impl Stream {
    /// Writes the tag that was read, which begins at `base` of this piece or is held, with what its attributes at
    /// places become.
    #[inline]
    pub(super) fn attributes(
        &mut self,
        bytes: &[u8],
        base: Option<usize>,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let mut written = 0;
        for number in 0..self.walk.hits().len() {
            let Some(hit) = self.walk.hits().get(number).copied() else {
                break;
            };
            let Some(attribute) = self.tag.attributes.get(hit.attribute) else {
                continue;
            };
            let value = attribute.value.clone();
            let raw = get(bytes, value.clone());
            let edit = self.decide(hit.place, raw, Kind::Attribute, editor)?;
            if edit != Edit::Keep {
                keep(bytes, base, written..value.start, out);
                self.write(edit, Kind::Attribute, editor, out);
                written = value.end;
            }
        }
        keep(bytes, base, written..self.tag.end, out);
        Ok(())
    }

    /// Ends the innermost element, before its end tag is written.
    #[inline]
    pub(super) fn close(
        &mut self,
        piece: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        if self.walk.depth() == 0 {
            return Err(syntax("an element to end"));
        }
        if let Some(content) = self.content.take() {
            self.leaf(content, piece, editor, out)?;
        }
        self.walk.leave();
        Ok(())
    }

    /// Writes what the content at a place becomes.
    fn leaf(
        &mut self,
        content: Content,
        piece: &[u8],
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), ErrorKind> {
        let range = content.from..self.at.min(piece.len()).max(content.from);
        let here = get(piece, range.clone());
        let mut raw = content.raw;
        let cut = !raw.is_empty();
        if cut {
            raw.extend_from_slice(here);
        }
        let edit = self.decide(
            content.place,
            if cut { &raw } else { here },
            Kind::Content,
            editor,
        )?;
        match edit {
            Edit::Keep if cut => out.write(&raw),
            Edit::Keep => out.keep(range.start..range.start + here.len()),
            edit => self.write(edit, Kind::Content, editor, out),
        }
        Ok(())
    }

    /// Asks what becomes of a value.
    fn decide(
        &mut self,
        place: PlaceId,
        raw: &[u8],
        kind: Kind,
        editor: &mut dyn Editor,
    ) -> Result<Edit, ErrorKind> {
        let limit = self.limits.value;
        let decoded = if raw.len() > limit {
            Err(ErrorKind::ValueTooLong { limit })
        } else if kind.is_plain(raw) {
            Ok(raw)
        } else {
            self.plain.clear();
            let decoded = kind.decode(raw, &mut self.plain);
            decoded.map(|()| self.plain.as_slice())
        };
        let text = match decoded {
            Err(_) if self.lenient => return Ok(Edit::Keep),
            decoded => decoded?,
        };
        if text.is_empty() {
            return Ok(Edit::Keep);
        }
        self.replacement.clear();
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text,
            beside: &[],
            comparison: Comparison::Stored,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        match editor.value(found, &mut self.replacement) {
            Err(_) if self.lenient => Ok(Edit::Keep),
            edit => edit.map_err(|error| error.kind),
        }
    }

    fn write(&mut self, edit: Edit, kind: Kind, editor: &mut dyn Editor, out: &mut Out) {
        match edit {
            Edit::Keep => {}
            // As tokens are.
            Edit::Replace | Edit::Spelled
                if self.replacement.iter().all(u8::is_ascii_alphanumeric) =>
            {
                out.write(&self.replacement);
            }
            Edit::Replace | Edit::Spelled => {
                self.plain.clear();
                kind.escape().write(&self.replacement, &mut self.plain);
                out.write(&self.plain);
            }
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, kind.escape()),
            Edit::Nested => out.nest(editor.nested(), kind.escape()),
        }
    }
}

/// Keeps a part of markup that begins at `base` of this piece, or is held.
#[inline]
fn keep(bytes: &[u8], base: Option<usize>, range: std::ops::Range<usize>, out: &mut Out) {
    match base {
        Some(base) => out.keep(base + range.start..base + range.end),
        None => out.write(get(bytes, range)),
    }
}
