//! `reveal` of a route: where its answers hold what no prefix tells, or what is no text.

use body::Format;

use crate::read::places::{Around, Reader};
use crate::read::section::{Faults, Section};
use crate::route::{Part, Reveal};

/// What answers may be said to be: the formats that their places are read in, and files.
const ANSWERS: [&str; 9] = [
    "json", "ndjson", "form", "csv", "xml", "text", "protobuf", "grpc", FILE,
];

/// Whole files.
const FILE: &str = "file";

/// What a route says that its answers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Bodies in which places are found.
    Read(Format),
    /// Files, which have none.
    Files,
}

impl<'t> Reader<'_, 't> {
    /// `reveal`, in the answers that `answer` says.
    pub(crate) fn reveal(
        &mut self,
        route: &Section<'t>,
        answer: Option<Answer>,
        faults: &mut Faults<'_>,
    ) -> Option<Reveal> {
        let around = Around {
            part: Part::Answer,
            format: match answer {
                Some(Answer::Read(format)) => Some(format),
                Some(Answer::Files) | None => None,
            },
            outer: None,
        };
        let mut read = self.read_all(route, "reveal", around, faults);
        // A message is no text: in it nothing is found by its prefix.
        let is_text = !matches!(answer, Some(Answer::Read(Format::Protobuf | Format::Grpc)));
        read.retain(|read| {
            let Some(named) = self.field_at(read).filter(|named| named.sound) else {
                return true;
            };
            if !(is_text && named.field.treatment.has_prefix()) {
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
        let Answer::Read(format) = answer? else {
            return None;
        };
        let plan = self.plan(format, &read, faults)?;
        Some(Reveal {
            plan,
            places: self.places.clone(),
        })
    }
}

/// Reads `answer`.
pub(crate) fn answer(route: &Section<'_>, faults: &mut Faults<'_>) -> Option<Answer> {
    let Some(text) = route.text("answer", faults) else {
        return (!route.has("answer")).then_some(Answer::Read(Format::Json));
    };
    if text.value == FILE {
        if route.has("reveal") {
            let message = "a file is opened whole: it has no places";
            let help = "take `reveal` out, or say how its places are read: `answer = \"json\"`";
            faults.error("policy::idle-key", route.key_span("answer"), message, help);
        }
        return Some(Answer::Files);
    }
    if !route.has("reveal") {
        let message = "`answer` says how the places of `reveal` are read, and there are none";
        let help = "take it out";
        faults.error("policy::idle-key", route.key_span("answer"), message, help);
    }
    if !ANSWERS.contains(&text.value) {
        faults.unknown_word("the format of an answer", &text, &ANSWERS);
        return None;
    }
    text.value.parse().ok().map(Answer::Read)
}
