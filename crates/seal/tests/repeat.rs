//! What must hold of requests that are sent again and of what `stable` fields remember: the same bytes for the same
//! request, other bytes when anything of it differs, and a memory that says nothing without its key.

mod support;

use proptest::prelude::*;
use seal::{Chance, FieldKey, Repeat, StableKey, ValueType, seal_sealed};
use support::{COMMITTED, Counter, PLAIN, field_key, subject_key};

fn drawn(key: &FieldKey, parts: &[&[u8]], sizes: &[usize]) -> Vec<u8> {
    let mut repeat = Repeat::new(key, parts);
    let mut drawn = Vec::new();
    for &size in sizes {
        let start = drawn.len();
        drawn.resize(start + size, 0);
        repeat.fill(&mut drawn[start..]);
    }
    drawn
}

#[test]
fn the_same_request_gets_the_same_token_and_another_value_another() {
    let key = field_key("crm", "note", 1);
    let sealed = |sealing, request: &str, plain: &str| {
        let parts = [request.as_bytes(), plain.as_bytes()];
        let mut text = Vec::new();
        let mut repeat = Repeat::new(&key, &parts);
        seal_sealed(
            &key,
            ValueType::String,
            plain.as_bytes(),
            sealing,
            &mut repeat,
            &mut text,
        )
        .unwrap();
        text
    };
    for sealing in [PLAIN, COMMITTED] {
        let one = sealed(sealing, "7f1c", "note");
        assert_eq!(one, sealed(sealing, "7f1c", "note"));
        assert_ne!(one, sealed(sealing, "7f1d", "note"));
        // Not even the salt, which stands behind the header, is shared.
        assert_ne!(one[14..40], sealed(sealing, "7f1c", "nota")[14..40]);
    }
}

#[test]
fn each_field_epoch_and_subject_has_a_stream_of_its_own() {
    let keys = [
        field_key("crm", "note", 1),
        field_key("crm", "note", 2),
        field_key("crm", "name", 1),
        field_key("hr", "note", 1),
        subject_key("crm", "note", 1, 1),
        subject_key("crm", "note", 1, 2),
    ];
    let streams: Vec<_> = keys.iter().map(|key| drawn(key, &[b"x"], &[32])).collect();
    for (i, one) in streams.iter().enumerate() {
        assert!(streams[i + 1..].iter().all(|other| one != other));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_stream_is_the_same_however_it_is_drawn(
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..5),
        sizes in proptest::collection::vec(0_usize..70, 0..8),
    ) {
        let key = field_key("crm", "note", 1);
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let whole = drawn(&key, &parts, &[sizes.iter().sum()]);
        prop_assert_eq!(&drawn(&key, &parts, &sizes), &whole);
    }

    #[test]
    fn no_two_lists_of_parts_share_a_stream(
        one in proptest::collection::vec(proptest::collection::vec(0_u8..2, 0..3), 0..4),
        other in proptest::collection::vec(proptest::collection::vec(0_u8..2, 0..3), 0..4),
    ) {
        let key = field_key("crm", "note", 1);
        let slices = |parts: &[Vec<u8>]| -> Vec<u8> {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            drawn(&key, &parts, &[24])
        };
        prop_assert_eq!(slices(&one) == slices(&other), one == other);
    }

    #[test]
    fn what_is_remembered_opens_in_its_row_only(
        token in proptest::collection::vec(any::<u8>(), 0..300),
        value in ".{0,20}",
        seed: u64,
    ) {
        let key = StableKey::derive(&[3; 32], "crm");
        let name = key.name("mail", "/contacts/7", value.as_bytes());
        prop_assert_eq!(name, key.name("mail", "/contacts/7", value.as_bytes()));
        let sealed = key.seal(&name, &token, &mut Counter::new(seed));
        prop_assert_eq!(key.open(&name, &sealed), Some(token));

        let elsewhere = [
            key.name("phone", "/contacts/7", value.as_bytes()),
            key.name("mail", "/contacts/8", value.as_bytes()),
            key.name("mail", "/contacts/", [b"7", value.as_bytes()].concat().as_slice()),
            key.name("mail", "/contacts/7", [value.as_bytes(), b"."].concat().as_slice()),
            StableKey::derive(&[3; 32], "hr").name("mail", "/contacts/7", value.as_bytes()),
        ];
        for other in elsewhere {
            prop_assert_ne!(name, other);
            prop_assert_eq!(key.open(&other, &sealed), None);
        }
        prop_assert_eq!(StableKey::derive(&[4; 32], "crm").open(&name, &sealed), None);
        prop_assert_eq!(StableKey::derive(&[3; 32], "hr").open(&name, &sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1 << (at % 8);
            prop_assert_eq!(key.open(&name, &damaged), None);
            prop_assert_eq!(key.open(&name, &sealed[..at]), None);
        }
    }
}

#[test]
fn i12_neither_prints_its_secret() {
    let key = field_key("crm", "note", 1);
    assert_eq!(
        format!("{:?}", Repeat::new(&key, &[b"a"])),
        "Repeat(‹32 bytes›)"
    );
    assert_eq!(
        format!("{:?}", StableKey::derive(&[3; 32], "crm")),
        "StableKey(‹96 bytes›)"
    );
}
