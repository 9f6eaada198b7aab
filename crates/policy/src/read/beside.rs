//! What else of a request a place's treatment takes in: `subject`, whose value it is, and `tweak`, what makes equal
//! values of two records differ. `"{id}"` is a parameter of the path, anything else a selector of the body.

use crate::read::places::Reader;
use crate::read::section::{Faults, Section, Text};
use crate::route::{Beside, Part, Place};
use crate::treatment::{Dates, Treatment};

/// Reads one, wherever it stands.
pub(super) fn read(text: &Text<'_>, faults: &mut Faults<'_>) -> Option<Beside> {
    let parameter = text
        .value
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    match parameter {
        Some(name) if !name.is_empty() && name != "**" => Some(Beside::Parameter(name.to_owned())),
        None if !text.value.is_empty() => Some(Beside::Selector(text.value.to_owned())),
        _ => {
            let message = format!("`{}` names nothing of a request", text.value);
            let help = "write a parameter of the path, `{id}`, or a selector of the body, `$.id`";
            faults.error("policy::out-of-reach", text.span.clone(), message, help);
            None
        }
    }
}

/// A selector of a place, and where to point at when it is wrong.
#[derive(Clone, Debug)]
pub(super) struct Meant<'t> {
    pub(super) text: Text<'t>,
    /// Its own bytes can be pointed at.
    pub(super) here: bool,
}

impl<'t> Reader<'_, 't> {
    /// Reads what stands beside a place into it; an own `subject` goes before the field's.
    pub(super) fn beside(
        &self,
        section: &Section<'t>,
        at: &Text<'t>,
        place: &mut Place,
        faults: &mut Faults<'_>,
    ) -> Vec<Meant<'t>> {
        let mut selectors = Vec::new();
        let Some(named) = self.fields.get(place.field.0).filter(|named| named.sound) else {
            return selectors;
        };
        let treatment = &named.field.treatment;
        // Every other token says by its key whose it is.
        let wanted =
            place.part != Part::Answer || matches!(treatment, Treatment::Date(Dates::Shift { .. }));
        let has_subject = wanted && super::idle::takes_subject(treatment);
        if let Some(text) = section.text("subject", faults) {
            if has_subject {
                place.subject = read(&text, faults);
                selectors.extend(meant(text, &place.subject));
            } else {
                let why = if wanted {
                    "what its field's treatment makes belongs to no person's key"
                } else {
                    "the token itself says whose key opens it"
                };
                self.idle("subject", section, why, faults);
            }
        } else if has_subject {
            place.subject.clone_from(&named.field.subject);
            // What is wrong with it is wrong at this place only.
            selectors.extend(named.subject.clone().and_then(|text| {
                let span = at.span.clone();
                let text = Text { span, ..text };
                let selector = meant(text, &place.subject)?;
                Some(Meant {
                    here: false,
                    ..selector
                })
            }));
        }
        if let Some(text) = section.text("tweak", faults) {
            if matches!(treatment, Treatment::Format(_)) {
                place.tweak = read(&text, faults);
                selectors.extend(meant(text, &place.tweak));
            } else {
                let why = "only a `format` stand-in takes one";
                self.idle("tweak", section, why, faults);
            }
        }
        for (key, beside) in [("subject", &place.subject), ("tweak", &place.tweak)] {
            if let Some(beside) = beside {
                self.reachable(key, beside, at, place.part, faults);
            }
        }
        selectors
    }

    fn idle(&self, key: &str, section: &Section<'_>, why: &str, faults: &mut Faults<'_>) {
        let message = format!("`{key}` means nothing at this place");
        let help = format!("take it out: {why}");
        faults.error("policy::idle-key", section.key_span(key), message, help);
    }

    /// A parameter must be in every path of the route, and a selector needs a body.
    fn reachable(
        &self,
        key: &str,
        beside: &Beside,
        at: &Text<'_>,
        part: Part,
        faults: &mut Faults<'_>,
    ) {
        let (message, help) = match beside {
            Beside::Parameter(name) => {
                let mut patterns = self.patterns.iter();
                let Some(without) = patterns.find(|pattern| !pattern.template.has_parameter(name))
                else {
                    return;
                };
                (
                    format!(
                        "the {key} of `{}` is `{{{name}}}`, and `{without}` has no such parameter",
                        at.value
                    ),
                    format!(
                        "write it into every `match` of the route, or say it here: `{key} = …`, a selector of the body"
                    ),
                )
            }
            Beside::Selector(selector) if !matches!(part, Part::Body | Part::Answer) => (
                format!(
                    "the {key} of `{}` is `{selector}`, which stands in a body; this place does not",
                    at.value
                ),
                format!("name a parameter of the path here: `{key} = \"{{id}}\"`"),
            ),
            Beside::Selector(_) => return,
        };
        faults.error("policy::out-of-reach", at.span.clone(), message, help);
    }
}

fn meant<'t>(text: Text<'t>, beside: &Option<Beside>) -> Option<Meant<'t>> {
    matches!(beside, Some(Beside::Selector(_))).then_some(Meant { text, here: true })
}
