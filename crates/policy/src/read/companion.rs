//! `companion` of a place: the longer neighbour that the true value goes to, and what is written there.

use body::Format;

use crate::read::section::{Faults, Keys, Section, Text};
use crate::route::Companion;
use crate::treatment::{Dates, Treatment};

const KEYS: Keys = Keys {
    known: &["at", "write"],
    later: &[],
};

/// What stands for the token in what is written.
const TOKEN: &str = "{token}";

/// A companion, and where its texts stand.
#[derive(Clone, Debug)]
pub(super) struct ReadCompanion<'t> {
    pub(super) at: Text<'t>,
    pub(super) write: Text<'t>,
}

impl ReadCompanion<'_> {
    pub(super) fn plain(&self) -> Companion {
        Companion {
            at: self.at.value.to_owned(),
            write: self.write.value.to_owned(),
        }
    }
}

/// Reads the companion of a place in a body of `format`; elsewhere there is no neighbour.
pub(super) fn read<'t>(
    place: &Section<'t>,
    format: Option<Format>,
    treatment: &Treatment,
    faults: &mut Faults<'_>,
) -> Option<ReadCompanion<'t>> {
    const HELP: &str = "say where it goes and what is written there: \
                        `companion = { at = \"$.notes[+]\", write = '\"{token}\"' }`";
    let (table, span) = place.table("companion", faults)?;
    let section = Section::open(table, span, "a companion", KEYS, faults);
    let at = section.needed_text("at", HELP, faults);
    let write = section.needed_text("write", HELP, faults);
    if !matches!(format, Some(Format::Json | Format::Form)) {
        let message = "a companion stands beside its value in a `json` or `form` body";
        let help = "take it out: there is no neighbour here that it could be found in again";
        faults.error(
            "policy::idle-key",
            place.key_span("companion"),
            message,
            help,
        );
        return None;
    }
    let makes_none = matches!(
        treatment,
        Treatment::Mask | Treatment::Block | Treatment::Pass | Treatment::Date(Dates::Shift { .. })
    );
    if makes_none {
        let message = format!(
            "`companion` means nothing to the treatment `{}`",
            treatment.as_str()
        );
        let help =
            "take it out: nothing of the value is kept, or all of it comes back from its own place";
        faults.error(
            "policy::idle-key",
            place.key_span("companion"),
            message,
            help,
        );
        return None;
    }
    let (at, write) = (at?, write?);
    if write.value.matches(TOKEN).count() != 1 {
        let message = format!("`{}` does not hold `{TOKEN}` once", write.value);
        faults.error("policy::companion", write.span, message, HELP);
        return None;
    }
    Some(ReadCompanion { at, write })
}
