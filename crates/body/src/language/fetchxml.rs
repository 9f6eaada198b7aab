//! FetchXML, in which Dataverse and Dynamics 365 are asked: `<condition attribute='lastname' operator='eq'
//! value='x'/>` in the filters of entities.
//!
//! An attribute is found by its own name where it is of the entity that is asked, and by `entity.attribute` in each,
//! whatever alias the entity has: aliases are for one query, entities for all. A condition that is known by several
//! values is written for each, in a filter of their own, which holds for conditions however their attributes stand.
//! Ordering and grouping by a protected attribute pass, but not with a paging cookie, which holds the values that are
//! ordered by. The `uiname` of a lookup is the text of its name attribute (`parentcustomeridname`).

use std::ops::Range;

use zeroize::Zeroizing;

use super::fields::Fields;
use super::lexer::expected;
use super::literal::{Special, Spelling};
use super::operand::How;
use super::site::{Joined, Site};
use crate::edit::{Comparison, PlaceId, ValueType};
use crate::error::Error;
use crate::xml::{Element, Event, Reader};

/// Finds the sites of a statement.
pub(super) fn read(statement: &str, fields: &Fields, depth: usize) -> Result<Vec<Site>, Error> {
    let mut fetch = Fetch {
        reader: Reader::new(statement, depth)?,
        statement,
        fields,
        open: Vec::new(),
        entities: Vec::new(),
        around: Vec::new(),
        outputs: Vec::new(),
        orders: Vec::new(),
        conditions: Vec::new(),
        cookie: None,
        sites: Vec::new(),
    };
    while let Some(event) = fetch.reader.next()? {
        match event {
            Event::Start(element) => fetch.begin(&element)?,
            Event::End(at) => fetch.end(at),
            Event::Text(range) => fetch.text(range)?,
        }
    }
    fetch.compare()?;
    Ok(fetch.sites)
}

/// The elements there are, and what each may stand in.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("fetch", &[""]),
    ("entity", &["fetch"]),
    ("attribute", &["entity", "link-entity"]),
    ("all-attributes", &["entity", "link-entity"]),
    ("no-attrs", &["entity", "link-entity"]),
    ("order", &["fetch", "entity", "link-entity"]),
    ("link-entity", &["entity", "link-entity", "filter"]),
    ("filter", &["entity", "link-entity", "filter"]),
    ("condition", &["filter"]),
    ("value", &["condition"]),
];

/// How the operators compare that tokens may answer, and those that ask for a part. Any other that has a value asks
/// for more than an equality.
const OPERATORS: &[(&str, How)] = &[
    ("eq", How::EQUAL),
    ("ne", How::NOT_EQUAL),
    ("neq", How::NOT_EQUAL),
    ("in", How::ONE_OF),
    ("not-in", How::NOT_ONE_OF),
    ("like", How::Like { not: false }),
    ("not-like", How::Like { not: true }),
    ("begins-with", How::PREFIX),
    ("not-begin-with", How::PREFIX),
    ("ends-with", How::CONTAINS),
    ("not-end-with", How::CONTAINS),
    ("contain-values", How::CONTAINS),
    ("not-contain-values", How::CONTAINS),
];

/// What a condition on a protected attribute may say. Only the app's own pages read the last two.
const CONDITION: &[&str] = &[
    "attribute",
    "entityname",
    "operator",
    "value",
    "valueof",
    "uitype",
    "uihidden",
];

/// What is asked for where a condition says more than is known here.
const PLAIN: &str = "a condition of an attribute, an operator and its values";

/// What has a meaning in a pattern. Brackets would take it away, which not every version does.
const WILD: &str = "%_[";

/// An entity that is asked.
struct Entity {
    name: String,
    alias: String,
}

/// An attribute, where it is named.
struct Named {
    attribute: String,
    /// Which of the entities it stands in.
    within: usize,
    /// The alias or name of the entity that it is of, where that is said.
    of: Option<String>,
    at: usize,
}

/// A value of a condition.
struct Value {
    /// What is written again for another one.
    whole: Range<usize>,
    at: Range<usize>,
    text: Zeroizing<Vec<u8>>,
    is_element: bool,
}

struct Condition {
    named: Named,
    operator: String,
    whole: Range<usize>,
    values: Vec<Value>,
    /// Whether it compares with another attribute.
    with_attribute: bool,
    /// The names of what lookups point to.
    labels: Vec<Value>,
    /// Whether it says what is not known of a condition.
    is_strange: bool,
}

/// What is read of a statement.
struct Fetch<'a> {
    reader: Reader<'a>,
    statement: &'a str,
    fields: &'a Fields,
    open: Vec<&'a str>,
    entities: Vec<Entity>,
    /// Which entities are open.
    around: Vec<usize>,
    /// The aliases of attributes in the answer.
    outputs: Vec<(String, Named)>,
    orders: Vec<Named>,
    conditions: Vec<Condition>,
    /// Where a paging cookie stands.
    cookie: Option<usize>,
    sites: Vec<Site>,
}

impl<'a> Fetch<'a> {
    fn begin(&mut self, element: &Element<'a>) -> Result<(), Error> {
        let parent = self.open.last().copied().unwrap_or_default();
        let known = ELEMENTS.iter().find(|(name, _)| *name == element.name);
        let in_place = known.is_some_and(|(_, parents)| parents.contains(&parent));
        // In a namespace it is another language's element.
        let renamed = element.attributes.iter().any(|(name, _)| *name == "xmlns");
        let second = element.name == "entity" && !self.entities.is_empty();
        if !in_place || renamed || second {
            return Err(expected(
                "an element of FetchXML in its place",
                element.start,
            ));
        }
        self.open.push(element.name);
        match element.name {
            "fetch" => self.cookie = find(element, "paging-cookie").map(|range| range.start),
            "entity" | "link-entity" => {
                let alias = self.attribute(element, "alias")?.unwrap_or_default();
                let name = self.name(element, "name")?.to_lowercase();
                let alias = alias.to_lowercase();
                self.around.push(self.entities.len());
                self.entities.push(Entity { name, alias });
            }
            "attribute" => {
                let alias = self.attribute(element, "alias")?;
                let named = self.named(element, "name")?;
                self.outputs.extend(alias.map(|alias| (alias, named)));
            }
            "order" => {
                let name = match find(element, "attribute") {
                    Some(_) => "attribute",
                    None => "alias",
                };
                let order = self.named(element, name)?;
                self.orders.push(order);
            }
            "condition" => self.condition(element)?,
            "value" => self.value(element)?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, at: usize) {
        match self.open.pop() {
            Some("entity" | "link-entity") => drop(self.around.pop()),
            Some("condition") => {
                if let Some(condition) = self.conditions.last_mut() {
                    condition.whole.end = at;
                }
            }
            Some("value") => {
                let condition = self.conditions.last_mut();
                if let Some(value) = condition.and_then(|condition| condition.values.last_mut()) {
                    value.whole.end = at;
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, range: Range<usize>) -> Result<(), Error> {
        if self.open.last() != Some(&"value") {
            let text = self.statement.get(range.clone()).unwrap_or_default();
            return match text.trim_ascii().is_empty() {
                true => Ok(()),
                false => Err(expected("an element", range.start)),
            };
        }
        let text = self.reader.content(range.clone())?;
        if let Some(condition) = self.conditions.last_mut()
            && let Some(value) = condition.values.last_mut()
        {
            value.at = range;
            value.text = text;
        }
        Ok(())
    }

    fn condition(&mut self, element: &Element<'a>) -> Result<(), Error> {
        let named = self.named(element, "attribute")?;
        let operator = self.attribute(element, "operator")?;
        let operator = operator.ok_or_else(|| expected("an operator", element.start))?;
        let is_known = |(name, _): &(&str, _)| CONDITION.contains(name);
        let mut condition = Condition {
            named,
            operator: operator.to_ascii_lowercase(),
            whole: element.start..element.start,
            values: Vec::new(),
            with_attribute: find(element, "valueof").is_some(),
            labels: Vec::new(),
            is_strange: !element.attributes.iter().all(is_known),
        };
        condition.values.extend(self.said(element, "value")?);
        condition.labels.extend(self.said(element, "uiname")?);
        self.conditions.push(condition);
        Ok(())
    }

    fn value(&mut self, element: &Element<'a>) -> Result<(), Error> {
        let label = self.said(element, "uiname")?;
        if let Some(condition) = self.conditions.last_mut() {
            let is_known = |(name, _): &(&str, _)| *name == "uitype";
            condition.is_strange |= !element.attributes.iter().all(is_known);
            condition.labels.extend(label);
            condition.values.push(Value {
                whole: element.start..element.start,
                at: element.start..element.start,
                text: Zeroizing::default(),
                is_element: true,
            });
        }
        Ok(())
    }

    /// What an attribute of an element holds.
    fn said(&self, element: &Element<'_>, name: &str) -> Result<Option<Value>, Error> {
        let Some(at) = find(element, name) else {
            return Ok(None);
        };
        Ok(Some(Value {
            whole: at.clone(),
            text: self.reader.attribute(at.clone())?,
            at,
            is_element: false,
        }))
    }

    /// The text of an attribute of an element.
    fn attribute(&self, element: &Element<'_>, name: &str) -> Result<Option<String>, Error> {
        let said = self.said(element, name)?;
        Ok(said.map(|value| String::from_utf8_lossy(&value.text).into_owned()))
    }

    /// An attribute of an element that must be a name.
    fn name(&self, element: &Element<'_>, name: &str) -> Result<String, Error> {
        let is_name = |name: &String| {
            let good = |character: char| character.is_alphanumeric() || character == '_';
            !name.is_empty() && name.chars().all(good)
        };
        let named = self.attribute(element, name)?.filter(is_name);
        named.ok_or_else(|| expected("a name", element.start))
    }

    fn named(&self, element: &Element<'_>, name: &str) -> Result<Named, Error> {
        let of = self.attribute(element, "entityname")?;
        Ok(Named {
            attribute: self.name(element, name)?,
            within: self.around.last().copied().unwrap_or_default(),
            of: of.map(|of| of.to_lowercase()),
            at: element.start,
        })
    }

    /// The place of an attribute with something behind its name.
    fn place(&self, named: &Named, behind: &str) -> Result<Option<PlaceId>, Error> {
        let find = |entity: &Entity| {
            let attribute = format!("{}{behind}", named.attribute);
            let full = self.fields.find(&format!("{}.{attribute}", entity.name));
            let asked = self
                .entities
                .first()
                .is_some_and(|asked| asked.name == entity.name);
            full.or_else(|| asked.then(|| self.fields.find(&attribute)).flatten())
        };
        let Some(of) = &named.of else {
            return Ok(self.entities.get(named.within).and_then(find));
        };
        let is_it = |entity: &&Entity| entity.name == *of || entity.alias == *of;
        let mut known = self.entities.iter().filter(is_it).peekable();
        match known.peek() {
            Some(_) => Ok(known.find_map(find)),
            None => Err(expected("the alias of an entity that is linked", named.at)),
        }
    }

    /// Notes what is compared, now that all entities are known.
    fn compare(&mut self) -> Result<(), Error> {
        let mut sites = Vec::new();
        for condition in &self.conditions {
            match self.place(&condition.named, "")? {
                Some(place) => self.compared(place, condition, &mut sites)?,
                None => {
                    if let Some(place) = self.place(&condition.named, "name")? {
                        let labels = condition.labels.iter();
                        sites.extend(labels.map(|label| label.site(place, Comparison::Equal)));
                    }
                }
            }
        }
        for order in &self.orders {
            let renamed = self
                .outputs
                .iter()
                .filter(|(alias, _)| order.attribute.eq_ignore_ascii_case(alias));
            for named in renamed.map(|(_, named)| named).chain([order]) {
                if let (Some(at), Some(_)) = (self.cookie, self.place(named, "")?) {
                    return Err(expected("no paging cookie beside this order", at));
                }
            }
        }
        self.sites = sites;
        Ok(())
    }

    fn compared(
        &self,
        place: PlaceId,
        condition: &Condition,
        sites: &mut Vec<Site>,
    ) -> Result<(), Error> {
        let known = OPERATORS
            .iter()
            .find(|(name, _)| *name == condition.operator);
        let how = known.map_or(How::ORDER, |(_, how)| *how);
        let is_list = matches!(how, How::ONE_OF | How::NOT_ONE_OF);
        let takes_one = matches!(how, How::EQUAL | How::NOT_EQUAL | How::Like { .. });
        let values = &condition.values;
        let several = values.len() > 1;
        let in_attribute = values.iter().any(|value| !value.is_element);
        if condition.is_strange
            || (condition.with_attribute && !values.is_empty())
            || (in_attribute && (several || is_list))
            || (takes_one && several)
        {
            return Err(expected(PLAIN, condition.whole.start));
        }
        for value in values {
            let mut site = match how {
                How::As(comparison) => value.site(place, comparison),
                How::Like { not } => self.like(place, value, not)?,
            };
            if matches!(how, How::Like { .. } | How::PREFIX | How::CONTAINS) {
                site.spelling = Spelling::inside(Special::Markup(WILD));
            }
            site.or = match site.comparison {
                Comparison::Equal => Some(OR.over(condition.whole.clone())),
                Comparison::NotEqual => Some(AND.over(condition.whole.clone())),
                Comparison::OneOf | Comparison::NotOneOf => {
                    Some(Joined::new("", "", "").over(value.whole.clone()))
                }
                _ => None,
            };
            sites.push(site);
        }
        Ok(())
    }

    /// A value that is a pattern: `%` at its ends is seen, whatever else has a meaning makes it one that asks for a
    /// part.
    fn like(&self, place: PlaceId, value: &Value, not: bool) -> Result<Site, Error> {
        let raw = self.statement.get(value.at.clone()).unwrap_or_default();
        let begun = raw.strip_prefix('%').unwrap_or(raw);
        let inner = begun.strip_suffix('%').unwrap_or(begun);
        let start = value.at.start + raw.len() - begun.len();
        let at = start..start + inner.len();
        let text = match value.is_element {
            true => self.reader.content(at.clone())?,
            false => self.reader.attribute(at.clone())?,
        };
        let is_wild = text.iter().any(|byte| WILD.as_bytes().contains(byte));
        let comparison = match (raw.len() - begun.len(), begun.len() - inner.len()) {
            (0, 0) if !is_wild && not => Comparison::NotEqual,
            (0, 0) if !is_wild => Comparison::Equal,
            (0, 1) if !is_wild => Comparison::Prefix,
            _ => Comparison::Contains,
        };
        Ok(Site {
            text,
            at,
            ..value.site(place, comparison)
        })
    }
}

const OR: Joined = Joined::new("<filter type='or'>", "", "</filter>");
const AND: Joined = Joined::new("<filter type='and'>", "", "</filter>");

impl Value {
    fn site(&self, place: PlaceId, comparison: Comparison) -> Site {
        Site {
            place,
            comparison,
            value_type: ValueType::String,
            text: self.text.clone(),
            at: self.at.clone(),
            spelling: Spelling::inside(Special::Markup("")),
            or: None,
        }
    }
}

/// Where the value of an attribute stands.
fn find(element: &Element<'_>, name: &str) -> Option<Range<usize>> {
    let mut attributes = element.attributes.iter();
    let found = attributes.find(|(known, _)| *known == name);
    found.map(|(_, range)| range.clone())
}
