//! What must hold of the scan: it does not hang on where the input is cut, and what an app cut short is told from
//! what is whole and from what is somebody else's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use proptest::prelude::*;
use seal::words::seal_words;
use seal::{
    Measure, PointerId, PointerKey, SHORTEST_CUT, Scanner, Token, ValueType, key_of_cut, measure,
    seal_match, seal_sealed,
};
use support::{COMMITTED, Counter, PLAIN, field_key, subject_key};

fn tokens() -> Vec<Vec<u8>> {
    let mut tokens = Vec::new();
    let values = [&b""[..], b"Roy", &[b'x'; 150]];
    let keys = [
        field_key("crm", "name", 1),
        subject_key("crm", "name", 1, 1),
    ];
    for (key, plain) in keys.iter().flat_map(|key| values.map(|plain| (key, plain))) {
        let mut text = Vec::new();
        seal_match(key, plain, &mut text).unwrap();
        tokens.push(text);
        for sealing in [PLAIN, COMMITTED] {
            let mut text = Vec::new();
            seal_sealed(
                key,
                ValueType::Number,
                plain,
                sealing,
                &mut Counter::new(7),
                &mut text,
            )
            .unwrap();
            tokens.push(text);
        }
    }
    tokens
}

/// Tokens with a set of words behind them.
fn worded() -> Vec<Vec<u8>> {
    let key = field_key("crm", "note", 1);
    let values = ["", "Élève absent, mère avisée"];
    let pairs = values.map(|text| [PLAIN, COMMITTED].map(|sealing| (text, sealing)));
    let seal = |(text, sealing)| {
        let mut out = Vec::new();
        let mut chance = Counter::new(8);
        seal_words(
            &key,
            ValueType::String,
            text,
            sealing,
            &mut chance,
            &mut out,
        )
        .unwrap();
        out
    };
    pairs.into_iter().flatten().map(seal).collect()
}

fn pointer() -> Vec<u8> {
    PointerKey::derive(&[5; 32], "crm")
        .text("mail", PointerId::new(12345).unwrap())
        .to_vec()
}

#[test]
fn i04_a_token_is_known_whole_only_when_all_of_it_is_there() {
    for token in tokens().into_iter().chain(worded()) {
        for length in 0..token.len() {
            let piece = &token[..length];
            match measure(piece, false) {
                Measure::More(most) => assert!(
                    most > length && most <= token.len(),
                    "{length} of {}",
                    token.len()
                ),
                Measure::No => assert_eq!(length, 0),
                other => panic!("{other:?} at {length}"),
            }
        }
        let followed = [&token[..], b"abc"].concat();
        for last in [false, true] {
            assert_eq!(measure(&token, last), Measure::Whole(token.len()));
            assert_eq!(measure(&followed, last), Measure::Whole(token.len()));
            assert_eq!(
                measure(&followed.to_ascii_uppercase(), last),
                Measure::Whole(token.len())
            );
        }
    }
}

#[test]
fn a_cut_token_names_its_key_and_a_shorter_piece_is_left_alone() {
    for token in tokens() {
        for length in 1..token.len() {
            let piece = &token[..length];
            let ended = [piece, "…".as_bytes()].concat();
            let expected = if length < SHORTEST_CUT {
                Measure::No
            } else {
                Measure::Cut(length)
            };
            assert_eq!(measure(piece, true), expected, "{length}");
            if length >= 4 {
                assert_eq!(measure(&ended, true), expected, "{length}");
                assert_eq!(measure(&ended, false), expected, "{length}");
            }
            let named = key_of_cut(piece);
            assert_eq!(named.is_some(), length >= SHORTEST_CUT);
            assert!(
                named.is_none_or(
                    |id| Some(id) == Token::parse(&token).ok().map(|token| token.key_id())
                )
            );
        }
    }
}

#[test]
fn a_pointer_is_whole_or_nothing() {
    let pointer = pointer();
    assert_eq!(
        measure(&[&pointer[..], b"zz"].concat(), false),
        Measure::Whole(16)
    );
    for length in 1..16 {
        assert_eq!(measure(&pointer[..length], false), Measure::More(16));
        assert_eq!(measure(&pointer[..length], true), Measure::No);
        assert_eq!(
            measure(&[&pointer[..length], b"-"].concat(), false),
            Measure::No
        );
    }
}

#[test]
fn other_peoples_text_is_no_token() {
    for text in [
        "q671",
        "Q671 rue",
        "q671abcdefghjkmnpqrstv",
        "z671-",
        "q672530fzvg1",
        "q67",
        "1671",
        "",
        "quebec",
    ] {
        assert_eq!(measure(text.as_bytes(), true), Measure::No, "{text}");
    }
}

#[test]
fn a_prefix_is_found_in_either_case_and_not_before_where_the_search_begins() {
    let scanner = Scanner::new();
    assert_eq!(scanner.find(b"671 x671 Q671z671", 0), Some(9));
    assert_eq!(scanner.find(b"671 x671 Q671z671", 10), Some(13));
    assert_eq!(scanner.find(b"q671", 1), None);
    assert_eq!(scanner.find(b"q671", 9), None);
    assert_eq!(scanner.find(b"qq671", 0), Some(1));
    for (text, found) in [
        ("abcq", Some(3)),
        ("abcZ6", Some(3)),
        ("abcq67", Some(3)),
        ("q672", None),
        ("abcq66", None),
    ] {
        assert_eq!(scanner.find(text.as_bytes(), 0), found, "{text}");
    }
    assert_eq!(scanner.find(b"abcq6", 4), None);
}

/// Finds every whole token the way a rewriter does, which sees the input in pieces.
fn found_in_pieces(text: &[u8], pieces: &[usize]) -> Vec<Vec<u8>> {
    let scanner = Scanner::new();
    let (mut held, mut found) = (Vec::new(), Vec::new());
    let mut rest = text;
    let mut sizes = pieces.iter().cycle();
    loop {
        let size = sizes.next().map_or(1, |&size| size.max(1)).min(rest.len());
        let (piece, after) = rest.split_at(size);
        rest = after;
        held.extend_from_slice(piece);
        let last = rest.is_empty();
        let mut from = 0;
        let keep = loop {
            let Some(at) = scanner.find(&held, from) else {
                break held.len();
            };
            match measure(&held[at..], last) {
                Measure::Whole(length) => {
                    found.push(held[at..at + length].to_vec());
                    from = at + length;
                }
                Measure::More(_) => break at,
                Measure::Cut(length) => from = at + length,
                Measure::No => from = at + 1,
            }
        };
        held.drain(..keep);
        if last {
            return found;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn i04_the_same_tokens_are_found_at_every_chunking(
        between in proptest::collection::vec("[a-z0-9q671z -]{0,9}", 24),
        pieces in proptest::collection::vec(1_usize..40, 1..6),
        upper: bool,
    ) {
        let mut text = Vec::new();
        for (token, between) in tokens().iter().chain(&worded()).chain([&pointer()]).zip(&between) {
            text.extend_from_slice(between.as_bytes());
            text.extend_from_slice(token);
        }
        if upper {
            text.make_ascii_uppercase();
        }
        let whole = found_in_pieces(&text, &[text.len()]);
        prop_assert_eq!(&found_in_pieces(&text, &pieces), &whole);
        prop_assert_eq!(&found_in_pieces(&text, &[1]), &whole);
    }
}

/// RFC 4648 §4, bit by bit.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let number = |bits: &[u8]| (0..6).fold(0, |n, at| n * 2 + bits.get(at).copied().unwrap_or(0));
    let characters = bits.chunks(6);
    characters
        .map(|bits| ALPHABET[usize::from(number(bits))])
        .collect()
}

proptest! {
    /// A prefix in base64 is found wherever it stands and in either case, and nothing is found that is none.
    #[test]
    fn a_prefix_is_found_in_base64_at_every_alignment(
        before in proptest::collection::vec(any::<u8>(), 0..40),
        letter in proptest::sample::select(b"qQzZ".to_vec()),
        after in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut bytes = before.clone();
        bytes.push(letter);
        bytes.extend_from_slice(b"671");
        bytes.extend_from_slice(&after);
        let scanner = Scanner::new();
        let text = base64(&bytes);
        let found = scanner.find_coded(&text, 0).expect("it is there");
        prop_assert!(found <= (before.len() + 4) * 8 / 6);
        let other: Vec<u8> = bytes.iter().map(|byte| if *byte == b'7' { b'8' } else { *byte }).collect();
        prop_assert_eq!(scanner.find_coded(&base64(&other), 0), None);
    }
}
