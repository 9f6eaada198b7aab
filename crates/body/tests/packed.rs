//! Compressed bodies: what stands inside is rewritten, at every chunking; what does not decode in full is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use std::io::Read;

use body::coding::{Coding, Encoder};
use body::{ErrorKind, Format, Limits, Plan, Rewriter, Selected};
use harness::{Marker, at_every_split, cut, feed, limits, mark, places};
use proptest::prelude::*;
use serde_json::json;

const BOTH: [(Format, Coding); 2] = [(Format::Gzip, Coding::Gzip), (Format::Zstd, Coding::Zstd)];

fn pack(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(&[coding], false).unwrap();
    let mut coded = Vec::new();
    encoder.push(plain, &mut coded).unwrap();
    encoder.finish(&mut coded).unwrap();
    coded
}

fn unpack(coding: Coding, coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    if coding == Coding::Gzip {
        flate2::read::MultiGzDecoder::new(coded)
            .read_to_end(&mut plain)
            .unwrap();
    } else {
        zstd::Decoder::new(coded)
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap();
    }
    plain
}

fn json_inside(format: Format) -> Plan {
    let inside = Plan::compile(Format::Json, places(&["$.n"])).unwrap();
    Plan::compile(format, [Selected::body("*", inside)]).unwrap()
}

fn rewriter(plan: &Plan, limits: Limits) -> Box<dyn Rewriter> {
    plan.rewriter(None, limits).unwrap()
}

#[test]
fn i04_what_stands_inside_is_rewritten() {
    for (format, coding) in BOTH {
        let plan = json_inside(format);
        let body = pack(coding, b"{\"n\":\"Roy\",\"x\":[1]}");
        let done = at_every_split(|| rewriter(&plan, limits()), &body).unwrap();
        assert_eq!(done.texts(), ["Roy"]);
        let read: serde_json::Value = serde_json::from_slice(&unpack(coding, &done.body)).unwrap();
        assert_eq!(read, json!({"n": mark("Roy"), "x": [1]}));
    }
}

#[test]
fn one_value_may_stand_inside() {
    for (format, coding) in BOTH {
        let plan = Plan::compile(format, places(&["*"])).unwrap();
        let body = pack(coding, "Zoé".as_bytes());
        let done = at_every_split(|| rewriter(&plan, limits()), &body).unwrap();
        assert_eq!(unpack(coding, &done.body), mark("Zoé").as_bytes());
        for nothing in [Vec::new(), pack(coding, b"")] {
            let done = at_every_split(|| rewriter(&plan, limits()), &nothing).unwrap();
            assert_eq!((done.seen.len(), done.body), (0, nothing));
        }
    }
}

#[test]
fn i03_what_does_not_change_leaves_as_it_came() {
    for (format, coding) in BOTH {
        let plan = json_inside(format);
        let members = [pack(coding, b"{\"m\":"), pack(coding, b"1}")].concat();
        let done = at_every_split(|| rewriter(&plan, limits()), &members).unwrap();
        assert_eq!(done.body, members);
    }
}

#[test]
fn i05_what_does_not_decode_in_full_is_refused() {
    for (format, coding) in BOTH {
        let plan = json_inside(format);
        let whole = pack(coding, b"{\"n\":\"Roy\"}");
        for length in 1..whole.len() {
            let done = feed(
                rewriter(&plan, limits()),
                Marker::default(),
                [&whole[..length]],
            );
            assert!(matches!(done, Err(ErrorKind::Coding { .. })), "{length}");
        }
        for more in ["x".as_bytes(), b"{\"n\":\"Anne\"}"] {
            let longer = [whole.as_slice(), more].concat();
            assert!(at_every_split(|| rewriter(&plan, limits()), &longer).is_err());
        }
        assert!(at_every_split(|| rewriter(&plan, limits()), b"{\"n\":\"Roy\"}").is_err());
        let broken = pack(coding, b"{\"n\":");
        assert!(at_every_split(|| rewriter(&plan, limits()), &broken).is_err());
    }
}

#[test]
fn i13_a_bomb_is_refused() {
    for (format, coding) in BOTH {
        let plan = json_inside(format);
        let limits = Limits {
            ratio: 10,
            ..limits()
        };
        let bomb = pack(coding, &vec![b' '; 16 << 20]);
        let done = feed(
            rewriter(&plan, limits),
            Marker::default(),
            [bomb.as_slice()],
        );
        let why = "it becomes too much";
        assert_eq!(done, Err(ErrorKind::Coding { why }));
    }
}

#[test]
fn holes_are_filled_before_they_are_packed() {
    for (format, coding) in BOTH {
        let plan = json_inside(format);
        let editor = Marker {
            pending: true,
            ..Marker::default()
        };
        let body = pack(coding, b"{\"n\":\"Roy\"}");
        let done = feed(rewriter(&plan, limits()), editor, body.chunks(4)).unwrap();
        assert_eq!(unpack(coding, &done.body), b"{\"n\":\"answer3\"}");
    }
}

#[test]
fn a_packed_table_may_stand_in_base64_in_json() {
    let table = Plan::compile(Format::Csv, places(&["name"])).unwrap();
    let packed = Plan::compile(Format::Gzip, [Selected::body("*", table)]).unwrap();
    let encoded = Plan::compile(Format::Base64, [Selected::body("*", packed)]).unwrap();
    let plan = Plan::compile(Format::Ndjson, [Selected::body("$.file", encoded)]).unwrap();
    // `printf 'id,name\n1,Roy\n' | gzip -n | base64`
    let body = "{\"file\":\"H4sIAAAAAAAAA8tM0clLzE3lMtQJyq/kAgCVHCF6DgAAAA==\"}\n";
    let kind = body::content_type::ContentType::parse(b"application/jsonl").unwrap();
    let make = || plan.rewriter(Some(&kind), limits()).unwrap();
    let done = at_every_split(make, body.as_bytes()).unwrap();
    assert_eq!(done.texts(), ["Roy"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i04_long_bodies_are_the_same_at_many_way_splits(
        seed in any::<u32>(),
        offsets in prop::collection::vec(any::<usize>(), 0..8),
        changes in any::<bool>(),
    ) {
        for (format, coding) in BOTH {
            let words = (0..40_000_u32).map(|n| format!("{} ", n.wrapping_mul(seed) >> 20));
            let name = if changes { "n" } else { "m" };
            let plain = format!("{{\"x\":\"{}\",\"{name}\":\"Roy\"}}", words.collect::<String>());
            let body = pack(coding, plain.as_bytes());
            let plan = json_inside(format);
            let whole = feed(rewriter(&plan, limits()), Marker::default(), [body.as_slice()]);
            let split = feed(rewriter(&plan, limits()), Marker::default(), cut(&body, &offsets));
            let left = unpack(coding, &whole.as_ref().unwrap().body);
            prop_assert!(whole == split, "the same bytes");
            let expected = if changes {
                plain.replace("\"Roy\"", &serde_json::to_string(&mark("Roy")).unwrap())
            } else {
                plain
            };
            prop_assert!(left == expected.as_bytes(), "the same text but for the value");
        }
    }
}
