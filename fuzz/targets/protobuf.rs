//! A message on its way out: what a second reader finds in what leaves is what it finds in what came, with the
//! replacement at every place.
#![no_main]

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use fuzz::{LIMITS, REPLACEMENT, check};
use libfuzzer_sys::fuzz_target;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Outer {
    #[prost(string, repeated, tag = "1")]
    names: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    inner: Vec<Inner>,
    #[prost(uint64, repeated, tag = "3")]
    numbers: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct Inner {
    #[prost(bytes, repeated, tag = "1")]
    values: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "2")]
    inner: Vec<Inner>,
    #[prost(bytes, repeated, tag = "3")]
    kept: Vec<Vec<u8>>,
}

/// What is to come of a text.
fn replaced(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        Vec::new()
    } else {
        REPLACEMENT.as_bytes().to_vec()
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    let places = [
        ("1", PlaceId(0)),
        ("2.1", PlaceId(1)),
        ("2.2.1", PlaceId(2)),
    ];
    let plan = Plan::compile(Format::Protobuf, places).expect("a plan");
    let kind = ContentType::parse(b"application/protobuf").expect("a type");
    let make = || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter");
    let Ok(rewritten) = check(make, body, usize::from(size)) else {
        return;
    };
    let Ok(mut expected) = Outer::decode(body) else {
        return;
    };
    for name in &mut expected.names {
        *name = String::from_utf8(replaced(name.as_bytes())).expect("text");
    }
    for inner in &mut expected.inner {
        for value in &mut inner.values {
            *value = replaced(value);
        }
        for value in inner.inner.iter_mut().flat_map(|inner| &mut inner.values) {
            *value = replaced(value);
        }
    }
    let left = Outer::decode(rewritten.bytes.as_slice()).expect("what leaves is read");
    assert_eq!(left, expected);
});
