//! Places by which values are looked up: what is asked for must be what is stored.

use crate::diagnostic::Severity;
use crate::read::places::{Read, Reader};
use crate::read::section::Faults;
use crate::treatment::{Dates, Treatment};

impl Reader<'_, '_> {
    /// A place by which values are looked up must find what is stored.
    pub(super) fn asked_for(
        &mut self,
        read: &Read<'_>,
        part: &str,
        can_say_or: bool,
        faults: &mut Faults<'_>,
    ) {
        let Some(field) = self.field_at(read).filter(|field| field.sound) else {
            return;
        };
        let name = field.name.value;
        let treatment = &field.field.treatment;
        match treatment {
            Treatment::Sealed { .. } => {
                let message = format!(
                    "`{name}` is `sealed`, and a `{part}` that asks for it can never match: no two tokens are equal"
                );
                let help = "make the field `match`, or give this place a field that is `block`";
                faults.error("policy::sealed-search", read.at.span.clone(), message, help);
            }
            Treatment::Date(Dates::StandIn) => self.no_stand_in(read, part, faults),
            Treatment::Vault(pointing) if !pointing.equality => {
                let message = format!(
                    "`{name}` is in the vault, and a `{part}` that asks for it can never match: no two pointers are equal"
                );
                let help = "say `equality = true` on the field or make it `match`, or give this place a field that \
                            is `block`";
                faults.error("policy::vault-search", read.at.span.clone(), message, help);
            }
            Treatment::Match | Treatment::Words { .. } if !can_say_or => {
                self.pin(read, &format!("this `{part}`"), faults);
            }
            Treatment::Match
            | Treatment::Words { .. }
            | Treatment::Format(_)
            | Treatment::Date(Dates::Shift { .. })
            | Treatment::Vault(_)
            | Treatment::Mask
            | Treatment::Block
            | Treatment::Pass => {}
        }
    }

    /// A header is asked for too, and may carry what nobody looks up.
    pub(super) fn in_header(&mut self, read: &Read<'_>, faults: &mut Faults<'_>) {
        let field = self.field_at(read).filter(|field| field.sound);
        if field
            .is_some_and(|field| matches!(field.field.treatment, Treatment::Date(Dates::StandIn)))
        {
            self.no_stand_in(read, "header", faults);
        }
        self.pin(read, "a header", faults);
    }

    /// The true date would be nowhere.
    fn no_stand_in(&self, read: &Read<'_>, part: &str, faults: &mut Faults<'_>) {
        let message = format!(
            "one date stands for all where the field has a `stand-in`, and a `{part}` has no companion for the true one"
        );
        let help = "give this place a field that is `block`";
        faults.error("policy::sealed-search", read.at.span.clone(), message, help);
    }

    /// Pins the epoch of a `match` or `words` field that is asked for where only one token can stand.
    pub(super) fn pin(&mut self, read: &Read<'_>, place: &str, faults: &mut Faults<'_>) {
        let known = read.place().map(|place| usize::from(place.0));
        let index = known
            .and_then(|known| self.places.get(known))
            .map(|known| known.field.0);
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
