//! A short JSON text as a tree: what a companion is written as, and an element that may be one.
//!
//! Only for what is small and held whole; bodies are walked, never parsed into a tree.

use zeroize::Zeroizing;

use super::number;
use super::skip::past_space;
use super::string;

/// Deeper than this, nothing is a companion.
const DEEPEST: usize = 16;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Null,
    Boolean(bool),
    /// As every implementation holds it (RFC 9535 §2.3.5.2.2).
    Number(f64),
    String(Zeroizing<Vec<u8>>),
    Array(Vec<Tree>),
    Object(Vec<(Vec<u8>, Tree)>),
}

impl Tree {
    /// Reads one JSON text; nothing where it is none, or nested too deep.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes, at: 0 };
        let value = reader.value(0)?;
        reader.at = past_space(bytes, reader.at);
        (reader.at == bytes.len()).then_some(value)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        self.at = past_space(self.bytes, self.at);
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<Tree> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Tree::String),
            b'-' | b'0'..=b'9' => self.number(),
            _ => {
                let words = [
                    (&b"true"[..], Tree::Boolean(true)),
                    (b"false", Tree::Boolean(false)),
                    (b"null", Tree::Null),
                ];
                let rest = self.bytes.get(self.at..)?;
                let (word, value) = words.into_iter().find(|(word, _)| rest.starts_with(word))?;
                self.at += word.len();
                Some(value)
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Tree> {
        self.eat(b'{')?;
        let mut members = Vec::new();
        if self.eat(b'}').is_some() {
            return Some(Tree::Object(members));
        }
        loop {
            (self.peek()? == b'"').then_some(())?;
            let key = self.string()?.to_vec();
            if members.iter().any(|(known, _)| *known == key) {
                return None;
            }
            self.eat(b':')?;
            members.push((key, self.value(depth + 1)?));
            if self.eat(b'}').is_some() {
                return Some(Tree::Object(members));
            }
            self.eat(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Option<Tree> {
        self.eat(b'[')?;
        let mut elements = Vec::new();
        if self.eat(b']').is_some() {
            return Some(Tree::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.eat(b']').is_some() {
                return Some(Tree::Array(elements));
            }
            self.eat(b',')?;
        }
    }

    fn string(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let from = self.at + 1;
        let (end, _) = string::end(self.bytes, from)?;
        let mut text = Zeroizing::new(Vec::new());
        string::decode(self.bytes.get(from..end - 1)?, &mut text).ok()?;
        self.at = end;
        Some(text)
    }

    fn number(&mut self) -> Option<Tree> {
        let mut number = number::Number::default();
        let end = number.read(self.bytes, self.at);
        let text = number
            .is_complete()
            .then(|| self.bytes.get(self.at..end))??;
        self.at = end;
        let value = std::str::from_utf8(text).ok()?.parse().ok()?;
        Some(Tree::Number(value))
    }
}

/// What a companion looks like: a text with a token in one of its strings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    tree: Tree,
}

/// Stands for the token in a template: no text of a policy holds these characters.
pub(crate) const MARK: &str = "\u{f8ff}\u{fdd0}\u{f8ff}";

impl Template {
    /// Reads a template in which [`MARK`] stands where the token goes; nothing where it is no JSON, or the mark does
    /// not stand once in a string that is a value.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let tree = Tree::parse(text)?;
        (marks(&tree) == 1).then_some(Self { tree })
    }

    /// A string by itself, in which [`MARK`] stands once.
    pub(crate) fn text(text: String) -> Self {
        let tree = Tree::String(Zeroizing::new(text.into_bytes()));
        Self { tree }
    }

    /// The token of a value that looks like this. It may have more members: apps number what they store.
    pub(crate) fn token<'a>(&self, value: &'a Tree) -> Option<&'a [u8]> {
        let mut token = None;
        fits(&self.tree, value, &mut token).then_some(token)?
    }
}

fn marks(tree: &Tree) -> usize {
    match tree {
        Tree::String(text) => memchr::memmem::find_iter(text, MARK.as_bytes()).count(),
        Tree::Array(elements) => elements.iter().map(marks).sum(),
        Tree::Object(members) => members.iter().map(|(_, value)| marks(value)).sum(),
        Tree::Null | Tree::Boolean(_) | Tree::Number(_) => 0,
    }
}

fn fits<'a>(template: &Tree, value: &'a Tree, token: &mut Option<&'a [u8]>) -> bool {
    match (template, value) {
        (Tree::Object(wanted), Tree::Object(members)) => wanted.iter().all(|(key, wanted)| {
            let member = members.iter().find(|(known, _)| known == key);
            member.is_some_and(|(_, value)| fits(wanted, value, token))
        }),
        (Tree::Array(wanted), Tree::Array(elements)) => {
            wanted.len() == elements.len()
                && wanted
                    .iter()
                    .zip(elements)
                    .all(|(wanted, value)| fits(wanted, value, token))
        }
        (Tree::String(wanted), Tree::String(text)) => {
            let Some(at) = memchr::memmem::find(wanted, MARK.as_bytes()) else {
                return wanted == text;
            };
            let (before, after) = wanted.split_at(at);
            let after = after.get(MARK.len()..).unwrap_or_default();
            *token = text
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after));
            token.is_some()
        }
        (template, value) => template == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_reads_what_the_oracle_reads() {
        for text in [
            "{}",
            "[]",
            " [1, -2.5e3 ,\"a\\u00e9\\n\", true,false, null,{\"a\":{\"b\":[]}}] ",
            "\"x\"",
            "0",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1,}",
            "[01]",
            "[1 2]",
            "tru",
            "",
            "[\"\u{1}\"]",
            "{} x",
        ] {
            let oracle = serde_json::from_str::<serde_json::Value>(text);
            assert_eq!(
                Tree::parse(text.as_bytes()).is_some(),
                oracle.is_ok(),
                "{text}"
            );
        }
        assert_eq!(Tree::parse(b"{\"a\":1,\"a\":1}"), None);
        let deep = "[".repeat(40) + &"]".repeat(40);
        assert_eq!(Tree::parse(deep.as_bytes()), None);
    }

    #[test]
    fn a_template_finds_its_token_in_any_order_and_among_more() {
        let text = format!("{{\"url\":\"u\",\"v\":{{\"s\":\"<{MARK}>\"}},\"n\":1}}");
        let template = Template::parse(text.as_bytes()).unwrap();
        let token = |text: &str| {
            let tree = Tree::parse(text.as_bytes()).unwrap();
            template.token(&tree).map(<[u8]>::to_vec)
        };
        let whole = r#"{ "n":1.0, "id":"7", "v" : {"s":"<tok\u0065n>"}, "url":"u"}"#;
        assert_eq!(token(whole), Some(b"token".to_vec()));
        for other in [
            r#"{"n":2,"v":{"s":"<token>"},"url":"u"}"#,
            r#"{"n":1,"v":{"s":"token>"},"url":"u"}"#,
            r#"{"n":1,"v":{"s":"<token>"}}"#,
            r#"{"n":1,"v":"<token>","url":"u"}"#,
            "[]",
        ] {
            assert_eq!(token(other), None, "{other}");
        }
        assert_eq!(
            Template::parse(format!("{{\"{MARK}\":1}}").as_bytes()),
            None
        );
        assert_eq!(Template::parse(b"{}"), None);
    }
}
