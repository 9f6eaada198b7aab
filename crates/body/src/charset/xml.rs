//! The encoding that an XML declaration names (XML 1.0 §2.8, §4.3.3), read strictly.

/// How long a declaration may be.
pub(super) const LONGEST: usize = 1024;

/// What the beginning of a document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declaration<'a> {
    /// More bytes decide.
    More,
    /// There is none, or it names no encoding.
    Silent,
    /// It names this one.
    Names(&'a str),
    /// It is not of the grammar, or does not end.
    Malformed,
}

/// Reads the declaration that a document begins with; `last` says that there are no more bytes.
pub(super) fn declaration(bytes: &[u8], last: bool) -> Declaration<'_> {
    const OPEN: &[u8] = b"<?xml";
    let begun = bytes.get(..OPEN.len()).unwrap_or(bytes);
    if !OPEN.starts_with(begun) {
        return Declaration::Silent;
    }
    let is_other = match bytes.get(OPEN.len()) {
        Some(after) => !after.is_ascii_whitespace() && *after != b'?',
        None if last => true,
        None => return Declaration::More,
    };
    if is_other {
        return Declaration::Silent;
    }
    let within = bytes.get(..LONGEST).unwrap_or(bytes);
    match memchr::memmem::find(within, b"?>") {
        Some(end) => {
            let inside = within.get(OPEN.len()..end).unwrap_or_default();
            read(inside).unwrap_or(Declaration::Malformed)
        }
        None if last || within.len() == LONGEST => Declaration::Malformed,
        None => Declaration::More,
    }
}

/// Reads what stands between `<?xml` and `?>`.
fn read(inside: &[u8]) -> Option<Declaration<'_>> {
    let mut rest = std::str::from_utf8(inside).ok()?;
    let version = attribute(&mut rest, "version")?;
    version.filter(|version| matches!(*version, "1.0" | "1.1"))?;
    let encoding = attribute(&mut rest, "encoding")?;
    attribute(&mut rest, "standalone")?;
    let named = encoding.map_or(Declaration::Silent, Declaration::Names);
    rest.trim_ascii().is_empty().then_some(named)
}

/// Takes white space and this pseudo attribute off the front, if it stands there; `None` where it is malformed.
fn attribute<'a>(rest: &mut &'a str, name: &str) -> Option<Option<&'a str>> {
    let trimmed = rest.trim_ascii_start();
    let Some(after) = trimmed.strip_prefix(name) else {
        return Some(None);
    };
    if trimmed.len() == rest.len() {
        return None;
    }
    let after = after
        .trim_ascii_start()
        .strip_prefix('=')?
        .trim_ascii_start();
    let quote = after
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, after) = after.get(1..)?.split_once(quote)?;
    *rest = after;
    Some(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        use Declaration::{Malformed, More, Names, Silent};
        let cases = [
            (
                "<?xml version='1.0' encoding=\"ISO-8859-1\"?><a/>",
                Names("ISO-8859-1"),
            ),
            (
                "<?xml version=\"1.0\"\tencoding = 'utf-8' standalone='yes' ?>",
                Names("utf-8"),
            ),
            ("<?xml version='1.0'?>", Silent),
            ("<?xml-stylesheet encoding='x'?>", Silent),
            ("<a/>", Silent),
            ("", Silent),
            ("<?xml encoding='utf-8'?>", Malformed),
            ("<?xml version='1.0' encoding='a' encoding='b'?>", Malformed),
            ("<?xml version='1.0'encoding='a'?>", Malformed),
            ("<?xml version='1.0' encoding=a?>", Malformed),
            ("<?xml version='1.0' x='' encoding='a'?>", Malformed),
            ("<?xml version='1.0'", Malformed),
        ];
        for (text, said) in cases {
            assert_eq!(declaration(text.as_bytes(), true), said, "{text}");
            for at in 0..text.len() {
                let early = declaration(&text.as_bytes()[..at], false);
                assert!(early == More || early == said, "{text} at {at}");
            }
        }
        let long = format!("<?xml version='1.0'{}?>", " ".repeat(LONGEST));
        assert_eq!(declaration(long.as_bytes(), false), Malformed);
    }
}
