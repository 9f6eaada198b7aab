//! JSON on its way out: read exactly where `serde_json` reads it (RFC 8259), the same at every chunking (I4), and
//! unchanged outside places (I3).
#![no_main]

use std::sync::Arc;

use body::json::{Path, Places, Stream};
use body::{ErrorKind, PlaceId};
use fuzz::{LIMITS, check};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

const SELECTORS: [&str; 4] = ["$.a", "$.b[*].c", "$..d", "$.e[?@.f == 'g'].h"];

fuzz_target!(|data: &[u8]| {
    let Some((&size, body)) = data.split_first() else {
        return;
    };
    let read = |(at, text): (usize, &&str)| {
        Path::parse(text)
            .map(|path| (path, PlaceId(at as u16)))
            .expect("a selector")
    };
    let places = Arc::new(
        Places::compile(SELECTORS.iter().enumerate().map(read).collect()).expect("places"),
    );
    let outcome = check(
        || Box::new(Stream::new(Arc::clone(&places), LIMITS)),
        body,
        usize::from(size),
    );
    let oracle = std::str::from_utf8(body)
        .ok()
        .and_then(|text| serde_json::from_str::<IgnoredAny>(text).ok())
        .is_some();
    match outcome {
        Ok(rewritten) => {
            assert!(oracle, "what no other parser reads does not leave");
            let left: Result<Value, _> = serde_json::from_slice(&rewritten.bytes);
            let came: Result<Value, _> = serde_json::from_slice(body);
            assert_eq!(left.is_ok(), came.is_ok(), "what leaves is JSON");
            if let (Ok(came), [(.., value)]) = (came, rewritten.found.as_slice()) {
                let text = std::str::from_utf8(value).expect("text");
                assert!(stands_in(&came, text), "{text:?} stands in the body");
            }
        }
        Err(error) => match error.kind {
            ErrorKind::Syntax { .. } | ErrorKind::Charset => {
                assert!(!oracle || has_surrogate(body), "{error}: others read it")
            }
            _ => {}
        },
    }
});

/// Whether a string or a spelled scalar of this value is `text`.
fn stands_in(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        // Numbers are reported in their spelling, which this parser does not keep.
        Value::Number(_) | Value::Bool(_) => true,
        Value::Array(values) => values.iter().any(|value| stands_in(value, text)),
        Value::Object(members) => members.values().any(|value| stands_in(value, text)),
        Value::Null => false,
    }
}

/// Half a surrogate pair is JSON by the grammar and text for nobody; a parser may refuse it.
fn has_surrogate(body: &[u8]) -> bool {
    body.windows(3)
        .any(|window| matches!(window, [b'\\', b'u', b'd' | b'D']))
}
