//! A batch on its way out: what leaves is read again, with the replacement at every place; and in the requests that
//! another parser finds, the lengths are those of their bodies and no other value stands at a place.
#![no_main]

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use fuzz::{LIMITS, REPLACEMENT, check, parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    if has_measures(body) {
        return;
    }
    let plan = Plan::compile(Format::Batch, [("", PlaceId(0)); 0]).expect("a plan");
    let kind = ContentType::parse(b"multipart/mixed; boundary=b").expect("a type");
    let make = || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter");
    let Ok(rewritten) = check(make, body, usize::from(size)) else {
        return;
    };
    let again =
        check(make, &rewritten.bytes, usize::from(size)).expect("what leaves is read again");
    assert_eq!(again.found.len(), rewritten.found.len());
    assert!(
        again
            .found
            .iter()
            .all(|(.., text)| text == REPLACEMENT.as_bytes())
    );
    for (.., request) in parts("b", &rewritten.bytes).unwrap_or_default() {
        let text = String::from_utf8_lossy(&request);
        if text.contains("\n--") {
            continue; // A change set, perhaps.
        }
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let wanted = name.eq_ignore_ascii_case("content-length");
            wanted.then(|| value.trim().parse::<usize>().expect("a length"))
        });
        let Some(length) = length else { continue };
        let behind = body
            .as_bytes()
            .get(length..)
            .expect("as much as the length says");
        assert!(behind.iter().all(|byte| matches!(byte, b'\r' | b'\n')));
        if let Ok(read) = serde_json::from_slice::<serde_json::Value>(&body.as_bytes()[..length])
            && let Some(name) = read.get("name").and_then(serde_json::Value::as_str)
        {
            assert!(name.is_empty() || name == REPLACEMENT);
        }
    }
});

/// Whether headers stand here that go with a body that is rewritten, whether it changes or not: digests, and lengths of
/// parts, which do not belong to a request.
fn has_measures(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).replace("\r\n", "\n");
    let lower = text.to_ascii_lowercase();
    let of_a_part = |at: usize| {
        let before = &text[..at];
        let block = &before[before.rfind("\n\n").map_or(0, |at| at + 2)..];
        block.contains("\n--") || !block.starts_with(|first: char| first.is_ascii_uppercase())
    };
    let mut lengths = lower.match_indices("content-length");
    lower.contains("digest") || lower.contains("-md5") || lengths.any(|(at, _)| of_a_part(at))
}
