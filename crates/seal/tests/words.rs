//! What must hold of `words`: a word is found when it is there and hardly ever when it is not, its set tells neither
//! order nor repetition, and the value behind it is as safe as any sealed one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashSet;

use proptest::prelude::*;
use seal::words::{WORD_LEN, WORDS_LIMIT, query, seal_words, split, token};
use seal::{
    FieldKey, Kind, Measure, Pad, SHORTEST_CUT, SealError, Sealing, Token, ValueType, key_of_cut,
    length, measure, open,
};
use support::{COMMITTED, Counter, PLAIN, field_key, subject_key};

fn sealed(key: &FieldKey, text: &str, sealing: Sealing, seed: u64) -> String {
    let mut out = Vec::new();
    let mut chance = Counter::new(seed);
    seal_words(key, ValueType::String, text, sealing, &mut chance, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The token and the words behind it.
fn parts(token: &str) -> (&str, Vec<&str>) {
    let mut parts = token.split('-');
    (parts.next().unwrap(), parts.collect())
}

fn opened(key: &FieldKey, text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    open(key, &Token::parse(text).ok()?, &mut plain).ok()?;
    Some(plain)
}

fn words(text: &str) -> Vec<String> {
    split(text).iter().map(|word| word.to_string()).collect()
}

#[test]
fn words_are_split_and_folded_as_people_search() {
    for (text, expected) in [
        (
            "L'élève a été opéré à l'Hôtel-Dieu.",
            &["eleve", "opere", "hotel", "dieu"][..],
        ),
        ("CŒUR, œdème; Ægir", &["coeur", "oedeme", "aegir"]),
        (
            "The patient's ﬁle no. A-12/345",
            &["patient", "file", "12", "345"],
        ),
        (
            "e\u{301}tude E\u{301}TUDE étude",
            &["etude", "etude", "etude"],
        ),
        ("Ｆｕｌｌ Straße ΟΔΥΣΣΕΥΣ", &["full", "strasse", "οδυσσευσ"]),
        ("naïve-rôle… x y 7", &["naive", "role"]),
        ("et the of DE LA", &[]),
        ("", &[]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn a_word_token_is_no_word() {
    let key = field_key("crm", "note", 1);
    let mut tokens = HashSet::new();
    for number in 0..20_000 {
        let token = token(&key, &format!("word{number}"));
        assert_eq!(token[0], b'w');
        assert!(
            token
                .iter()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        );
        assert!(token[1..].iter().any(u8::is_ascii_digit));
        tokens.insert(token);
    }
    // 22,120 tokens hold a digit: so many words are expected to share one that some 13,000 are left.
    assert!((12_500..13_600).contains(&tokens.len()), "{}", tokens.len());
}

#[test]
fn fields_epochs_and_apps_share_no_word() {
    let words = [
        ("crm", "note", 1),
        ("crm", "memo", 1),
        ("hr", "note", 1),
        ("crm", "note", 2),
    ]
    .map(|(app, field, epoch)| token(&field_key(app, field, epoch), "eleve"));
    let of_subject = token(&subject_key("crm", "note", 1, 1), "eleve");
    assert_eq!(
        words
            .iter()
            .chain([&of_subject])
            .collect::<HashSet<_>>()
            .len(),
        5
    );
    let key = field_key("crm", "note", 1);
    let text = sealed(&key, "élève", PLAIN, 1);
    assert!(opened(&key, text.as_bytes()).is_some());
    assert_eq!(opened(&field_key("crm", "memo", 1), text.as_bytes()), None);
}

#[test]
fn more_words_than_are_counted_are_refused() {
    let key = field_key("crm", "note", 1);
    let text: Vec<String> = (0..400).map(|number| format!("mot{number}")).collect();
    let mut out = b"before".to_vec();
    let refused = seal_words(
        &key,
        ValueType::String,
        &text.join(" "),
        PLAIN,
        &mut Counter::new(1),
        &mut out,
    );
    let Err(SealError::TooManyWords { most, found }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(most, WORDS_LIMIT);
    assert!(found > WORDS_LIMIT);
    assert_eq!(out, b"before");
    let refused = seal_words(
        &key,
        ValueType::String,
        "mot",
        Sealing {
            commit: false,
            pad: Pad::Fixed(3),
        },
        &mut Counter::new(1),
        &mut out,
    );
    assert_eq!(refused, Err(SealError::TooLong { most: 2, found: 3 }));
    assert_eq!(out, b"before");
    assert_eq!(length::worded(10, WORDS_LIMIT + 1, PLAIN), None);
}

/// The five bits of each character, one at a time, in both cases of `commit`.
#[test]
fn one_flipped_bit_never_opens_to_another_value() {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let key = field_key("crm", "note", 1);
    for sealing in [PLAIN, COMMITTED] {
        let text = sealed(&key, "Élève absent, mère avisée", sealing, 3);
        let (front, set) = parts(&text);
        assert_eq!(set.len(), 4);
        let plain = opened(&key, text.as_bytes()).unwrap();
        for at in 4..text.len() {
            let Some(value) = ALPHABET.iter().position(|c| *c == text.as_bytes()[at]) else {
                continue;
            };
            for bit in 0..5 {
                let mut flipped = text.clone().into_bytes();
                flipped[at] = ALPHABET[value ^ 1 << bit];
                let read = opened(&key, &flipped);
                if at < front.len() {
                    assert_eq!(read, None, "character {at}, bit {bit}");
                } else {
                    assert!(
                        read.is_none_or(|read| read == plain),
                        "character {at}, bit {bit}"
                    );
                }
            }
        }
        // Nor does a set make a `sealed` token of a `words` token, or the reverse.
        assert_eq!(
            opened(&key, front.as_bytes()).unwrap(),
            plain,
            "the set may be cut off"
        );
    }
}

#[test]
fn i04_a_token_is_measured_with_its_set_as_far_as_it_is_there() {
    let key = field_key("crm", "note", 1);
    let text = sealed(&key, "Élève absent, mère avisée", PLAIN, 3);
    let (front, set) = parts(&text);
    let plain = opened(&key, text.as_bytes()).unwrap();
    for upper in [false, true] {
        let text = if upper {
            text.to_uppercase()
        } else {
            text.clone()
        };
        for after in ["", " ", "-", "-w4kz", "abc", "</em>"] {
            let followed = format!("{text}{after}");
            for last in [false, true] {
                assert_eq!(
                    measure(followed.as_bytes(), last),
                    Measure::Whole(text.len()),
                    "{after}"
                );
            }
        }
        for cut in 1..text.len() {
            let piece = &text.as_bytes()[..cut];
            match measure(piece, false) {
                Measure::More(most) => assert!(most > cut && most <= text.len(), "{cut}"),
                other => panic!("{other:?} at {cut}"),
            }
            let hyphen_alone = cut > front.len() && (cut - front.len()) % (WORD_LEN + 1) == 1;
            let expected = if cut < SHORTEST_CUT {
                Measure::No
            } else if cut < front.len() {
                Measure::Cut(cut)
            } else {
                Measure::Whole(cut - usize::from(hyphen_alone))
            };
            assert_eq!(measure(piece, true), expected, "{cut}");
            if cut > 3 {
                let ended = [piece, "…".as_bytes()].concat();
                assert_eq!(measure(&ended, true), expected, "{cut}");
                assert_eq!(measure(&ended, false), expected, "{cut}");
            }
            if let Measure::Whole(length) = expected {
                assert_eq!(opened(&key, &piece[..length]).unwrap(), plain, "{cut}");
                assert!(key_of_cut(piece).is_some());
            }
        }
    }
    assert!(set.is_sorted());
    // A word that no set holds stays what it is, and so does one too many.
    for after in ["-west", "-x123"] {
        let text = format!("{front}{after}");
        assert_eq!(measure(text.as_bytes(), true), Measure::Whole(front.len()));
        assert!(Token::parse(text.as_bytes()).is_err());
    }
    assert!(Token::parse(format!("{text}-w4kz").as_bytes()).is_err());
}

/// Spellings of words and what they are folded to.
const SPELLED: [(&str, &str); 12] = [
    ("Élève", "eleve"),
    ("ÉLÈVE", "eleve"),
    ("eleve", "eleve"),
    ("Côté", "cote"),
    ("cœur", "coeur"),
    ("diabète", "diabete"),
    ("Zoé", "zoe"),
    ("patient", "patient"),
    ("rendez", "rendez"),
    ("2026", "2026"),
    ("fièvre", "fievre"),
    ("hôpital", "hopital"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_word_is_found_where_it_is_and_the_set_tells_no_more(
        chosen in proptest::collection::vec(0..SPELLED.len(), 0..12),
        shuffled in any::<u64>(),
        asked in 0..SPELLED.len(),
        commit: bool,
        seed: u64,
    ) {
        let key = field_key("crm", "note", 1);
        let sealing = if commit { COMMITTED } else { PLAIN };
        let text = |chosen: &[usize]| {
            let spelled: Vec<_> = chosen.iter().map(|at| SPELLED[*at].0).collect();
            spelled.join(" et ")
        };
        let sealed_text = sealed(&key, &text(&chosen), sealing, seed);
        let (front, set) = parts(&sealed_text);
        prop_assert_eq!(opened(&key, sealed_text.as_bytes()).unwrap(), text(&chosen).into_bytes());
        let kind = Token::parse(sealed_text.as_bytes()).unwrap().kind();
        prop_assert_eq!(kind, if commit { Kind::CommittedWords } else { Kind::Words });

        let folded: HashSet<&str> = chosen.iter().map(|at| SPELLED[*at].1).collect();
        let question = query(&key, SPELLED[asked].0);
        let [word] = question[..] else { panic!("one word, one token") };
        let found = set.contains(&std::str::from_utf8(&word).unwrap());
        // None of these ten words share a token under this key.
        prop_assert_eq!(found, folded.contains(SPELLED[asked].1));
        prop_assert_eq!(set.len(), folded.len());
        prop_assert!(set.is_sorted());
        let characters = length::worded(text(&chosen).len(), set.len(), sealing);
        prop_assert_eq!(characters, Some(sealed_text.len()));
        prop_assert_eq!(front.len() + 5 * set.len(), sealed_text.len());

        // Another order and a repetition make the same set, another field or chance another token.
        let mut other = chosen.clone();
        other.extend(chosen.first());
        let middle = usize::try_from(shuffled % 13).unwrap().min(other.len());
        other.rotate_left(middle);
        let again = sealed(&key, &text(&other), sealing, seed ^ 1);
        prop_assert_eq!(parts(&again).1, set);
        prop_assert_ne!(parts(&again).0, front);
    }

    #[test]
    fn any_text_comes_back_and_asks_for_what_it_holds(text in "\\PC{0,60}", seed: u64) {
        let key = field_key("crm", "note", 1);
        let sealed_text = sealed(&key, &text, PLAIN, seed);
        prop_assert_eq!(opened(&key, sealed_text.as_bytes()).unwrap(), text.as_bytes());
        prop_assert_eq!(measure(sealed_text.as_bytes(), true), Measure::Whole(sealed_text.len()));
        let set = query(&key, &text);
        for word in split(&text) {
            prop_assert!(set.contains(&token(&key, &word)));
            // What is folded stays when it is folded again, so a folded question finds it.
            prop_assert_eq!(query(&key, &word), [token(&key, &word)]);
        }
    }
}
