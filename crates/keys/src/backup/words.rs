//! Bytes as words that a person can type: eleven bits a word, from the English list of BIP-39, whose words differ in
//! their first four letters.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use crate::backup::BackupError;

/// The list, one word a line, sorted.
const TEXT: &str = include_str!("words.txt");

/// Letters by which every word of the list is told from every other.
const TELLING: usize = 4;

static LIST: LazyLock<Vec<&'static str>> = LazyLock::new(|| TEXT.lines().collect());

/// How many words the list has: eleven bits' worth.
pub(crate) const WORDS: u16 = 1 << BITS;
const BITS: u32 = 11;

/// The word of this number.
pub(crate) fn word(number: u16) -> &'static str {
    LIST.get(usize::from(number)).copied().unwrap_or_default()
}

/// The number of a word as it was typed: in any case, whole or by its first letters.
fn number(typed: &str) -> Option<u16> {
    let typed = Zeroizing::new(typed.to_ascii_lowercase());
    let place = match LIST.binary_search(&typed.as_str()) {
        Ok(place) => place,
        Err(place) => {
            let found = LIST.get(place)?;
            if typed.len() < TELLING || !found.starts_with(typed.as_str()) {
                return None;
            }
            place
        }
    };
    u16::try_from(place).ok()
}

/// Reads words as they stand on a page or were typed, skipping the numbers between them. The error names the word.
pub(crate) fn read(text: &str) -> Result<Zeroizing<Vec<u16>>, BackupError> {
    let is_number = |token: &&str| {
        token
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    // Room for all of them: what grows leaves copies behind.
    let mut numbers = Zeroizing::new(Vec::with_capacity(text.len()));
    for token in text.split_whitespace().filter(|token| !is_number(token)) {
        let place = numbers.len() + 1;
        numbers.push(number(token).ok_or(BackupError::UnknownWord(place))?);
    }
    Ok(numbers)
}

/// The words that say these bytes, whose bits must be a multiple of eleven.
pub(crate) fn from_bytes(bytes: &[u8]) -> Zeroizing<Vec<u16>> {
    let mut numbers = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        if bits >= BITS {
            bits -= BITS;
            let number = (held >> bits) & u32::from(WORDS - 1);
            numbers.push(u16::try_from(number).unwrap_or_default());
            held &= (1 << bits) - 1;
        }
    }
    numbers
}

/// The bytes that these words say.
pub(crate) fn to_bytes<const N: usize>(numbers: &[u16]) -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    let mut place = bytes.iter_mut();
    let (mut held, mut bits) = (0_u32, 0);
    for number in numbers {
        held = (held << BITS) | u32::from(*number);
        bits += BITS;
        while bits >= 8 {
            bits -= 8;
            if let Some(byte) = place.next() {
                *byte = (held >> bits).to_be_bytes()[3];
            }
            held &= (1 << bits) - 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn the_list_is_the_published_one() {
        let digest: [u8; 32] = Sha256::digest(TEXT).into();
        assert_eq!(
            hex::encode(&digest),
            "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
        );
        assert_eq!(LIST.len(), usize::from(WORDS));
        assert!(LIST.is_sorted());
    }

    #[test]
    fn words_are_known_in_any_case_and_by_four_letters() {
        assert_eq!(*read("1. abandon\t2. Ability ZOO").unwrap(), [0, 1, 2047]);
        assert_eq!(*read("aban abil").unwrap(), [0, 1]);
        for wrong in ["zoo aba", "zoo abandonn", "zoo zzzz", "zoo é"] {
            assert_eq!(read(wrong), Err(BackupError::UnknownWord(2)), "{wrong}");
        }
        for word in LIST.iter().filter(|word| word.len() > TELLING) {
            assert_eq!(number(&word[..TELLING]), number(word));
        }
    }

    proptest::proptest! {
        #[test]
        fn bytes_come_back_from_their_words(bytes: [u8; 44]) {
            let numbers = from_bytes(&bytes);
            proptest::prop_assert_eq!(numbers.len(), 32);
            proptest::prop_assert_eq!(*to_bytes::<44>(&numbers), bytes);
        }
    }
}
