//! Bytes from outside under keys of ours: nothing opens that was not sealed here, and what does not open leaves
//! nothing behind. Tokens, files, the records of their segments, and what a `stable` field remembers.
#![no_main]

use keys::{EpochSecret, KeyId};
use libfuzzer_sys::fuzz_target;
use seal::file::{same_size, stream};
use seal::{FieldKey, StableKey, Token};

fuzz_target!(|data: &[u8]| {
    let key = FieldKey::derive(
        &EpochSecret::from_bytes(&[7; 32]),
        KeyId(0x0102_0304),
        "app",
        "field",
        1,
    );
    if let Ok(token) = Token::parse(data) {
        let mut out = b"before".to_vec();
        assert!(
            seal::open(&key, &token, &mut out).is_err(),
            "nobody made it"
        );
        assert_eq!(out, b"before", "nothing is left behind");
    }
    if let Some((head, body)) = data.split_at_checked(stream::Header::LEN)
        && let Ok(header) = stream::Header::parse(head)
    {
        assert_eq!(header.to_bytes(), head, "one spelling");
        if let Ok(mut opener) = stream::Opener::whole(&key, &header) {
            let mut out = Vec::new();
            let opened = opener
                .push(body, &mut out)
                .and_then(|()| opener.finish(&mut out));
            assert!(opened.is_err() && out.is_empty(), "nobody made it");
        }
    }
    let segments = same_size::SegmentKey::derive(&[7; 32], "app");
    let print = segments.fingerprint(data);
    assert!(segments.open(print, data).is_none(), "nobody made it");
    let stable = StableKey::derive(&[7; 32], "app");
    let name = stable.name("field", "/", data);
    assert!(stable.open(&name, data).is_none(), "nobody made it");
});
