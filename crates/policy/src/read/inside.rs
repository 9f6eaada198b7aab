//! What stands inside a value: `{ at = "message", as = "json", protect = [ … ] }`, to any depth, or with a `field`
//! itself where the whole inner text is the value.

use body::{Format, Plan, Selected};

use crate::read::files;
use crate::read::places::{Around, Read, Reader, led_to};
use crate::read::routes::unknown_format;
use crate::read::section::{Faults, Section, Text};
use crate::route::{Content, Part};

impl<'t> Reader<'_, 't> {
    /// Reads a place with `as`; what is wrong is reported.
    pub(super) fn body_inside(
        &mut self,
        section: Section<'t>,
        at: Text<'t>,
        around: Around<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<Read<'t>> {
        let formats = formats(&section, faults)?;
        let (innermost, wrappers) = formats.split_last()?;
        for format in wrappers {
            if !format.is_whole() {
                let message = format!("`{format}` has places of its own: what of it is a body?");
                let help = format!(
                    "name the place: `as = \"{format}\", protect = [{{ at = \"…\", as = \"{innermost}\", … }}]`"
                );
                faults.error("policy::inside", section.key_span("as"), message, help);
                return None;
            }
        }
        if *innermost == Format::File && !files::comes_back(around, wrappers) {
            let message = "a file stands inside a value: what it becomes would not be found again in an answer";
            let help = "name the `field` without `file`, so that the value is protected whole; a file may be the body, or a part of a `multipart` one";
            faults.error("policy::inside", section.key_span("as"), message, help);
            return None;
        }
        let outer = led_to(around.outer, at.value);
        let inner = Around {
            part: around.part,
            format: Some(*innermost),
            outer: Some(&outer),
        };
        let list = if around.part == Part::Answer {
            "reveal"
        } else {
            "protect"
        };
        let mut plan = match (section.has("field"), section.has(list)) {
            (true, true) => {
                let message = format!("the place is one `field` or holds places to `{list}`");
                let help = "take one of them out";
                faults.error("policy::inside", section.key_span(list), message, help);
                return None;
            }
            (false, false) => {
                let help = format!(
                    "name its places, `{list} = [{{ at = \"…\", field = \"…\" }}]`, or the `field` that the whole is"
                );
                section.missing(list, &help, faults);
                return None;
            }
            (true, false) if !innermost.is_whole() => {
                let message = format!("a `{innermost}` body is no single value");
                let help = format!("name its places: `{list} = [{{ at = \"…\", field = \"…\" }}]`");
                faults.error("policy::inside", section.key_span("field"), message, help);
                return None;
            }
            (true, false) => {
                let (_, place, ..) = self.value(&section, Some(at.clone()), inner, faults)?;
                Plan::compile(*innermost, [Selected::new("*", place)]).ok()?
            }
            (false, true) => {
                let read = self.read_all(&section, list, inner, faults);
                if innermost.is_query() {
                    for read in &read {
                        self.asked_for(read, innermost.as_str(), innermost.says_or(), faults);
                    }
                }
                self.plan(*innermost, &read, faults)?
            }
        };
        for format in wrappers.iter().rev() {
            plan = Plan::compile(*format, [Selected::body("*", plan)]).ok()?;
        }
        Some(Read {
            at,
            content: Content::Body(plan),
            section,
            beside: Vec::new(),
            companion: None,
        })
    }
}

/// The formats of `as`, from the outside in.
fn formats(section: &Section<'_>, faults: &mut Faults<'_>) -> Option<Vec<Format>> {
    let texts = section.texts("as", faults);
    let mut formats = Vec::with_capacity(texts.len());
    for text in &texts {
        match text.value.parse() {
            Ok(format) => formats.push(format),
            Err(_) => {
                unknown_format(text, faults);
                return None;
            }
        }
    }
    if formats.is_empty() && section.has("as") && texts.is_empty() {
        let help = "say what stands inside: `as = \"json\"`, `as = [\"base64\", \"json\"]`";
        let message = "`as` names no format";
        faults.error("policy::inside", section.key_span("as"), message, help);
    }
    (!formats.is_empty()).then_some(formats)
}
