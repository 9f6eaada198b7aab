//! Content codings: undone and done again at every split, by other implementations' bytes, within limits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use body::coding::{Coding, Decoder, Encoder};
use body::{ErrorKind, Limits};
use proptest::prelude::*;

const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

fn encode(codings: &[Coding], pieces: &[&[u8]], fastest: bool) -> Vec<u8> {
    let mut encoder = Encoder::new(codings, fastest).unwrap();
    let mut out = Vec::new();
    for piece in pieces {
        encoder.push(piece, &mut out).unwrap();
    }
    encoder.finish(&mut out).unwrap();
    out
}

fn decode(codings: &[Coding], pieces: &[&[u8]]) -> Result<Vec<u8>, ErrorKind> {
    let mut decoder = Decoder::new(codings, Limits::default()).unwrap();
    let mut out = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut out).map_err(|error| error.kind)?;
    }
    decoder.finish(&mut out).map_err(|error| error.kind)?;
    Ok(out)
}

#[test]
fn i04_decoding_is_the_same_at_every_split() {
    let plain = b"{\"name\": \"Tremblay\", \"note\": \"Tremblay, Tremblay\"}".repeat(3);
    for coding in ALL {
        let coded = encode(&[coding], &[&plain], false);
        for at in 0..=coded.len() {
            let (left, right) = coded.split_at(at);
            assert_eq!(
                decode(&[coding], &[left, right]).as_deref(),
                Ok(&plain[..]),
                "{coding:?} split at {at}"
            );
        }
    }
}

#[test]
fn i05_a_coded_body_that_is_cut_short_is_an_error() {
    let plain = b"the quick brown fox jumps over the lazy dog".repeat(20);
    for coding in ALL {
        let coded = encode(&[coding], &[&plain], false);
        for at in 0..coded.len() {
            assert!(
                decode(&[coding], &[&coded[..at]]).is_err(),
                "{coding:?} cut at {at} of {}",
                coded.len()
            );
        }
    }
}

#[test]
fn i05_bytes_after_the_end_are_an_error() {
    for coding in ALL {
        let mut coded = encode(&[coding], &[b"plain"], false);
        coded.extend_from_slice(b"{\"name\": \"smuggled\"}");
        assert!(decode(&[coding], &[&coded]).is_err(), "{coding:?}");
        let (left, right) = coded.split_at(coded.len() - 20);
        assert!(
            decode(&[coding], &[left, right]).is_err(),
            "{coding:?} in two pieces"
        );
    }
}

#[test]
fn several_gzip_members_and_zstd_frames_are_one_body() {
    for coding in [Coding::Gzip, Coding::Zstd] {
        let mut coded = encode(&[coding], &[b"first "], false);
        coded.extend(encode(&[coding], &[b"second"], false));
        assert_eq!(
            decode(&[coding], &[&coded]).as_deref(),
            Ok(&b"first second"[..])
        );
    }
}

#[test]
fn bare_deflate_is_read_as_everybody_reads_it() {
    use std::io::Write as _;
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder
        .write_all(b"bare deflate, no zlib around it")
        .unwrap();
    let coded = encoder.finish().unwrap();
    assert_eq!(
        decode(&[Coding::Deflate], &[&coded]).as_deref(),
        Ok(&b"bare deflate, no zlib around it"[..])
    );
}

#[test]
fn i13_a_bomb_stops_at_the_ratio() {
    let plain = vec![0; 64 << 20];
    for coding in [Coding::Brotli, Coding::Zstd] {
        let coded = encode(&[coding], &[&plain], false);
        let mut decoder = Decoder::new(
            &[coding],
            Limits {
                ratio: 100,
                ..Limits::default()
            },
        )
        .unwrap();
        let mut out = Vec::new();
        let error = decoder.push(&coded, &mut out).unwrap_err();
        assert_eq!(
            error.kind,
            ErrorKind::Coding {
                why: "it becomes too much"
            }
        );
        assert!(out.len() <= 1 << 20);
    }
}

#[test]
fn i13_a_window_beyond_the_limit_is_refused() {
    use std::io::Write as _;
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(25).unwrap();
    let plain: Vec<u8> = (0..9_000_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    encoder.write_all(&plain).unwrap();
    assert!(decode(&[Coding::Zstd], &[&encoder.finish().unwrap()]).is_err());
}

#[test]
fn i13_a_brotli_window_beyond_the_standard_is_refused() {
    let params = brotli::enc::BrotliEncoderParams {
        large_window: true,
        lgwin: 30,
        ..Default::default()
    };
    let mut coded = Vec::new();
    brotli::BrotliCompress(&mut &b"plain"[..], &mut coded, &params).unwrap();
    assert_eq!(coded.first().map(|first| first & 0x7f), Some(0x11));
    assert!(decode(&[Coding::Brotli], &[&coded]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_was_encoded_decodes_to_itself(
        plain in proptest::collection::vec(any::<u8>(), 0..4000),
        size in 1usize..700,
        first in proptest::sample::select(&ALL[..]),
        second in proptest::option::of(proptest::sample::select(&ALL[..])),
        fastest in any::<bool>(),
    ) {
        let codings: Vec<Coding> = std::iter::once(first).chain(second).collect();
        let pieces: Vec<&[u8]> = plain.chunks(size).collect();
        let coded = encode(&codings, &pieces, fastest);
        let coded: Vec<&[u8]> = coded.chunks(size).collect();
        prop_assert_eq!(decode(&codings, &coded), Ok(plain.clone()));
    }
}
