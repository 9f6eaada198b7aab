//! A multipart body on its way out: what leaves is read again, with the replacement at every place; and a parser that
//! knows nothing of places sees no protected value, neither a content nor the name of a file.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use body::content_type::ContentType;
use body::{Format, PlaceId, Plan};
use fuzz::{LIMITS, REPLACEMENT, check, parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    let plan = Plan::compile(
        Format::Multipart,
        [
            ("name", PlaceId(0)),
            ("note", PlaceId(1)),
            ("* @filename", PlaceId(2)),
        ],
    )
    .expect("a plan");
    for kind in ["multipart/form-data", "multipart/mixed"] {
        let kind = format!("{kind}; boundary=b");
        let kind = ContentType::parse(kind.as_bytes()).expect("a type");
        let make = || plan.rewriter(Some(&kind), LIMITS).expect("a rewriter");
        let Ok(rewritten) = check(make, body, usize::from(size)) else {
            continue;
        };
        let again =
            check(make, &rewritten.bytes, usize::from(size)).expect("what leaves is read again");
        assert_eq!(again.found.len(), rewritten.found.len());
        for ((place, .., text), (place_before, ..)) in again.found.iter().zip(&rewritten.found) {
            assert_eq!(place, place_before);
            assert_eq!(text, REPLACEMENT.as_bytes());
        }
        for (name, file, content) in parts("b", &rewritten.bytes).unwrap_or_default() {
            if matches!(name.as_deref(), Some("name" | "note")) {
                let bare: Vec<u8> = content
                    .iter()
                    .copied()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .collect();
                let passes = content.is_empty()
                    || content == REPLACEMENT.as_bytes()
                    || STANDARD
                        .decode(bare)
                        .is_ok_and(|text| text == REPLACEMENT.as_bytes());
                assert!(
                    passes,
                    "a value that is protected leaves as its replacement"
                );
            }
            let written = REPLACEMENT.replace('"', "%22");
            let file = file.unwrap_or_default();
            assert!(
                file.is_empty() || file.starts_with(&written),
                "a file's name leaves as its replacement: {file}"
            );
        }
    }
});
