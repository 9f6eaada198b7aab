//! Content codings on both ways: requests decoded and coded again, clean responses untouched.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use std::io::{Read as _, Write as _};

use border::{Limits, RefusalCode};
use common::{Vault, border, border_with, bring, headers, send};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

const POLICY: &str = r#"
[app]
id = "crm"
operator = { name = "Far Away Inc.", jurisdiction = "US" }
hosts = ["crm.example.com"]
[fields.name]
class = "personal"
treatment = "match"
[[routes]]
match = "POST /things"
body = "json"
protect = [{ at = "$.name", field = "name" }]
[[routes]]
match = "GET /things/{id}"
"#;
const TO_CRM: (&str, &str) = ("crm.example.com", "POST /things");
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const CODED: [(&str, &str); 2] = [
    ("content-type", "application/json"),
    ("content-encoding", "gzip"),
];

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(coded).read_to_end(&mut plain).unwrap();
    plain
}

fn pieces(body: &[u8]) -> Vec<&[u8]> {
    body.chunks(7).collect()
}

#[test]
fn i01_i02_a_coded_request_is_protected_and_its_coded_answer_revealed() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let plain = br#"{"kept":"as it was","name":"Tremblay"}"#;
    let left = send(&border, &mut vault, TO_CRM, &CODED, &pieces(&gzip(plain))).unwrap();
    let stored = gunzip(&left);
    assert!(!stored.windows(8).any(|window| window == b"Tremblay"));
    let back = bring(
        &border,
        &mut vault,
        TO_CRM.0,
        &mut headers(&CODED),
        &pieces(&gzip(&stored)),
    );
    assert_eq!(gunzip(&back), plain);
}

#[test]
fn i03_a_clean_coded_answer_leaves_byte_for_byte() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let coded = gzip(br#"{"nothing":"of ours"}"#);
    assert_eq!(
        bring(
            &border,
            &mut vault,
            TO_CRM.0,
            &mut headers(&CODED),
            &pieces(&coded)
        ),
        coded
    );
}

#[test]
fn an_answer_that_is_not_what_its_coding_says_passes_as_it_came() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let body = br#"{"not":"gzip at all"}"#;
    assert_eq!(
        bring(
            &border,
            &mut vault,
            TO_CRM.0,
            &mut headers(&CODED),
            &pieces(body)
        ),
        body
    );
}

#[test]
fn i13_a_coded_answer_beyond_the_limit_streams_and_says_the_same() {
    let border = border_with(
        &[POLICY],
        Limits {
            coded: 1 << 10,
            ..Limits::default()
        },
    );
    let mut vault = Vault::default();
    let name = send(
        &border,
        &mut vault,
        TO_CRM,
        &CODED[..1],
        &[br#"{"name":"Tremblay"}"#],
    )
    .unwrap();
    // Numbers that gzip cannot make small.
    let noise: String = (0..20_000u64)
        .map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect();
    let body = [format!(r#"["{noise}","#).as_bytes(), &name, b"]"].concat();
    let back = gunzip(&bring(
        &border,
        &mut vault,
        TO_CRM.0,
        &mut headers(&CODED),
        &pieces(&gzip(&body)),
    ));
    assert_eq!(
        back,
        [
            format!(r#"["{noise}","#).as_bytes(),
            br#"{"name":"Tremblay"}"#,
            b"]"
        ]
        .concat()
    );
}

#[test]
fn i05_a_coded_request_that_is_cut_short_or_goes_on_is_refused() {
    let border = border(&[POLICY]);
    let coded = gzip(br#"{"name":"Tremblay"}"#);
    let faulty = [
        coded[..coded.len() - 4].to_vec(),
        [&coded[..], b"{}"].concat(),
        Vec::new(),
    ];
    for body in faulty {
        let refusal = send(
            &border,
            &mut Vault::default(),
            TO_CRM,
            &CODED,
            &pieces(&body),
        )
        .unwrap_err();
        assert_eq!(refusal.code, RefusalCode::ContentCoding, "{refusal}");
    }
}

#[test]
fn what_cannot_be_undone_is_not_asked_for_and_answers_stay_private() {
    let border = border(&[POLICY]);
    let mut request = headers(&[
        ("accept-encoding", "gzip;q=0.5, dcz, br, *"),
        ("range", "bytes=5-"),
    ]);
    let mut exchange = common::begin(&border, TO_CRM.0, "GET /things/1", &request).unwrap();
    exchange.edit_request(&mut request);
    assert_eq!(request.get("accept-encoding").unwrap(), "gzip;q=0.5, br");
    assert!(!request.contains_key("range"));
    let mut answer = headers(&[
        ("content-type", "application/json"),
        ("content-length", "7"),
        ("accept-ranges", "bytes"),
        ("cache-control", "public, max-age=60, s-maxage=600"),
        ("etag", "\"abc\""),
    ]);
    assert!(
        exchange
            .reveal(&http::Method::GET, http::StatusCode::OK, &mut answer)
            .is_some()
    );
    assert_eq!(answer.get("cache-control").unwrap(), "private, max-age=60");
    assert_eq!(answer.get("etag").unwrap(), "\"abc\"");
    assert!(!answer.contains_key("content-length") && !answer.contains_key("accept-ranges"));
}

#[test]
fn a_coded_stream_of_events_is_given_event_by_event() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let plain = br#"{"name":"Tremblay"}"#;
    let stored = send(&border, &mut vault, TO_CRM, &JSON, &[plain]).unwrap();
    let token = String::from_utf8(stored)
        .unwrap()
        .split('"')
        .nth(3)
        .unwrap()
        .to_owned();
    let (begun, rest) = token.split_at(9);
    let event = |text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let events = [event("Mme "), event(begun), event(rest), event(".")];
    let mut head = headers(&[("content-type", "text/event-stream"), CODED[1]]);
    let get = http::HeaderMap::new();
    let mut exchange = common::begin(&border, TO_CRM.0, "GET /things/1", &get).unwrap();
    let method = http::Method::GET;
    let mut flow = exchange
        .reveal(&method, http::StatusCode::OK, &mut head)
        .unwrap();
    let mut origin = GzEncoder::new(Vec::new(), Compression::fast());
    let mut client = flate2::write::GzDecoder::new(Vec::new());
    let mut seen = Vec::new();
    for event in &events {
        origin.write_all(event.as_bytes()).unwrap();
        origin.flush().unwrap();
        let _ = flow.push(std::mem::take(origin.get_mut()).into()).unwrap();
        while let Some(piece) = flow.take() {
            client.write_all(&piece).unwrap();
        }
        client.flush().unwrap();
        seen.push(String::from_utf8(client.get_ref().clone()).unwrap());
    }
    assert_eq!(seen[0], events[0]);
    assert_eq!(seen[1], events[0], "what may be a token waits for its end");
    let joined = [event("Mme "), event("Tremblay"), event("")].concat();
    assert_eq!(seen[2], joined);
    assert_eq!(seen[3], joined + &events[3]);
}

#[test]
fn i02_names_in_the_headers_of_an_answer_are_revealed() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let plain = br#"{"name":"Zo\u00e9"}"#;
    let stored = send(&border, &mut vault, TO_CRM, &JSON, &[plain]).unwrap();
    let token = String::from_utf8(stored)
        .unwrap()
        .split('"')
        .nth(3)
        .unwrap()
        .to_owned();
    let named = format!("attachment; filename=\"{token}.pdf\"");
    let place = format!("/things/{token}");
    let mut head = headers(&[("content-disposition", &named), ("location", &place)]);
    bring(&border, &mut vault, TO_CRM.0, &mut head, &[]);
    assert_eq!(
        head["content-disposition"],
        "attachment; filename=\"Zo?.pdf\"; filename*=UTF-8''Zo%C3%A9.pdf"
    );
    assert_eq!(head["location"], place.as_str());
}
