//! Text that is sealed with its words, then cut: it opens as long as the token is there, it is measured with its set,
//! and every word of it asks for a token of the set.
#![no_main]

use keys::{Chance, EpochSecret, KeyId};
use libfuzzer_sys::fuzz_target;
use seal::words::{query, seal_words, split, token};
use seal::{FieldKey, Measure, Sealing, Token, ValueType, measure, open};

/// Always the same salt: what is tried here is not chance.
struct Fixed;

impl Chance for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(7);
    }
}

fuzz_target!(|data: (&str, u16, &[u8])| {
    let (text, cut, after) = data;
    let secret = EpochSecret::from_bytes(&[7; 32]);
    let key = FieldKey::derive(&secret, KeyId(1), "app", "field", 1);
    let set = query(&key, text);
    for word in split(text) {
        assert!(set.contains(&token(&key, &word)));
    }
    let mut sealed = Vec::new();
    let sealing = Sealing::default();
    if seal_words(
        &key,
        ValueType::String,
        text,
        sealing,
        &mut Fixed,
        &mut sealed,
    )
    .is_err()
    {
        assert!(sealed.is_empty());
        return;
    }
    assert_eq!(measure(&sealed, true), Measure::Whole(sealed.len()));
    let front = sealed.len() - 5 * set.len();
    let mut shown = sealed[..usize::from(cut).clamp(front, sealed.len().max(front))].to_vec();
    shown.extend_from_slice(after);
    let Measure::Whole(length) = measure(&shown, true) else {
        panic!("a token that is there is whole");
    };
    assert!((front..=sealed.len()).contains(&length));
    let mut plain = Vec::new();
    let read = Token::parse(&shown[..length]).expect("what is measured whole parses");
    open(&key, &read, &mut plain).expect("ours");
    assert_eq!(plain, text.as_bytes());
});
