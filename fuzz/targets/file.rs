//! Bytes that may be a sealed file: a header that reads is written as it was, what opens is what was sealed, and no
//! change of a sealed file gives out a byte that was not in it.
#![no_main]

use keys::{Chance, EpochSecret, KeyId};
use libfuzzer_sys::fuzz_target;
use seal::FieldKey;
use seal::file::stream::{Header, Opener, Sealer, Span, plain_len, sealed_len};

/// Gives the same bytes always.
struct Same;

impl Chance for Same {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(9);
    }
}

fn key() -> FieldKey {
    FieldKey::derive(
        &EpochSecret::from_bytes(&[7; 32]),
        KeyId(1),
        "app",
        "field",
        1,
    )
}

/// Opens what comes behind a header, in two pieces; gives what came out, and whether it was the whole file.
fn open(sealed: &[u8], cut: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let Ok(header) = Header::parse(sealed) else {
        return (out, false);
    };
    assert_eq!(header.to_bytes(), sealed[..Header::LEN], "read and written");
    let Ok(mut opener) = Opener::whole(&key(), &header) else {
        return (out, false);
    };
    let rest = &sealed[Header::LEN..];
    let (front, back) = rest.split_at(cut.min(rest.len()));
    let opened = opener
        .push(front, &mut out)
        .and_then(|()| opener.push(back, &mut out))
        .and_then(|()| opener.finish(&mut out));
    (out, opened.is_ok())
}

fuzz_target!(|data: &[u8]| {
    // As it is.
    assert!(!open(data, 0).1, "nobody guesses a tag");
    let length = data.len() as u64;
    if let Ok(plain) = plain_len(length) {
        assert_eq!(sealed_len(plain), Ok(length));
    }

    // The first byte says how long a file is, the next three what is done to it when it is sealed.
    let [size, at, with, cut, ..] = *data else {
        return;
    };
    let plain: Vec<u8> = data
        .iter()
        .copied()
        .cycle()
        .take(usize::from(size) * 1031)
        .collect();
    let mut sealed = Vec::new();
    let mut sealer = Sealer::begin(&key(), &mut Same, &mut sealed).expect("a cipher");
    sealer.push(&plain, &mut sealed).expect("short");
    sealer.finish(&mut sealed).expect("short");
    assert_eq!(open(&sealed, usize::from(cut) * 997), (plain.clone(), true));
    let whole = Span::of(0..1).and_then(|span| span.within(sealed.len() as u64));
    assert_eq!(whole.is_ok(), !plain.is_empty());

    let place = usize::from(at) * 1009 % sealed.len();
    let mut changed = sealed.clone();
    match with % 4 {
        0 => changed.truncate(place),
        1 => changed[place] ^= with | 1,
        2 => changed.extend_from_slice(data),
        _ => {
            changed.remove(place);
        }
    }
    if changed != sealed {
        let (given, whole) = open(&changed, usize::from(cut));
        assert!(!whole, "a changed file is not whole");
        assert!(plain.starts_with(&given), "nothing that was not in it");
    }
});
