//! The places of files: what may be said of one. Its bytes are sealed as a stream, and nothing else is built for them.

use body::Format;

use crate::plan::FieldIndex;
use crate::read::places::{Around, Reader};
use crate::read::section::{Faults, Text};
use crate::route::{Beside, Part, Place};
use crate::treatment::Treatment;

impl Reader<'_, '_> {
    /// Checks a place at which a file stands, and its field.
    pub(super) fn file(
        &self,
        field: FieldIndex,
        place: &Place,
        at: &Text<'_>,
        faults: &mut Faults<'_>,
    ) {
        let Some(named) = self.fields.get(field.0).filter(|named| named.sound) else {
            return;
        };
        let (name, span) = (named.name.value, &at.span);
        match named.field.treatment {
            Treatment::Sealed { .. } | Treatment::Block | Treatment::Pass => {}
            _ => {
                let message = format!("a file stands here, and `{name}` is treated as a value");
                let help = "give files a field of their own: `treatment = \"sealed\"` (or `block`, `pass`)";
                faults.error("policy::file-treatment", span.clone(), message, help);
            }
        }
        if let Some(Beside::Selector(selector)) = &place.subject {
            let message = format!(
                "whose the file is would stand at `{selector}`, and a file does not wait for it"
            );
            let help = "name a parameter of the path here, `subject = \"{id}\"`, or give files a field of their own";
            faults.error("policy::file-subject", span.clone(), message, help);
        }
    }
}

/// Whether what a file inside this became is found again: an answer gives a part by itself, and nothing else.
pub(super) fn comes_back(around: Around<'_>, wrappers: &[Format]) -> bool {
    let is_part = around.format == Some(Format::Multipart) && around.outer.is_none();
    around.part == Part::Body && is_part && wrappers.is_empty()
}
