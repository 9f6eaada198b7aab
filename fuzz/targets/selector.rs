//! The text of a selector, in every format: it is read, or the fault lies within it.
#![no_main]

use body::{Format, PlaceId, Plan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for format in Format::ALL.iter().copied() {
        if let Err((index, error)) = Plan::compile(format, [(text, PlaceId(0))]) {
            assert_eq!(index, 0);
            assert!(
                error.at.start <= error.at.end && error.at.end <= text.len(),
                "{error}: {:?}",
                error.at
            );
            assert!(!error.to_string().is_empty());
        }
    }
});
