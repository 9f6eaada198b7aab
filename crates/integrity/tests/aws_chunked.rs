//! Bodies in chunks of their own: by the examples of AWS's documentation, at every cut, and against one's own framing.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use std::collections::VecDeque;

use bytes::Bytes;
use common::{Vector, secret};
use http::{HeaderMap, HeaderName, HeaderValue};
use integrity::aws_chunked::{ChunkError, Framing};
use integrity::sigv4::Chain;
use proptest::prelude::*;

/// The framed body of a vector.
fn body(vector: &Vector) -> Vec<u8> {
    let mut body = Vec::new();
    for chunk in vector.all["chunks"].as_array().unwrap() {
        let length = usize::try_from(chunk["a"].as_u64().unwrap()).unwrap();
        let signature = chunk["signature"].as_str().unwrap();
        body.extend(format!("{length:x};chunk-signature={signature}\r\n").bytes());
        body.extend(vec![b'a'; length]);
        if length > 0 {
            body.extend(b"\r\n");
        }
    }
    for trailer in vector.all["trailers"].as_array().into_iter().flatten() {
        let part = |index: usize| trailer[index].as_str().unwrap();
        body.extend(format!("{}:{}\r\n", part(0), part(1)).bytes());
    }
    if let Some(signature) = vector.all["trailer_signature"].as_str() {
        body.extend(format!("x-amz-trailer-signature:{signature}\r\n").bytes());
    }
    body.extend(b"\r\n");
    body
}

fn decoded(
    framing: &Framing,
    chain: Option<Chain>,
    pieces: &[&[u8]],
) -> Result<Vec<u8>, ChunkError> {
    let mut decoder = framing.decoder(chain);
    let mut content = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece), &mut content)?;
    }
    decoder.finish()?;
    Ok(content.concat())
}

#[test]
fn the_published_chunks_are_verified() {
    for name in ["s3-chunked", "s3-chunked-trailer"] {
        let vector = Vector::read(name);
        let framing = Framing::of(&vector.headers).unwrap().unwrap();
        assert!(framing.is_signed());
        assert_eq!(framing.decoded_length(), Some(66_560));
        let body = body(&vector);
        if let Some(length) = vector.headers.get("content-length") {
            assert_eq!(length.to_str().unwrap(), body.len().to_string());
        }
        let chain = || Some(vector.claim().chain(&vector.secret()));
        let decode = |body: &[u8]| decoded(&framing, chain(), &[body]);
        assert_eq!(decode(&body).unwrap(), vec![b'a'; 66_560], "{name}");

        let other = Some(vector.claim().chain(&secret("another")));
        assert_eq!(
            decoded(&framing, other, &[&body]),
            Err(ChunkError::Signature)
        );
        for at in [90, 65_700, 66_000] {
            let mut changed = body.clone();
            changed[at] = b'b';
            assert_eq!(decode(&changed), Err(ChunkError::Signature), "{name} {at}");
        }
        let signature = body.len() - 10;
        let mut changed = body.clone();
        changed[signature] = if changed[signature] == b'0' {
            b'1'
        } else {
            b'0'
        };
        assert_eq!(decode(&changed), Err(ChunkError::Signature), "{name}");
        assert_eq!(decode(&body[..body.len() - 1]), Err(ChunkError::Truncated));
    }
}

fn head(lines: &[(&'static str, &str)]) -> HeaderMap {
    let lines = lines.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    });
    lines.collect()
}

fn unsigned(length: usize, trailer: &str) -> HeaderMap {
    head(&[
        ("content-encoding", "aws-chunked"),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", &length.to_string()),
        ("x-amz-trailer", trailer),
    ])
}

/// As botocore frames "hello\n".
const HELLO: &[u8] = b"6\r\nhello\n\r\n0\r\nx-amz-checksum-crc32:NjowIA==\r\n\r\n";

#[test]
fn what_botocore_frames_is_read_and_what_is_damaged_is_not() {
    let framing = Framing::of(&unsigned(6, "x-amz-checksum-crc32"));
    let framing = framing.unwrap().unwrap();
    let decode = |body: &[u8]| decoded(&framing, None, &[body]);
    assert_eq!(decode(HELLO).unwrap(), b"hello\n");
    let name = HeaderName::from_static("x-amz-checksum-crc32");
    let checksum = Err(ChunkError::Checksum { name });
    assert_eq!(
        decode(b"6\r\nhellO\n\r\n0\r\nx-amz-checksum-crc32:NjowIA==\r\n\r\n"),
        checksum
    );
    assert_eq!(decode(b"6\r\nhello\n\r\n0\r\n\r\n"), checksum);
    for (body, error) in [
        (
            &b"7\r\nhello\n\n\r\n0\r\n\r\n"[..],
            Some(ChunkError::Length),
        ),
        (
            b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
            Some(ChunkError::Length),
        ),
        (b"ffffffffffffffff\r\n", Some(ChunkError::Length)),
        (b"6\r\nhello\n", Some(ChunkError::Truncated)),
        (b"6\r\nhello\n\r\n", Some(ChunkError::Truncated)),
        (b"", Some(ChunkError::Truncated)),
        (b"6\nhello\n\r\n", None),
        (b"+6\r\nhello\n\r\n", None),
        (b"\r\n", None),
        (b"10000000000000000\r\n", None),
        (b"6\r\nhello\nx\r\n", None),
        (b"6\r\nhello\n\r\n0\r\nx-evil: 1\r\n\r\n", None),
        (&[b'0'; 2000], None),
    ] {
        let found = decode(body).unwrap_err();
        match error {
            Some(error) => assert_eq!(found, error, "{body:?}"),
            None => assert!(matches!(found, ChunkError::Syntax { .. }), "{body:?}"),
        }
    }
    let more = [HELLO, b"x"].concat();
    assert!(matches!(decode(&more), Err(ChunkError::Syntax { .. })));
    let twice = b"6\r\nhello\n\r\n0\r\nx-amz-checksum-crc32:NjowIA==\r\nx-amz-checksum-crc32:NjowIA==\r\n\r\n";
    assert!(matches!(decode(twice), Err(ChunkError::Syntax { .. })));
}

#[test]
fn what_cannot_be_read_is_said_before_the_body() {
    assert_eq!(Framing::of(&HeaderMap::new()), Ok(None));
    let alone = head(&[("content-encoding", "aws-chunked")]);
    assert_eq!(Framing::of(&alone), Ok(None));
    assert!(matches!(
        Framing::of(&unsigned(6, "x-amz-checksum-xxh3")),
        Err(ChunkError::Unknown { .. })
    ));
    assert!(matches!(
        Framing::of(&unsigned(6, "set-cookie")),
        Err(ChunkError::Unknown { .. })
    ));
    let kind = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD";
    assert!(matches!(
        Framing::of(&head(&[("x-amz-content-sha256", kind)])),
        Err(ChunkError::Kind { .. })
    ));
    let mut headers = unsigned(6, "x-amz-checksum-crc32");
    headers.insert(
        "x-amz-decoded-content-length",
        HeaderValue::from_static("+6"),
    );
    assert_eq!(Framing::of(&headers), Err(ChunkError::DecodedLength));
}

#[test]
fn the_head_that_leaves_says_how_its_body_is_framed() {
    let mut headers = unsigned(6, "x-amz-checksum-crc32");
    let framing = Framing::of(&headers).unwrap().unwrap();
    framing.tell(&mut headers, 100);
    assert_eq!(headers, unsigned(100, "x-amz-checksum-crc32"));

    let mut headers = head(&[
        ("content-encoding", "aws-chunked,gzip"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-decoded-content-length", "6"),
    ]);
    let framing = Framing::of(&headers).unwrap().unwrap();
    assert!(framing.encoder().is_none());
    framing.tell(&mut headers, 100);
    let expected = head(&[
        ("content-encoding", "gzip"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
    ]);
    assert_eq!(headers, expected);
}

proptest! {
    #[test]
    fn i04_chunks_are_read_the_same_at_every_cut(at in 0..=HELLO.len(), other in 0..=HELLO.len()) {
        let framing = Framing::of(&unsigned(6, "x-amz-checksum-crc32")).unwrap().unwrap();
        let (first, second) = (at.min(other), at.max(other));
        let pieces = [&HELLO[..first], &HELLO[first..second], &HELLO[second..]];
        prop_assert_eq!(decoded(&framing, None, &pieces).unwrap(), b"hello\n");
    }

    #[test]
    fn what_is_framed_is_read_again_and_as_long_as_was_said(
        length in prop_oneof![0..40_usize, 65_530..65_545_usize, 131_070..131_080_usize],
        cut in 1..70_000_usize,
        trailers in prop::sample::select(vec![
            "x-amz-checksum-crc32",
            "x-amz-checksum-crc64nvme",
            "x-amz-checksum-sha256, x-amz-checksum-sha1",
        ]),
    ) {
        let content: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
        let framing = Framing::of(&unsigned(length, trailers)).unwrap().unwrap();
        let mut encoder = framing.encoder().unwrap();
        let expected = encoder.length(length as u64);
        let mut out = VecDeque::new();
        for piece in content.chunks(cut) {
            encoder.push(Bytes::copy_from_slice(piece), &mut out);
        }
        encoder.finish(&mut out);
        let framed: Vec<u8> = out.into_iter().flatten().collect();
        prop_assert_eq!(framed.len() as u64, expected);
        let pieces: Vec<&[u8]> = framed.chunks(cut).collect();
        prop_assert_eq!(decoded(&framing, None, &pieces).unwrap(), content);
    }

    #[test]
    fn noise_never_ends_well(bytes: Vec<u8>) {
        let framing = Framing::of(&unsigned(6, "x-amz-checksum-crc32")).unwrap().unwrap();
        prop_assert!(decoded(&framing, None, &[&bytes]).is_err());
    }
}
