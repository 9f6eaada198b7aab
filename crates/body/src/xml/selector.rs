//! Selectors: a subset of XPath 1.0 that one forward pass can match.
//!
//! ```text
//! selector  = 1*( ( "/" / "//" ) step ) [ "/text()" / ( "/" / "//" ) "@" name ]
//!           / "//@" name
//! step      = name *( "[@" name "=" quoted "]" )
//! name      = local / "*" / prefix ":" local / prefix ":*" / "*:" local
//!           / "{" namespace "}" local / "{" namespace "}*"
//! ```
//!
//! A name without a prefix is in no namespace; `*` is any name, `*:local` one of any namespace. The form with braces
//! stands by itself; prefixes need the policy's namespaces, and [`expand`] turns one into the other.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::ops::Range;

use super::name::is_local;
use crate::selector::{Reason, SelectorError};

/// A selector that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
    pub(super) leaf: Leaf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether it leads to any depth.
    pub(super) descendant: bool,
    pub(super) name: NameTest,
    /// Attributes of the element, and the values they must have.
    pub(super) predicates: Vec<(NameTest, Box<str>)>,
}

/// What of the last element is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Text,
    Attribute { descendant: bool, name: NameTest },
}

/// Which names a step means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameTest {
    pub(super) namespace: Namespace,
    /// Nothing for any.
    pub(super) local: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Namespace {
    Any,
    None,
    Uri(Box<str>),
}

/// A policy's prefixes.
type Prefixes = BTreeMap<String, String>;

/// Turns the prefixes of a selector into the namespaces they stand for: `/l:record` into `/{urn:x}record`, which
/// [`Plan::compile`](crate::Plan) takes.
///
/// # Errors
/// A prefix that `namespaces` does not hold, or what else is wrong with the selector, with its bytes.
pub fn expand(
    selector: &str,
    namespaces: &BTreeMap<String, String>,
) -> Result<String, SelectorError> {
    Path::parse(selector, Some(namespaces)).map(|path| path.to_string())
}

impl Path {
    /// Reads a selector; `prefixes` is nothing where all are expanded.
    pub(super) fn parse(text: &str, prefixes: Option<&Prefixes>) -> Result<Self, SelectorError> {
        Reader {
            text,
            at: 0,
            prefixes,
        }
        .path()
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    prefixes: Option<&'a Prefixes>,
}

impl<'a> Reader<'a> {
    fn path(mut self) -> Result<Path, SelectorError> {
        let mut steps = Vec::new();
        loop {
            let from = self.at;
            if !self.take("/") {
                return Err(self.expected("`/` or `//`"));
            }
            let descendant = self.take("/");
            if self.take("@") {
                if steps.is_empty() && !descendant {
                    return Err(Self::unsupported(
                        "an attribute of the document",
                        "name an element first, or write `//@name`",
                        from..self.at,
                    ));
                }
                let name = self.name()?;
                let leaf = Leaf::Attribute { descendant, name };
                return self.end(steps, leaf);
            }
            if self.rest().starts_with("text()") {
                if descendant || steps.is_empty() {
                    return Err(Self::unsupported(
                        "`text()` without its element",
                        "write `/name/text()`",
                        from..self.at + 6,
                    ));
                }
                self.at += 6;
                return self.end(steps, Leaf::Text);
            }
            if self.rest().starts_with('.') {
                return Err(Self::unsupported(
                    "`.` and `..`",
                    "write the whole path from the root",
                    self.at..self.at + 1,
                ));
            }
            steps.push(self.step(descendant)?);
            if self.rest().is_empty() {
                return self.end(steps, Leaf::Text);
            }
        }
    }

    fn end(self, steps: Vec<Step>, leaf: Leaf) -> Result<Path, SelectorError> {
        if !self.rest().is_empty() {
            return Err(self.expected("the end of the selector"));
        }
        Ok(Path { steps, leaf })
    }

    fn step(&mut self, descendant: bool) -> Result<Step, SelectorError> {
        let name = self.name()?;
        let mut predicates = Vec::new();
        while self.take("[") {
            self.space();
            if !self.take("@") {
                return Err(self.predicate());
            }
            let name = self.name()?;
            if name.local.is_none() {
                return Err(self.expected("the name of an attribute"));
            }
            self.space();
            if !self.take("=") {
                return Err(self.predicate());
            }
            self.space();
            let value = self.quoted()?;
            self.space();
            if !self.take("]") {
                return Err(self.predicate());
            }
            predicates.push((name, value.into()));
        }
        Ok(Step {
            descendant,
            name,
            predicates,
        })
    }

    fn name(&mut self) -> Result<NameTest, SelectorError> {
        if self.take("{") {
            let uri = self.until('}')?;
            let namespace = if uri.is_empty() {
                Namespace::None
            } else {
                Namespace::Uri(uri.into())
            };
            let local = self.local()?;
            return Ok(NameTest { namespace, local });
        }
        if self.take("*:") {
            return Ok(NameTest {
                namespace: Namespace::Any,
                local: self.local()?,
            });
        }
        let from = self.at;
        let first = self.local()?;
        if self.rest().starts_with("::") {
            return Err(Self::unsupported(
                "an axis",
                "write `/name`, `//name` or `@name`",
                from..self.at + 2,
            ));
        }
        match (first, self.take(":")) {
            (Some(prefix), true) => {
                let namespace = self.namespace(&prefix, from)?;
                let local = self.local()?;
                Ok(NameTest { namespace, local })
            }
            (None, true) => Err(self.expected("`/`")),
            (Some(name), false) => Ok(NameTest {
                namespace: Namespace::None,
                local: Some(name),
            }),
            (None, false) => Ok(NameTest {
                namespace: Namespace::Any,
                local: None,
            }),
        }
    }

    fn namespace(&self, prefix: &str, from: usize) -> Result<Namespace, SelectorError> {
        let range = from..from + prefix.len();
        let known = match (prefix, self.prefixes) {
            ("xml", _) => Some(super::scope::XML),
            (_, Some(prefixes)) => prefixes.get(prefix).map(String::as_str),
            (_, None) => None,
        };
        match known {
            Some(uri) if !uri.is_empty() && !uri.contains('}') => Ok(Namespace::Uri(uri.into())),
            Some(_) => Err(wrong("a prefix of a namespace that can be named", range)),
            None => Err(wrong("a prefix that `namespaces` declares", range)),
        }
    }

    /// A name without a colon, or `*`.
    fn local(&mut self) -> Result<Option<Box<str>>, SelectorError> {
        if self.take("*") {
            return Ok(None);
        }
        let ends = |character: char| "/[]{}@:=*'\"()|!,$ \t\r\n".contains(character);
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        let name = self.rest().get(..length).unwrap_or_default();
        if name.is_empty() || !is_local(name.as_bytes()) {
            let end = self.at + length.max(usize::from(!self.rest().is_empty()));
            return Err(wrong("a name, `*`, or `{namespace}name`", self.at..end));
        }
        self.at += length;
        if self.rest().starts_with('(') {
            return Err(Self::unsupported(
                "a function",
                "only `text()` may end a selector",
                self.at - length..self.at + 1,
            ));
        }
        Ok(Some(name.into()))
    }

    fn quoted(&mut self) -> Result<&'a str, SelectorError> {
        if self.take("'") {
            self.until('\'')
        } else if self.take("\"") {
            self.until('"')
        } else {
            Err(self.expected("a quoted value"))
        }
    }

    fn until(&mut self, end: char) -> Result<&'a str, SelectorError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some((found, _)) = rest.split_once(end) else {
            let expected = if end == '}' {
                "`}`"
            } else {
                "the closing quote"
            };
            return Err(wrong(expected, self.at..self.text.len()));
        };
        self.at += found.len() + end.len_utf8();
        Ok(found)
    }

    fn predicate(&self) -> SelectorError {
        Self::unsupported(
            "this condition",
            "write `[@name='value']`, an attribute of the same element",
            self.here(),
        )
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_ascii_start().len();
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn here(&self) -> Range<usize> {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        self.at..self.at + length
    }

    fn expected(&self, expected: &'static str) -> SelectorError {
        wrong(expected, self.here())
    }

    fn unsupported(what: &'static str, remedy: &'static str, at: Range<usize>) -> SelectorError {
        SelectorError::new(Reason::Unsupported { what, remedy }, at)
    }
}

fn wrong(expected: &'static str, at: Range<usize>) -> SelectorError {
    SelectorError::new(Reason::Expected { expected }, at)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = |descendant| if descendant { "//" } else { "/" };
        for step in &self.steps {
            write!(f, "{}{}", slash(step.descendant), step.name)?;
            for (name, value) in &step.predicates {
                let quote = if value.contains('\'') { '"' } else { '\'' };
                write!(f, "[@{name}={quote}{value}{quote}]")?;
            }
        }
        match &self.leaf {
            Leaf::Text => Ok(()),
            Leaf::Attribute { descendant, name } => write!(f, "{}@{name}", slash(*descendant)),
        }
    }
}

impl fmt::Display for NameTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.namespace, &self.local) {
            (Namespace::Any, Some(_)) => f.write_str("*:")?,
            (Namespace::Uri(uri), _) => write!(f, "{{{uri}}}")?,
            (Namespace::None, None) => f.write_str("{}")?,
            (Namespace::Any, None) | (Namespace::None, Some(_)) => {}
        }
        match &self.local {
            Some(local) => f.write_str(local),
            None => f.write_char('*'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(selector: &str) -> Result<String, (&'static str, Range<usize>)> {
        let namespaces = [("l".to_owned(), "urn:x".to_owned())].into();
        expand(selector, &namespaces).map_err(|error| match error.reason {
            Reason::Expected { expected } => (expected, error.at),
            Reason::Unsupported { what, .. } => (what, error.at),
            _ => ("", error.at),
        })
    }

    #[test]
    fn prefixes_become_namespaces() {
        for (selector, expected) in [
            ("/l:a/b", "/{urn:x}a/b"),
            ("//l:*/*", "//{urn:x}*/*"),
            ("/a/text()", "/a"),
            ("//@l:id", "//@{urn:x}id"),
            (
                "/*:a//@xml:lang",
                "/*:a//@{http://www.w3.org/XML/1998/namespace}lang",
            ),
            (
                "/a[ @t = \"it's\" ][@l:u='/x']/@v",
                "/a[@t=\"it's\"][@{urn:x}u='/x']/@v",
            ),
            ("/{http://y/z}a/{}b/{}*", "/{http://y/z}a/b/{}*"),
            ("/é/@ñ", "/é/@ñ"),
        ] {
            let written = expanded(selector).unwrap();
            assert_eq!(written, expected);
            let read = Path::parse(&written, None).unwrap();
            assert_eq!(read.to_string(), written, "what was expanded is read alike");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_bytes() {
        for (selector, expected, at) in [
            ("", "`/` or `//`", 0..0),
            ("a", "`/` or `//`", 0..1),
            ("/m:a", "a prefix that `namespaces` declares", 1..2),
            ("/a/", "a name, `*`, or `{namespace}name`", 3..3),
            ("/a[1]", "this condition", 3..4),
            ("/a[b='c']", "this condition", 3..4),
            ("/a/../b", "`.` and `..`", 3..4),
            ("/child::a", "an axis", 1..8),
            ("/a/last()", "a function", 3..8),
            ("/@id", "an attribute of the document", 0..2),
            ("//text()", "`text()` without its element", 0..8),
            ("/a/@id/b", "the end of the selector", 6..7),
            ("/{urn:x", "`}`", 2..7),
            ("/a[@b='c]", "the closing quote", 7..9),
        ] {
            assert_eq!(expanded(selector), Err((expected, at)), "{selector}");
        }
        assert!(Path::parse("/l:a", None).is_err());
    }
}
