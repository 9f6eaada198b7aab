//! A text in a declared charset: it is refused, or its value is what another reader sees, and what takes its place is
//! written in that charset behind the same byte-order mark.
#![no_main]

use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use encoding_rs::Encoding;
use fuzz::{LIMITS, REPLACEMENT, check};
use libfuzzer_sys::fuzz_target;

/// Charsets that hold the replacement.
const LABELS: [&str; 6] = [
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1252",
    "iso-8859-15",
    "gb18030",
];

fuzz_target!(|data: &[u8]| {
    let [size, label, body @ ..] = data else {
        return;
    };
    let label = LABELS[usize::from(*label) % LABELS.len()];
    let plan = Plan::compile(Format::Text, [("*", PlaceId(0))]).expect("a plan");
    let kind = ContentType::parse(format!("text/plain; charset={label}").as_bytes());
    let Ok(rewritten) = check(
        || plan.rewriter(kind.as_ref(), LIMITS).expect("a rewriter"),
        body,
        usize::from(*size),
    ) else {
        return;
    };
    let encoding = Encoding::for_label(label.as_bytes()).expect("a charset");
    let (text, read_as, malformed) = encoding.decode(body);
    assert!(!malformed, "malformed text is refused");
    assert_eq!(read_as, encoding, "another mark is refused");
    let (left, _, _) = encoding.decode(&rewritten.bytes);
    match rewritten.found.as_slice() {
        [] => assert!(text.is_empty()),
        [(.., value)] => {
            assert_eq!(value, text.as_bytes());
            assert_eq!(left, REPLACEMENT);
        }
        _ => panic!("a text is one value"),
    }
});
