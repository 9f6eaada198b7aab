//! The namespaces in force (Namespaces in XML 1.0 §3, §6).

use std::ops::Range;

use super::name::{get, is_local};
use super::places::Places;
use super::tag::{Expected, Tag};
use super::value;
use crate::error::ErrorKind;

/// What the prefix `xml` always stands for.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What no prefix may stand for.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Which namespace a name is in, as far as a plan asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    None,
    /// One that the plan names.
    Known(u16),
    /// Another.
    Other,
}

/// The declarations that are in force, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Scope {
    declared: Vec<Declared>,
    /// Their prefixes and namespaces.
    text: Vec<u8>,
}

#[derive(Debug)]
struct Declared {
    prefix: Range<usize>,
    uri: Range<usize>,
    namespace: Namespace,
}

impl Scope {
    /// How many declarations are in force.
    pub(super) fn len(&self) -> usize {
        self.declared.len()
    }

    /// Drops all but the outermost `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        if let Some(first) = self.declared.get(length) {
            self.text.truncate(first.prefix.start);
            self.declared.truncate(length);
        }
    }

    /// Takes what a tag declares.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] for what may not be declared.
    pub(super) fn declare(
        &mut self,
        bytes: &[u8],
        tag: &Tag,
        places: &Places,
    ) -> Result<(), ErrorKind> {
        for attribute in &tag.attributes {
            let Some(prefix) = attribute.declares(bytes) else {
                continue;
            };
            let from = self.text.len();
            self.text.extend_from_slice(prefix);
            let middle = self.text.len();
            value::attribute(get(bytes, attribute.value.clone()), &mut self.text)?;
            let uri = get(&self.text, middle..self.text.len());
            let is_xml = uri == XML.as_bytes();
            if prefix == b"xmlns"
                || uri == XMLNS.as_bytes()
                || is_xml != (prefix == b"xml")
                || (uri.is_empty() && !prefix.is_empty())
                || !is_local(prefix)
            {
                let expected = "a namespace that may be declared";
                return Err(ErrorKind::Syntax { expected });
            }
            let namespace = if uri.is_empty() {
                Namespace::None
            } else {
                places.namespace(uri)
            };
            self.declared.push(Declared {
                prefix: from..middle,
                uri: middle..self.text.len(),
                namespace,
            });
        }
        Ok(())
    }

    /// The namespace of an element's name with this prefix, or of an attribute's that has one.
    pub(super) fn resolve(&self, prefix: &[u8], places: &Places) -> Result<Namespace, Expected> {
        if prefix == b"xml" {
            return Ok(places.namespace(XML.as_bytes()));
        }
        match self.find(prefix) {
            Some(declared) => Ok(declared.namespace),
            None if prefix.is_empty() => Ok(Namespace::None),
            None => Err("a prefix that is declared"),
        }
    }

    /// Whether two prefixes stand for one namespace.
    pub(super) fn are_same(&self, one: &[u8], other: &[u8]) -> bool {
        let uri = |prefix| self.find(prefix).map(|it| get(&self.text, it.uri.clone()));
        uri(one).is_some() && uri(one) == uri(other)
    }

    fn find(&self, prefix: &[u8]) -> Option<&Declared> {
        let is_it = |declared: &&Declared| get(&self.text, declared.prefix.clone()) == prefix;
        self.declared.iter().rev().find(is_it)
    }

    /// How much is declared, in bytes.
    pub(super) fn size(&self) -> usize {
        self.text.len() + self.declared.len() * size_of::<Declared>()
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.text.capacity() + self.declared.capacity() * size_of::<Declared>()
    }
}
