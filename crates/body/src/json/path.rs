//! The part of JSONPath (RFC 9535) that one forward pass can match.
//!
//! Taken: `$`, `.name`, `['name']`, `.*`, `[*]`, `[0]`, `..` before a name, a star or an index, and filters of
//! equalities joined by `&&` (`[?@.system == 'urn:x' && @.use == 'official']`, `[?@.a.b == 1]`). What decides a
//! filter may stand before or after the value it governs: the element is held within `lookahead`. All else is
//! refused with the reason and the bytes it stands at.

mod filter;
mod parser;

use parser::Parser;

use crate::selector::SelectorError;

/// A selector that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub(super) segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Segment {
    /// Whether it was written with `..`: at any depth.
    pub(super) deep: bool,
    pub(super) step: Step,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Name(Box<str>),
    Any,
    Index(u64),
    Filter(Filter),
}

/// Equalities that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter {
    pub(super) tests: Vec<Test>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    /// The names after `@`.
    pub(super) path: Vec<Box<str>>,
    pub(super) literal: Literal,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    String(Box<str>),
    Number(f64),
    Boolean(bool),
    Null,
}

impl Path {
    /// Reads a selector.
    ///
    /// # Errors
    /// Where the text is not JSONPath, or not of the part described in the module.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        Parser::new(text).path()
    }

    /// The names that it is made of; nothing where it is more than that.
    pub(crate) fn names(self) -> Option<Vec<Box<str>>> {
        let names = self.segments.into_iter().map(|segment| match segment {
            Segment {
                deep: false,
                step: Step::Name(name),
            } => Some(name),
            _ => None,
        });
        names.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::selector::Reason;

    fn refused(text: &str) -> (Range<usize>, Reason) {
        let error = Path::parse(text).unwrap_err();
        (error.at, error.reason)
    }

    #[test]
    fn both_notations_read_the_same() {
        assert_eq!(
            Path::parse("$.a.b[*]").unwrap(),
            Path::parse("$ ['a'] [\"b\"].*").unwrap()
        );
        assert_eq!(
            Path::parse("$['n\\u0061me']").unwrap(),
            Path::parse("$.name").unwrap()
        );
        assert_eq!(
            Path::parse("$.prénom").unwrap(),
            Path::parse("$['prénom']").unwrap()
        );
        assert_eq!(Path::parse("$").unwrap().segments, []);
    }

    #[test]
    fn filters_are_conjunctions_of_equalities() {
        let path = Path::parse("$.x[?(@.a == 'it\\'s' && 1.5 == @.b['c'])].v").unwrap();
        let Step::Filter(filter) = &path.segments[1].step else {
            panic!("a filter")
        };
        assert_eq!(
            filter.tests,
            [
                Test {
                    path: vec!["a".into()],
                    literal: Literal::String("it's".into())
                },
                Test {
                    path: vec!["b".into(), "c".into()],
                    literal: Literal::Number(1.5)
                },
            ]
        );
        assert!(
            Path::parse("$.x[?@.a==true].v").is_ok() && Path::parse("$.x[?@.a == null].v").is_ok()
        );
    }

    #[test]
    fn what_no_forward_pass_matches_is_refused_where_it_stands() {
        assert_eq!(
            refused("$.a[-1]"),
            (
                4..6,
                Reason::NotForward {
                    what: "an index from the end"
                }
            )
        );
        assert_eq!(refused("$.a[?$.b == 1]").0, 5..6);
        assert_eq!(refused("$.a[1:2]").0, 4..7);
        assert_eq!(refused("$.a[:2]").0, 4..6);
        assert_eq!(refused("$[?@.a || @.b]").0, 3..6);
        assert_eq!(refused("$[?@.a == 1 || @.b == 2]").0, 12..14);
        assert_eq!(refused("$[?length(@.a) == 2]").0, 3..9);
        assert_eq!(refused("$['a','b']").0, 5..6);
        assert_eq!(refused("$.a[+]").0, 4..5);
        assert_eq!(refused("$..[?@.a == 1]").0, 3..14);
        assert_eq!(refused("$.first-name").0, 2..8);
    }

    #[test]
    fn what_is_no_jsonpath_is_refused() {
        for text in [
            "",
            "name",
            "$.",
            "$a",
            "$..",
            "$[",
            "$[]",
            "$['a",
            "$[a]",
            "$[01]",
            "$[9007199254740992]",
            "$['\\x']",
            "$['\\ud800']",
            "$[?]",
            "$[?@.a == ]",
            "$[?@.a == 01]",
            "$[?@.a = 1]",
            "$[?(@.a == 1]",
            "$.a ]",
            "$.1",
            "$[?@.a == x]",
            "$[?@ == 1]",
            "$[?@.a == 1e999]",
        ] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }
}
