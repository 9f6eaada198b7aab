//! Lines of JSON on their way out: another parser finds the same documents before and after, but for the values at
//! places, each of which became its replacement.
#![no_main]

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use fuzz::{LIMITS, REPLACEMENT, check};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    let selectors = [("$.n", PlaceId(0)), ("$[?@.k == 'a'].v", PlaceId(1))];
    let plan = Plan::compile(Format::Ndjson, selectors).expect("a plan");
    let kind = ContentType::parse(b"application/x-ndjson").expect("a type");
    let Ok(rewritten) = check(
        || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter"),
        body,
        usize::from(size),
    ) else {
        return;
    };
    let mut found = rewritten.found.iter();
    let left: Vec<&[u8]> = rewritten.bytes.split(|byte| *byte == b'\n').collect();
    let came: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
    assert_eq!(came.len(), left.len(), "as many lines leave as came");
    for (came, left) in came.iter().zip(left) {
        if came.trim_ascii().is_empty() {
            assert_eq!(*came, left, "a blank line passes");
            continue;
        }
        assert!(
            serde_json::from_slice::<IgnoredAny>(came).is_ok(),
            "what no other parser reads does not leave"
        );
        let (Ok(mut came), Ok(left)) = (
            serde_json::from_slice::<Value>(came),
            serde_json::from_slice::<Value>(left),
        ) else {
            // A number beyond what the parser holds, or half a surrogate pair: how many values stand here is not known.
            return;
        };
        match &mut came {
            Value::Object(members) => {
                if let Some(value) = members.get_mut("n") {
                    replace(value, &mut found);
                }
            }
            Value::Array(elements) => {
                for element in elements {
                    if element.get("k").is_some_and(|kind| *kind == "a")
                        && let Some(value) = element.get_mut("v")
                    {
                        replace(value, &mut found);
                    }
                }
            }
            _ => {}
        }
        assert_eq!(came, left);
    }
    assert!(found.next().is_none(), "nothing else is found");
});

/// Puts the replacement in the place of a value that must be the next one found.
fn replace<'a>(
    value: &mut Value,
    found: &mut impl Iterator<Item = &'a (u16, u32, body::ValueType, Vec<u8>)>,
) {
    let text = match value {
        Value::Null => return,
        Value::String(text) if text.is_empty() => return,
        Value::String(text) => Some(std::mem::take(text)),
        // Numbers are reported in their spelling, which this parser does not keep.
        _ => None,
    };
    let (.., seen) = found.next().expect("every value at a place is found");
    if let Some(text) = text {
        assert_eq!(*seen, text.into_bytes());
    }
    *value = Value::String(REPLACEMENT.to_owned());
}
