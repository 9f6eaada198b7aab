//! The path of a request: its normal form is its own normal form, and holds nothing that two servers read
//! differently.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::path::{normalise, segments};

fuzz_target!(|data: &[u8]| {
    let Ok(path) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(normal) = normalise(path) else { return };
    let text = normal.as_str();
    assert!(text.starts_with('/'));
    assert!(!text.contains("//") && !text.contains('\\') && !text.contains(['?', '#', ';', ' ']));
    assert!(text == "/" || !text.ends_with('/'));
    assert!(
        text.split('/')
            .skip(1)
            .all(|segment| segment != "." && segment != "..")
    );
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
    let again = normalise(text).expect("a normal form has one");
    assert_eq!(again.as_str(), text);
    if text != "/" {
        assert_eq!(
            segments(path).count(),
            segments(text).count(),
            "a segment for every segment"
        );
    }
});
