//! Chance that repeats itself on purpose: what a request that is sent again draws from, so that its tokens are the
//! same bytes again.
//!
//! A pseudorandom function of the field's key and of what the request is: nobody without the key can tell it from
//! chance. HMAC-SHA-256 (RFC 2104) over the parts gives a seed, HMAC-SHA-256 under the seed over a counter the
//! bytes.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use keys::Chance;

use crate::field_key::FieldKey;

/// Bytes of a code.
const BLOCK: usize = 32;

/// A stream of bytes that is the same for the same key and parts, and has nothing in common with that of others.
///
/// A salt may come twice only with the very same value and options: **everything that decides the bytes of a token
/// must be among the parts** (idempotency key, place, ordinal, treatment with its options and type, value).
pub struct Repeat {
    seed: Hmac<Sha256>,
    counter: u64,
    block: Zeroizing<[u8; BLOCK]>,
    used: usize,
}

impl Repeat {
    /// Begins the stream of these parts under a key of the field that serves nothing else. No two lists of parts
    /// share a stream.
    pub fn new(key: &FieldKey, parts: &[&[u8]]) -> Self {
        let mut code = key.repeat.clone();
        code.update(&(parts.len() as u64).to_be_bytes());
        for part in parts {
            code.update(&(part.len() as u64).to_be_bytes());
            code.update(part);
        }
        let seed = Zeroizing::new(<[u8; BLOCK]>::from(code.finalize().into_bytes()));
        let mut key = Zeroizing::new([0; 64]);
        key[..BLOCK].copy_from_slice(seed.as_slice());
        Self {
            seed: Hmac::new((&*key).into()),
            counter: 0,
            block: Zeroizing::new([0; BLOCK]),
            used: BLOCK,
        }
    }
}

impl Chance for Repeat {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.used == BLOCK {
                let mut code = self.seed.clone();
                code.update(&self.counter.to_be_bytes());
                self.block.copy_from_slice(&code.finalize().into_bytes());
                self.counter += 1;
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }
}

impl fmt::Debug for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Repeat(‹32 bytes›)")
    }
}
