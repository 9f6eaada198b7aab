//! Digests by published values, and heads that state them.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use http::{HeaderMap, HeaderName, HeaderValue};
use integrity::{Algorithm, Hasher, Stated};
use proptest::prelude::*;

fn digest(algorithm: Algorithm, pieces: &[&[u8]]) -> String {
    let mut hasher = Hasher::new(algorithm);
    pieces.iter().for_each(|piece| hasher.update(piece));
    let bytes = hasher.finish();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn digests_have_their_published_values() {
    let check = |algorithm, expected: &str| {
        assert_eq!(digest(algorithm, &[b"1234", b"", b"56789"]), expected);
    };
    // The catalogue of parametrised CRC algorithms gives the check value of "123456789".
    check(Algorithm::Crc32, "cbf43926");
    check(Algorithm::Crc32c, "e3069283");
    check(Algorithm::Crc64Nvme, "ae8b14860a799888");
    check(Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b");
    check(Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
    check(
        Algorithm::Sha256,
        "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    );
    assert!(digest(Algorithm::Sha512, &[b"abc"]).starts_with("ddaf35a193617aba"));
}

fn head(lines: &[(&str, &str)]) -> HeaderMap {
    let lines = lines.iter().map(|(name, value)| {
        (
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        )
    });
    let mut headers = HeaderMap::new();
    lines.for_each(|(name, value)| {
        headers.append(name, value);
    });
    headers
}

#[test]
fn every_header_is_checked_and_stated_again() {
    // Of "hello\n", by `openssl dgst` and `crc32`.
    let body = b"hello\n";
    let sha256 = "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=";
    let dictionary = format!("sha-256=:{sha256}:, unheard-of=:AA==:");
    let stated = [
        ("content-md5", "sZRqySSS0jR8YjW00mERhA=="),
        ("digest", &format!("SHA-256={sha256}")),
        ("content-digest", &dictionary),
        ("x-amz-checksum-crc32", "NjowIA=="),
        ("x-amz-checksum-sha256", sha256),
        ("kept", "yes"),
    ];
    let mut headers = head(&stated);
    let taken = Stated::read(&headers);
    Stated::remove(&mut headers);
    assert_eq!(headers.len(), 1);
    let mut check = taken.check();
    check.update(b"hel");
    check.update(b"lo\n");
    check.finish().unwrap();
    let mut again = HeaderMap::new();
    taken.write(&mut again, [&body[..]]);
    let expected = [
        ("content-md5", "sZRqySSS0jR8YjW00mERhA=="),
        ("digest", &format!("SHA-256={sha256}")),
        ("content-digest", &format!("sha-256=:{sha256}:")),
        ("x-amz-checksum-crc32", "NjowIA=="),
        ("x-amz-checksum-sha256", sha256),
    ];
    let again: Vec<(&str, &str)> = again
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(again, expected);
    let mut check = taken.check();
    check.update(b"hellO\n");
    assert_eq!(check.finish().unwrap_err().header, "content-md5");
}

#[test]
fn a_signed_digest_is_checked_and_never_taken_out() {
    let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    let mut headers = head(&[("x-amz-content-sha256", sha256), ("etag", "\"1\"")]);
    let taken = Stated::read(&headers);
    Stated::remove(&mut headers);
    assert_eq!(headers.len(), 2);
    let mut check = taken.check();
    check.update(b"hello\n");
    check.finish().unwrap();
    assert!(taken.check().finish().is_err());
    Stated::forget(&mut headers);
    assert_eq!(headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
    taken.write(&mut headers, [&b"hello\n"[..]]);
    assert_eq!(headers["x-amz-content-sha256"], sha256);
    for word in ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"] {
        let mut headers = head(&[("x-amz-content-sha256", word)]);
        assert!(Stated::read(&headers).is_empty());
        Stated::forget(&mut headers);
        assert_eq!(headers["x-amz-content-sha256"], word);
    }
}

#[test]
fn what_is_not_understood_is_taken_out() {
    let mut headers = head(&[
        ("content-md5", "not base64"),
        ("digest", "adler32=00"),
        ("repr-digest", "sha-256=?1"),
    ]);
    assert!(Stated::read(&headers).is_empty());
    Stated::remove(&mut headers);
    assert!(headers.is_empty());
}

#[test]
fn the_content_hash_of_dropbox_is_of_blocks() {
    // By `hashlib`, as Dropbox's reference describes it.
    assert_eq!(
        digest(Algorithm::Blocks, &[]),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|at| (at % 251) as u8).collect();
    let (one, other) = bytes.split_at(5_000_001);
    assert_eq!(
        digest(Algorithm::Blocks, &[one, other]),
        "f3c9b1fe5a25dd4cd3decf2e05cbc4bdf75551d2dfa14f45834b8c5f32b9607c"
    );

    let hash = "ecb65bb98f9d905b70458986c39fcbad7715e5f2fcc3b1f07767d7c83e2438cc";
    let argument = format!(
        r#"{{"path": "/\"content_hash\": \"x\"", "content_hash": "{hash}", "mute": true}}"#
    );
    let mut headers = head(&[("dropbox-api-arg", &argument)]);
    let taken = Stated::read(&headers);
    let mut check = taken.check();
    check.update(b"hello\n");
    check.finish().unwrap();
    assert_eq!(
        taken.check().finish().unwrap_err().header,
        "dropbox-api-arg"
    );
    Stated::forget(&mut headers);
    assert_eq!(
        headers["dropbox-api-arg"],
        r#"{"path": "/\"content_hash\": \"x\"", "mute": true}"#
    );
    taken.write(&mut headers, [&b"hello\n"[..]]);
    let again: serde_json::Value =
        serde_json::from_slice(headers["dropbox-api-arg"].as_bytes()).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&argument).unwrap();
    assert_eq!(again, expected);

    for (argument, left) in [
        (r#"{"content_hash":"00"}"#, r#"{}"#),
        (
            r#"{"a":"content_hash","content_hash" : "00"}"#,
            r#"{"a":"content_hash"}"#,
        ),
        (r#"{"content_hash":null}"#, r#"{"content_hash":null}"#),
        (r#"{"path":"/a"}"#, r#"{"path":"/a"}"#),
    ] {
        for name in ["dropbox-api-arg", "dropbox-api-result"] {
            let mut headers = head(&[(name, argument)]);
            assert!(Stated::read(&headers).is_empty());
            Stated::remove(&mut headers);
            assert_eq!(headers[name], left);
        }
    }
}

proptest! {
    #[test]
    fn i04_a_digest_is_the_same_at_every_cut(bytes: Vec<u8>, at: prop::sample::Index) {
        let at = at.index(bytes.len() + 1);
        for algorithm in [Algorithm::Md5, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            prop_assert_eq!(
                digest(algorithm, &[&bytes[..at], &bytes[at..]]),
                digest(algorithm, &[&bytes])
            );
        }
    }
}
