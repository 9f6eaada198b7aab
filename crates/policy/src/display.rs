//! The usual spelling of a normalised value: `display = "AAAA 9999 9999"`.
//!
//! A `match` token holds the normalised value. A pattern says how people spell it, and the field's own steps undo
//! what it adds: what is shown is taken back to the same token. A value that does not fit is shown as it is.

use zeroize::Zeroizing;

use crate::normalise::{Normalise, normalise};

/// A pattern, and the steps that undo it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    pattern: String,
    steps: Vec<Normalise>,
}

/// Why a pattern spells nothing that its field's steps undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisplayFault {
    /// It has no slot.
    #[error("it has no place for a character of the value")]
    Empty,
    /// A literal stays when the value is normalised.
    #[error("`normalise` does not take out what it writes between the characters of the value")]
    Stays,
}

/// One character of a pattern.
#[derive(Clone, Copy)]
enum Slot {
    Upper,
    Lower,
    Digit,
    Either,
    Literal(char),
}

impl Slot {
    fn of(character: char) -> Self {
        match character {
            'A' => Self::Upper,
            'a' => Self::Lower,
            '9' => Self::Digit,
            '*' => Self::Either,
            literal => Self::Literal(literal),
        }
    }

    /// How a character of the value is spelled here, if it may stand here.
    fn spell(self, character: char) -> Option<char> {
        match self {
            Self::Upper if character.is_ascii_alphabetic() => Some(character.to_ascii_uppercase()),
            Self::Lower if character.is_ascii_alphabetic() => Some(character.to_ascii_lowercase()),
            Self::Digit if character.is_ascii_digit() => Some(character),
            Self::Either if character.is_ascii_alphanumeric() => Some(character),
            _ => None,
        }
    }
}

impl Display {
    /// A pattern that `steps` undo for every value that fits it.
    ///
    /// # Errors
    /// [`DisplayFault`] where there is a value that would not come back.
    pub fn parse(pattern: &str, steps: &[Normalise]) -> Result<Self, DisplayFault> {
        let display = Self {
            pattern: pattern.to_owned(),
            steps: steps.to_vec(),
        };
        let slots = || pattern.chars().map(Slot::of);
        if slots().all(|slot| matches!(slot, Slot::Literal(_))) {
            return Err(DisplayFault::Empty);
        }
        // Steps look at one character at a time, and whether there is a digit at all: each slot with each of its
        // characters, letters where letters may stand and digits where they may, is every case there is.
        for which in 0..36_u8 {
            let sample: String = slots()
                .filter_map(|slot| {
                    let letter = char::from(b'a' + which % 26);
                    let digit = char::from(b'0' + which % 10);
                    match slot {
                        Slot::Upper if !steps.contains(&Normalise::Casefold) => {
                            Some(letter.to_ascii_uppercase())
                        }
                        Slot::Upper | Slot::Lower => Some(letter),
                        Slot::Either if which < 26 => Some(letter),
                        Slot::Digit | Slot::Either => Some(digit),
                        Slot::Literal(_) => None,
                    }
                })
                .collect();
            display.write(&sample).ok_or(DisplayFault::Stays)?;
        }
        Ok(display)
    }

    /// The pattern as the policy writes it.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The usual spelling of a normalised value; `None` where it has none, and is shown as it is.
    #[must_use]
    pub fn write(&self, value: &str) -> Option<Zeroizing<String>> {
        let mut characters = value.chars();
        let mut spelled = Zeroizing::new(String::with_capacity(value.len() + self.pattern.len()));
        for slot in self.pattern.chars().map(Slot::of) {
            spelled.push(match slot {
                Slot::Literal(literal) => literal,
                slot => slot.spell(characters.next()?)?,
            });
        }
        let whole = characters.next().is_none();
        let undone = normalise(&spelled, &self.steps);
        let undone = undone
            .as_ref()
            .map_or(spelled.as_str(), |text| text.as_str());
        (whole && undone == value).then_some(spelled)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Normalise::{Alphanumeric, Casefold, Digits, Trim};

    fn shown(pattern: &str, steps: &[Normalise], value: &str) -> Option<String> {
        let display = Display::parse(pattern, steps).unwrap();
        display.write(value).map(|text| text.to_string())
    }

    #[test]
    fn a_value_is_shown_in_its_usual_spelling() {
        let number = |value| shown("AAAA 9999 9999", &[Casefold, Digits], value);
        assert_eq!(number("trem80511234").as_deref(), Some("TREM 8051 1234"));
        assert_eq!(number("trem8051123"), None, "too short");
        assert_eq!(number("trem805112345"), None, "too long");
        assert_eq!(
            number("tre180511234"),
            None,
            "a digit where a letter stands"
        );
        assert_eq!(number("TREM80511234"), None, "not a normalised value");
        assert_eq!(
            shown("(999) 999-9999", &[Digits], "4185550123").as_deref(),
            Some("(418) 555-0123")
        );
        assert_eq!(
            shown("***-***", &[Casefold, Alphanumeric], "a12bcd").as_deref(),
            Some("a12-bcd")
        );
    }

    #[test]
    fn a_pattern_that_its_steps_do_not_undo_is_refused() {
        let fault = |pattern, steps: &[Normalise]| Display::parse(pattern, steps).unwrap_err();
        assert_eq!(fault("999-999", &[Trim]), DisplayFault::Stays);
        assert_eq!(fault("999 999", &[]), DisplayFault::Stays);
        assert_eq!(
            fault("AAA-AAA", &[Digits]),
            DisplayFault::Stays,
            "no digit, nothing goes"
        );
        assert_eq!(
            fault("***-***", &[Digits]),
            DisplayFault::Stays,
            "as of `abcdef`"
        );
        assert_eq!(
            fault("NAM 9999", &[Digits]),
            DisplayFault::Stays,
            "letters stay"
        );
        assert_eq!(fault(" - ", &[Digits]), DisplayFault::Empty);
        assert!(Display::parse("999", &[]).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn i02_what_is_shown_normalises_to_what_was_kept(
            pattern in "[Aa9* ().-]{1,10}",
            steps in proptest::sample::subsequence(Normalise::ALL.to_vec(), 0..=5),
            value in "[a-zA-Z0-9é]{0,10}",
        ) {
            if let Ok(display) = Display::parse(&pattern, &steps)
                && let Some(shown) = display.write(&value)
            {
                let undone = normalise(&shown, &steps);
                prop_assert_eq!(undone.as_ref().map_or(shown.as_str(), |text| text.as_str()), value);
            }
        }
    }
}
