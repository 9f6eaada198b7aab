//! A `Content-Type`: what is read strictly is read the same tolerantly.
#![no_main]

use body::content_type::ContentType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let (strict, tolerant) = (
        ContentType::parse(value),
        ContentType::parse_tolerant(value),
    );
    if let Some(strict) = strict {
        assert!(strict.essence().contains('/'));
        assert_eq!(strict.essence(), strict.essence().to_ascii_lowercase());
        assert_eq!(Some(strict), tolerant);
    }
});
