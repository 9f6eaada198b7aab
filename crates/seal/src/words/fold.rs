//! Words as they are compared: `Élève`, `eleve` and `ÉLÈVE` are one.
//!
//! Compatibility decomposition (UAX #15, NFKD), marks off, lower case, and the two ligatures of French spelled out,
//! which Unicode does not decompose. A word is a run of letters and digits; an apostrophe or a hyphen parts words.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use zeroize::{Zeroize, Zeroizing};

/// The folded words of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let mut characters = text
        .nfkd()
        .filter(|character| !is_combining_mark(*character))
        .flat_map(char::to_lowercase);
    std::iter::from_fn(move || {
        let first = characters.by_ref().find(|c| c.is_alphanumeric())?;
        let mut word = Zeroizing::new(String::new());
        append(&mut word, first);
        for character in characters.by_ref().take_while(|c| c.is_alphanumeric()) {
            append(&mut word, character);
        }
        Some(word)
    })
}

/// Appends a folded character, leaving no copy behind where the word has to move.
fn append(word: &mut Zeroizing<String>, character: char) {
    let mut spelled = [0; 4];
    let spelled: &str = match character {
        'œ' => "oe",
        'æ' => "ae",
        'ß' => "ss",
        'ς' => "σ",
        other => other.encode_utf8(&mut spelled),
    };
    if word.capacity() - word.len() < spelled.len() {
        let mut longer = String::with_capacity(2 * word.capacity() + 32);
        longer.push_str(word);
        std::mem::swap(&mut **word, &mut longer);
        longer.zeroize();
    }
    word.push_str(spelled);
}
