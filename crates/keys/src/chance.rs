//! Where random bytes come from: the caller says, so that the core stays a function of its inputs.

/// A source of random bytes.
///
/// What is sealed is as safe as this source. A gateway gives the operating system's (`file::SystemChance`, feature
/// `file`); a request that may be sent again gives a pseudorandom function of its idempotency key; a test
/// gives a counter.
pub trait Chance {
    /// Fills `out` with bytes that nobody else can guess.
    fn fill(&mut self, out: &mut [u8]);
}
