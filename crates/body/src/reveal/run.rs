//! Whether the text just before a token is part of a URL.
//!
//! A run is the text since the last white space, quote or angle bracket. Once it holds `://` after a letter it is
//! a URL to its end, so that a token in `https://host/a?b=token` stays whatever surrounds the URL. That leaves some
//! tokens unopened that merely touch a URL, and never writes a value into one. A backslash is passed over, as in
//! the `https:\/\/` of some JSON writers.

/// The run of text up to here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Run {
    #[default]
    Empty,
    /// After a letter or digit.
    Word,
    /// After `x:`.
    Colon,
    /// After `x:/`.
    Slash,
    /// After `x://`.
    Url,
}

impl Run {
    pub(super) fn is_url(self) -> bool {
        self == Self::Url
    }

    /// Goes over bytes. Only those after the last end of a run are looked at one by one.
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        let last = match bytes.iter().rposition(|b| ends(*b)) {
            Some(at) => {
                *self = Self::Empty;
                bytes.get(at + 1..).unwrap_or_default()
            }
            None => bytes,
        };
        self.advance_in_run(last);
    }

    /// Goes over bytes of which none ends the run: only those around colons are looked at one by one.
    fn advance_in_run(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            match self {
                Self::Url => return,
                Self::Colon | Self::Slash => {
                    self.step(*first);
                    bytes = rest;
                }
                Self::Empty | Self::Word => {
                    let colon = memchr::memchr(b':', bytes).unwrap_or(bytes.len());
                    if let Some(before) = colon.checked_sub(1).and_then(|at| bytes.get(at)) {
                        self.step(*before);
                    }
                    bytes = bytes.get(colon..).unwrap_or_default();
                    if let Some((colon, rest)) = bytes.split_first() {
                        self.step(*colon);
                        bytes = rest;
                    }
                }
            }
        }
    }

    /// Goes over one byte.
    pub(super) fn step(&mut self, byte: u8) {
        *self = match (*self, byte) {
            _ if ends(byte) => Self::Empty,
            (Self::Url, _) => Self::Url,
            (state @ (Self::Colon | Self::Slash), b'\\') => state,
            (Self::Word, b':') => Self::Colon,
            (Self::Colon, b'/') => Self::Slash,
            (Self::Slash, b'/') => Self::Url,
            (_, b) if b.is_ascii_alphanumeric() => Self::Word,
            _ => Self::Empty,
        };
    }
}

fn ends(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' | b'"' | b'\'' | b'<' | b'>' | b'`'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pieces: &[&str]) -> bool {
        let mut run = Run::default();
        for piece in pieces {
            run.advance(piece.as_bytes());
        }
        run.is_url()
    }

    #[test]
    fn urls_are_known_to_their_end() {
        assert!(run(&["see https://a.example/x?y="]));
        assert!(run(&["see http", "s:", "/", "/a/b"]));
        assert!(run(&[r"https:\/\/a.example\/"]));
        assert!(!run(&["https://a.example/x ", "then"]));
        assert!(!run(&["<a>https://a</a>"]));
        assert!(!run(&["a: //x", "12:30/"]));
    }
}
