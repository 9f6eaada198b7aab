//! Content codings: decoded the same at every chunking, within the ratio, and what is encoded is decoded to what it
//! was.
#![no_main]

use body::coding::{Decoder, Encoder, parse_content_encoding};
use body::{Error, Limits};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 6] = ["gzip", "deflate", "br", "zstd", "gzip, deflate", "br, zstd"];

/// A window that every encoder keeps within, and a ratio that generated input reaches.
const LIMITS: Limits = Limits {
    window: 8 << 20,
    ..fuzz::LIMITS
};

/// What any body may become, whatever its ratio.
const FREE: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let [choice, size, bytes @ ..] = data else {
        return;
    };
    let codings = parse_content_encoding(NAMES[usize::from(*choice) % NAMES.len()].as_bytes())
        .expect("known codings");
    let decode = |bytes: &[u8], size: usize| -> Result<Vec<u8>, Error> {
        let mut decoder = Decoder::new(&codings, LIMITS)?;
        let mut plain = Vec::new();
        for piece in bytes.chunks(size.max(1)) {
            decoder.push(piece, &mut plain)?;
        }
        decoder.finish(&mut plain)?;
        Ok(plain)
    };
    match (
        decode(bytes, bytes.len()),
        decode(bytes, usize::from(*size)),
    ) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole, pieces, "I4: the same at every chunking");
            assert!(
                whole.len() <= FREE.max(bytes.len() * LIMITS.ratio),
                "the ratio holds"
            );
        }
        (Err(_), Err(_)) => {}
        (whole, pieces) => panic!(
            "I4: whole {:?}, in pieces {:?}",
            whole.map(|_| ()),
            pieces.map(|_| ())
        ),
    }
    let mut encoder = Encoder::new(&codings, choice & 128 != 0).expect("an encoder");
    let mut coded = Vec::new();
    for piece in bytes.chunks(usize::from(*size).max(1)) {
        encoder.push(piece, &mut coded).expect("memory");
    }
    encoder.finish(&mut coded).expect("memory");
    assert_eq!(
        decode(&coded, usize::from(*size)).as_deref(),
        Ok(bytes),
        "what is encoded is decoded"
    );
});
