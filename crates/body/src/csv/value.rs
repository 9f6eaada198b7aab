//! What is done with the value of a cell.

use zeroize::Zeroizing;

use super::cell;
use super::header::{Layout, Rule};
use super::stream::Pass;
use crate::edit::{Comparison, Edit, Editor, Found, ValueType};
use crate::error::ErrorKind;
use crate::escape::Escape;

/// The buffers that values pass through, used again for each.
#[derive(Default)]
pub(super) struct Values {
    pub(super) ordinal: u32,
    pub(super) plain: Zeroizing<Vec<u8>>,
    pub(super) replacement: Zeroizing<Vec<u8>>,
    pub(super) written: Zeroizing<Vec<u8>>,
}

impl Values {
    pub(super) fn decide(
        &mut self,
        rule: &Rule,
        raw: &[u8],
        beside: &[Option<&[u8]>],
        editor: &mut dyn Editor,
    ) -> Result<Edit, ErrorKind> {
        let Some(text) = cell::decode(raw, &mut self.plain)? else {
            return Ok(Edit::Keep);
        };
        self.replacement.clear();
        let found = Found {
            place: rule.place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text,
            beside,
            comparison: Comparison::Stored,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        editor
            .value(found, &mut self.replacement)
            .map_err(|error| error.kind)
    }

    /// Writes what the edit that was just decided makes of a cell.
    pub(super) fn write(
        &mut self,
        edit: Edit,
        raw: &[u8],
        layout: &Layout,
        inert: bool,
        pass: &mut Pass<'_>,
    ) {
        let value_type = match edit {
            Edit::Spelled | Edit::PendingSpelled(_) => ValueType::Number,
            Edit::Keep | Edit::Replace | Edit::Pending(_) | Edit::Nested => ValueType::String,
        };
        let escape = Escape::CellWhole {
            separator: layout.dialect.separator,
            quoted: cell::inner(raw).is_some(),
            inert,
            value_type,
        };
        match edit {
            Edit::Keep => pass.out.write(raw),
            Edit::Replace | Edit::Spelled => {
                self.written.clear();
                escape.write(&self.replacement, &mut self.written);
                pass.out.write(&self.written);
            }
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => pass.out.hole(ask, escape),
            Edit::Nested => {
                let inner = pass.editor.nested();
                let escape = Escape::Cell {
                    starts: false,
                    quoted: true,
                    value_type,
                };
                pass.out.write(b"\"");
                pass.out.nest(inner, escape);
                pass.out.write(b"\"");
            }
        }
    }
}
