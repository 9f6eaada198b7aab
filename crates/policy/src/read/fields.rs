//! `[fields.NAME]`: what kind of value it is, and what is done to it.

use body::ValueType;

use crate::normalise::Normalise;
use crate::plan::Field;
use crate::read::section::{Faults, Keys, Section, TableAt, Text};
use crate::read::words::{is_name, name_help};
use crate::token_length;
use crate::treatment::{PointerShape, Pointing, Treatment};

const KEYS: Keys = Keys {
    known: &[
        "class",
        "treatment",
        "max",
        "type",
        "normalise",
        "holds",
        "commit",
        "epoch",
    ],
    later: &[
        (
            "detect",
            "name the places the value stands at; values elsewhere are not looked for",
        ),
        (
            "subject",
            "leave it out: keys are by field and epoch, not by person",
        ),
        (
            "stable",
            "use `treatment = \"match\"` where an unchanged value must stay the same token",
        ),
        (
            "stand-in",
            "dates cannot be protected yet: leave the field out",
        ),
        (
            "shift",
            "dates cannot be protected yet: leave the field out",
        ),
        (
            "shape",
            "leave the place out where the app insists on a shape",
        ),
        (
            "companion",
            "leave the place out where the app takes no token",
        ),
        (
            "format",
            "leave the place out where the app insists on a format",
        ),
    ],
};

const TREATMENTS: [&str; 6] = ["sealed", "match", "vault", "mask", "block", "pass"];

/// A field, and where it stands.
#[derive(Debug)]
pub(crate) struct NamedField<'t> {
    pub(crate) name: Text<'t>,
    pub(crate) field: Field,
    /// Whether its treatment could be read; where not, what follows from it is not reported.
    pub(crate) sound: bool,
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
    let treatment = treatment(&section, faults);
    let commit = section.flag("commit", faults);
    let max = section.number("max", faults);
    let mut field = Field {
        name: name.value.to_owned(),
        class: class.map_or_else(String::new, |class| class.value.to_owned()),
        treatment: match &treatment {
            Some(Treatment::Sealed { .. }) => Treatment::Sealed { commit },
            Some(other) => other.clone(),
            None => Treatment::Block,
        },
        max: max.as_ref().map(|(max, _)| *max),
        value_type: value_type(&section, faults),
        normalise: normalise(&section, faults),
        pad: seal::Pad::default(),
        display: None,
        stable: false,
        stand_in: None,
        subject: None,
        pinned: epoch(&section, faults),
    };
    holds(&section, faults);
    field.normalise.sort_unstable();
    field.normalise.dedup();
    if treatment.is_some() {
        keys_of_treatment(&section, &field, faults);
        if let Some((max, span)) = max {
            token_length::check(&field, max, span, faults);
        }
    }
    NamedField {
        name,
        field,
        sound: treatment.is_some(),
    }
}

fn treatment(section: &Section<'_>, faults: &mut Faults<'_>) -> Option<Treatment> {
    let help = "say what is done to it: `sealed` for what nobody searches, `match` for what is looked up, \
                `vault` for short columns";
    let text = section.needed_text("treatment", help, faults)?;
    match text.value {
        "sealed" => Some(Treatment::Sealed { commit: false }),
        "match" => Some(Treatment::Match),
        "vault" => Some(Treatment::Vault(Pointing {
            shape: PointerShape::Token,
            equality: false,
        })),
        "mask" => Some(Treatment::Mask),
        "block" => Some(Treatment::Block),
        "pass" => Some(Treatment::Pass),
        "words" => {
            let remedy = "use `match` for search by the whole value, or `sealed` for none";
            faults.later("the treatment `words`", text.span, remedy);
            None
        }
        "date" => {
            let remedy = "leave the field and its places out: what they hold stays readable to the app's operator";
            faults.later("the treatment `date`", text.span, remedy);
            None
        }
        format if format == "format" || format.starts_with("format:") => {
            let remedy = "use `vault` where 16 letters and digits fit, or leave the field and its places out";
            faults.later(&format!("the treatment `{format}`"), text.span, remedy);
            None
        }
        _ => {
            faults.unknown_word("a treatment", &text, &TREATMENTS);
            None
        }
    }
}

/// Reports keys that say nothing to the field's treatment.
fn keys_of_treatment(section: &Section<'_>, field: &Field, faults: &mut Faults<'_>) {
    let name = field.treatment.as_str();
    let makes_tokens = matches!(
        field.treatment,
        Treatment::Sealed { .. } | Treatment::Match | Treatment::Vault(_)
    );
    let typed = matches!(field.treatment, Treatment::Match | Treatment::Vault(_));
    for (key, fits, why) in [
        (
            "commit",
            matches!(field.treatment, Treatment::Sealed { .. }),
            "only `sealed` tokens take a commitment",
        ),
        (
            "type",
            typed,
            "only `match` and `vault` declare a type; `sealed` keeps the one that stood there",
        ),
        (
            "epoch",
            field.treatment == Treatment::Match,
            "only `match` tokens are asked for again",
        ),
        (
            "normalise",
            makes_tokens,
            "there is nothing to normalise where no token is made",
        ),
        (
            "holds",
            makes_tokens,
            "there is nothing to show where no token is made",
        ),
        (
            "max",
            makes_tokens || field.treatment == Treatment::Mask,
            "nothing is written where it stands",
        ),
    ] {
        if section.has(key) && !fits {
            let message = format!("`{key}` means nothing to the treatment `{name}`");
            let help = format!("take it out: {why}");
            faults.error("policy::idle-key", section.key_span(key), message, help);
        }
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
    steps
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
