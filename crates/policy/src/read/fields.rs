//! `[fields.NAME]`: what kind of value it is, and what is done to it.

use std::ops::Range;

use body::ValueType;
use seal::Pad;

use crate::display::{Display, DisplayFault};
use crate::normalise::Normalise;
use crate::plan::Field;
use crate::read::beside;
use crate::read::idle;
use crate::read::section::{Faults, Keys, NumberOrText, Section, TableAt, Text};
use crate::read::treatment::treatment;
use crate::read::words::{is_name, name_help};
use crate::treatment::Treatment;

const KEYS: Keys = Keys {
    known: &[
        "class",
        "treatment",
        "max",
        "type",
        "normalise",
        "display",
        "holds",
        "commit",
        "pad",
        "epoch",
        "stable",
        "subject",
        "stand-in",
        "shift",
        "shape",
        "domain",
        "equality",
    ],
    later: &[(
        "detect",
        "name the places the value stands at; values elsewhere are not looked for",
    )],
};

/// A field, and where it stands.
#[derive(Debug)]
pub(crate) struct NamedField<'t> {
    pub(crate) name: Text<'t>,
    pub(crate) field: Field,
    /// Whether its treatment could be read; where not, what follows from it is not reported.
    pub(crate) sound: bool,
    /// Where `subject` stands.
    pub(crate) subject: Option<Text<'t>>,
    /// Where the number of `max` stands.
    pub(crate) max: Option<Range<usize>>,
    /// Where `stand-in` stands.
    pub(crate) stand_in: Option<Text<'t>>,
}

/// Reads one field.
pub(crate) fn field<'t>(
    name: Text<'t>,
    at: TableAt<'t>,
    faults: &mut Faults<'_>,
) -> NamedField<'t> {
    let section = Section::open(at.0, at.1, "a field", KEYS, faults);
    if !is_name(name.value) {
        let message = format!("`{}` cannot be the name of a field", name.value);
        faults.error("policy::bad-name", name.span.clone(), message, name_help());
    }
    let class = section.needed_text(
        "class",
        "say who may read it: `class = \"personal\"`",
        faults,
    );
    let (max, max_span) = section.number("max", faults).unzip();
    let treatment = treatment(&section, max, faults);
    let sound = treatment.is_some();
    let subject = section.text("subject", faults);
    let stand_in = section.text("stand-in", faults);
    let normalise = normalise(&section, faults);
    let field = Field {
        name: name.value.to_owned(),
        class: class.map_or_else(String::new, |class| class.value.to_owned()),
        treatment: treatment.unwrap_or(Treatment::Block),
        max,
        value_type: value_type(&section, faults),
        display: display(&section, &normalise, faults),
        normalise,
        pad: pad(&section, faults),
        stable: section.flag("stable", faults),
        stand_in: stand_in.as_ref().map(|text| text.value.to_owned()),
        subject: subject.as_ref().and_then(|text| beside::read(text, faults)),
        pinned: epoch(&section, faults),
    };
    holds(&section, faults);
    if sound {
        idle::keys(&section, &field, faults);
    }
    NamedField {
        name,
        field,
        sound,
        subject,
        max: max_span,
        stand_in,
    }
}

fn value_type(section: &Section<'_>, faults: &mut Faults<'_>) -> ValueType {
    let Some(text) = section.text("type", faults) else {
        return ValueType::String;
    };
    match text.value {
        "string" => ValueType::String,
        "number" => ValueType::Number,
        "boolean" => ValueType::Boolean,
        _ => {
            faults.unknown_word("a type", &text, &["string", "number", "boolean"]);
            ValueType::String
        }
    }
}

/// The steps, in the order in which they are taken.
fn normalise(section: &Section<'_>, faults: &mut Faults<'_>) -> Vec<Normalise> {
    let known = Normalise::ALL.map(Normalise::as_str);
    let mut steps = Vec::new();
    for text in section.texts("normalise", faults) {
        match Normalise::ALL
            .into_iter()
            .find(|step| step.as_str() == text.value)
        {
            Some(step) => steps.push(step),
            None => faults.unknown_word("a step of normalisation", &text, &known),
        }
    }
    steps.sort_unstable();
    steps.dedup();
    steps
}

fn display(section: &Section<'_>, steps: &[Normalise], faults: &mut Faults<'_>) -> Option<Display> {
    let text = section.text("display", faults)?;
    match Display::parse(text.value, steps) {
        Ok(display) => Some(display),
        Err(fault) => {
            let message = format!("`{}`: {fault}", text.value);
            let help = match fault {
                DisplayFault::Empty => {
                    "write `A` or `a` for a letter, `9` for a digit, `*` for either, anything else for itself: \
                     `AAAA 9999 9999`"
                }
                DisplayFault::Stays => {
                    "add `digits` to `normalise` where there is a `9` and only spaces and signs stand between, \
                     `alphanumeric` otherwise; letters of its own a pattern cannot have"
                }
            };
            faults.error("policy::display", text.span, message, help);
            None
        }
    }
}

/// `64` for multiples, `"fixed:512"` for always as many, `"classes"` for powers of two.
fn pad(section: &Section<'_>, faults: &mut Faults<'_>) -> Pad {
    let (pad, span, most) = match section.number_or_text("pad", faults) {
        None => return Pad::Classes,
        Some(NumberOrText::Number(step, span)) => {
            let pad = (step <= Pad::LARGEST_MULTIPLE).then_some(Pad::Multiple(step));
            (pad, span, Pad::LARGEST_MULTIPLE)
        }
        Some(NumberOrText::Text(text)) if text.value == "classes" => return Pad::Classes,
        Some(NumberOrText::Text(text)) => {
            let Some(length) = text.value.strip_prefix("fixed:") else {
                faults.unknown_word("what values are padded to", &text, &["classes", "fixed:N"]);
                return Pad::Classes;
            };
            // One byte is the padding's, so that one of 1 would take no value.
            let taken = 2..=Pad::LARGEST_FIXED;
            let length = length.parse().ok().filter(|length| taken.contains(length));
            (length.map(Pad::Fixed), text.span, Pad::LARGEST_FIXED)
        }
    };
    if pad.is_none() {
        let message = format!("values are padded to at most {most} bytes this way");
        let help = "write `64` for multiples of 64 bytes, `\"fixed:512\"` for always 512";
        faults.error("policy::wrong-type", span, message, help);
    }
    pad.unwrap_or_default()
}

/// Plain text is all that can be shown safely: HTML would have to be sanitised first.
fn holds(section: &Section<'_>, faults: &mut Faults<'_>) {
    let Some(text) = section.text("holds", faults) else {
        return;
    };
    match text.value {
        "text" => {}
        "html" => {
            let remedy = "leave it out: the value comes back as it was, escaped as text is";
            faults.later("`holds = \"html\"`", text.span, remedy);
        }
        _ => faults.unknown_word("what a field holds", &text, &["text"]),
    }
}

fn epoch(section: &Section<'_>, faults: &mut Faults<'_>) -> bool {
    match section.text("epoch", faults) {
        Some(text) if text.value != "pinned" => {
            faults.unknown_word("an epoch", &text, &["pinned"]);
            false
        }
        Some(_) => true,
        None => false,
    }
}
