//! UTF-8 (RFC 3629) checked in pieces: a character may be cut by the end of a chunk.

/// What was seen of a character that the last chunk cut.
#[derive(Debug, Default)]
pub(crate) struct Utf8 {
    cut: [u8; 4],
    length: usize,
}

impl Utf8 {
    /// Checks the next chunk.
    ///
    /// # Errors
    /// How many bytes of this chunk stand before what is no UTF-8.
    pub(crate) fn accept(&mut self, chunk: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while self.length > 0 {
            let Some(byte) = chunk.get(at) else {
                return Ok(());
            };
            let Some(slot) = self.cut.get_mut(self.length) else {
                return Err(0);
            };
            *slot = *byte;
            self.length += 1;
            at += 1;
            match std::str::from_utf8(self.cut.get(..self.length).unwrap_or_default()) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_some() => return Err(0),
                Err(_) => {}
            }
        }
        let rest = chunk.get(at..).unwrap_or_default();
        let Err(error) = std::str::from_utf8(rest) else {
            return Ok(());
        };
        let valid = error.valid_up_to();
        if error.error_len().is_some() {
            return Err(at + valid);
        }
        for (slot, byte) in self.cut.iter_mut().zip(rest.iter().skip(valid)) {
            *slot = *byte;
        }
        self.length = rest.len() - valid;
        Ok(())
    }

    /// Whether no character is open: the text may end here.
    pub(crate) fn is_whole(&self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> bool {
        let mut check = Utf8::default();
        chunks.into_iter().all(|chunk| check.accept(chunk).is_ok()) && check.is_whole()
    }

    #[test]
    fn i04_every_split_says_the_same() {
        let cases: [&[u8]; 9] = [
            "aé€😀z".as_bytes(),
            b"\xc3",
            b"a\x80",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xc0\x80",
            b"\xe2\x82(",
            b"\xf0\x9f\x98",
            b"\xff\xfe",
        ];
        for case in cases {
            let whole = std::str::from_utf8(case).is_ok();
            for at in 0..=case.len() {
                assert_eq!(
                    accepts([&case[..at], &case[at..]]),
                    whole,
                    "{case:?} at {at}"
                );
            }
            assert_eq!(accepts(case.chunks(1)), whole, "{case:?}");
        }
    }
}
