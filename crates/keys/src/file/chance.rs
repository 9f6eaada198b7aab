//! Chance from the operating system.

use crate::chance::Chance;
use crate::file::StoreError;

/// Random bytes from the operating system, asked for each time.
///
/// Nothing is buffered on purpose: a generator of our own, or bytes kept for later, would come twice in a virtual
/// machine that is copied or set back, and a salt that comes twice is the one thing that sealing does not bear. For
/// the values of one message there is [`Ahead`](crate::Ahead).
#[derive(Clone, Copy, Debug)]
pub struct SystemChance {
    _proven: (),
}

impl SystemChance {
    /// Proves that the system gives random bytes.
    ///
    /// # Errors
    /// [`StoreError::Chance`] when it does not.
    pub fn new() -> Result<Self, StoreError> {
        let mut first = [0; 1];
        getrandom::fill(&mut first).map_err(|_| StoreError::Chance)?;
        Ok(Self { _proven: () })
    }
}

impl Chance for SystemChance {
    /// # Panics
    /// When the system stops giving random bytes after it gave some: no value may be sealed then.
    fn fill(&mut self, out: &mut [u8]) {
        assert!(
            getrandom::fill(out).is_ok(),
            "the operating system gives no random bytes"
        );
    }
}
