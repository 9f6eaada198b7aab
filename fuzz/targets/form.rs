//! A form on its way out: names and values at no place are what another reader finds before and after, and every
//! value at a place became its replacement.
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
        Format::Form,
        [("name", PlaceId(0)), ("person[name]", PlaceId(1))],
    )
    .expect("a plan");
    let kind = ContentType::parse(b"application/x-www-form-urlencoded").expect("a type");
    let Ok(rewritten) = check(
        || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter"),
        body,
        usize::from(size),
    ) else {
        return;
    };
    let came: Vec<_> = form_urlencoded::parse(body).collect();
    let left: Vec<_> = form_urlencoded::parse(&rewritten.bytes).collect();
    assert_eq!(came.len(), left.len(), "as many pairs leave as came");
    let mut found = rewritten.found.iter();
    for ((name, value), (name_left, value_left)) in came.iter().zip(&left) {
        assert_eq!(name, name_left);
        if (name == "name" || name == "person[name]") && !value.is_empty() {
            let (.., text) = found.next().expect("every value at a place is found");
            assert_eq!(text, value.as_bytes());
            assert_eq!(value_left, REPLACEMENT);
        } else {
            assert_eq!(value, value_left);
        }
    }
    assert!(found.next().is_none(), "nothing else is found");
});
