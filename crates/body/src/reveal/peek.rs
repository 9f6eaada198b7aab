//! A look past a token to the end of the literal it stands in, to know whether that literal holds HTML.

use super::machine::Seen;
use super::name::is_element;

/// How far the look has come, so that no byte is looked at twice however small the chunks are.
#[derive(Debug, Default)]
pub(super) struct Peek {
    looked: usize,
    slashes: usize,
}

impl Peek {
    /// The rest of the literal, which ends at the first offset for which `ends` says so, given the
    /// backslashes before it. `None` while it has not come; `Some(None)` where it does not end within `lookahead` bytes.
    pub(super) fn until<'a>(
        &mut self,
        ends: impl Fn(&[u8], usize, usize) -> bool,
        seen: &Seen<'a>,
        lookahead: usize,
    ) -> Option<Option<&'a [u8]>> {
        let within = seen.after.get(..lookahead).unwrap_or(seen.after);
        for byte in within.get(self.looked..).unwrap_or_default() {
            if ends(within, self.looked, self.slashes) {
                let rest = within.get(..self.looked);
                *self = Self::default();
                return Some(rest);
            }
            self.looked += 1;
            self.slashes = if *byte == b'\\' { self.slashes + 1 } else { 0 };
        }
        if within.len() == lookahead {
            *self = Self::default();
            Some(None)
        } else if seen.last {
            *self = Self::default();
            Some(Some(within))
        } else {
            None
        }
    }
}

/// Whether the source of a literal holds HTML, spelled in any of the ways that literals spell `<`. With
/// `references`, a character reference counts as HTML too.
pub(super) fn holds_markup(source: &[u8], references: bool) -> bool {
    let opens_tag = |rest: &[u8]| match rest.first() {
        Some(b'/' | b'!' | b'\\') => true,
        Some(first) if first.is_ascii_alphabetic() => {
            let ends =
                |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>' | b'\\' | b'"' | b'&');
            is_element(rest.split(ends).next().unwrap_or_default())
        }
        _ => false,
    };
    let tag = |spelled: &[u8]| {
        memchr::memmem::find_iter(source, spelled)
            .any(|at| opens_tag(source.get(at + spelled.len()..).unwrap_or_default()))
    };
    let spellings: [&[u8]; 7] = [b"<", b"u003c", b"u003C", b"x3c", b"x3C", b"lt;", b"LT;"];
    if spellings.into_iter().any(tag) {
        return true;
    }
    let reference = |spelled: &[u8]| {
        memchr::memmem::find_iter(source, spelled)
            .any(|at| is_reference(source.get(at + spelled.len()..).unwrap_or_default()))
    };
    references && [&b"&"[..], b"u0026", b"x26"].into_iter().any(reference)
}

/// Whether these bytes, which follow an ampersand, make it a character reference.
fn is_reference(rest: &[u8]) -> bool {
    let name = rest.strip_prefix(b"#").unwrap_or(rest);
    let length = name
        .iter()
        .take(32)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    length > 0 && name.get(length) == Some(&b';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_seen_however_it_is_spelled() {
        for html in [
            "a <b>",
            "a </p>",
            "<!-- -->",
            r"\u003cbr\u003e",
            r"\x3Cb",
            "<\\/p>",
            "&lt;p&gt;",
            "&nbsp;",
            "&#8212;",
        ] {
            assert!(holds_markup(html.as_bytes(), true), "{html}");
        }
        for text in [
            "a < b",
            "1<2",
            "Q&A",
            "M <m@x.example>",
            "a=1&b=2",
            "<3",
            "x; y",
        ] {
            assert!(!holds_markup(text.as_bytes(), true), "{text}");
        }
        assert!(!holds_markup(b"&quot;", false));
    }
}
