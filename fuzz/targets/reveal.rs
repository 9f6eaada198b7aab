//! Answers on their way in, in every medium: the same at every chunking, untouched where no token stands, and a
//! value that is revealed into JSON or a form comes out of another parser as it was (I2, I8).
#![no_main]

use body::reveal::{Medium, Reveal};
use fuzz::{CODED, LIMITS, reveal};
use libfuzzer_sys::fuzz_target;

const MEDIA: [&str; 13] = [
    "application/json",
    "application/x-ndjson",
    "text/html",
    "application/xml",
    "application/xhtml+xml",
    "text/javascript",
    "text/css",
    "text/csv",
    "application/x-www-form-urlencoded",
    "multipart/mixed",
    "text/event-stream",
    "text/plain",
    "",
];
const CHARSETS: [Option<&str>; 4] = [None, Some("utf-8"), Some("windows-1252"), Some("utf-16")];
const VALUES: [&str; 3] = [
    "plain",
    "\"><script>'</script>\\ \n\u{2028}é",
    "=1+1,\"x\"\r\n--b",
];

fuzz_target!(|data: &[u8]| {
    let [choice, size, body @ ..] = data else {
        return;
    };
    let choice = usize::from(*choice);
    let essence = MEDIA[choice % MEDIA.len()];
    let charset = CHARSETS[choice / MEDIA.len() % CHARSETS.len()];
    let value = VALUES[usize::from(*size) % VALUES.len()];
    let Some(medium) = Medium::of(essence, charset, Some("b")) else {
        return;
    };
    let whole = reveal(
        Reveal::new(medium.clone(), LIMITS),
        body,
        body.len(),
        value.as_bytes(),
    );
    let pieces = reveal(
        Reveal::new(medium, LIMITS),
        body,
        usize::from(*size),
        value.as_bytes(),
    );
    assert_eq!(
        whole, pieces,
        "I4: {essence} gives the same at every chunking"
    );
    // A token may be cut by the messages of a stream, or stand in base64.
    let stands = body.contains(&b'r') || body.windows(2).any(|pair| CODED.contains(&pair));
    if !stands {
        assert_eq!(whole, body, "I3: {essence} without a token is untouched");
    }
    if essence == "application/json" && serde_json::from_slice::<serde_json::Value>(body).is_ok() {
        assert!(
            serde_json::from_slice::<serde_json::Value>(&whole).is_ok(),
            "I8: JSON stays JSON: {}",
            String::from_utf8_lossy(&whole)
        );
    }
});
