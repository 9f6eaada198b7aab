//! Text that may be a pointer of some shape: what reads is spelled so again, and an address is measured the same at
//! every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::{Measure, POINTER_LEN, Pointer, PointerDigits, PointerKey, measure_email};

const DOMAINS: [&str; 3] = ["example.org", "a.example.org", "example.org.ca"];

fuzz_target!(|data: &[u8]| {
    let key = PointerKey::derive(&[7; 32], "app");
    if let Some(pointer) = Pointer::parse_bare(data)
        && key.verify("field", &pointer)
    {
        let text = key.bare("field", pointer.id);
        assert!(data.eq_ignore_ascii_case(&text));
    }
    for digits in (0..=u8::MAX).filter_map(PointerDigits::new) {
        if let Some(id) = key.parse_digits("field", data, digits) {
            assert!(digits.space().contains(&id.get()));
            let text = key.digits("field", id, digits);
            assert_eq!(text.as_deref().map(str::as_bytes), Some(data));
        }
    }
    let pointer = Pointer::parse_bare(data.get(..12).unwrap_or_default());
    let address = [
        b"z671",
        data.get(..12).unwrap_or_default(),
        b"@eXample.org",
        data.get(12..).unwrap_or_default(),
    ]
    .concat();
    for text in [data, &address] {
        let decided = measure_email(text, &DOMAINS, true);
        if let Measure::Whole(length) = decided {
            assert!(length <= text.len());
        }
        for cut in 1..text.len().min(64) {
            match measure_email(&text[..cut], &DOMAINS, false) {
                Measure::More(most) => assert!(most > cut),
                Measure::Whole(length) => assert_eq!(decided, Measure::Whole(length)),
                Measure::Cut(_) | Measure::No => {}
            }
        }
    }
    if pointer.is_some() {
        assert!(
            matches!(measure_email(&address, &DOMAINS, true), Measure::Whole(n) if n >= POINTER_LEN)
        );
    }
});
