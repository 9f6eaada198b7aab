//! A field that leads to a place, held whole: its values are edited, and its length is that of what they became.

use crate::edit::{Comparison, Edit, Editor, Found, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::{Out, Transform};

use super::path::Node;
use super::wire::{Expected, Tag, Wire, varint, write_varint};

/// What one body has of its values.
#[derive(Debug)]
pub(super) struct Walk {
    /// How many values were reported.
    pub(super) ordinal: u32,
    /// How deep messages may stand in one another.
    pub(super) depth: usize,
    /// Where the field that is walked begins in the body.
    pub(super) offset: u64,
}

impl Walk {
    fn error(&self, expected: Expected) -> Error {
        Error::new(ErrorKind::Syntax { expected }, self.offset)
    }

    /// What becomes of the content of a field; nothing where it stays as it is.
    pub(super) fn content(
        &mut self,
        content: &[u8],
        node: &Node,
        level: usize,
        editor: &mut dyn Editor,
    ) -> Result<Option<Out>, Error> {
        match node.place {
            Some(place) => self.value(content, place, editor),
            None => self.message(content, node, level, editor),
        }
    }

    fn value(
        &mut self,
        content: &[u8],
        place: crate::PlaceId,
        editor: &mut dyn Editor,
    ) -> Result<Option<Out>, Error> {
        if content.is_empty() {
            return Ok(None);
        }
        if std::str::from_utf8(content).is_err() {
            return Err(Error::new(ErrorKind::Charset, self.offset));
        }
        let found = Found {
            place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text: content,
            beside: &[],
            comparison: Comparison::Stored,
        };
        self.ordinal += 1;
        let mut replacement = Vec::new();
        let edit = editor.value(found, &mut replacement)?;
        let mut out = Out::new();
        match edit {
            Edit::Keep => return Ok(None),
            Edit::Replace | Edit::Spelled => out.write(&replacement),
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => out.hole(ask, Escape::Plain),
            Edit::Nested => out.nest(editor.nested(), Escape::Plain),
        }
        Ok(Some(out))
    }

    /// Walks the fields of a message; what it becomes is written from its first change on.
    fn message(
        &mut self,
        message: &[u8],
        node: &Node,
        level: usize,
        editor: &mut dyn Editor,
    ) -> Result<Option<Out>, Error> {
        if level >= self.depth {
            let limit = self.depth;
            return Err(Error::new(ErrorKind::Depth { limit }, self.offset));
        }
        let mut out: Option<Out> = None;
        let (mut at, mut written) = (0, 0);
        while at < message.len() {
            let rest = message.get(at..).unwrap_or_default();
            let field = field(rest).map_err(|expected| self.error(expected))?;
            if let Some(node) = node.field(field.number) {
                let Some(content) = field.content else {
                    return Err(self.error("text or a message at a protected place"));
                };
                if let Some(inner) = self.content(content, node, level + 1, editor)? {
                    let out = out.get_or_insert_default();
                    out.write(message.get(written..at + field.tag).unwrap_or_default());
                    prefixed(out, inner);
                    written = at + field.size;
                }
            }
            at += field.size;
        }
        if let Some(out) = &mut out {
            out.write(message.get(written..).unwrap_or_default());
        }
        Ok(out)
    }
}

/// A field of a message that is there whole.
struct Field<'m> {
    number: u32,
    /// Bytes of its tag.
    tag: usize,
    /// Bytes of all of it.
    size: usize,
    /// Its content, where a length says how long that is.
    content: Option<&'m [u8]>,
}

fn field(bytes: &[u8]) -> Result<Field<'_>, Expected> {
    const REST: Expected = "the rest of a field";
    let (tag, tag_size) = varint(bytes)?.ok_or(REST)?;
    let Tag { number, wire } = Tag::of(tag)?;
    let behind = bytes.get(tag_size..).unwrap_or_default();
    let (size, content) = match wire {
        Wire::Varint => (varint(behind)?.ok_or(REST)?.1, None),
        Wire::Fixed(size) => (size, None),
        Wire::Bytes => {
            let (length, prefix) = varint(behind)?.ok_or(REST)?;
            let length = usize::try_from(length).map_err(|_| REST)?;
            let end = prefix.checked_add(length).ok_or(REST)?;
            (end, Some(behind.get(prefix..end).ok_or(REST)?))
        }
    };
    if behind.len() < size {
        return Err(REST);
    }
    Ok(Field {
        number,
        tag: tag_size,
        size: tag_size + size,
        content,
    })
}

/// Writes what stands behind a tag: a length, and so many bytes, as soon as all of them are known.
pub(super) fn prefixed(out: &mut Out, inner: Out) {
    out.enter(Box::new(Prefixed::default()));
    out.nest(inner, Escape::Plain);
    out.leave();
}

/// Puts the length of what goes through before it.
#[derive(Default)]
struct Prefixed(zeroize::Zeroizing<Vec<u8>>);

impl Transform for Prefixed {
    fn push(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> Result<(), Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        write_varint(self.0.len() as u64, out);
        out.extend_from_slice(&self.0);
        Ok(())
    }
}
