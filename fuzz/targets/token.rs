//! Text that may be a token: what parses is measured so and looks so, what is found lies within, and the scan does
//! not hang on where the input is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::{Measure, ParseError, Pointer, Scanner, Token, key_of_cut, measure};

fuzz_target!(|data: &[u8]| {
    let scanner = Scanner::new();
    let mut from = 0;
    while let Some(at) = scanner.find(data, from) {
        assert!((from..data.len()).contains(&at), "found within");
        let rest = &data[at..];
        match measure(rest, true) {
            Measure::Whole(length) => {
                assert!(length <= rest.len());
                let text = &rest[..length];
                assert!(
                    Pointer::parse(text).is_some()
                        || matches!(Token::parse(text), Ok(_) | Err(ParseError::LooseBits)),
                    "what is measured whole has a token's shape"
                );
                assert_eq!(
                    measure(text, true),
                    Measure::Whole(length),
                    "what follows does not matter"
                );
            }
            Measure::Cut(length) => {
                assert!(length <= rest.len());
                assert!(
                    key_of_cut(&rest[..length]).is_some(),
                    "a cut token names its key"
                );
            }
            Measure::More(_) => panic!("the end of the input decides"),
            Measure::No => {}
        }
        for cut in 0..rest.len().min(80) {
            if let Measure::Whole(length) = measure(&rest[..cut], false) {
                assert_eq!(
                    measure(rest, true),
                    Measure::Whole(length),
                    "decided early is decided"
                );
            }
        }
        from = at + 1;
    }
    if let Ok(token) = Token::parse(data) {
        assert_eq!(measure(data, true), Measure::Whole(data.len()));
        assert_eq!(scanner.find(data, 0), Some(0));
        assert_eq!(
            Token::parse(&data.to_ascii_uppercase()).map(|upper| upper.key_id()),
            Ok(token.key_id()),
            "read in any case"
        );
    }
});
