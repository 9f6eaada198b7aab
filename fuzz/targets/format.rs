//! Text that may be a value or a stand-in of some shape, or a date: what is exchanged comes back, either way round,
//! as long as it was and between the same separators.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::EpochSecret;
use seal::date::{ShiftKey, shift, unshift};
use seal::format::{FormatKey, Shape, open, seal};

fuzz_target!(|data: (u8, &str, &[u8])| {
    let (choice, text, tweak) = data;
    let secret = EpochSecret::from_bytes(&[7; 32]);
    let name = Shape::NAMES[usize::from(choice) % Shape::NAMES.len()];
    let shape = Shape::parse(name).expect("a name of a shape");
    let key = FormatKey::derive(&secret, "app", "field", shape);
    if let Ok(stand_in) = seal(&key, text, tweak) {
        let back = open(&key, &stand_in, tweak).expect("a stand-in is of its shape");
        assert_eq!(*back, text);
        assert!(text.len() >= shape.shortest(), "none is shorter than said");
        let separators = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_ascii_alphanumeric() { '*' } else { c })
                .collect()
        };
        assert_eq!(separators(&stand_in), separators(text));
    }
    if let Ok(value) = open(&key, text, tweak) {
        let again = seal(&key, &value, tweak).expect("a value is of its shape");
        assert_eq!(again, text);
    }
    let key = ShiftKey::derive(&secret, None, "app", "field");
    let days = u32::from(choice) + 1;
    if let Ok(shifted) = shift(&key, days, tweak, text) {
        assert_ne!(shifted, text);
        let back = unshift(&key, days, tweak, &shifted).expect("a date is one");
        assert_eq!(*back, text);
    }
});
