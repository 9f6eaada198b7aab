//! `reveal` of a route: where its answers hold what no prefix tells.

use body::Format;

use crate::read::places::{Around, Reader};
use crate::read::section::{Faults, Section};
use crate::route::{Part, Reveal};

/// The formats that answers are read in.
const FORMATS: [&str; 3] = ["json", "form", "text"];

impl<'t> Reader<'_, 't> {
    /// `reveal`, in answers of the format that `answer` says.
    pub(crate) fn reveal(
        &mut self,
        route: &Section<'t>,
        faults: &mut Faults<'_>,
    ) -> Option<Reveal> {
        let format = answer(route, faults);
        let around = Around {
            part: Part::Answer,
            format,
            outer: None,
        };
        let mut read = self.read_all(route, "reveal", around, faults);
        read.retain(|read| {
            let Some(named) = self.field_at(read).filter(|named| named.sound) else {
                return true;
            };
            if !named.field.treatment.has_prefix() {
                return true;
            }
            let message = format!(
                "what `{}` leaves is found wherever it stands in an answer",
                named.name.value
            );
            let help = "take the place out: only what has no prefix needs one";
            faults.warning("policy::idle-reveal", read.at.span.clone(), message, help);
            false
        });
        let plan = self.plan(format?, &read, faults)?;
        Some(Reveal {
            plan,
            places: self.places.clone(),
        })
    }
}

fn answer(route: &Section<'_>, faults: &mut Faults<'_>) -> Option<Format> {
    let Some(text) = route.text("answer", faults) else {
        return (!route.has("answer")).then_some(Format::Json);
    };
    if !route.has("reveal") {
        let message = "`answer` says how the places of `reveal` are read, and there are none";
        let help = "take it out";
        faults.error("policy::idle-key", route.key_span("answer"), message, help);
    }
    if !FORMATS.contains(&text.value) {
        faults.unknown_word("the format of an answer", &text, &FORMATS);
        return None;
    }
    text.value.parse().ok()
}
