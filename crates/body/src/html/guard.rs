//! Sections of CDATA, which HTML takes for comments that the next `>` ends, and XML for text up to `]]>`. With a `<`
//! in one, the two read different tags behind it.

use memchr::memmem;

const OPEN: &[u8] = b"<![CDATA[";
const CLOSE: &[u8] = b"]]>";

/// Looks at a document as it comes.
#[derive(Debug, Default)]
pub(super) struct Guard {
    inside: bool,
    /// The end of what came, as far as a mark may begin in it.
    tail: Vec<u8>,
}

impl Guard {
    /// Looks at the next bytes.
    ///
    /// # Errors
    /// How many of these bytes stand before a `<` in a section.
    pub(super) fn accept(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        if !self.tail.is_empty() {
            at = self.accept_cut(bytes)?;
        }
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(end) = self.next(rest).map_err(|found| at + found)? else {
                let longest = if self.inside { CLOSE } else { OPEN };
                let kept = begun(rest, longest);
                self.tail.extend_from_slice(kept);
                return Ok(());
            };
            at += end;
        }
    }

    /// Looks at a mark that the end of the earlier bytes may have cut; how many of these bytes that took.
    fn accept_cut(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        let mut taken = 0;
        while !self.tail.is_empty() {
            let Some(byte) = bytes.get(taken) else {
                return Ok(taken);
            };
            self.tail.push(*byte);
            taken += 1;
            let tail = std::mem::take(&mut self.tail);
            match self.next(&tail).map_err(|_| taken - 1)? {
                Some(_) => {}
                None => {
                    let longest = if self.inside { CLOSE } else { OPEN };
                    self.tail = begun(&tail, longest).to_vec();
                }
            }
        }
        Ok(taken)
    }

    /// Finds the next mark and passes it.
    fn next(&mut self, bytes: &[u8]) -> Result<Option<usize>, usize> {
        if !self.inside {
            let found = memmem::find(bytes, OPEN);
            self.inside = found.is_some();
            return Ok(found.map(|at| at + OPEN.len()));
        }
        let found = memmem::find(bytes, CLOSE);
        let within = bytes
            .get(..found.unwrap_or(bytes.len()))
            .unwrap_or_default();
        if let Some(less) = memchr::memchr(b'<', within) {
            return Err(less);
        }
        self.inside = found.is_none();
        Ok(found.map(|at| at + CLOSE.len()))
    }
}

/// The end of these bytes with which `mark` may begin.
fn begun<'a>(bytes: &'a [u8], mark: &[u8]) -> &'a [u8] {
    let from = bytes.len().saturating_sub(mark.len() - 1);
    (from..bytes.len())
        .filter_map(|at| bytes.get(at..))
        .find(|end| mark.starts_with(end))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Option<usize> {
        let mut guard = Guard::default();
        let mut offset = 0;
        for chunk in chunks {
            if let Err(at) = guard.accept(chunk) {
                return Some(offset + at);
            }
            offset += chunk.len();
        }
        None
    }

    #[test]
    fn i04_every_split_says_the_same() {
        for (text, expected) in [
            ("<p><![CDATA[a > b ]] ]>]]><i>", None),
            ("<p><![CDATA[a < b]]>", Some(14)),
            ("<p><![CDATA[]]]]><![CDATA[<", Some(26)),
            ("<![CDATA<![CDATA[]]><b>", None),
            ("<![CDATA[x", None),
            ("]]><![CDATA[]]><p>", None),
        ] {
            let bytes = text.as_bytes();
            assert_eq!(fault([bytes]), expected, "{text}");
            for at in 0..=bytes.len() {
                let (first, second) = bytes.split_at(at);
                assert_eq!(fault([first, second]), expected, "{text} at {at}");
            }
            assert_eq!(fault(bytes.chunks(1)), expected, "{text}");
        }
    }
}
