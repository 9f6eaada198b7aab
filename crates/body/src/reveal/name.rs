//! The names of elements and attributes, in lower case, as far as any name of interest goes.

/// Longer than any name that is looked for.
const LONGEST: usize = 24;

/// A name being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Name {
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte.to_ascii_lowercase();
        }
        self.length = self.length.saturating_add(1);
    }

    /// The name; empty where it is longer than any that is looked for.
    pub(super) fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// What is known of it, however long it is.
    pub(super) fn start(&self) -> &[u8] {
        self.bytes
            .get(..self.length.min(LONGEST))
            .unwrap_or_default()
    }

    /// The name without its namespace prefix.
    pub(super) fn local(&self) -> &[u8] {
        let name = self.get();
        memchr::memrchr(b':', name)
            .and_then(|at| name.get(at + 1..))
            .unwrap_or(name)
    }
}

/// Whether an attribute of this name takes a URL, or tells a script where to send or fetch (`data-url`, `hx-post`):
/// the last word of the name decides.
pub(super) fn takes_url(name: &Name) -> bool {
    let name = name.get();
    let last = name
        .iter()
        .rposition(|b| matches!(b, b'-' | b':' | b'_'))
        .and_then(|at| name.get(at + 1..))
        .unwrap_or(name);
    matches!(
        last,
        b"href"
            | b"src"
            | b"srcset"
            | b"imagesrcset"
            | b"action"
            | b"formaction"
            | b"poster"
            | b"background"
            | b"cite"
            | b"longdesc"
            | b"manifest"
            | b"ping"
            | b"lowsrc"
            | b"dynsrc"
            | b"codebase"
            | b"classid"
            | b"archive"
            | b"profile"
            | b"usemap"
            | b"icon"
            | b"url"
            | b"uri"
            | b"link"
    ) || name == b"data"
        || (name.starts_with(b"hx-")
            && matches!(last, b"get" | b"post" | b"put" | b"patch" | b"delete"))
}

/// Whether a name after a `<` may be an element's: not the address of `Name <address>`, nor a token, which begins
/// with a letter and three digits.
pub(super) fn is_element(name: &[u8]) -> bool {
    let is_token = name
        .get(1..4)
        .is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
    !is_token && !name.contains(&b'@')
}
