//! Where random bytes come from: the caller says, so that the core stays a function of its inputs.

use std::fmt;

use zeroize::Zeroizing;

/// A source of random bytes.
///
/// What is sealed is as safe as this source. A gateway gives the operating system's (`file::SystemChance`, feature
/// `file`); a request that may be sent again gives a pseudorandom function of its idempotency key; a test
/// gives a counter.
pub trait Chance {
    /// Fills `out` with bytes that nobody else can guess.
    fn fill(&mut self, out: &mut [u8]);
}

/// Salts of 24 bytes for ten values.
const DRAWN: usize = 240;

/// Asks a source for the salts of several values at once: asking the system costs as much for ten as for one.
///
/// It lives as long as one message and no longer. Bytes that are kept come twice in a virtual machine that is copied
/// or set back, and within one message that shows the same values sealed alike, at worst.
pub struct Ahead<C> {
    source: C,
    drawn: Zeroizing<[u8; DRAWN]>,
    used: usize,
}

impl<C: Chance> Ahead<C> {
    /// Draws nothing until the first byte is asked for.
    pub fn new(source: C) -> Self {
        Self {
            source,
            drawn: Zeroizing::new([0; DRAWN]),
            used: DRAWN,
        }
    }
}

impl<C: Chance> Chance for Ahead<C> {
    fn fill(&mut self, out: &mut [u8]) {
        if out.len() > DRAWN {
            return self.source.fill(out);
        }
        if out.len() > DRAWN - self.used {
            self.source.fill(self.drawn.as_mut_slice());
            self.used = 0;
        }
        let end = self.used + out.len();
        let given = &mut self.drawn[self.used..end];
        out.copy_from_slice(given);
        given.fill(0);
        self.used = end;
    }
}

impl<C> fmt::Debug for Ahead<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ahead(‹240 bytes›)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the bytes it gives.
    struct Bytes(u8, usize);

    impl Chance for Bytes {
        fn fill(&mut self, out: &mut [u8]) {
            self.1 += 1;
            for byte in out {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    #[test]
    fn no_byte_is_given_twice_and_the_source_is_asked_seldom() {
        let mut ahead = Ahead::new(Bytes(0, 0));
        let mut salts = Vec::new();
        for length in [24, 24, 16, 24, 200, 24] {
            let mut salt = vec![0; length];
            ahead.fill(&mut salt);
            salts.push(salt);
        }
        assert_eq!(salts[0][0], 0);
        assert_eq!(salts[1][0], 24);
        assert_eq!(salts[3], (64..88).collect::<Vec<u8>>());
        assert_eq!(
            salts[4][0], 240,
            "what is left is too little, and is not given later"
        );
        assert_eq!(salts[5][0], 240_u8.wrapping_add(200));
        ahead.fill(&mut [0; 300]);
        assert_eq!(ahead.source.1, 3);
    }
}
