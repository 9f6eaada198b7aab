//! How a value is spelled in HTML, and what it says.

use std::borrow::Cow;

use htmlize::Context;

use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Transform;

/// The spelling of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Text with character references.
    Text {
        /// It stands directly behind a start tag that swallows one line break.
        first: bool,
    },
    /// An attribute's value.
    Attribute {
        /// It stands in quotes.
        quoted: bool,
    },
    /// Markup: the value is the source itself.
    Markup,
    /// The text of a script and its like, in which nothing is a reference, up to the end tag of this name.
    Raw(&'static str),
}

impl Spelling {
    /// The value that is spelled so, with line breaks as readers of HTML take them.
    pub(super) fn read(self, source: &[u8]) -> Cow<'_, [u8]> {
        let context = match self {
            Self::Text { .. } => Context::General,
            Self::Attribute { .. } => Context::Attribute,
            Self::Markup | Self::Raw(_) => return Cow::Borrowed(source),
        };
        let source = normal(source);
        if memchr::memchr(b'&', &source).is_none() {
            return source;
        }
        Cow::Owned(htmlize::unescape_bytes_in(&*source, context).into_owned())
    }

    /// The escape of a text in its place; that of a body inside has nothing to escape where the source is the value.
    pub(super) fn escape(self, nested: bool) -> Escape {
        match self {
            Self::Text { first: true } => Escape::HtmlFirst,
            Self::Text { first: false } | Self::Attribute { quoted: true } => Escape::Html,
            Self::Attribute { quoted: false } => Escape::HtmlUnquoted,
            Self::Markup if nested => Escape::Plain,
            Self::Markup => Escape::Html,
            Self::Raw(_) => Escape::Plain,
        }
    }
}

/// Lets text through into an element whose text cannot be escaped, as long as it does not end it.
pub(super) struct Unclosing {
    name: &'static str,
    /// The last bytes that went through.
    tail: Vec<u8>,
}

impl Unclosing {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            tail: Vec::new(),
        }
    }

    /// Whether what begins with this would be read as the end tag, or as what hides it (WHATWG HTML §4.12.1.3).
    fn ends(&self, text: &[u8]) -> bool {
        let name = text.strip_prefix(b"</").unwrap_or_default();
        let name = name.get(..self.name.len()).unwrap_or_default();
        name.eq_ignore_ascii_case(self.name.as_bytes()) || text.starts_with(b"<!--")
    }
}

impl Transform for Unclosing {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(bytes);
        let longest = self.name.len() + 2;
        self.tail.extend_from_slice(bytes);
        let mut found = memchr::memchr_iter(b'<', &self.tail);
        if found.any(|at| self.ends(self.tail.get(at..).unwrap_or_default())) {
            let expected = "a value that does not end the script or style it stands in";
            return Err(Error::new(ErrorKind::Syntax { expected }, 0));
        }
        let kept = self.tail.len().saturating_sub(longest);
        self.tail.drain(..kept);
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }
}

/// WHATWG Infra, "normalize newlines".
fn normal(source: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\r', source).is_none() {
        return Cow::Borrowed(source);
    }
    let mut text = Vec::with_capacity(source.len());
    let mut bytes = source.iter().peekable();
    while let Some(byte) = bytes.next() {
        if *byte == b'\r' {
            bytes.next_if(|next| **next == b'\n');
            text.push(b'\n');
        } else {
            text.push(*byte);
        }
    }
    Cow::Owned(text)
}

/// Whether the content of an element has tags or comments in it.
pub(super) fn has_markup(content: &[u8]) -> bool {
    memchr::memchr_iter(b'<', content).any(|at| {
        let after = content.get(at + 1);
        after.is_some_and(|byte| byte.is_ascii_alphabetic() || b"/!?".contains(byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(spelling: Spelling, source: &str) -> String {
        String::from_utf8(spelling.read(source.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn references_are_read_by_where_they_stand() {
        let text = Spelling::Text { first: false };
        let attribute = Spelling::Attribute { quoted: true };
        let source = "a&amp;b &eacute;&#233;&#xE9; &notit; &copy=1 &lt\r\n&nope;\r";
        assert_eq!(read(text, source), "a&b ééé ¬it; ©=1 <\n&nope;\n");
        assert_eq!(
            read(attribute, source),
            "a&b ééé &notit; &copy=1 <\n&nope;\n"
        );
        assert_eq!(read(Spelling::Raw("script"), "a&amp;\r\n"), "a&amp;\r\n");
        assert_eq!(read(text, "&#x80;&#0;"), "€\u{fffd}");
    }

    #[test]
    fn markup_is_told_from_text() {
        for markup in ["<b>", "a</p>", "<!-- -->", "<?x>"] {
            assert!(has_markup(markup.as_bytes()));
        }
        for text in ["a < b", "<", "1<2", "&lt;b>"] {
            assert!(!has_markup(text.as_bytes()));
        }
    }
}
