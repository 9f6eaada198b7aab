//! A sealed file, whole or damaged, on its way back through the border: a part of it is the part that was asked for,
//! what comes out stood there, and a file that is not whole never looks whole.
#![no_main]

use std::sync::{Arc, LazyLock};

use border::{Border, Exchange, Flow, Incoming, Keys, Limits, Progress, Reader, Reference};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use libfuzzer_sys::fuzz_target;
use seal::Chance;

const POLICY: &str = r#"
[app]
id = "a"
title = "A"
operator = { name = "B", jurisdiction = "US" }
hosts = ["a.example"]
[fields.document]
class = "personal"
treatment = "sealed"
[[routes]]
match = "PUT /file"
body = "file"
protect = [{ at = "*", field = "document" }]
[[routes]]
match = "GET /file"
"#;

static BORDER: LazyLock<Border> = LazyLock::new(|| {
    let sources = [policy::Source::new("a.toml", POLICY)];
    let plan = policy::compile(&sources).expect("a plan").plan;
    let mut chance = Counter(7);
    let mut keyring = keys::Keyring::create(&mut chance);
    keyring
        .ensure_field("a", "document", &mut chance)
        .expect("a key");
    let keys = Keys::derive(&keyring).expect("keys");
    Border::new(Arc::new(plan), Arc::new(keys), Limits::default())
});

/// The same numbers every time, so that an input behaves the same every time.
struct Counter(u64);

impl Chance for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

fn begin(method: &Method, headers: &HeaderMap) -> Exchange {
    let incoming = Incoming {
        host: "a.example",
        method,
        target: "/file",
        headers,
        has_body: *method == Method::PUT,
        reader: Reader::Anyone,
        reference: Reference(*b"fuzzedfuzzed"),
    };
    BORDER
        .begin(&incoming, Box::new(Counter(1)))
        .expect("a route")
}

fuzz_target!(|data: &[u8]| {
    let Some((&[repeat, step, a, b, more, deed, at], text)) = data.split_first_chunk() else {
        return;
    };
    // Long enough for several segments.
    let plain = text.repeat(1 + usize::from(repeat) * 20);
    let step = 1 + usize::from(step) * 300;
    let mut flow = begin(&Method::PUT, &HeaderMap::new())
        .protect()
        .expect("a body that is protected");
    let (mut sealed, whole) = drive(&mut *flow, &plain, step);
    assert!(
        whole || sealed.is_empty(),
        "only what begins like a sealed file is refused"
    );
    if !whole {
        return;
    }
    let place = usize::from(at) * sealed.len() / 256;
    let damaged = match deed % 4 {
        1 if !sealed.is_empty() => {
            sealed[place] ^= 1 + deed / 4;
            true
        }
        2 => sealed.drain(place..).count() > 0,
        3 => {
            sealed.extend_from_slice(&plain);
            !plain.is_empty()
        }
        _ => false,
    };
    let first = usize::from(u16::from_be_bytes([a, b]));
    let asked = format!("bytes={first}-{}", first + usize::from(more));
    let mut head = HeaderMap::new();
    if repeat % 2 == 0 {
        head.insert(RANGE, HeaderValue::from_str(&asked).expect("a value"));
    }
    let mut exchange = begin(&Method::GET, &head);
    exchange.edit_request(&mut head);
    let mut status = StatusCode::OK;
    let mut answer = HeaderMap::new();
    answer.insert(CONTENT_LENGTH, sealed.len().into());
    let flow = exchange.reveal(&Method::GET, status, &mut answer);
    let Some(mut flow) = flow else {
        assert!(damaged || plain.is_empty(), "a sealed file is looked at");
        return;
    };
    let (back, whole) = drive(&mut *flow, &sealed, step);
    exchange.tell(&mut status, &mut answer);
    if back == sealed && whole {
        // Its header was damaged: it is nobody's.
        assert!(damaged);
        return;
    }
    match status {
        StatusCode::PARTIAL_CONTENT if whole => {
            let from = plain.get(first..).unwrap_or_default();
            assert!(from.starts_with(&back), "what came out stood there");
            let most = from.len().min(usize::from(more) + 1);
            assert!(damaged || back.len() == most, "I2");
        }
        StatusCode::RANGE_NOT_SATISFIABLE => assert!(back.is_empty()),
        StatusCode::OK => {
            assert_eq!(whole, !damaged, "what is not whole never looks whole");
            assert!(plain.starts_with(&back), "what came out stood there");
            assert!(!whole || back == plain, "I2");
        }
        _ => assert!(damaged),
    }
});

/// What leaves, and whether it is whole.
fn drive(flow: &mut dyn Flow, body: &[u8], step: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    for piece in body.chunks(step) {
        match flow.push(Bytes::copy_from_slice(piece)) {
            Ok(Progress::More) => {}
            Ok(Progress::Need(_)) => panic!("nothing is kept at home here"),
            Err(_) => return (out, false),
        }
        out.extend(std::iter::from_fn(|| flow.take()).flatten());
        if flow.is_done() {
            return (out, true);
        }
    }
    let ended = flow.finish().is_ok();
    out.extend(std::iter::from_fn(|| flow.take()).flatten());
    (out, ended)
}
