//! Names and white space (XML 1.0 §2.3, Namespaces in XML 1.0 §4): which bytes make a qualified name.

use std::ops::Range;

/// A byte may stand in a name.
const NAME: u8 = 1;
/// A byte may begin a name.
const START: u8 = 2;
/// A byte of a character outside ASCII: the character decides.
const WIDE: u8 = 4;
/// White space.
const SPACE: u8 = 8;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => NAME | START,
            b'0'..=b'9' | b'-' | b'.' | b':' => NAME,
            b' ' | b'\t' | b'\n' | b'\r' => SPACE,
            0x80..=0xff => NAME | START | WIDE,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

#[inline]
fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// Whether a byte is white space (§2.3).
#[inline]
pub(super) fn is_space(byte: u8) -> bool {
    class(byte) & SPACE != 0
}

/// Whether a byte may begin a name, as far as one byte can tell.
#[inline]
pub(super) fn may_start(byte: u8) -> bool {
    class(byte) & START != 0
}

/// The offset of the first byte from `at` on that is no white space.
#[inline]
pub(super) fn past_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at
}

/// Where a qualified name stands, and its colon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) from: usize,
    pub(super) end: usize,
    /// Nothing where it has no prefix.
    pub(super) colon: Option<usize>,
}

impl Name {
    /// Reads the name that begins at `from`; nothing where these bytes end before it does.
    ///
    /// # Errors
    /// What begins there is no qualified name.
    #[inline]
    pub(super) fn read(bytes: &[u8], from: usize) -> Result<Option<Self>, NotAName> {
        let mut at = from;
        let mut colon = None;
        let mut seen = 0;
        loop {
            let Some(byte) = bytes.get(at) else {
                return Ok(None);
            };
            let class = class(*byte);
            if class & NAME == 0 {
                break;
            }
            if *byte == b':' && colon.replace(at).is_some() {
                return Err(NotAName);
            }
            seen |= class;
            at += 1;
        }
        let name = Self {
            from,
            end: at,
            colon,
        };
        let begins = |at: usize| bytes.get(at).is_some_and(|byte| may_start(*byte));
        let local = colon.map_or(from, |colon| colon + 1);
        if !begins(from) || !begins(local) || (seen & WIDE != 0 && !name.is_wide(bytes)) {
            return Err(NotAName);
        }
        Ok(Some(name))
    }

    /// All of it.
    #[inline]
    pub(super) fn whole<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        get(bytes, self.from..self.end)
    }

    /// What stands before its colon; nothing where it has none.
    #[inline]
    pub(super) fn prefix<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        get(bytes, self.from..self.colon.unwrap_or(self.from))
    }

    /// What stands after its colon.
    #[inline]
    pub(super) fn local<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let from = self.colon.map_or(self.from, |colon| colon + 1);
        get(bytes, from..self.end)
    }

    /// Whether the characters outside ASCII may stand where they do.
    #[cold]
    fn is_wide(&self, bytes: &[u8]) -> bool {
        [self.prefix(bytes), self.local(bytes)]
            .into_iter()
            .all(is_local)
    }
}

/// What begins here is no qualified name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAName;

/// Whether these bytes are a name without a colon, or nothing.
pub(super) fn is_local(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else {
        return false;
    };
    name.chars().all(continues) && name.chars().next().is_none_or(starts)
}

fn starts(character: char) -> bool {
    matches!(character,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

fn continues(character: char) -> bool {
    starts(character)
        || matches!(character,
            '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[inline]
pub(super) fn get(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes.get(range).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<(&str, &str)>, NotAName> {
        let bytes = text.as_bytes();
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        Name::read(bytes, 0)
            .map(|name| name.map(|name| (text(name.prefix(bytes)), text(name.local(bytes)))))
    }

    #[test]
    fn qualified_names_are_read() {
        assert_eq!(read("a "), Ok(Some(("", "a"))));
        assert_eq!(read("l:nom-1.é>"), Ok(Some(("l", "nom-1.é"))));
        assert_eq!(read("l:nom"), Ok(None));
        for wrong in [
            ":a ",
            "a: ",
            "a:b:c ",
            "-a ",
            "a:-b ",
            "1 ",
            " ",
            "a\u{85}b ",
            "×a ",
            "a:·b ",
        ] {
            assert_eq!(read(wrong), Err(NotAName), "{wrong}");
        }
    }
}
