//! The places of a route: `{ at = "$.name", field = "patient-name" }`, whatever part of the message they are in.

use body::PlaceId;

use crate::nearest::nearest;
use crate::plan::FieldIndex;
use crate::read::fields::NamedField;
use crate::read::section::{Faults, Keys, Section, Text};
use crate::route::{Part, Place};

const LATER: &[(&str, &str)] = &[
    (
        "as",
        "what stands inside a value cannot be named yet: protect the whole value, or leave it out",
    ),
    (
        "protect",
        "what stands inside a value cannot be named yet: protect the whole value, or leave it out",
    ),
    (
        "companion",
        "a value cannot be moved to a neighbour yet: leave the place out",
    ),
    (
        "write",
        "a value cannot be moved to a neighbour yet: leave the place out",
    ),
    (
        "when",
        "write the condition into the selector: `$.items[?@.kind == 'x'].value`",
    ),
    (
        "subject",
        "leave it out: keys are by field and epoch, not by person",
    ),
];

const PLACE_KEYS: Keys = Keys {
    known: &["at", "field", "required"],
    later: LATER,
};
const QUERY_KEYS: Keys = Keys {
    known: &["at", "field", "required", "syntax"],
    later: LATER,
};

/// The places of one route, as they are read.
pub(crate) struct Reader<'r, 't> {
    pub(crate) fields: &'r mut Vec<NamedField<'t>>,
    pub(crate) used: &'r mut Vec<bool>,
    pub(crate) places: Vec<Place>,
}

/// A place whose field is known.
pub(super) struct Read<'t> {
    pub(super) at: Text<'t>,
    pub(super) place: PlaceId,
    pub(super) section: Section<'t>,
}

impl<'t> Reader<'_, 't> {
    /// The places under `key`; one whose field or selector is missing is reported and left out.
    pub(super) fn read_all(
        &mut self,
        route: &Section<'t>,
        key: &'static str,
        part: Part,
        faults: &mut Faults<'_>,
    ) -> Vec<Read<'t>> {
        let keys = if part == Part::Query {
            QUERY_KEYS
        } else {
            PLACE_KEYS
        };
        let tables = route.tables(key, faults);
        if route.has(key) && tables.is_empty() {
            let message = format!("`{key}` names no place");
            let help =
                format!("take `{key}` out, or write `{key} = [{{ at = \"…\", field = \"…\" }}]`");
            faults.error("policy::idle-key", route.key_span(key), message, help);
        }
        let read = tables.into_iter().filter_map(|(table, span)| {
            let section = Section::open(table, span, "a place", keys, faults);
            let at = section.needed_text("at", "say where the value stands", faults);
            let field = section.needed_text(
                "field",
                "say which of the file's fields stands there",
                faults,
            );
            let required = section.flag("required", faults);
            let field = self.field(&field?, faults);
            let (at, field) = (at?, field?);
            let Ok(id) = u16::try_from(self.places.len()) else {
                let message = "the route has too many places";
                faults.error(
                    "policy::too-many",
                    at.span,
                    message,
                    "split the route by its paths",
                );
                return None;
            };
            self.places.push(Place {
                field,
                at: at.value.to_owned(),
                part,
                required,
                subject: None,
                tweak: None,
                companion: None,
            });
            Some(Read {
                at,
                place: PlaceId(id),
                section,
            })
        });
        read.collect()
    }

    fn field(&mut self, wanted: &Text<'_>, faults: &mut Faults<'_>) -> Option<FieldIndex> {
        let mut names = self.fields.iter().map(|field| field.name.value);
        if let Some(index) = names.position(|name| name == wanted.value) {
            if let Some(used) = self.used.get_mut(index) {
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

    pub(super) fn field_at(&self, place: PlaceId) -> Option<&NamedField<'t>> {
        self.fields
            .get(self.places.get(usize::from(place.0))?.field.0)
    }
}
