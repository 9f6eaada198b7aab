//! Signed requests: by the example of a body in signed chunks that AWS's documentation gives, at many cuts; and what is
//! refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::VecDeque;

use border::{Border, Exchange, Flow, Refusal, RefusalCode, Signer, Signers};
use bytes::Bytes;
use common::{Vault, begin, headers, signing};
use http::request::Parts;
use http::{HeaderMap, Request};
use integrity::aws_chunked::Framing;
use integrity::sigv4::{Claim, Credentials, SecretKey, Signable};
use proptest::prelude::*;
use seal::file::stream::sealed_len;

const HOST: &str = "s3.amazonaws.com";
const POLICY: &str = r#"
[app]
id       = "s3"
operator = { name = "Example Inc.", jurisdiction = "US" }
hosts    = ["s3.amazonaws.com"]
[fields.object]
class     = "personal"
treatment = "sealed"
[[routes]]
match   = "PUT /open/{key}"
[[routes]]
match   = "PUT /records/{key}"
body    = "json"
protect = [{ at = "$.name", field = "object" }]
[[routes]]
match   = "PUT /{bucket}/{key}"
body    = "file"
protect = [{ at = "*", field = "object" }]
[[routes]]
match   = "GET /{bucket}/{key}"
answer  = "file"
"#;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const LINE: &str = "PUT /examplebucket/chunkObject.txt";

fn pair(access_key: &str, secret: &str) -> Credentials {
    Credentials {
        access_key: access_key.to_owned(),
        secret: SecretKey::new(secret.to_owned().into()),
        session_token: None,
    }
}

fn with_stand_in(secret: &str) -> Border {
    let mut signers = Signers::default();
    let signer = Signer {
        client: pair("AKIAIOSFODNN7EXAMPLE", secret),
        own: pair("OWN", "own"),
    };
    assert!(signers.add("s3", signer));
    signing(&[POLICY], signers)
}

fn authorization(signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders={signed},Signature={signature}"
    )
}

/// The head of the documentation's example.
fn head() -> HeaderMap {
    let signed = "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
                  x-amz-decoded-content-length;x-amz-storage-class";
    let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    headers(&[
        ("host", HOST),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("content-length", "66824"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("authorization", &authorization(signed, seed)),
    ])
}

fn body() -> Vec<u8> {
    let mut body = Vec::new();
    for (length, signature) in [
        (
            65_536,
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        ),
        (
            1024,
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        ),
        (
            0,
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ),
    ] {
        body.extend(format!("{length:x};chunk-signature={signature}\r\n").bytes());
        body.extend(vec![b'a'; length]);
        body.extend(b"\r\n");
    }
    body
}

/// The head as the wire gives it to the border to be signed.
fn leaving(exchange: &mut Exchange, line: &str, head: &HeaderMap) -> Parts {
    let (method, target) = line.split_once(' ').unwrap();
    let request = Request::builder().method(method);
    let request = request.uri(exchange.target().unwrap_or(target)).body(());
    let mut parts = request.unwrap().into_parts().0;
    parts.headers = head.clone();
    exchange.edit_request(&mut parts.headers);
    parts
}

fn drive(flow: &mut dyn Flow, pieces: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
    let (mut vault, mut out) = (Vault::default(), Vec::new());
    for piece in pieces {
        let progress = flow.push(Bytes::copy_from_slice(piece))?;
        vault.settle(flow, progress)?;
        out.extend(std::iter::from_fn(|| flow.take()).flatten());
    }
    let progress = flow.finish()?;
    vault.settle(flow, progress)?;
    out.extend(std::iter::from_fn(|| flow.take()).flatten());
    Ok(out)
}

/// What leaves of the example: its head, signed, and its body.
fn sent(border: &Border, line: &str, pieces: &[&[u8]]) -> Result<(Parts, Vec<u8>), Refusal> {
    let head = head();
    let mut exchange = begin(border, HOST, line, &head).map_err(|refusal| *refusal)?;
    let mut parts = leaving(&mut exchange, line, &head);
    exchange
        .check_signature(&parts)
        .map_err(|refusal| *refusal)?;
    let mut flow = exchange.protect().unwrap();
    let out = drive(&mut *flow, pieces)?;
    exchange.sign(&mut parts).map_err(|refusal| *refusal)?;
    Ok((parts, out))
}

fn is_signed_by(parts: &Parts, secret: &str) -> bool {
    let head = Signable {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
        has_body: true,
    };
    let claim = Claim::of(&parts.headers, parts.uri.query())
        .unwrap()
        .unwrap();
    let secret = SecretKey::new(secret.to_owned().into());
    claim.access_key == "OWN" && claim.verify(&head, &secret).is_ok()
}

#[test]
fn the_published_upload_is_sealed_and_signed_again() {
    let border = with_stand_in(SECRET);
    let (parts, out) = sent(&border, LINE, &[&body()]).unwrap();
    assert_eq!(out.len() as u64, sealed_len(66_560).unwrap());
    assert!(!out.windows(16).any(|window| window == [b'a'; 16]));
    assert!(is_signed_by(&parts, "own") && !is_signed_by(&parts, SECRET));
    assert_eq!(parts.headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
    for gone in ["content-encoding", "x-amz-decoded-content-length"] {
        assert_eq!(parts.headers.get(gone), None);
    }
}

#[test]
fn a_signature_that_does_not_hold_is_refused_at_the_head_or_at_its_chunk() {
    let refused = begin(&with_stand_in("another"), HOST, LINE, &head());
    assert_eq!(refused.unwrap_err().code, RefusalCode::BadSignature);

    let border = with_stand_in(SECRET);
    let mut added = head();
    added.insert("x-amz-acl", "public-read".parse().unwrap());
    let refused = begin(&border, HOST, LINE, &added);
    assert_eq!(refused.unwrap_err().code, RefusalCode::BadSignature);

    for at in [90, 66_000] {
        let mut changed = body();
        changed[at] = b'b';
        let refused = sent(&border, LINE, &[&changed]).unwrap_err();
        assert_eq!(refused.code, RefusalCode::BadSignature, "{at}");
    }
    let body = body();
    let refused = sent(&border, LINE, &[&body[..body.len() - 2]]).unwrap_err();
    assert_eq!(refused.code, RefusalCode::UnreadableBody);
}

#[test]
fn what_nobody_here_can_sign_passes_as_long_as_it_stays() {
    let border = common::border(&[POLICY]);
    let mut exchange = begin(&border, HOST, LINE, &head()).unwrap();
    let parts = leaving(&mut exchange, LINE, &head());
    let refused = exchange.check_signature(&parts).unwrap_err();
    assert_eq!(refused.code, RefusalCode::Unsignable);

    let mut exchange = begin(&border, HOST, "PUT /open/key", &head()).unwrap();
    let mut parts = leaving(&mut exchange, "PUT /open/key", &head());
    assert!(exchange.check_signature(&parts).is_ok() && exchange.protect().is_none());
    exchange.sign(&mut parts).unwrap();
    assert_eq!(parts.headers, head());

    // A range is taken out, since the whole file is asked for.
    let mut ranged = head();
    let signed = authorization(
        "host;range;x-amz-content-sha256;x-amz-date",
        &"0".repeat(64),
    );
    ranged.insert("authorization", signed.parse().unwrap());
    ranged.insert("range", "bytes=0-9".parse().unwrap());
    let mut exchange = begin(&border, HOST, "GET /bucket/key", &ranged).unwrap();
    let parts = leaving(&mut exchange, "GET /bucket/key", &ranged);
    let refused = exchange.check_signature(&parts).unwrap_err();
    assert_eq!(refused.code, RefusalCode::Unsignable);

    // A presigned URL of S3 signs no body.
    let line = "PUT /bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20130524%2Fr%2Fs3%2Faws4_request\
                &X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let head = headers(&[("host", HOST), ("content-length", "5")]);
    let mut exchange = begin(&border, HOST, line, &head).unwrap();
    let parts = leaving(&mut exchange, line, &head);
    assert!(exchange.check_signature(&parts).is_ok() && exchange.protect().is_some());
}

#[test]
fn a_body_in_chunks_is_rewritten_by_its_format_within_its_codings() {
    let border = common::border(&[POLICY]);
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    let framed = |content: &[u8]| {
        let length = content.len().to_string();
        let head = headers(&[
            ("host", HOST),
            ("content-type", "application/json"),
            ("content-encoding", "gzip,aws-chunked"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", &length),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ]);
        let framing = Framing::of(&head).unwrap().unwrap();
        let (mut encoder, mut out) = (framing.encoder().unwrap(), VecDeque::new());
        encoder.push(Bytes::copy_from_slice(content), &mut out);
        encoder.finish(&mut out);
        (head, out.into_iter().flatten().collect::<Vec<u8>>())
    };
    let line = "PUT /records/7";
    let (head, body) = framed(&gzip(br#"{"name":"Marguerite","ward":"7"}"#));
    for at in 0..body.len() {
        let mut exchange = begin(&border, HOST, line, &head).unwrap();
        let mut parts = leaving(&mut exchange, line, &head);
        let mut flow = exchange.protect().unwrap();
        let out = drive(&mut *flow, &[&body[..at], &body[at..]]).unwrap();
        exchange.sign(&mut parts).unwrap();
        let framing = Framing::of(&parts.headers).unwrap().unwrap();
        let (mut decoder, mut content) = (framing.decoder(None), Vec::new());
        decoder.push(out.into(), &mut content).unwrap();
        decoder.finish().unwrap();
        let mut text = String::new();
        let content = content.concat();
        let mut decoded = flate2::read::GzDecoder::new(&content[..]);
        std::io::Read::read_to_string(&mut decoded, &mut text).unwrap();
        assert!(text.ends_with(r#"","ward":"7"}"#) && !text.contains("Marguerite"));
    }
    // Longer than what is held whole, and short enough for one chunk: its length is known when its head leaves.
    let ward = "7".repeat(2 << 20);
    let (head, body) = framed(&gzip(
        format!(r#"{{"name":"Marguerite","ward":"{ward}"}}"#).as_bytes(),
    ));
    let mut exchange = begin(&border, HOST, line, &head).unwrap();
    let mut parts = leaving(&mut exchange, line, &head);
    let out = drive(
        &mut *exchange.protect().unwrap(),
        &[&body[..100], &body[100..]],
    )
    .unwrap();
    exchange.sign(&mut parts).unwrap();
    let framing = Framing::of(&parts.headers).unwrap().unwrap();
    let (mut decoder, mut content) = (framing.decoder(None), Vec::new());
    decoder.push(out.into(), &mut content).unwrap();
    decoder.finish().unwrap();
    // Longer than a chunk: it would have to be told before its end is there.
    let noise = (0..2_000_000_u64).map(|at| char::from(b'0' + (at * at % 7919 % 10) as u8));
    let long = format!(
        r#"{{"name":"Marguerite","ward":"{}"}}"#,
        noise.collect::<String>()
    );
    let (mut head, _) = framed(b"");
    head.insert("content-encoding", "aws-chunked".parse().unwrap());
    head.insert("x-amz-decoded-content-length", long.len().into());
    let mut exchange = begin(&border, HOST, line, &head).unwrap();
    let mut parts = leaving(&mut exchange, line, &head);
    let mut flow = exchange.protect().unwrap();
    let first = Bytes::from(format!("{:x}\r\n{long}", long.len()));
    let progress = flow.push(first).unwrap();
    Vault::default().settle(&mut *flow, progress).unwrap();
    assert!(flow.take().is_some());
    let refused = exchange.sign(&mut parts).unwrap_err();
    assert_eq!(refused.code, RefusalCode::TooLong);
}

#[test]
fn checksums_of_what_is_sealed_are_not_told_of_the_plaintext() {
    let head = headers(&[("host", HOST), ("content-length", "5")]);
    let border = common::border(&[POLICY]);
    for (line, told) in [(LINE, false), ("PUT /open/key", true)] {
        let mut exchange = begin(&border, HOST, line, &head).unwrap();
        let mut answer = headers(&[
            ("etag", "\"5d41402abc4b2a76b9719d911017c592\""),
            ("x-amz-checksum-crc32", "NhCmhg=="),
            ("content-length", "0"),
        ]);
        let status = http::StatusCode::OK;
        let _ = exchange.reveal(&http::Method::PUT, status, &mut answer);
        assert_eq!(answer.contains_key("x-amz-checksum-crc32"), told, "{line}");
        assert!(answer.contains_key("etag"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn i04_the_same_leaves_at_every_cut(mut cuts in prop::collection::vec(0..67_000_usize, 0..6)) {
        let (border, body) = (with_stand_in(SECRET), body());
        cuts.extend([0, body.len()]);
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(body.len()));
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect();
        let whole = sent(&border, LINE, &[&body]).unwrap().1;
        prop_assert_eq!(sent(&border, LINE, &pieces).unwrap().1, whole);
    }
}
