//! What a client or an origin tries that means harm, seen from the border: bytes in, bytes out.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use std::io::Write as _;

use border::RefusalCode;
use bytes::Bytes;
use common::{Vault, begin, border, bring, headers, send};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, Method, StatusCode};

const POLICY: &str = r#"
[app]
id = "crm"
operator = { name = "Far Away Inc.", jurisdiction = "US" }
hosts = ["crm.example.com"]
unmatched = "pass"
overrides = ["_method"]
confine = true
[fields.name]
class = "personal"
treatment = "match"
[fields.code]
class = "personal"
treatment = "vault"
[[routes]]
match = ["POST /things", "PUT /things/{id}"]
body = "json"
protect = [{ at = "$.name", field = "name" }, { at = "$.code", field = "code" }]
[[routes]]
match = "POST /forms"
body = "form"
protect = [{ at = "name", field = "name" }]
[[routes]]
match = ["GET /search", "POST /search"]
query = [{ at = "name", field = "name", required = true }]
[[routes]]
match = "POST /visits"
headers = [{ at = "x-patient", field = "name" }]
[[routes]]
match = "GET /things/{id}"
"#;
const HOST: &str = "crm.example.com";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

#[test]
fn i01_an_encoded_override_is_not_another_method() {
    let border = border(&[POLICY]);
    for target in [
        "/things/1?_method=PU%54",
        "/things/1?_method=%50UT",
        "/things/1?_method=PUT+",
    ] {
        let refused = begin(&border, HOST, &format!("POST {target}"), &HeaderMap::new());
        assert_eq!(
            refused.unwrap_err().code,
            RefusalCode::MethodOverride,
            "{target}"
        );
    }
    let followed = begin(&border, HOST, "POST /things/1?_method=PUT", &headers(&JSON)).unwrap();
    assert!(followed.route().is_some());
}

#[test]
fn i05_a_body_does_not_stand_in_for_a_required_parameter() {
    let border = border(&[POLICY]);
    for line in ["GET /search", "POST /search"] {
        let refused = begin(&border, HOST, line, &headers(&FORM));
        assert_eq!(
            refused.unwrap_err().code,
            RefusalCode::MissingPlace,
            "{line}"
        );
    }
    assert!(begin(&border, HOST, "POST /search?name=x", &headers(&FORM)).is_ok());
}

/// Rack and others split at `;` as well.
#[test]
fn i01_a_semicolon_hides_no_parameter() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    for target in [
        "/search?name=a;name=Tremblay",
        "/search?x=1;name=Tremblay&name=b",
        "/search?name=b&x;na%6De=Tremblay",
    ] {
        let left = begin(&border, HOST, &format!("GET {target}"), &HeaderMap::new());
        let clear =
            left.is_ok_and(|left| left.target().is_none_or(|left| left.contains("Tremblay")));
        assert!(!clear, "{target}");
    }
    for body in [
        "x=1;name=Tremblay",
        "x=;name=Tremblay",
        "x;na%6De=Tremblay",
        "name=a;name=Tremblay",
        "x=1;y=2;name=Tremblay&z=1",
    ] {
        for size in [1, 3, 100] {
            let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
            let left = send(&border, &mut vault, (HOST, "POST /forms"), &FORM, &pieces);
            let clear = left.is_ok_and(|left| left.windows(8).any(|at| at == b"Tremblay"));
            assert!(!clear, "{body}");
        }
    }
    let plain = b"x=1;y=2;named=3&z=;";
    assert_eq!(
        send(&border, &mut vault, (HOST, "POST /forms"), &FORM, &[plain]).unwrap(),
        plain
    );
}

#[test]
fn i13_codings_do_not_stack_over_several_lines() {
    let border = border(&[POLICY]);
    let mut head = headers(&JSON);
    for _ in 0..3 {
        head.append("content-encoding", "zstd".parse().unwrap());
    }
    let refused = begin(&border, HOST, "POST /things", &head).unwrap_err();
    assert_eq!(refused.code, RefusalCode::ContentCoding);
    let mut exchange = begin(&border, HOST, "GET /things/1", &HeaderMap::new()).unwrap();
    assert!(
        exchange
            .reveal(&Method::GET, StatusCode::OK, &mut head)
            .is_none()
    );
}

/// Browsers take the last type that they can read, so nothing is written for the first.
#[test]
fn i08_an_answer_of_two_types_reveals_nothing() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let body = br#"{"name":"<img src=x onerror=alert(1)>"}"#;
    let stored = send(&border, &mut vault, (HOST, "POST /things"), &JSON, &[body]).unwrap();
    let mut answer = |types: &[&str]| {
        let mut head = HeaderMap::new();
        for kind in types {
            head.append("content-type", kind.parse().unwrap());
        }
        bring(&border, &mut vault, HOST, &mut head, &[&stored])
    };
    for types in [
        &["text/plain", "text/html"][..],
        &["text/plain, text/html"],
        &["text/plain;charset=utf-8, text/html"],
        &["text/plain;x=\"a,b\" , text/html"],
        &["text/plain; ?, text/html; x=1"],
    ] {
        assert_eq!(answer(types), stored, "{types:?}");
    }
    for types in [&["text/plain"][..], &["text/plain", "text/plain"]] {
        assert_eq!(answer(types), body, "{types:?}");
    }
}

#[test]
fn i01_a_header_with_underscores_is_no_other_header() {
    let border = border(&[POLICY]);
    let respelled = headers(&[("x_patient", "Tremblay")]);
    let refused = begin(&border, HOST, "POST /visits", &respelled);
    assert_eq!(refused.unwrap_err().place.as_deref(), Some("x-patient"));
    for name in [
        "x_http_method_override",
        "x-http_method-override",
        "x_original_url",
    ] {
        let refused = begin(&border, HOST, "POST /rest", &headers(&[(name, "PUT")]));
        assert_eq!(
            refused.unwrap_err().code,
            RefusalCode::MethodOverride,
            "{name}"
        );
    }
    assert!(begin(&border, HOST, "POST /visits", &headers(&[("x_other", "1")])).is_ok());
}

#[test]
fn i01_no_trailers_follow_where_a_header_is_protected() {
    let border = border(&[POLICY]);
    let keeps = |line| {
        begin(&border, HOST, line, &headers(&JSON))
            .unwrap()
            .keeps_trailers()
    };
    assert!(!keeps("POST /visits"));
    assert!(keeps("POST /things") && keeps("POST /rest"));
}

/// A worker, an SVG image and a page of no type each have their own policy.
#[test]
fn a_confined_app_confines_every_answer() {
    let border = border(&[POLICY]);
    for kind in [
        "text/html",
        "text/html, text/html",
        "text/javascript",
        "image/svg+xml",
        "application/xhtml+xml",
        "image/png",
        "",
    ] {
        let mut head = HeaderMap::new();
        if !kind.is_empty() {
            head.append("content-type", kind.parse().unwrap());
        }
        let mut exchange = begin(&border, HOST, "GET /things/1", &HeaderMap::new()).unwrap();
        let _ = exchange.reveal(&Method::GET, StatusCode::OK, &mut head);
        assert_eq!(
            head.get_all("content-security-policy").iter().count(),
            1,
            "{kind}"
        );
    }
}

/// A few coded bytes that become hundreds of thousands of pointers: asked for a piece at a time, and answered in a
/// time that grows with their number, not with its square.
#[test]
fn i13_an_answer_of_many_pointers_is_asked_for_in_pieces() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let sent = send(
        &border,
        &mut vault,
        (HOST, "POST /things"),
        &JSON,
        &[br#"{"code":"1234"}"#],
    )
    .unwrap();
    let pointer = std::str::from_utf8(&sent)
        .unwrap()
        .split('"')
        .nth(3)
        .unwrap()
        .to_owned();
    let many = 200_000;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"[").unwrap();
    for _ in 0..many {
        encoder
            .write_all(format!("\"{pointer}\",").as_bytes())
            .unwrap();
    }
    encoder.write_all(b"0]").unwrap();
    let coded = encoder.finish().unwrap();
    let mut head = headers(&[
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ]);
    let mut exchange = begin(&border, HOST, "GET /things/1", &HeaderMap::new()).unwrap();
    let mut flow = exchange
        .reveal(&Method::GET, StatusCode::OK, &mut head)
        .unwrap();
    let mut most = 0;
    let mut progress = flow.push(Bytes::from(coded)).unwrap();
    while let border::Progress::Need(asks) = progress {
        most = most.max(asks.len());
        progress = flow
            .answer(asks.into_iter().map(|ask| vault.answer(ask)).collect())
            .unwrap();
        while flow.take().is_some() {}
    }
    assert!(most < many * 3 / 4, "{most} asks at once");
}
