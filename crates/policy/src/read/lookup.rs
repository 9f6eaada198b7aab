//! Places by which values are looked up: what is asked for must be what is stored.

use crate::diagnostic::Severity;
use crate::read::places::{Read, Reader};
use crate::read::section::Faults;
use crate::treatment::Treatment;

impl Reader<'_, '_> {
    /// A place by which values are looked up must find what is stored.
    pub(super) fn asked_for(
        &mut self,
        read: &Read<'_>,
        part: &str,
        can_say_or: bool,
        faults: &mut Faults<'_>,
    ) {
        let Some(field) = self.field_at(read.place).filter(|field| field.sound) else {
            return;
        };
        let name = field.name.value;
        match &field.field.treatment {
            Treatment::Sealed { .. } | Treatment::Date(_) => {
                let message = format!(
                    "`{name}` is `{}`, and a `{part}` that asks for it can never match: no two tokens are equal",
                    field.field.treatment.as_str()
                );
                let help = "make the field `match`, or give this place a field that is `block`";
                faults.error("policy::sealed-search", read.at.span.clone(), message, help);
            }
            Treatment::Vault(_) => {
                let message = format!(
                    "`{name}` is in the vault, and a `{part}` cannot ask for what is kept there in this version"
                );
                let help = "make the field `match`, or give this place a field that is `block`";
                faults.error("policy::vault-search", read.at.span.clone(), message, help);
            }
            Treatment::Match | Treatment::Words { .. } if !can_say_or => {
                self.pin(read, &format!("this `{part}`"), faults);
            }
            Treatment::Match
            | Treatment::Words { .. }
            | Treatment::Mask
            | Treatment::Block
            | Treatment::Pass => {}
        }
    }

    /// Pins the epoch of a `match` or `words` field that is asked for where only one token can stand.
    pub(super) fn pin(&mut self, read: &Read<'_>, place: &str, faults: &mut Faults<'_>) {
        let index = self
            .places
            .get(usize::from(read.place.0))
            .map(|place| place.field.0);
        let Some(named) = index.and_then(|index| self.fields.get_mut(index)) else {
            return;
        };
        let asked_again = matches!(
            named.field.treatment,
            Treatment::Match | Treatment::Words { .. }
        );
        if asked_again && named.sound && !named.field.pinned {
            named.field.pinned = true;
            let message = format!(
                "`{}` keeps one epoch: {place} cannot ask for two tokens at once",
                named.name.value
            );
            let help = "nothing to do; `epoch = \"pinned\"` on the field says it and silences this";
            faults.add(
                Severity::Note,
                "policy::pinned",
                Some(read.at.span.clone()),
                message,
                help,
            );
        }
    }
}
