//! The places of a route: `{ at = "$.name", field = "patient-name" }`, whatever part of the message they are in.

use std::collections::BTreeMap;
use std::ops::Range;

use body::{Format, PlaceId};

use crate::nearest::nearest;
use crate::plan::FieldIndex;
use crate::read::beside::Meant;
use crate::read::companion::{self, ReadCompanion};
use crate::read::fields::NamedField;
use crate::read::requests;
use crate::read::section::{Faults, Keys, Section, Text};
use crate::route::{Content, Part, Place};
use crate::template::Pattern;

const LATER: &[(&str, &str)] = &[(
    "when",
    "write the condition into the selector: `$.items[?@.kind == 'x'].value`",
)];

/// The keys of a place, which depend on the part of the message that it is in.
fn keys(part: Part) -> Keys {
    let known: &[&str] = match part {
        Part::Body => &[
            "at",
            "field",
            "as",
            "protect",
            "request",
            "required",
            "subject",
            "tweak",
            "companion",
        ],
        Part::Query => &[
            "at", "field", "as", "protect", "required", "syntax", "subject", "tweak",
        ],
        Part::Header | Part::Path => &[
            "at", "field", "as", "protect", "required", "subject", "tweak",
        ],
        Part::Answer => &["at", "field", "as", "reveal", "subject", "tweak"],
    };
    Keys {
        known,
        later: LATER,
    }
}

/// The places of one route, as they are read.
pub(crate) struct Reader<'r, 't> {
    pub(crate) fields: &'r mut Vec<NamedField<'t>>,
    pub(crate) used: &'r mut Vec<bool>,
    /// The route's, which a place may name parameters of.
    pub(crate) patterns: &'r [Pattern],
    /// The route's: what each prefix of an XML selector stands for.
    pub(crate) namespaces: &'r BTreeMap<String, String>,
    pub(crate) places: Vec<Place>,
    /// Where each place stands.
    pub(crate) spots: Vec<Spot>,
}

/// Where a place stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    /// Its selector.
    pub(crate) at: Range<usize>,
    /// Whether it says where its companion goes, rightly or not.
    pub(crate) says_companion: bool,
}

/// A place whose field is known, or what is inside it.
pub(super) struct Read<'t> {
    pub(super) at: Text<'t>,
    pub(super) content: Content,
    pub(super) section: Section<'t>,
    /// The selectors beside it, in the order of [`Place::beside`].
    pub(super) beside: Vec<Meant<'t>>,
    pub(super) companion: Option<ReadCompanion<'t>>,
}

impl Read<'_> {
    /// Its own name among the places of the route, where what stands there is one value.
    pub(super) fn place(&self) -> Option<PlaceId> {
        match &self.content {
            Content::Value(place) => Some(*place),
            Content::Body(_) => None,
        }
    }
}

/// What the places under one key are in.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) part: Part,
    /// The format of the body that they are in, where it is known.
    pub(super) format: Option<Format>,
    /// The selectors that lead to that body, where it stands in another one.
    pub(super) outer: Option<&'a str>,
}

impl<'t> Reader<'_, 't> {
    /// The places under `key`; one whose field or selector is missing is reported and left out.
    pub(super) fn read_all(
        &mut self,
        section: &Section<'t>,
        key: &'static str,
        around: Around<'_>,
        faults: &mut Faults<'_>,
    ) -> Vec<Read<'t>> {
        let tables = section.tables(key, faults);
        if section.has(key) && tables.is_empty() {
            let message = format!("`{key}` names no place");
            let help =
                format!("take `{key}` out, or write `{key} = [{{ at = \"…\", field = \"…\" }}]`");
            faults.error("policy::idle-key", section.key_span(key), message, help);
        }
        let read = tables.into_iter().filter_map(|(table, span)| {
            let section = Section::open(table, span, "a place", keys(around.part), faults);
            let at = section.needed_text("at", "say where the value stands", faults);
            if around.part == Part::Body && section.has("request") {
                return requests::inside(section, at?, faults);
            }
            if section.has("as") {
                return self.body_inside(section, at?, around, faults);
            }
            let (at, place, beside, companion) = self.value(&section, at, around, faults)?;
            Some(Read {
                at,
                content: Content::Value(place),
                section,
                beside,
                companion,
            })
        });
        read.collect()
    }

    /// One place, at which a single value stands.
    pub(super) fn value(
        &mut self,
        section: &Section<'t>,
        at: Option<Text<'t>>,
        around: Around<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<(Text<'t>, PlaceId, Vec<Meant<'t>>, Option<ReadCompanion<'t>>)> {
        let part = around.part;
        let field = section.needed_text(
            "field",
            "say which of the file's fields stands there",
            faults,
        );
        let required = part != Part::Answer && section.flag("required", faults);
        let field = self.field(&field?, part, faults);
        let (at, field) = (at?, field?);
        let Some(id) = u16::try_from(self.places.len())
            .ok()
            .filter(|id| *id < body::nest::FIRST_SLOT)
        else {
            let message = "the route has too many places";
            let help = "split the route by its paths";
            faults.error("policy::too-many", at.span, message, help);
            return None;
        };
        let mut place = Place {
            field,
            at: led_to(around.outer, at.value),
            part,
            required,
            is_file: around.format == Some(Format::File),
            subject: None,
            tweak: None,
            companion: None,
        };
        let beside = self.beside(section, &at, &mut place, faults);
        let companion = (part == Part::Body)
            .then(|| self.companion(section, field, around, faults))
            .flatten();
        place.companion = companion.as_ref().map(ReadCompanion::plain);
        if place.is_file {
            self.file(field, &place, &at, faults);
        }
        self.places.push(place);
        self.spots.push(Spot {
            at: at.span.clone(),
            says_companion: section.has("companion"),
        });
        Some((at, PlaceId(id), beside, companion))
    }

    fn companion(
        &self,
        section: &Section<'t>,
        field: FieldIndex,
        around: Around<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<ReadCompanion<'t>> {
        let named = self.fields.get(field.0).filter(|named| named.sound)?;
        // A body inside has no neighbour that is found again: answers are read from the outside.
        let format = around.format.filter(|_| around.outer.is_none());
        companion::read(section, format, &named.field.treatment, faults)
    }

    fn field(
        &mut self,
        wanted: &Text<'_>,
        part: Part,
        faults: &mut Faults<'_>,
    ) -> Option<FieldIndex> {
        let mut names = self.fields.iter().map(|field| field.name.value);
        if let Some(index) = names.position(|name| name == wanted.value) {
            // What only comes back was never protected.
            if let Some(used) = self.used.get_mut(index)
                && part != Part::Answer
            {
                *used = true;
            }
            return Some(FieldIndex(index));
        }
        let names: Vec<&str> = self.fields.iter().map(|field| field.name.value).collect();
        let known = names.join("`, `");
        let help = match nearest(wanted.value, names) {
            Some(near) => format!("did you mean `{near}`? The file has `{known}`"),
            None if known.is_empty() => format!(
                "write `[fields.{}]` with a class and a treatment",
                wanted.value
            ),
            None => format!(
                "write one of `{known}`, or a `[fields.{}]` for it",
                wanted.value
            ),
        };
        let message = format!("the file has no field `{}`", wanted.value);
        faults.error("policy::unknown-field", wanted.span.clone(), message, help);
        None
    }

    pub(super) fn field_at(&self, read: &Read<'_>) -> Option<&NamedField<'t>> {
        let place = self.places.get(usize::from(read.place()?.0))?;
        self.fields.get(place.field.0)
    }
}

/// The selectors that lead to a place, from the outside in.
pub(super) fn led_to(outer: Option<&str>, at: &str) -> String {
    match outer {
        Some(outer) => format!("{outer} > {at}"),
        None => at.to_owned(),
    }
}
