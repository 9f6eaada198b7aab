//! The log of subjects: no line is believed that the keyring's key did not chain, and none stops the reader.
#![no_main]

use keys::{Chance, Keyring};
use libfuzzer_sys::fuzz_target;

/// Always the same bytes: the keyring is that of every run.
struct Sevens;

impl Chance for Sevens {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(7);
    }
}

fuzz_target!(|data: &[u8]| {
    let mut keyring = Keyring::create(&mut Sevens);
    let mut replay = keyring.replay();
    let believed = data
        .split(|byte| *byte == b'\n')
        .take_while(|line| replay.line(line).is_ok())
        .count();
    assert!(believed <= 1, "the first line alone can be guessed");
    assert_eq!(replay.finish(), Ok(()), "nothing was there before");
    assert_eq!(keyring.subject_count().subjects, 0);
});
