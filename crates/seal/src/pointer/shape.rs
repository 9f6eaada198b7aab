//! Pointers in other shapes than their own text: without the prefix, in digits, as an e-mail address.
//!
//! A pointer without its prefix, or one of digits, is found at declared places only: it looks like any other text.
//! Up to twelve digits are the id alone and nothing is checked but the row; the digits beyond are a check. An
//! address carries its pointer in its local part, so a scan finds it, and its domain goes when it is revealed.

use std::ops::Range;

use hmac::Mac;
use subtle::ConstantTimeEq;

use super::{
    CHECK_CHARACTERS, ID_CHARACTERS, IDS, POINTER_LEN, Pointer, PointerId, PointerKey, first_bits,
    number,
};
use crate::base32;
use crate::header::PREFIX;
use crate::scan::{Measure, measure};

/// Characters of a pointer without its prefix.
pub const BARE_LEN: usize = ID_CHARACTERS + CHECK_CHARACTERS;
/// Digits that an id takes at most: all numbers of so many digits are ids.
const ID_DIGITS: u32 = 12;

/// How many digits a pointer of digits has: 6 to 18, the first of which is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PointerDigits(u32);

impl PointerDigits {
    /// So many digits; nothing for fewer than 6, of which there would be too few, and for more than 18, which no
    /// signed 64-bit number holds.
    pub fn new(digits: u8) -> Option<Self> {
        (6..=18).contains(&digits).then_some(Self(digits.into()))
    }

    /// The ids that these digits spell.
    pub fn space(self) -> Range<u64> {
        let digits = self.0.min(ID_DIGITS);
        10_u64.pow(digits - 1)..10_u64.pow(digits)
    }

    /// What the check digits are a number below: 1 when there are none.
    fn checks(self) -> u64 {
        10_u64.pow(self.0.saturating_sub(ID_DIGITS))
    }
}

impl PointerId {
    /// The ids that pointers with letters name.
    pub const SPACE: Range<u64> = 0..IDS;

    /// Draws one of a space; the vault knows whether it is free.
    pub fn random_in(space: &Range<u64>, chance: &mut dyn keys::Chance) -> Self {
        let mut bytes = [0; 8];
        chance.fill(&mut bytes);
        Self::within(space, u64::from_be_bytes(bytes))
    }

    /// The id of a space that these bits choose.
    pub(super) fn within(space: &Range<u64>, bits: u64) -> Self {
        let count = space.end.saturating_sub(space.start).max(1);
        Self((space.start + bits % count) % IDS)
    }
}

impl Pointer {
    /// Reads a pointer from exactly its text without the prefix, in any case.
    pub fn parse_bare(text: &[u8]) -> Option<Self> {
        let (id, check) = text.split_at_checked(ID_CHARACTERS)?;
        if check.len() != CHECK_CHARACTERS {
            return None;
        }
        Some(Self {
            id: PointerId(number(id)?),
            check: u32::try_from(number(check)?).ok()?,
        })
    }
}

impl PointerKey {
    /// The text of a pointer without its prefix.
    pub fn bare(&self, field: &str, id: PointerId) -> [u8; BARE_LEN] {
        let mut text = [0; BARE_LEN];
        text.copy_from_slice(&self.text(field, id)[PREFIX..]);
        text
    }

    /// The text of a pointer as digits; nothing when the id is not of their space.
    pub fn digits(&self, field: &str, id: PointerId, digits: PointerDigits) -> Option<String> {
        let of_space = digits.space().contains(&id.0);
        of_space.then(|| (id.0 * digits.checks() + self.digit_check(field, id, digits)).to_string())
    }

    /// Reads a pointer of a field from exactly its digits; nothing when its check digits are not ours.
    pub fn parse_digits(
        &self,
        field: &str,
        text: &[u8],
        digits: PointerDigits,
    ) -> Option<PointerId> {
        let all = text.iter().all(u8::is_ascii_digit) && text.len() == digits.0 as usize;
        let number: u64 = std::str::from_utf8(text)
            .ok()
            .filter(|_| all)?
            .parse()
            .ok()?;
        let id = PointerId(number / digits.checks());
        let check = self.digit_check(field, id, digits);
        let ours: bool = check.ct_eq(&(number % digits.checks())).into();
        (ours && digits.space().contains(&id.0)).then_some(id)
    }

    /// The text of a pointer as the local part of an address at a domain.
    pub fn email(&self, field: &str, id: PointerId, domain: &str) -> String {
        let text = self.text(field, id);
        let local = text.iter().map(|&byte| char::from(byte));
        local.chain(['@']).chain(domain.chars()).collect()
    }

    fn digit_check(&self, field: &str, id: PointerId, digits: PointerDigits) -> u64 {
        let mut code = self.digits.clone();
        code.update(&id.0.to_be_bytes());
        code.update(field.as_bytes());
        first_bits(code) % digits.checks()
    }
}

/// As [`measure`], but a pointer that `@` and one of these domains follow is as long as the whole address, so that
/// all of it is revealed.
///
/// The domain is read in any case and must end there: `…@example.org.elsewhere` is no address of `example.org`.
pub fn measure_email<D: AsRef<str>>(bytes: &[u8], domains: &[D], last: bool) -> Measure {
    let measured = measure(bytes, last);
    let longest = domains.iter().map(|domain| domain.as_ref().len()).max();
    let Some(longest) = longest else {
        return measured;
    };
    // `@`, the domain, and two bytes that tell whether it ends there.
    let most = POINTER_LEN + 1 + longest + 2;
    match measured {
        Measure::More(POINTER_LEN) => Measure::More(most),
        Measure::Whole(POINTER_LEN) if Pointer::parse(&bytes[..POINTER_LEN]).is_some() => {
            let Some((b'@', host)) = bytes[POINTER_LEN..].split_first() else {
                let undecided = bytes.len() == POINTER_LEN && !last;
                return if undecided {
                    Measure::More(most)
                } else {
                    measured
                };
            };
            let read = domains
                .iter()
                .map(|domain| starts(host, domain.as_ref(), last));
            // Of two domains, one may begin with the other: what is undecided may still be the right one.
            match read.max() {
                Some(Start::Ends(length)) => Measure::Whole(POINTER_LEN + 1 + length),
                Some(Start::Undecided) => Measure::More(most),
                Some(Start::No) | None => measured,
            }
        }
        other => other,
    }
}

/// Whether a host name is a domain.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Start {
    No,
    /// It ends after so many bytes.
    Ends(usize),
    Undecided,
}

fn starts(host: &[u8], domain: &str, last: bool) -> Start {
    let shared = host.len().min(domain.len());
    if !host[..shared].eq_ignore_ascii_case(&domain.as_bytes()[..shared]) {
        return Start::No;
    }
    if shared < domain.len() {
        return if last { Start::No } else { Start::Undecided };
    }
    let of_a_label =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | 0x80..);
    match &host[shared..] {
        [] | [b'.'] if !last => Start::Undecided,
        [b'.', next, ..] if of_a_label(next) => Start::No,
        [next, ..] if of_a_label(next) => Start::No,
        _ => Start::Ends(domain.len()),
    }
}

/// How many characters of the alphabet a pointer's id and check have.
const _: () = assert!(BARE_LEN == 12 && base32::characters(5) == ID_CHARACTERS);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> PointerKey {
        PointerKey::derive(&[9; 32], "crm")
    }

    #[test]
    fn six_to_eighteen_digits_are_had() {
        for digits in (0..6).chain(19..=255) {
            assert_eq!(PointerDigits::new(digits), None);
        }
        let space = |digits| PointerDigits::new(digits).unwrap().space();
        assert_eq!(space(6), 100_000..1_000_000);
        assert_eq!(space(12), 100_000_000_000..1_000_000_000_000);
        assert_eq!(space(18), space(12));
        assert!(PointerId::new(space(18).end).is_some(), "all are ids");
    }

    proptest! {
        #[test]
        fn a_bare_pointer_reads_back_and_is_ours_for_its_field_only(id in PointerId::SPACE) {
            let id = PointerId::new(id).unwrap();
            let text = key().bare("mail", id);
            let pointer = Pointer::parse_bare(&text.to_ascii_uppercase()).unwrap();
            prop_assert_eq!(pointer.id, id);
            prop_assert!(key().verify("mail", &pointer));
            for length in 0..BARE_LEN {
                prop_assert!(Pointer::parse_bare(&text[..length]).is_none());
            }
            prop_assert!(Pointer::parse_bare(&key().text("mail", id)).is_none());
        }

        #[test]
        fn digits_read_back_and_wrong_ones_are_nobodys(count in 6_u8..=18, bits: u64, other in 0_u8..10, at in 0_usize..18) {
            let digits = PointerDigits::new(count).unwrap();
            let id = PointerId::within(&digits.space(), bits);
            let text = key().digits("phone", id, digits).unwrap();
            prop_assert_eq!(text.len(), usize::from(count));
            prop_assert!(!text.starts_with('0'));
            prop_assert_eq!(key().parse_digits("phone", text.as_bytes(), digits), Some(id));
            let mut changed = text.clone().into_bytes();
            let at = at % changed.len();
            changed[at] = b'0' + other;
            let read = key().parse_digits("phone", &changed, digits);
            prop_assert_eq!(read == Some(id), changed == text.as_bytes());
            prop_assert!(key().parse_digits("phone", &text.as_bytes()[1..], digits).is_none());
        }

        #[test]
        fn ids_are_drawn_and_derived_within_their_space(count in 6_u8..=18, attempt: u32) {
            let space = PointerDigits::new(count).unwrap().space();
            let id = key().equal_id_in("phone", b"value", attempt, &space);
            prop_assert!(space.contains(&id.get()));
        }
    }

    #[test]
    fn eighteen_digits_that_were_not_made_here_are_refused() {
        let digits = PointerDigits::new(18).unwrap();
        let passed = (0..1000_u64)
            .map(|i| (999_000_000_000_000_000 - i * 7919).to_string())
            .filter(|text| {
                key()
                    .parse_digits("phone", text.as_bytes(), digits)
                    .is_some()
            })
            .count();
        assert!(
            passed <= 1,
            "{passed} in a thousand, one in a million passes"
        );
    }

    #[test]
    fn i04_an_address_is_measured_with_its_domain_and_no_other() {
        let id = PointerId::new(77).unwrap();
        let address = key().email("mail", id, "courriel.example.org");
        let domains = [
            "example.org",
            "courriel.example.org",
            "courriel.example.org.elsewhere",
        ];
        for domains in [&domains[..2], &domains[..]] {
            for (after, whole) in [
                ("", true),
                (">", true),
                (".", true),
                (". Puis", true),
                (" et", true),
                ("\"}", true),
                (".elsewhere.net", false),
                ("s", false),
                ("-x", false),
                ("é", false),
            ] {
                let whole = if whole { address.len() } else { POINTER_LEN };
                let text = format!("{address}{after}");
                for text in [text.clone(), text.to_uppercase()] {
                    let decided = measure_email(text.as_bytes(), domains, true);
                    assert_eq!(decided, Measure::Whole(whole), "{text}");
                    for cut in 1..text.len() {
                        match measure_email(&text.as_bytes()[..cut], domains, false) {
                            Measure::More(most) => assert!(most > cut),
                            early => assert_eq!(early, decided, "{text} at {cut}"),
                        }
                    }
                }
            }
        }
        let none: [&str; 0] = [];
        assert_eq!(
            measure_email(address.as_bytes(), &none, true),
            Measure::Whole(POINTER_LEN)
        );
        assert_eq!(
            measure_email(b"z671 rue", &["example.org"], true),
            Measure::No
        );
    }
}
