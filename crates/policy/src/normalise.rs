//! What a field brings its values to before they are protected, so that equal things make equal tokens.
//!
//! Whatever order the policy names them in, the steps are taken in that of [`Normalise`]. The result is what comes
//! back when the token is opened (I2). A value of which nothing would be left stays as it came: a normalisation
//! may make two values one, never destroy one.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// A step of normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Normalise {
    /// `casefold`: lower case, character by character; a final sigma is a sigma.
    Casefold,
    /// `nfc`: Unicode's composed form (UAX #15).
    Nfc,
    /// `alphanumeric`: letters and digits stay; spaces, hyphens and dots between them go.
    Alphanumeric,
    /// `digits`: what groups digits goes: in a value that holds a digit, only letters and digits stay.
    Digits,
    /// `trim`: white space at both ends goes.
    Trim,
}

impl Normalise {
    /// Every step there is, in the order they are taken.
    pub const ALL: [Self; 5] = [
        Self::Casefold,
        Self::Nfc,
        Self::Alphanumeric,
        Self::Digits,
        Self::Trim,
    ];

    /// As a policy writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Casefold => "casefold",
            Self::Nfc => "nfc",
            Self::Alphanumeric => "alphanumeric",
            Self::Digits => "digits",
            Self::Trim => "trim",
        }
    }
}

/// `value` after `steps`, or `None` where that is `value` itself.
#[must_use]
pub fn normalise(value: &str, steps: &[Normalise]) -> Option<Zeroizing<String>> {
    if steps.is_empty() {
        return None;
    }
    // Counted first, so that no plaintext is left behind by a buffer that had to grow.
    let length = characters(value, steps).map(char::len_utf8).sum();
    let mut normal = Zeroizing::new(String::with_capacity(length));
    normal.extend(characters(value, steps));
    if steps.contains(&Normalise::Trim) {
        let end = normal.trim_end().len();
        normal.truncate(end);
    }
    (!normal.is_empty() && normal.as_str() != value).then_some(normal)
}

/// All steps but the trimming of the end, which only the end can tell.
fn characters<'a>(value: &'a str, steps: &'a [Normalise]) -> Box<dyn Iterator<Item = char> + 'a> {
    let has = |step| steps.contains(&step);
    let mut characters: Box<dyn Iterator<Item = char> + 'a> = Box::new(value.chars());
    if has(Normalise::Casefold) {
        // Composed and decomposed spellings fold alike only when decomposed (Unicode §3.13, D145).
        if has(Normalise::Nfc) {
            characters = Box::new(characters.nfd());
        }
        characters =
            Box::new(
                characters
                    .flat_map(char::to_lowercase)
                    .map(|character| match character {
                        'ς' => 'σ',
                        other => other,
                    }),
            );
    }
    if has(Normalise::Nfc) {
        characters = Box::new(characters.nfc());
    }
    let groups = has(Normalise::Digits) && value.chars().any(char::is_numeric);
    if has(Normalise::Alphanumeric) || groups {
        characters = Box::new(characters.filter(|character| character.is_alphanumeric()));
    }
    if has(Normalise::Trim) {
        characters = Box::new(characters.skip_while(|character| character.is_whitespace()));
    }
    characters
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(value: &str, steps: &[Normalise]) -> String {
        normalise(value, steps).map_or_else(|| value.to_owned(), |normal| normal.to_string())
    }

    #[test]
    fn equal_things_become_equal() {
        use Normalise::{Alphanumeric, Casefold, Digits, Nfc, Trim};
        assert_eq!(after("  Élise ", &[Trim]), "Élise");
        assert_eq!(
            after("E\u{301}LISE", &[Nfc, Casefold]),
            after("élise", &[Casefold, Nfc])
        );
        assert_eq!(after("ΟΔΟΣ", &[Casefold]), after("οδος", &[Casefold]));
        assert_eq!(after("trem 8051-1234", &[Alphanumeric]), "trem80511234");
        assert_eq!(after("(418) 555-0123", &[Digits]), "4185550123");
        assert_eq!(normalise("418", &[Digits]), None);
        let number = [Nfc, Casefold, Trim, Digits];
        assert_eq!(after("TREM 8051 1234", &number), "trem80511234");
        assert_eq!(after(" trem80511234", &number), "trem80511234");
        assert_eq!(after("St. John's", &[Digits]), "St. John's");
        assert_eq!(after("St. John's", &[Alphanumeric]), "StJohns");
    }

    #[test]
    fn no_step_destroys_a_value() {
        assert_eq!(after("none", &[Normalise::Digits]), "none");
        assert_eq!(after("   ", &[Normalise::Trim]), "   ");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn normalising_twice_is_normalising_once(value in "\\PC{0,12}", steps in proptest::sample::subsequence(Normalise::ALL.to_vec(), 0..=5)) {
            let once = after(&value, &steps);
            prop_assert_eq!(after(&once, &steps), once);
        }
    }
}
