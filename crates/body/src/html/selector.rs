//! The texts of places in HTML: a CSS selector, and what of the element it means.

use std::str::FromStr;

use crate::selector::{Reason, SelectorError};

/// What of an element a place is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All that stands in it, one value.
    Content,
    /// Each run of text in it.
    Text,
    /// This attribute, in lower case.
    Attribute(String),
}

/// One place.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// The element; nothing for the whole document.
    pub(super) element: Option<lol_html::Selector>,
    /// The same for everything within it.
    pub(super) within: Option<lol_html::Selector>,
    /// The attributes that the selector reads.
    pub(super) spelled: Vec<Spelled>,
    pub(super) part: Part,
    /// Whether what encloses the element decides.
    pub(super) has_ancestors: bool,
    text: String,
}

/// An attribute that a selector reads, of elements that it could mean.
#[derive(Clone, Debug)]
pub(super) struct Spelled {
    pub(super) attribute: String,
    /// Elements in whose attribute of that name is an ampersand, and how that is written.
    pub(super) elements: lol_html::Selector,
    pub(super) text: String,
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, &self.part) == (&other.text, &other.part)
    }
}

/// Elements that stand in a document whether their tags do or not.
const IMPLIED: [&str; 5] = ["html", "head", "body", "tbody", "colgroup"];

impl Selector {
    /// Reads the text of a place.
    ///
    /// # Errors
    /// What is wrong with it, or not supported.
    pub(super) fn parse(text: &str) -> Result<Self, SelectorError> {
        let fault = |reason| SelectorError::new(reason, 0..text.len());
        let unsupported = |what, remedy| fault(Reason::Unsupported { what, remedy });
        let (css, part) = split(text.trim_ascii());
        if css.is_empty() {
            return match part {
                Part::Text => Ok(Self {
                    element: None,
                    within: None,
                    spelled: Vec::new(),
                    part,
                    has_ancestors: false,
                    text: String::new(),
                }),
                Part::Content | Part::Attribute(_) => Err(fault(Reason::Expected {
                    expected: "a CSS selector, such as `p.note`,",
                })),
            };
        }
        let compounds = compounds(css);
        let bare = bare(css);
        if outside_parentheses(&bare).contains(',') {
            return Err(unsupported(
                "a list of selectors",
                "write a place for each of them",
            ));
        }
        if bare.contains(['>', '+', '~']) {
            return Err(unsupported(
                "a combinator other than the blank",
                "browsers move elements out of their parents: write `a b` for `a > b`",
            ));
        }
        if bare.contains(":nth") || bare.contains(":first") {
            return Err(unsupported(
                "the place of an element among others",
                "browsers add and move elements: name a class, an attribute or an id",
            ));
        }
        let has_ancestors = compounds.len() > 1;
        for compound in &compounds {
            let ends = |c: char| matches!(c, '.' | '#' | ']' | ':');
            let name = compound.split(ends).next().unwrap_or_default();
            if IMPLIED
                .iter()
                .any(|implied| name.eq_ignore_ascii_case(implied))
            {
                return Err(unsupported(
                    "an element that HTML adds where its tags are left out",
                    "name what stands in it, or take `text()` for all text",
                ));
            }
        }
        if !has_ancestors && css == "*" {
            return Err(unsupported(
                "every element",
                "name some, or take `text()` for all text",
            ));
        }
        let all = read(css).zip(read(&format!("{css} *")));
        let (element, within) = all.ok_or_else(|| {
            fault(Reason::Expected {
                expected: "a CSS selector of names, classes, ids, attributes and `:not()`",
            })
        })?;
        Ok(Self {
            element: Some(element),
            within: Some(within),
            spelled: spelled(css, has_ancestors),
            part,
            has_ancestors,
            text: css.to_owned(),
        })
    }
}

fn read(css: &str) -> Option<lol_html::Selector> {
    lol_html::Selector::from_str(css).ok()
}

/// The attributes that a selector reads. Those of elements of another name than a sole one are not looked at.
fn spelled(css: &str, has_ancestors: bool) -> Vec<Spelled> {
    let end = css.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let (name, rest) = css.split_at(end.unwrap_or(css.len()));
    let is_sole = !has_ancestors && (rest.is_empty() || rest.starts_with(['.', '#', '[', ':']));
    let name = if is_sole { name } else { "" };
    let spelled = |attribute: String| {
        let text = format!("{name}[{attribute}*='&']");
        let elements = read(&text)?;
        Some(Spelled {
            attribute,
            elements,
            text,
        })
    };
    attributes(css).into_iter().filter_map(spelled).collect()
}

/// Parts the selector from what it means of the element.
fn split(text: &str) -> (&str, Part) {
    if let Some(css) = text.strip_suffix("text()")
        && (css.is_empty() || css.ends_with(|c: char| c.is_ascii_whitespace()))
    {
        return (css.trim_ascii(), Part::Text);
    }
    if let Some((css, name)) = text.rsplit_once('@')
        && css.ends_with(|c: char| c.is_ascii_whitespace())
        && !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_:.".contains(c))
    {
        return (css.trim_ascii(), Part::Attribute(name.to_ascii_lowercase()));
    }
    (text, Part::Content)
}

/// The selector without what stands in brackets and quotes.
fn bare(css: &str) -> String {
    let mut outside = String::with_capacity(css.len());
    let mut quote = None;
    let mut depth = 0_u32;
    let mut characters = css.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (_, '\\') => {
                characters.next();
                if depth == 0 && quote.is_none() {
                    outside.push('x');
                }
            }
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth = depth.saturating_sub(1);
                outside.push(']');
            }
            (None, _) if depth > 0 => {}
            (None, _) => outside.push(character),
        }
    }
    outside
}

/// The compounds of the selector, outermost first.
fn compounds(css: &str) -> Vec<String> {
    let outside = outside_parentheses(&bare(css));
    let compounds = outside.split_ascii_whitespace();
    compounds.map(str::to_owned).collect()
}

fn outside_parentheses(bare: &str) -> String {
    let mut depth = 0_u32;
    let is_outside = |character: &char| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    };
    bare.chars().filter(is_outside).collect()
}

/// The attributes that the selector reads.
fn attributes(css: &str) -> Vec<String> {
    let mut names = Vec::new();
    let bare = bare(css);
    if bare.contains('.') {
        names.push("class".to_owned());
    }
    if bare.contains('#') {
        names.push("id".to_owned());
    }
    for bracket in css.split('[').skip(1) {
        let name = bracket.trim_ascii_start();
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
        let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
        if !name.is_empty() {
            names.push(name.to_ascii_lowercase());
        }
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        let cases = [
            ("p.note", "p.note", Part::Content, false),
            ("  #name ", "#name", Part::Content, false),
            ("div.a  p text()", "div.a  p", Part::Text, true),
            ("text()", "", Part::Text, false),
            (
                "input[name='d @x'] @Value",
                "input[name='d @x']",
                Part::Attribute("value".into()),
                false,
            ),
            ("[title='a @b']", "[title='a @b']", Part::Content, false),
            (
                "ac\\:parameter[ac\\:name=x]",
                "ac\\:parameter[ac\\:name=x]",
                Part::Content,
                false,
            ),
            (
                "a:not(.x, .y) @href",
                "a:not(.x, .y)",
                Part::Attribute("href".into()),
                false,
            ),
        ];
        for (text, css, part, has_ancestors) in cases {
            let read = Selector::parse(text);
            let read = read.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((read.text.as_str(), &read.part), (css, &part), "{text}");
            assert_eq!(read.has_ancestors, has_ancestors, "{text}");
        }
        let read = attributes("p.note#x[data-a=\"[b]\"] [Title]");
        assert_eq!(read, ["b", "class", "data-a", "id", "title"]);
    }

    #[test]
    fn what_needs_a_tree_is_refused() {
        for text in [
            "",
            "*",
            "@href",
            "p, div",
            "a > b",
            "a + b",
            "a ~ b",
            "li:nth-child(2)",
            "li:first-child",
            "body",
            "tbody td",
            "p:hover",
            "p::before",
            "p..x",
            "[a=b",
            "p@href",
            "ns|a",
            "html p",
        ] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
        assert!(Selector::parse("[title='a > b, c']").is_ok());
    }
}
