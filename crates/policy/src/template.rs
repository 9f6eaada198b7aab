//! What a route says it matches: a method and a path template.
//!
//! A template is segments: literal text, `{name}` for exactly one segment, `before{name}after` for one segment
//! that begins and ends so (`accounts({id})`, `{store}:import`), and at most one `{**}` for any number of
//! segments, none included. Literal text is brought into the normal form of [`crate::path`], so a template may
//! be written as people read it (`$export`) or as it is sent (`%24export`).

use std::ops::Range;

use crate::path::{self, PathFault};

/// The methods a pattern takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// One method. `GET` takes `HEAD` too, where no pattern for `HEAD` is as specific.
    Named(String),
    /// `*`: any method.
    Any,
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Named(name) => name,
            Self::Any => "*",
        })
    }
}

/// One entry of a route's `match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The method.
    pub method: Method,
    /// The path.
    pub template: Template,
    text: String,
}

impl Pattern {
    /// Reads `POST /v1/customers/{id}`.
    ///
    /// # Errors
    /// [`PatternError`]: the fault and the bytes of `text` that are meant.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let Some((method, template)) = text.split_once(' ') else {
            return Err(PatternError::new(PatternFault::NoMethod, 0..text.len()));
        };
        let start = text.len() - template.trim_start().len();
        let method = match method {
            "*" => Method::Any,
            name if is_method(name) => Method::Named(name.to_owned()),
            _ => return Err(PatternError::new(PatternFault::Method, 0..method.len())),
        };
        let template =
            Template::parse(template.trim_start()).map_err(|error| error.moved(start))?;
        let text = format!("{method} {template}");
        Ok(Self {
            method,
            template,
            text,
        })
    }

    /// Method and template with one space between: what messages, receipts and journals call the route.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// A path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    elements: Vec<Element>,
}

/// A part of a template between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// Exactly this text.
    Literal(String),
    /// One segment, at least one octet longer than what must stand before and after.
    Parameter {
        before: String,
        name: String,
        after: String,
    },
    /// `{**}`.
    Rest,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// As [`Pattern::parse`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if !text.starts_with('/') {
            return Err(PatternError::new(
                PatternFault::Path(PathFault::NotAbsolute),
                0..text.len(),
            ));
        }
        let mut elements = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut from = 1;
        let inner = text
            .strip_suffix('/')
            .unwrap_or(text)
            .get(1..)
            .unwrap_or_default();
        for segment in inner.split('/').filter(|_| !inner.is_empty()) {
            let span = from..from + segment.len();
            from = span.end + 1;
            let element = Element::parse(segment, span.start)?;
            if matches!(element, Element::Rest) && elements.contains(&Element::Rest) {
                return Err(PatternError::new(PatternFault::SecondRest, span));
            }
            if let Element::Parameter { name, .. } = &element {
                if names.contains(name) {
                    return Err(PatternError::new(PatternFault::SameName, span));
                }
                names.push(name.clone());
            }
            elements.push(element);
        }
        Ok(Self {
            text: text.to_owned(),
            elements,
        })
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn elements(&self) -> &[Element] {
        &self.elements
    }

    pub(crate) fn has_parameter(&self, wanted: &str) -> bool {
        self.position(wanted).is_some()
    }

    /// Where parameter `wanted` stands in `path`, as it came; `path` must be one that this template matched.
    ///
    /// The range is without what stands before and after the parameter in its segment.
    #[must_use]
    pub fn locate(&self, wanted: &str, path: &str) -> Option<Range<usize>> {
        let (at, before, after) = self.position(wanted)?;
        let segment = self.segment(at, path)?;
        let text = path.get(segment.clone())?;
        let units: Vec<Range<usize>> = units(text).collect();
        let start = units.get(count_octets(before))?.start;
        let last = units.len().checked_sub(count_octets(after) + 1)?;
        let end = units.get(last)?.end;
        (start < end).then(|| segment.start + start..segment.start + end)
    }

    /// The resource that `path` is about: the path up to the segment of the template's last parameter, so that a
    /// record's page, its edit form and its history are about one (`/patients/12`, `/patients/12/edit`). The whole
    /// path where the template has no parameter. `path` must be one that this template matched.
    #[must_use]
    pub fn resource<'a>(&self, path: &'a str) -> &'a str {
        let parameter = |element: &Element| matches!(element, Element::Parameter { .. });
        let last = self.elements.iter().rposition(parameter);
        let end = last
            .and_then(|at| self.segment(at, path))
            .map(|segment| segment.end);
        end.and_then(|end| path.get(..end)).unwrap_or(path)
    }

    /// Where the segment of the element at this index stands in a path that was matched.
    fn segment(&self, at: usize, path: &str) -> Option<Range<usize>> {
        let after_rest = self
            .elements
            .iter()
            .position(|element| *element == Element::Rest)
            .is_some_and(|rest| rest < at);
        let index = if after_rest {
            path::segments(path)
                .count()
                .checked_sub(self.elements.len() - at)?
        } else {
            at
        };
        path::segments(path).nth(index)
    }

    fn position(&self, wanted: &str) -> Option<(usize, &str, &str)> {
        self.elements
            .iter()
            .enumerate()
            .find_map(|(at, element)| match element {
                Element::Parameter {
                    before,
                    name,
                    after,
                } if name == wanted => Some((at, before.as_str(), after.as_str())),
                Element::Parameter { .. } | Element::Literal(_) | Element::Rest => None,
            })
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Element {
    fn parse(segment: &str, start: usize) -> Result<Self, PatternError> {
        let fault = |fault, span: Range<usize>| {
            PatternError::new(fault, start + span.start..start + span.end)
        };
        let whole = 0..segment.len();
        if segment.is_empty() {
            return Err(fault(PatternFault::Path(PathFault::EmptySegment), whole));
        }
        if segment == "{**}" {
            return Ok(Self::Rest);
        }
        let Some(open) = segment.find('{') else {
            if segment.contains('}') {
                return Err(fault(PatternFault::Brace, whole));
            }
            return Ok(Self::Literal(
                normal(segment, "").map_err(|kind| fault(PatternFault::Path(kind), whole))?,
            ));
        };
        let (before, rest) = segment.split_at(open);
        let Some(close) = rest.find('}') else {
            return Err(fault(PatternFault::Brace, whole));
        };
        let name = rest.get(1..close).unwrap_or_default();
        let after = rest.get(close + 1..).unwrap_or_default();
        if before.contains('}') || after.contains(['{', '}']) {
            return Err(fault(PatternFault::Brace, whole));
        }
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            return Err(fault(PatternFault::Name, open..open + close + 1));
        }
        let affix = |text: &str| {
            normal(text, "x").map_err(|kind| fault(PatternFault::Path(kind), 0..segment.len()))
        };
        Ok(Self::Parameter {
            before: affix(before)?,
            name: name.to_owned(),
            after: affix(after)?,
        })
    }
}

/// `text` in normal form, as the part of a segment that begins with `lead`.
fn normal(text: &str, lead: &str) -> Result<String, PathFault> {
    let path = format!("/{lead}{text}");
    let path = path::normalise(&path)?;
    Ok(path
        .as_str()
        .get(1 + lead.len()..)
        .unwrap_or_default()
        .to_owned())
}

/// The ranges of the octets that `text` spells, bare or encoded.
fn units(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let width = if *text.as_bytes().get(at)? == b'%' {
            3
        } else {
            1
        };
        let unit = at..text.len().min(at + width);
        at = unit.end;
        Some(unit)
    })
}

fn count_octets(text: &str) -> usize {
    units(text).count()
}

/// A method of a policy: a token (RFC 9110 §5.6.2) in upper case.
fn is_method(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// What is wrong.
    pub fault: PatternFault,
    /// The bytes of the pattern that are meant.
    pub at: Range<usize>,
}

impl PatternError {
    fn new(fault: PatternFault, at: Range<usize>) -> Self {
        Self { fault, at }
    }

    fn moved(self, by: usize) -> Self {
        Self {
            fault: self.fault,
            at: self.at.start + by..self.at.end + by,
        }
    }
}

/// What can be wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternFault {
    /// No method and path with a space between.
    #[error("a match is a method, a space and a path")]
    NoMethod,
    /// A method that is not in upper case letters.
    #[error("a method is written in upper case, or `*` for any")]
    Method,
    /// A path that no request could have after normalisation.
    #[error("no request can have this path: {0}")]
    Path(PathFault),
    /// Braces that are not one pair round a name.
    #[error("a segment holds at most one `{{name}}`, and `{{**}}` stands alone")]
    Brace,
    /// A name of other characters, or none.
    #[error("a parameter's name is letters, digits, `-` and `_`")]
    Name,
    /// One name twice.
    #[error("two parameters have one name")]
    SameName,
    /// `{**}` twice.
    #[error("`{{**}}` stands twice in one path")]
    SecondRest,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(text: &str) -> (PatternFault, Range<usize>) {
        let error = Pattern::parse(text).unwrap_err();
        (error.fault, error.at)
    }

    #[test]
    fn what_is_no_pattern_says_where() {
        assert_eq!(fault("/v1"), (PatternFault::NoMethod, 0..3));
        assert_eq!(fault("post /v1"), (PatternFault::Method, 0..4));
        assert_eq!(
            fault("GET v1"),
            (PatternFault::Path(PathFault::NotAbsolute), 4..6)
        );
        assert_eq!(
            fault("GET  /a//b"),
            (PatternFault::Path(PathFault::EmptySegment), 8..8)
        );
        assert_eq!(
            fault("GET /a/../b"),
            (PatternFault::Path(PathFault::DotSegment), 7..9)
        );
        assert_eq!(
            fault("GET /a?b=c"),
            (PatternFault::Path(PathFault::NotOnlyPath), 5..10)
        );
        assert_eq!(fault("GET /{a"), (PatternFault::Brace, 5..7));
        assert_eq!(fault("GET /a}"), (PatternFault::Brace, 5..7));
        assert_eq!(fault("GET /{a}{b}"), (PatternFault::Brace, 5..11));
        assert_eq!(fault("GET /x{**}"), (PatternFault::Name, 6..10));
        assert_eq!(fault("GET /{}"), (PatternFault::Name, 5..7));
        assert_eq!(fault("GET /{a}/{a}"), (PatternFault::SameName, 9..12));
        assert_eq!(
            fault("GET /{**}/a/{**}"),
            (PatternFault::SecondRest, 12..16)
        );
    }

    #[test]
    fn a_parameter_is_found_in_the_path_as_it_came() {
        let template = Template::parse("/v1/{**}/accounts({id})/{tail}").unwrap();
        let path = "/v1/a/b/%61ccounts%28j%C3%A9%29/end/";
        assert_eq!(
            template.locate("id", path).map(|range| &path[range]),
            Some("j%C3%A9")
        );
        assert_eq!(
            template.locate("tail", path).map(|range| &path[range]),
            Some("end")
        );
        assert_eq!(template.locate("none", path), None);
        let template = Template::parse("/v1/{id}/{**}").unwrap();
        assert_eq!(template.locate("id", "/v1/x/y/z"), Some(4..5));
    }

    #[test]
    fn a_record_and_its_pages_are_one_resource() {
        let resource =
            |template: &str, path: &'static str| Template::parse(template).unwrap().resource(path);
        let record = "/patients/12";
        assert_eq!(resource("/{domain}/{id}", record), record);
        assert_eq!(resource("/{domain}/{id}/edit", "/patients/12/edit"), record);
        let nested = "/v1/a/patients(12)/history";
        assert_eq!(
            resource("/{**}/patients({id})/history", nested),
            "/v1/a/patients(12)"
        );
        assert_eq!(resource("/patients", "/patients"), "/patients");
        assert_eq!(resource("/patients/{**}", "/patients/1/2"), "/patients/1/2");
    }

    #[test]
    fn text_is_kept_in_normal_form() {
        assert_eq!(
            Template::parse("/%24export").unwrap().elements,
            Template::parse("/$export/").unwrap().elements
        );
        assert_eq!(Template::parse("/").unwrap().elements, []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn a_parameter_is_found_however_its_path_is_spelled(
            front in proptest::collection::vec("[ab]{1,2}", 0..3),
            rest in proptest::collection::vec("[ab]{1,2}", 0..3),
            back in proptest::collection::vec("[ab]{1,2}", 0..3),
            (before, value, after) in ("[a(@]{0,2}", "[b-d@é ]{1,4}", "[a)!]{0,2}"),
            encode in proptest::collection::vec(any::<bool>(), 16),
            at_front in any::<bool>(),
        ) {
            let mut encode = encode.iter().cycle();
            let mut spell = |text: &str| -> String {
                let octets = text.bytes().map(|octet| {
                    let must = !octet.is_ascii_graphic();
                    if *encode.next().unwrap() || must { format!("%{octet:02x}") } else { char::from(octet).to_string() }
                });
                octets.collect()
            };
            let value = spell(&value);
            let segment = format!("{}{value}{}", spell(&before), spell(&after));
            let parameter = format!("{before}{{value}}{after}");
            let join = |parts: &[&[String]]| -> String {
                parts.iter().flat_map(|part| part.iter()).fold(String::new(), |path, part| path + "/" + part)
            };
            let (template, path) = if at_front {
                (join(&[&front, &[parameter], &["{**}".to_owned()], &back]), join(&[&front, &[segment], &rest, &back]))
            } else {
                (join(&[&front, &["{**}".to_owned()], &[parameter], &back]), join(&[&front, &rest, &[segment], &back]))
            };
            let template = Template::parse(&template).unwrap();
            prop_assert_eq!(template.locate("value", &path).map(|range| &path[range]), Some(value.as_str()));
        }
    }
}
