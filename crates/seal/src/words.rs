//! `words`: a value sealed as ever, and behind it a set of word tokens by which an app's own search finds it.
//!
//! ```text
//! q671…  -w4kz -w7m2 …    the token, then at most 255 word tokens: sorted, each once
//! ```
//!
//! A word token is cut from a MAC over the folded word, so short that different words share one: a search finds a
//! few records too many, and who reads the set learns which records share a token, not which word. Neither order
//! nor number of repetitions shows. The set is no part of what is authenticated: an app that cuts it or marks what
//! it found has not spoiled the value. How many words were set is authenticated with the header.

mod fold;
mod set;
mod stop;

use hmac::Mac;
use zeroize::Zeroizing;

use keys::Chance;

use crate::base32;
use crate::error::SealError;
use crate::field_key::FieldKey;
use crate::header::{Header, Kind, ValueType};
use crate::sealed::seal_padded;
use crate::sealing::Sealing;

pub(crate) use set::{Reach, reach};

/// Characters of a word token without the hyphen that parts it from what stands before.
pub const WORD_LEN: usize = 4;
/// The letter that every word token begins with.
const WORD_LETTER: u8 = b'w';
/// Bits of a MAC that a token spells in three characters.
const BITS: u32 = 15;
/// The most words that one value is found by.
pub const WORDS_LIMIT: usize = 255;

/// The words of a text as they are compared: compatibility forms decomposed, diacritics off, lower case, of at
/// least two characters, without the stop words of French and English. Each as often as it occurs.
pub fn split(text: &str) -> Vec<Zeroizing<String>> {
    fold::words(text)
        .filter(|word| word.chars().nth(1).is_some() && !stop::is_stop_word(word))
        .collect()
}

/// The token of a folded word.
///
/// It is the first three characters' worth of the MAC that hold a digit: without one a token could be a word itself,
/// and an app's search leaves words such as `were` and `what` out.
pub fn token(key: &FieldKey, word: &str) -> [u8; WORD_LEN] {
    let mut code = key.words.clone();
    code.update(word.as_bytes());
    let code: [u8; 32] = code.finalize().into_bytes().into();
    let mut spelled = [WORD_LETTER; WORD_LEN];
    for group in 0..256 / BITS {
        let characters = base32::spell(u64::from(bits(&code, group * BITS)));
        spelled[1..].copy_from_slice(&characters[8 - (WORD_LEN - 1)..]);
        if spelled.iter().any(u8::is_ascii_digit) {
            break;
        }
    }
    spelled
}

/// Fifteen bits from a place on, most significant first.
fn bits(code: &[u8; 32], from: u32) -> u16 {
    (from..from + BITS).fold(0, |bits, at| {
        let byte = code.get(at as usize / 8).copied().unwrap_or(0);
        bits << 1 | u16::from(byte >> (7 - at % 8) & 1)
    })
}

/// The tokens that a text is found by: those of all its words, sorted, each once.
pub fn query(key: &FieldKey, text: &str) -> Vec<[u8; WORD_LEN]> {
    let mut tokens: Vec<_> = split(text).iter().map(|word| token(key, word)).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// Seals a text so that each of its words can be searched for; appends the token and its set to `out`.
///
/// # Errors
/// [`SealError::TooLong`] beyond [`Pad::longest`](crate::Pad::longest), [`SealError::TooManyWords`] when its words
/// make more than [`WORDS_LIMIT`] tokens; `out` is as it was.
pub fn seal_words(
    key: &FieldKey,
    value_type: ValueType,
    text: &str,
    sealing: Sealing,
    chance: &mut dyn Chance,
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let words = query(key, text);
    let too_many = |_| SealError::TooManyWords {
        most: WORDS_LIMIT,
        found: words.len(),
    };
    let header = Header {
        kind: Kind::of_words(sealing),
        value_type,
        key_id: key.id(),
        length: 0,
        words: u8::try_from(words.len()).map_err(too_many)?,
    };
    seal_padded(key, header, text.as_bytes(), sealing, chance, out)?;
    for word in words {
        out.push(set::PART);
        out.extend_from_slice(&word);
    }
    Ok(())
}
