//! What somebody types or a scanner reads of a backup's page: whatever it is, it is a share, a keyring or an error.
#![no_main]

use keys::backup::{Share, read_keyring, read_share};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Ok(share) = Share::from_words(&text) {
        assert!(share.number() > 0 && share.threshold() > 1);
    }
    let _ = read_share(&text);
    let page = format!("-----BEGIN REMPART KEYRING-----\n{text}\n-----END REMPART KEYRING-----");
    for page in [text.as_ref(), &page] {
        if let Ok(keyring) = read_keyring(page) {
            assert!(keyring.open(&[]).is_err(), "nothing opens without a share");
        }
    }
});
