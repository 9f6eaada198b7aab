//! A multipart body on its way out: what leaves is read again, with the replacement at every place.
#![no_main]

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use fuzz::{LIMITS, REPLACEMENT, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    let plan = Plan::compile(
        Format::Multipart,
        [("name", PlaceId(0)), ("note", PlaceId(1))],
    )
    .expect("a plan");
    let kind = ContentType::parse(b"multipart/form-data; boundary=b").expect("a type");
    let make = || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter");
    let Ok(rewritten) = check(make, body, usize::from(size)) else {
        return;
    };
    let again =
        check(make, &rewritten.bytes, usize::from(size)).expect("what leaves is read again");
    assert_eq!(again.found.len(), rewritten.found.len());
    for ((place, .., text), (place_before, ..)) in again.found.iter().zip(&rewritten.found) {
        assert_eq!(place, place_before);
        assert_eq!(text, REPLACEMENT.as_bytes());
    }
});
