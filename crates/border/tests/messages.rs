//! Messages of Protocol Buffers: what leaves as tokens comes back as values at the places that the route names.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use bytes::Bytes;
use common::{Vault, begin, border, headers};
use http::{HeaderMap, Method, StatusCode};

const HOST: &str = "clinic.example";

const POLICY: &str = r#"
[app]
id = "clinic"
operator = { name = "X", jurisdiction = "US" }
hosts = ["clinic.example"]

[fields.name]
class = "health"
treatment = "match"
[fields.mail]
class = "health"
treatment = "vault"
[fields.chart]
class = "health"
treatment = "format:digits"

[[routes]]
match = "POST /clinic.v1.Patients/{method}"
body = "grpc"
answer = "grpc"
protect = [
  { at = "1.1", field = "name" },
  { at = "1.2", field = "mail" },
  { at = "1.3", field = "chart" },
]
reveal = [
  { at = "1.1", field = "name" },
  { at = "1.2", field = "mail" },
  { at = "1.3", field = "chart" },
]
"#;

/// A field whose content has a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 0x80, "one byte tells it");
    [&[number << 3 | 2, length][..], content].concat()
}

fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}

fn request() -> Vec<u8> {
    let patient = [
        field(1, "Zoé Tremblay".as_bytes()),
        field(2, b"z@clinic.example"),
        field(3, b"123456789"),
        field(9, b"kept"),
    ];
    frame(&field(1, &patient.concat()))
}

#[test]
fn i02_what_a_message_held_comes_back_in_one() {
    let border = border(&[POLICY]);
    let mut vault = Vault::default();
    let head = headers(&[("content-type", "application/grpc")]);
    let line = "POST /clinic.v1.Patients/Put";
    let mut exchange = begin(&border, HOST, line, &head).unwrap();
    let mut flow = exchange.protect().unwrap();
    let stored = vault.drive(&mut *flow, &[&request()]).unwrap();
    for value in ["Zoé", "z@clinic.example", "123456789"] {
        let found = stored.windows(value.len()).any(|at| at == value.as_bytes());
        assert!(!found, "{value}");
    }
    for content_type in ["application/grpc", "application/grpc-web+proto"] {
        let chunks: Vec<&[u8]> = stored.chunks(7).collect();
        let mut exchange = begin(&border, HOST, line, &head).unwrap();
        let mut head = headers(&[("content-type", content_type)]);
        let flow = exchange.reveal(&Method::POST, StatusCode::OK, &mut head);
        let shown = vault.drive(&mut *flow.unwrap(), &chunks).unwrap();
        assert!(shown == request(), "{content_type}");
    }
}

#[test]
fn an_answer_of_another_type_or_route_is_no_message() {
    let border = border(&[POLICY]);
    let head = headers(&[("content-type", "application/grpc")]);
    let line = "POST /clinic.v1.Patients/Get";
    let mut exchange = begin(&border, HOST, line, &head).unwrap();
    let mut head = HeaderMap::new();
    head.insert("content-type", "application/protobuf".parse().unwrap());
    head.insert("content-length", "0".parse().unwrap());
    exchange.reveal(&Method::POST, StatusCode::OK, &mut head);
    assert!(head.contains_key("content-length"));
}

#[test]
fn i04_a_message_leaves_before_the_next_one_comes() {
    let border = border(&[POLICY]);
    let mut vault = Vault::default();
    let head = headers(&[("content-type", "application/grpc")]);
    let mut exchange = begin(&border, HOST, "POST /clinic.v1.Patients/Both", &head).unwrap();
    let mut flow = exchange.protect().unwrap();
    let message = request();
    let (first, rest) = message.split_at(message.len() - 1);
    let mut push = |piece: &[u8]| {
        let progress = flow.push(Bytes::copy_from_slice(piece)).unwrap();
        vault.settle(&mut *flow, progress).unwrap();
        let mut left = Vec::new();
        while let Some(piece) = flow.take() {
            left.extend_from_slice(&piece);
        }
        left
    };
    for _ in 0..2 {
        assert!(push(first).is_empty(), "a part of a message");
        assert!(push(rest).len() > message.len(), "tokens are longer");
    }
}
