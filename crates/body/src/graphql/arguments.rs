//! Which arguments of a document are places: `createContact(input.lastName)`.
//!
//! Before the parenthesis stands a field's name, not its alias, or the end of the path to it: `query.Contact`; a
//! directive is `@name`. In the parenthesis stands the path to the value; lists do not count. `*` is any one name,
//! and `**` at the end of the argument's path all that follows.

use std::sync::Arc;

use super::document;
use crate::edit::{Comparison, PlaceId};
use crate::error::Error;
use crate::language::{Read, Site, Statements};
use crate::plan::{Grammar, Selected};
use crate::selector::{Reason, SelectorError, Which};

/// The named arguments of a document.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    named: Vec<Argument>,
}

#[derive(Debug, PartialEq, Eq)]
struct Argument {
    field: Names,
    path: Names,
    place: PlaceId,
}

/// Where a value stands in a document.
pub(super) struct Path<'a> {
    /// The names of the fields around it, the outermost first.
    pub(super) fields: &'a [&'a str],
    /// Whether the outermost field may stand in others: it is a fragment's.
    pub(super) open: bool,
    /// The argument, and the names of the object fields to the value.
    pub(super) argument: &'a [&'a str],
}

/// Reads the selectors.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let mut named: Vec<Argument> = Vec::new();
    for (index, place) in selected.iter().enumerate() {
        let fault = |reason, text: &str, which| {
            Err((index, SelectorError::new(reason, 0..text.len()).of(which)))
        };
        let alone = Reason::Unsupported {
            what: "anything beside an argument",
            remedy: "have it in the variables",
        };
        if let Some(text) = place.beside.first() {
            return fault(alone, text, Which::Beside(0));
        }
        if let Some((text, _)) = place.companion {
            return fault(alone, text, Which::CompanionAt);
        }
        let Some((field, path)) = read(place.at) else {
            let expected = "JSONPath, or an argument such as `createContact(input.lastName)`,";
            return fault(Reason::Expected { expected }, place.at, Which::Place);
        };
        if named
            .iter()
            .any(|known| (&known.field, &known.path) == (&field, &path))
        {
            return fault(Reason::Twice, place.at, Which::Place);
        }
        named.push(Argument {
            field,
            path,
            place: place.place,
        });
    }
    Ok(Arc::new(Statements(Arc::new(Arguments { named }))))
}

/// Names, the outermost first.
type Names = Vec<Box<str>>;

/// `a.b(c.d)`
fn read(selector: &str) -> Option<(Names, Names)> {
    let (field, path) = selector.strip_suffix(')')?.split_once('(')?;
    let field: Vec<&str> = field.split('.').collect();
    let path: Vec<&str> = path.split('.').collect();
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let last = path.len().checked_sub(1)?;
    let is_field = |name: &&str| *name == "*" || is_name(name.strip_prefix('@').unwrap_or(name));
    let is_step =
        |(at, name): (usize, &&str)| *name == "*" || is_name(name) || (*name == "**" && at == last);
    let good = field.iter().all(is_field) && path.iter().enumerate().all(is_step);
    let owned = |names: Vec<&str>| names.into_iter().map(Box::from).collect();
    good.then(|| (owned(field), owned(path)))
}

impl Arguments {
    /// The place that a value stands at, and whether what stands below it is at the same place.
    pub(super) fn find(&self, path: &Path<'_>) -> Option<(PlaceId, bool)> {
        let found = self.named.iter().find(|named| named.is_at(path))?;
        let below = found.path.last().is_some_and(|last| **last == *"**");
        Some((found.place, below))
    }
}

impl Argument {
    fn is_at(&self, path: &Path<'_>) -> bool {
        let is = |named: &str, name: &str| named == "*" || named == name;
        let known = path.fields.len();
        let fits = self.field.len() <= known || (path.open && known > 0);
        let mut fields = self.field.iter().rev().zip(path.fields.iter().rev());
        let by_field = fields.all(|(named, name)| is(named, name));
        let (steps, any) = match self.path.split_last() {
            Some((last, steps)) if **last == *"**" => (steps, true),
            _ => (self.path.as_slice(), false),
        };
        let length = path.argument.len();
        let long = steps.len() == length || (any && steps.len() < length);
        let mut argument = steps.iter().zip(path.argument);
        fits && by_field && long && argument.all(|(named, name)| is(named, name))
    }
}

/// How a value is compared, by the name that it has, as most schemas call their filters; and the name of the filter
/// that takes several.
pub(super) fn comparison(name: &str) -> (Comparison, Option<&'static str>) {
    match name {
        "eq" => (Comparison::Equal, Some("in")),
        "_eq" => (Comparison::Equal, Some("_in")),
        "ne" => (Comparison::NotEqual, Some("nin")),
        "_neq" => (Comparison::NotEqual, Some("_nin")),
        "in" | "_in" => (Comparison::OneOf, None),
        "nin" | "_nin" => (Comparison::NotOneOf, None),
        "startsWith" | "starts_with" | "_starts_with" => (Comparison::Prefix, None),
        "like" | "_like" | "_ilike" | "_nlike" | "_nilike" | "contains" | "_contains"
        | "endsWith" | "ends_with" | "regex" | "_regex" | "includes" | "excludes" => {
            (Comparison::Contains, None)
        }
        "lt" | "gt" | "lte" | "gte" | "_lt" | "_gt" | "_lte" | "_gte" => (Comparison::Order, None),
        _ => (Comparison::Stored, None),
    }
}

impl Read for Arguments {
    fn read(&self, document: &str, depth: usize) -> Result<Vec<Site>, Error> {
        document::read(document, self, depth)
    }
}
