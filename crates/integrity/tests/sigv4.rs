//! AWS Signature Version 4 by the examples of its own documentation, which stand in `vectors/`.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use common::{Vector, credentials, secret};
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use integrity::sigv4::{Claim, ClaimError, Denied, Form, Payload, Signable};
use proptest::prelude::*;

#[test]
fn every_published_signature_is_verified_and_made_again() {
    for name in Vector::ALL {
        let vector = Vector::read(name);
        let claim = vector.claim();
        assert_eq!(claim.access_key, "AKIAIOSFODNN7EXAMPLE");
        claim.verify(&vector.head(), &vector.secret()).expect(name);
        let own = credentials("AKIAIOSFODNN7EXAMPLE", &vector.secret);
        let mut headers = vector.headers.clone();
        headers.remove(AUTHORIZATION);
        let signed = claim.sign(vector.parts(), &mut headers, &own).unwrap();
        match claim.form {
            Form::Header => {
                assert_eq!(signed, None, "{name}");
                let line = headers.get(AUTHORIZATION).unwrap().to_str().unwrap();
                let told = format!("Signature={}", vector.signature);
                assert!(line.ends_with(&told), "{name}: {line}");
            }
            Form::Query => assert_eq!(signed, vector.query.clone(), "{name}"),
        }
    }
}

#[test]
fn what_a_signature_covers_cannot_be_another() {
    for name in Vector::ALL {
        let vector = Vector::read(name);
        let claim = vector.claim();
        let denied = |head: &Signable<'_>| claim.verify(head, &vector.secret());
        let head = vector.head();
        assert_eq!(
            claim.verify(&head, &secret("another")),
            Err(Denied::Signature),
            "{name}"
        );
        let method = &Method::DELETE;
        assert_eq!(denied(&Signable { method, ..head }), Err(Denied::Signature));
        let path = "/another";
        assert_eq!(denied(&Signable { path, ..head }), Err(Denied::Signature));
        let query = format!("{}&acl=", vector.query.clone().unwrap_or_default());
        let query = Some(query.as_str());
        assert_eq!(denied(&Signable { query, ..head }), Err(Denied::Signature));
        for signed in vector.headers.keys().filter(|name| claim.covers(name)) {
            let mut headers = vector.headers.clone();
            headers.append(signed, HeaderValue::from_static("more"));
            let headers = &headers;
            assert_eq!(
                denied(&Signable { headers, ..head }),
                Err(Denied::Signature)
            );
            let mut headers = vector.headers.clone();
            headers.remove(signed);
            let headers = &headers;
            assert!(denied(&Signable { headers, ..head }).is_err());
        }
        let mut headers = vector.headers.clone();
        let acl = HeaderName::from_static("x-amz-acl");
        headers.insert(&acl, HeaderValue::from_static("public-read"));
        let headers = &headers;
        assert_eq!(
            denied(&Signable { headers, ..head }),
            Err(Denied::Uncovered(acl))
        );
    }
}

#[test]
fn what_is_written_otherwise_and_means_the_same_is_the_same() {
    let vector = Vector::read("s3-put-object");
    let mut headers = vector.headers.clone();
    headers.insert(
        "x-amz-storage-class",
        HeaderValue::from_static("  REDUCED_REDUNDANCY "),
    );
    let head = Signable {
        path: "/test%24file.tex%74",
        headers: &headers,
        ..vector.head()
    };
    vector.claim().verify(&head, &vector.secret()).unwrap();
    let listed = Vector::read("s3-list-objects");
    let head = Signable {
        query: Some("max-keys=2&prefix=%4A"),
        ..listed.head()
    };
    listed.claim().verify(&head, &listed.secret()).unwrap();
}

#[test]
fn temporary_credentials_bring_their_token() {
    for name in ["s3-put-object", "s3-presigned-get"] {
        let vector = Vector::read(name);
        let mut own = credentials("ASIAOWN", "own-secret");
        own.session_token = Some(integrity::sigv4::SessionToken::new(
            "a+token/=".to_owned().into(),
        ));
        let mut headers = vector.headers.clone();
        let query = vector.claim().sign(vector.parts(), &mut headers, &own);
        let query = query.unwrap();
        let head = Signable {
            query: query.as_deref(),
            headers: &headers,
            ..vector.head()
        };
        let claim = Claim::of(&headers, query.as_deref()).unwrap().unwrap();
        assert_eq!(claim.access_key, "ASIAOWN");
        claim.verify(&head, &secret("own-secret")).unwrap();
        let told = match claim.form {
            Form::Header => headers.contains_key("x-amz-security-token"),
            Form::Query => query
                .unwrap()
                .contains("X-Amz-Security-Token=a%2Btoken%2F%3D"),
        };
        assert!(told, "{name}");
    }
}

#[test]
fn another_service_encodes_its_path_twice_and_says_nothing_of_an_absent_body() {
    // Of the suite of general examples, get-utf8: the path is `/` and U+1234.
    let headers = HeaderMap::from_iter([
        (HOST, HeaderValue::from_static("example.amazonaws.com")),
        (
            HeaderName::from_static("x-amz-date"),
            HeaderValue::from_static("20150830T123600Z"),
        ),
        (
            AUTHORIZATION,
            HeaderValue::from_static(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=host;x-amz-date, \
                 Signature=8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            ),
        ),
    ]);
    let claim = Claim::of(&headers, None).unwrap().unwrap();
    let head = Signable {
        method: &Method::GET,
        path: "/%E1%88%B4",
        query: None,
        headers: &headers,
        has_body: false,
    };
    let secret = secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    // The suite signs the raw character once encoded; a path of which the encoding is sent is encoded once more.
    let raw = Signable {
        path: "/\u{1234}",
        ..head
    };
    claim.verify(&raw, &secret).unwrap();
    assert_eq!(claim.verify(&head, &secret), Err(Denied::Signature));
    let with_body = Signable {
        has_body: true,
        ..raw
    };
    assert_eq!(claim.verify(&with_body, &secret), Err(Denied::Bodiless));
}

#[test]
fn what_is_no_signature_or_none_of_this_kind_is_none() {
    let of = |line: &'static str, query: Option<&str>| {
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, HeaderValue::from_static(line)),
            (
                HeaderName::from_static("x-amz-date"),
                HeaderValue::from_static("20130524T000000Z"),
            ),
        ]);
        Claim::of(&headers, query)
    };
    assert_eq!(of("Bearer AWS4", None), Ok(None));
    assert_eq!(of("Basic QVdTNA==", Some("a=b")), Ok(None));
    let whole = "AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=host, Signature=00";
    assert!(of(whole, None).unwrap().is_some());
    assert_eq!(of(whole, Some("X-Amz-Signature=0")), Err(ClaimError::Twice));
    for bad in [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA512 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20130525/r/s3/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20130524/r/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=Host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=host;date, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20130524/r/s3/aws4_request, SignedHeaders=host",
    ] {
        assert!(
            matches!(of(bad, None), Err(ClaimError::Part { .. })),
            "{bad}"
        );
    }
    let asymmetric = "AWS4-ECDSA-P256-SHA256 Credential=A/20130524/s3/aws4_request, SignedHeaders=host, Signature=00";
    let claim = of(asymmetric, None).unwrap().unwrap();
    let vector = Vector::read("s3-get-object");
    let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("a.example"))]);
    let head = Signable {
        headers: &headers,
        ..vector.head()
    };
    assert_eq!(
        claim.verify(&head, &vector.secret()),
        Err(Denied::Asymmetric)
    );
}

#[test]
fn the_word_about_the_body_is_read() {
    let of = |text: &'static str| {
        let name = HeaderName::from_static("x-amz-content-sha256");
        Payload::of(&HeaderMap::from_iter([(
            name,
            HeaderValue::from_static(text),
        )]))
        .unwrap()
    };
    assert_eq!(of("UNSIGNED-PAYLOAD"), Payload::Unsigned);
    assert!(matches!(
        of("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
        Payload::Digest(_)
    ));
    assert_eq!(
        of("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"),
        Payload::Other
    );
    assert!(!of("STREAMING-UNSIGNED-PAYLOAD-TRAILER").covers_body());
    assert!(of("STREAMING-AWS4-HMAC-SHA256-PAYLOAD").covers_body());
    assert_eq!(Payload::of(&HeaderMap::new()), None);
}

#[test]
fn no_secret_is_printed() {
    let own = credentials("AKID", "wJalrXUtnFEMI");
    assert!(!format!("{own:?}").contains("wJalr"));
}

proptest! {
    /// Whatever is signed by one secret verifies by it, and by no other.
    #[test]
    fn what_is_signed_verifies(
        path in "(/[a-z%20+é~]{0,8}){1,4}",
        query in proptest::option::of("[a-z]{1,3}=[a-z0-9%20+]{0,6}(&[a-z]{1,3}(=[A-Z]{0,3})?){0,3}"),
        meta in "[ -~]{0,24}",
        presigned: bool,
    ) {
        let name = if presigned { "s3-presigned-get" } else { "s3-get-object" };
        let vector = Vector::read(name);
        let mut headers = vector.headers.clone();
        headers.insert("x-amz-meta-note", HeaderValue::try_from(meta).unwrap());
        let query = match (&vector.query, query) {
            (Some(signed), Some(query)) => Some(format!("{query}&{signed}")),
            (signed, query) => query.or(signed.clone()),
        };
        let parts = (&Method::PUT, path.as_str(), query.as_deref());
        let own = credentials("OWN", "own");
        let signed = vector.claim().sign(parts, &mut headers, &own).unwrap();
        let signed = signed.or(query.clone());
        let head = Signable {
            method: &Method::PUT,
            path: &path,
            query: signed.as_deref(),
            headers: &headers,
            has_body: true,
        };
        let claim = Claim::of(&headers, signed.as_deref()).unwrap().unwrap();
        prop_assert_eq!(claim.verify(&head, &secret("own")), Ok(()));
        prop_assert_eq!(claim.verify(&head, &secret("other")), Err(Denied::Signature));
    }
}
