//! Rows that are held until they have ended: the first, and those whose values hang on one another.

use bytes::Bytes;
use zeroize::Zeroizing;

/// A row that is gathered over chunks.
#[derive(Default)]
pub(super) struct Held {
    bytes: Zeroizing<Vec<u8>>,
    quoted: bool,
    /// Directly after a CR of which it is not known whether it ends the row alone.
    returned: bool,
}

/// Where a row ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// How many bytes of the chunk belong to it, its line end included.
    pub(super) used: usize,
    /// The line end is a bare CR.
    pub(super) returns: bool,
}

impl Held {
    /// Looks for the end of the row in the bytes that follow; `returns` says what ends rows, once that is known.
    pub(super) fn find(&mut self, bytes: &[u8], returns: Option<bool>) -> Option<End> {
        let end = |used, returns| Some(End { used, returns });
        if self.returned {
            let first = bytes.first()?;
            self.returned = false;
            return match first {
                b'\n' => end(1, false),
                _ => end(0, true),
            };
        }
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if self.quoted {
                at += memchr::memchr(b'"', rest)? + 1;
                self.quoted = false;
                continue;
            }
            let found = memchr::memchr3(b'"', b'\n', b'\r', rest)?;
            at += found + 1;
            match (rest.get(found), returns) {
                (Some(b'"'), _) => self.quoted = true,
                (Some(b'\n'), None | Some(false)) => return end(at, false),
                (Some(b'\r'), Some(true)) => return end(at, true),
                (Some(b'\r'), None) => match bytes.get(at) {
                    Some(b'\n') => return end(at + 1, false),
                    Some(_) => return end(at, true),
                    None => {
                        self.returned = true;
                        return None;
                    }
                },
                _ => {}
            }
        }
    }

    /// Holds more of the row.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a CR that was held last may end the row.
    pub(super) fn returned(&self) -> bool {
        self.returned
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Gives what is held, and begins another row.
    pub(super) fn take(&mut self) -> Bytes {
        let held = std::mem::take(self);
        let mut bytes = held.bytes;
        std::mem::take(&mut *bytes).into()
    }

    /// Bytes that are held here.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity()
    }
}

/// A row without its line end.
pub(super) fn content(row: &[u8]) -> &[u8] {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i04_a_row_ends_at_the_same_byte_at_every_split() {
        for (row, returns, expected) in [
            ("a,b\nc", None, Some((4, false))),
            ("a,b\r\nc", None, Some((5, false))),
            ("a,b\rc", None, Some((4, true))),
            ("a\"\r\n\"\n", None, Some((6, false))),
            ("a\nb\rc", Some(true), Some((4, true))),
            ("a\rb\nc", Some(false), Some((4, false))),
            ("a\r", None, None),
            ("\"a\n", None, None),
        ] {
            let row = row.as_bytes();
            for at in 0..=row.len() {
                let mut held = Held::default();
                let (first, second) = row.split_at(at);
                let end = held
                    .find(first, returns)
                    .map(|end| (end.used, end.returns))
                    .or_else(|| {
                        let end = held.find(second, returns)?;
                        Some((at + end.used, end.returns))
                    });
                assert_eq!(end, expected, "{row:?} at {at}");
            }
        }
    }
}
