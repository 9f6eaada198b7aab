//! Vault pointers: 16 characters that stand for a value kept at home.
//!
//! ```text
//! z671  8 characters  4 characters
//!       40 bits id    20 bits check: HMAC-SHA-256 under the app's pointer key over id and field, cut
//! ```
//!
//! The check keeps what merely looks like a pointer from being looked up as one, and a pointer from being moved to
//! another field or app: one forged in a million passes, and what it may show is decided by who may read the
//! value, not by the check.

mod shape;

use std::fmt;
use std::ops::Range;

use hmac::{Hmac, KeyInit, Mac};
use keys::{Chance, derive};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::base32;
use crate::header::{POINTER_LETTER, PREFIX, PREFIX_DIGITS};

pub use shape::{BARE_LEN, PointerDigits, measure_email};

/// Characters of a pointer.
pub const POINTER_LEN: usize = PREFIX + ID_CHARACTERS + CHECK_CHARACTERS;

const ID_CHARACTERS: usize = 8;
const CHECK_CHARACTERS: usize = 4;
/// Ids are below this.
const IDS: u64 = 1 << 40;

/// Names a row of the vault: 40 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PointerId(u64);

impl PointerId {
    /// The id of this number, if it has at most 40 bits.
    pub fn new(id: u64) -> Option<Self> {
        (id < IDS).then_some(Self(id))
    }

    /// Draws one; the vault knows whether it is free.
    pub fn random(chance: &mut dyn Chance) -> Self {
        Self::random_in(&Self::SPACE, chance)
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// A pointer, read from its text. It is one of ours when [`PointerKey::verify`] says so for the field of its row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pointer {
    /// The row it names.
    pub id: PointerId,
    check: u32,
}

impl Pointer {
    /// Reads a pointer from exactly its text, in any case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (letter, rest) = text.split_first()?;
        if !letter.eq_ignore_ascii_case(&POINTER_LETTER) {
            return None;
        }
        Self::parse_bare(rest.strip_prefix(PREFIX_DIGITS)?)
    }
}

/// What makes and checks the pointers of one app.
pub struct PointerKey {
    check: Hmac<Sha256>,
    equal: Hmac<Sha256>,
    digits: Hmac<Sha256>,
}

impl PointerKey {
    /// Derives it from the app's secret for this purpose, `keyring.app_secret(app, PointerKey::PURPOSE)`.
    pub fn derive(secret: &[u8; 32], app: &str) -> Self {
        let key = |purpose| Hmac::new((&*derive::<64>(secret, purpose, &[app.as_bytes()])).into());
        Self {
            check: key("pointer-check"),
            equal: key("pointer-equal"),
            digits: key("pointer-digits"),
        }
    }

    /// The purpose under which the keyring gives the app's secret.
    pub const PURPOSE: &str = "pointer";

    /// The text of the pointer to a row of a field.
    pub fn text(&self, field: &str, id: PointerId) -> [u8; POINTER_LEN] {
        let mut text = [0; POINTER_LEN];
        let (prefix, body) = text.split_at_mut(PREFIX);
        prefix[0] = POINTER_LETTER;
        prefix[1..].copy_from_slice(PREFIX_DIGITS);
        let (name, check) = body.split_at_mut(ID_CHARACTERS);
        name.copy_from_slice(&base32::spell(id.0));
        check.copy_from_slice(
            &base32::spell(u64::from(self.check(field, id)))[8 - CHECK_CHARACTERS..],
        );
        text
    }

    /// Whether a pointer was made here for this field, in the same time either way.
    pub fn verify(&self, field: &str, pointer: &Pointer) -> bool {
        self.check(field, pointer.id).ct_eq(&pointer.check).into()
    }

    /// The id to try for a value whose equal values are to share a pointer: `attempt` counts from 0, one more each
    /// time the row holds another value.
    pub fn equal_id(&self, field: &str, value: &[u8], attempt: u32) -> PointerId {
        self.equal_id_in(field, value, attempt, &PointerId::SPACE)
    }

    /// As [`equal_id`](Self::equal_id), of the ids that a shape can name.
    pub fn equal_id_in(
        &self,
        field: &str,
        value: &[u8],
        attempt: u32,
        space: &Range<u64>,
    ) -> PointerId {
        let mut code = self.equal.clone();
        code.update(&attempt.to_be_bytes());
        code.update(&(field.len() as u64).to_be_bytes());
        code.update(field.as_bytes());
        code.update(value);
        PointerId::within(space, first_bits(code))
    }

    fn check(&self, field: &str, id: PointerId) -> u32 {
        let mut code = self.check.clone();
        code.update(&id.0.to_be_bytes());
        code.update(field.as_bytes());
        // Twenty bits.
        u32::try_from(first_bits(code) >> 44).unwrap_or(0)
    }
}

impl fmt::Debug for PointerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PointerKey(‹192 bytes›)")
    }
}

fn first_bits(code: Hmac<Sha256>) -> u64 {
    let bytes = code.finalize().into_bytes();
    bytes
        .iter()
        .take(8)
        .fold(0, |bits, &byte| bits << 8 | u64::from(byte))
}

/// The number that at most twelve characters spell.
fn number(characters: &[u8]) -> Option<u64> {
    characters.iter().try_fold(0, |bits, &character| {
        Some(bits << 5 | u64::from(base32::value(character)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(app: &str) -> PointerKey {
        PointerKey::derive(&[9; 32], app)
    }

    #[test]
    fn an_equal_value_gets_an_equal_id_and_another_attempt_another() {
        let key = key("crm");
        assert_eq!(
            key.equal_id("mail", b"a@b", 0),
            key.equal_id("mail", b"a@b", 0)
        );
        assert_ne!(
            key.equal_id("mail", b"a@b", 0),
            key.equal_id("mail", b"a@b", 1)
        );
        assert_ne!(
            key.equal_id("mail", b"a@b", 0),
            key.equal_id("mai", b"la@b", 0)
        );
        assert!(PointerId::new(IDS).is_none());
    }

    proptest! {
        #[test]
        fn a_pointer_reads_back_in_any_case_and_is_ours_for_its_field_only(id in 0..IDS, upper: bool) {
            let id = PointerId::new(id).unwrap();
            let mut text = key("crm").text("mail", id);
            prop_assert!(text.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
            if upper {
                text.make_ascii_uppercase();
            }
            let pointer = Pointer::parse(&text).unwrap();
            prop_assert_eq!(pointer.id, id);
            prop_assert!(key("crm").verify("mail", &pointer));
            let elsewhere = u32::from(key("crm").verify("phone", &pointer)) + u32::from(key("hr").verify("mail", &pointer));
            prop_assert!(elsewhere < 2, "one in a million may pass, not both");
            for length in 0..POINTER_LEN {
                prop_assert!(Pointer::parse(&text[..length]).is_none());
            }
        }
    }
}
