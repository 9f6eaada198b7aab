//! What must hold of every token, whatever it holds: it opens to what was sealed, under its own key and nothing
//! else, and its text survives what apps do to text.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use proptest::prelude::*;
use seal::{
    FieldKey, Kind, Measure, Pad, ParseError, Scanner, SealError, Sealing, Token, ValueType,
    length, measure, open, seal_match, seal_sealed,
};
use support::{COMMITTED, Counter, PLAIN, field_key, subject_key};

fn sealed(
    key: &FieldKey,
    value_type: ValueType,
    plain: &[u8],
    sealing: Sealing,
    seed: u64,
) -> Vec<u8> {
    let mut text = Vec::new();
    seal_sealed(
        key,
        value_type,
        plain,
        sealing,
        &mut Counter::new(seed),
        &mut text,
    )
    .unwrap();
    text
}

fn matched(key: &FieldKey, plain: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    seal_match(key, plain, &mut text).unwrap();
    text
}

fn opened(key: &FieldKey, text: &[u8]) -> Option<(ValueType, Vec<u8>)> {
    let token = Token::parse(text).ok()?;
    let mut plain = b"before".to_vec();
    let outcome = open(key, &token, &mut plain);
    assert!(plain.starts_with(b"before"));
    match outcome {
        Ok(value_type) => Some((value_type, plain.split_off(6))),
        Err(_) => {
            assert_eq!(plain, b"before", "nothing is left behind");
            None
        }
    }
}

fn value_types() -> impl Strategy<Value = ValueType> {
    prop_oneof![
        Just(ValueType::String),
        Just(ValueType::Number),
        Just(ValueType::Boolean)
    ]
}

/// Every pad that takes 700 bytes.
fn sealings() -> impl Strategy<Value = Sealing> {
    let pads = prop_oneof![
        Just(Pad::Classes),
        (1..=Pad::LARGEST_MULTIPLE).prop_map(Pad::Multiple),
        (701..4000_u32).prop_map(Pad::Fixed),
    ];
    (any::<bool>(), pads).prop_map(|(commit, pad)| Sealing { commit, pad })
}

/// One token of each kind for a value.
fn of_each_kind(key: &FieldKey, plain: &[u8], seed: u64) -> [Vec<u8>; 3] {
    [
        sealed(key, ValueType::String, plain, PLAIN, seed),
        sealed(key, ValueType::String, plain, COMMITTED, seed),
        matched(key, plain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn i02_what_was_sealed_comes_back_equal_in_any_case(
        plain in proptest::collection::vec(any::<u8>(), 0..700),
        value_type in value_types(),
        sealing in sealings(),
        seed: u64,
        upper: bool,
    ) {
        let key = field_key("crm", "name", 1);
        let mut text = sealed(&key, value_type, &plain, sealing, seed);
        prop_assert_eq!(Some(text.len()), length::sealed(plain.len(), sealing));
        if upper {
            text.make_ascii_uppercase();
        }
        prop_assert_eq!(opened(&key, &text), Some((value_type, plain.clone())));

        let mut text = matched(&key, &plain);
        prop_assert_eq!(Some(text.len()), length::matched(plain.len()));
        if upper {
            text.make_ascii_uppercase();
        }
        prop_assert_eq!(opened(&key, &text), Some((ValueType::String, plain)));
    }

    #[test]
    fn text_survives_json_spreadsheets_and_case_folding(plain in ".{0,60}", seed: u64) {
        for text in of_each_kind(&field_key("crm", "name", 1), plain.as_bytes(), seed) {
            prop_assert!(text.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
            prop_assert!(text[0].is_ascii_lowercase() && !text[0].is_ascii_hexdigit());
        }
    }

    #[test]
    fn i09_a_token_opens_only_under_the_key_of_its_field(plain in ".{0,40}", seed: u64) {
        let key = field_key("crm", "name", 1);
        // The same secret and id each time: only what the key is for differs.
        let keys = [
            key,
            field_key("crm", "nam", 1),
            field_key("hr", "name", 1),
            field_key("crm", "name", 2),
            field_key("crmn", "ame", 1),
            subject_key("crm", "name", 1, 1),
            subject_key("crm", "name", 1, 2),
            subject_key("crm", "name", 2, 1),
            subject_key("crm", "nam", 1, 1),
        ];
        for (i, key) in keys.iter().enumerate() {
            for text in of_each_kind(key, plain.as_bytes(), seed) {
                for (j, other) in keys.iter().enumerate() {
                    let found = opened(other, &text).is_some();
                    prop_assert_eq!(found, i == j, "{:?} under {:?}", key, other);
                }
            }
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_never_opens(plain in ".{0,20}", seed: u64) {
        let key = field_key("crm", "name", 1);
        for text in of_each_kind(&key, plain.as_bytes(), seed) {
            for at in 0..text.len() {
                for bit in 0..8 {
                    let mut other = text.clone();
                    other[at] ^= 1 << bit;
                    if other.eq_ignore_ascii_case(&text) {
                        continue;
                    }
                    prop_assert_eq!(opened(&key, &other), None, "character {}, bit {}", at, bit);
                }
            }
        }
    }

    /// Of what is encoded, that is: header, salt, commitment, synthetic IV, ciphertext, tag.
    #[test]
    fn one_flipped_bit_of_the_bytes_never_opens(plain in ".{0,20}", seed: u64) {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        for key in [field_key("crm", "name", 1), subject_key("crm", "name", 1, 1)] {
            for text in of_each_kind(&key, plain.as_bytes(), seed) {
                for at in 4..text.len() {
                    let value = ALPHABET.iter().position(|&c| c == text[at]).unwrap();
                    for bit in 0..5 {
                        let mut other = text.clone();
                        other[at] = ALPHABET[value ^ 1 << bit];
                        prop_assert_eq!(opened(&key, &other), None, "character {}, bit {}", at, bit);
                    }
                }
            }
        }
    }

    #[test]
    fn glued_tokens_and_tokens_among_letters_part(
        plains in proptest::collection::vec(".{0,40}", 1..5),
        between in "[a-z0-9A-Z \\\\.]{0,6}",
        seed: u64,
    ) {
        let key = field_key("crm", "name", 1);
        let mut text = Vec::new();
        let mut expected = Vec::new();
        for plain in &plains {
            for token in of_each_kind(&key, plain.as_bytes(), seed) {
                text.extend_from_slice(between.as_bytes());
                text.extend_from_slice(&token);
                expected.push(token);
            }
        }
        text.extend_from_slice(between.as_bytes());
        let scanner = Scanner::new();
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(at) = scanner.find(&text, from) {
            match measure(&text[at..], true) {
                Measure::Whole(n) => {
                    found.push(text[at..at + n].to_vec());
                    from = at + n;
                }
                Measure::More(_) | Measure::Cut(_) | Measure::No => from = at + 1,
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_bytes_make_reading_or_measuring_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), last: bool) {
        for start in ["", "q671", "Q671480000000", "q671480", "z671"] {
            let text = [start.as_bytes(), &bytes].concat();
            let _ = Token::parse(&text);
            let _ = seal::Pointer::parse(&text);
            let _ = seal::key_of_cut(&text);
            match measure(&text, last) {
                Measure::Whole(n) | Measure::Cut(n) => prop_assert!(n <= text.len()),
                Measure::More(n) => prop_assert!(!last && n > text.len()),
                Measure::No => {}
            }
            let _ = Scanner::new().find(&text, bytes.len() / 2);
        }
    }
}

#[test]
fn equal_values_match_within_an_epoch_and_never_beyond() {
    let key = field_key("crm", "name", 1);
    assert_eq!(matched(&key, b"Tremblay"), matched(&key, b"Tremblay"));
    assert_ne!(matched(&key, b"Tremblay"), matched(&key, b"tremblay"));
    assert_ne!(
        matched(&key, b"Tremblay"),
        matched(&field_key("crm", "name", 2), b"Tremblay")
    );
    assert_ne!(
        sealed(&key, ValueType::String, b"Tremblay", PLAIN, 1),
        sealed(&key, ValueType::String, b"Tremblay", PLAIN, 2)
    );
}

#[test]
fn a_sealed_length_says_the_class_only() {
    let key = field_key("crm", "name", 1);
    let lengths: Vec<usize> = (0..32)
        .map(|n| sealed(&key, ValueType::String, &vec![b'a'; n], PLAIN, 1).len())
        .collect();
    assert!(lengths[..16].iter().all(|&n| n == 104));
    assert!(lengths[16..].iter().all(|&n| n == 129));
}

#[test]
fn a_padded_length_says_what_its_pad_says() {
    let key = field_key("crm", "name", 1);
    let length = |pad, n| {
        let sealing = Sealing { pad, ..PLAIN };
        sealed(&key, ValueType::String, &vec![b'a'; n], sealing, 1).len()
    };
    let fixed = length(Pad::Fixed(100), 0);
    assert!((0..100).all(|n| length(Pad::Fixed(100), n) == fixed));
    let fifty = length(Pad::Multiple(50), 0);
    assert!((0..50).all(|n| length(Pad::Multiple(50), n) == fifty));
    assert!((50..100).all(|n| length(Pad::Multiple(50), n) == fixed));
    let refused = seal_sealed(
        &key,
        ValueType::String,
        &[b'a'; 100],
        Sealing {
            pad: Pad::Fixed(100),
            ..PLAIN
        },
        &mut Counter::new(1),
        &mut Vec::new(),
    );
    assert_eq!(
        refused,
        Err(SealError::TooLong {
            most: 99,
            found: 100
        })
    );
}

#[test]
fn the_longest_values_are_sealed_and_longer_ones_refused_without_a_trace() {
    let key = field_key("crm", "note", 1);
    let longest = vec![b'x'; length::SEALED_LIMIT];
    let text = sealed(&key, ValueType::String, &longest, COMMITTED, 1);
    assert_eq!(opened(&key, &text), Some((ValueType::String, longest)));

    let mut out = b"before".to_vec();
    let most = length::SEALED_LIMIT;
    let refused = seal_sealed(
        &key,
        ValueType::String,
        &vec![0; most + 1],
        PLAIN,
        &mut Counter::new(1),
        &mut out,
    );
    assert_eq!(
        refused,
        Err(SealError::TooLong {
            most,
            found: most + 1
        })
    );
    let most = length::MATCHED_LIMIT;
    let refused = seal_match(&key, &vec![0; most + 1], &mut out);
    assert_eq!(
        refused,
        Err(SealError::TooLong {
            most,
            found: most + 1
        })
    );
    assert_eq!(out, b"before");
}

#[test]
fn a_committed_token_with_another_commitment_or_salt_does_not_open() {
    let key = field_key("crm", "name", 1);
    let text = sealed(&key, ValueType::Number, b"42", COMMITTED, 1);
    assert_eq!(Token::parse(&text).unwrap().kind(), Kind::Committed);
    // Salt: characters 14 to 39; commitment: 40 to 77.
    for at in [20, 50, 70] {
        let mut other = text.clone();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        assert_eq!(opened(&key, &other), None);
    }
}

#[test]
fn text_that_is_no_token_says_where_it_stops_being_one() {
    let text = matched(&field_key("crm", "name", 1), b"Roy");
    let error = |text: &[u8]| Token::parse(text).err();
    assert_eq!(error(b""), Some(ParseError::Prefix));
    assert_eq!(error(b"q672"), Some(ParseError::Prefix));
    assert_eq!(
        error(b"q671"),
        Some(ParseError::Length {
            expected: 14,
            found: 4
        })
    );
    assert_eq!(
        error(&text[..20]),
        Some(ParseError::Length {
            expected: text.len(),
            found: 20
        })
    );
    assert_eq!(
        error(&[&text[..], b"0"].concat()),
        Some(ParseError::Length {
            expected: text.len(),
            found: text.len() + 1
        })
    );
    assert_eq!(
        error(b"q671000000000000000000000000"),
        Some(ParseError::Kind)
    );
    let mut foreign = text.clone();
    foreign[30] = b'u';
    assert_eq!(error(&foreign), Some(ParseError::Character(30)));
    foreign[6] = b'-';
    assert_eq!(error(&foreign), Some(ParseError::Character(6)));
}

#[test]
fn keys_are_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&field_key("crm", "name", 1));
    shared(&Scanner::new());
    shared(&seal::PointerKey::derive(&[1; 32], "crm"));
}

#[test]
fn i12_keys_and_tokens_print_no_secret() {
    let key = field_key("crm", "name", 1);
    assert_eq!(
        format!("{key:?}"),
        "FieldKey { id: KeyId(01020304), app: \"crm\", field: \"name\", epoch: 1, subject: None, .. }"
    );
    let token = Token::parse(&matched(&key, b"Roy")).unwrap();
    assert_eq!(format!("{token:?}"), "Token(Match, KeyId(01020304))");
}
