//! A request protected and its answer revealed, with real keys: nothing leaves before the body is whole (I5), no long
//! value leaves as it came (I1), and what another parser reads at the end is what it read at the beginning (I2).
#![no_main]

use std::sync::{Arc, LazyLock};

use border::{Border, Flow, Incoming, Keys, Limits, Progress, Reader, Reference};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use libfuzzer_sys::fuzz_target;
use seal::Chance;

const POLICY: &str = r#"
[app]
id = "a"
title = "A"
operator = { name = "B", jurisdiction = "US" }
hosts = ["a.example"]
[fields.name]
class = "personal"
treatment = "match"
[fields.note]
class = "health"
treatment = "sealed"
[[routes]]
match = "POST /json"
body = "json"
protect = [{ at = "$.name", field = "name" }, { at = "$..note", field = "note" }]
[[routes]]
match = "POST /form"
body = "form"
protect = [{ at = "name", field = "name" }, { at = "note", field = "note" }]
[[routes]]
match = "POST /text"
body = "text"
protect = [{ at = "*", field = "note" }]
"#;

const ROUTES: [(&str, &str); 3] = [
    ("/json", "application/json"),
    ("/form", "application/x-www-form-urlencoded"),
    ("/text", "text/plain; charset=utf-8"),
];

static BORDER: LazyLock<Border> = LazyLock::new(|| {
    let plan = policy::compile(&[policy::Source::new("a.toml", POLICY)])
        .expect("a plan")
        .plan;
    let mut chance = Counter(7);
    let mut keyring = keys::Keyring::create(&mut chance);
    for field in ["name", "note"] {
        keyring
            .ensure_field("a", field, &mut chance)
            .expect("a key");
    }
    Border::new(
        Arc::new(plan),
        Arc::new(Keys::derive(&keyring).expect("keys")),
        Limits::default(),
    )
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

fuzz_target!(|data: &[u8]| {
    let [choice, size, body @ ..] = data else {
        return;
    };
    let (path, content_type) = ROUTES[usize::from(*choice) % ROUTES.len()];
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let incoming = Incoming {
        host: "a.example",
        method: &Method::POST,
        target: path,
        headers: &headers,
        has_body: true,
        reader: Reader::Anyone,
        reference: Reference(*b"fuzzedfuzzed"),
    };
    let mut exchange = BORDER
        .begin(&incoming, Box::new(Counter(u64::from(*size))))
        .expect("a route");
    let mut flow = exchange.protect().expect("a body that is protected");
    let Some(left) = drive(&mut *flow, body, usize::from(*size), true) else {
        return;
    };
    let mut answer = HeaderMap::new();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let back = match exchange.reveal(&Method::POST, StatusCode::OK, &mut answer) {
        Some(mut flow) => {
            drive(&mut *flow, &left, usize::from(*size), false).expect("a revealing never fails")
        }
        None => left.clone(),
    };
    match path {
        "/json" => {
            let came = serde_json::from_slice::<serde_json::Value>(body);
            let Ok(came) = came else { return };
            let held: serde_json::Value = serde_json::from_slice(&left).expect("JSON stays JSON");
            if let Some(name) = came["name"]
                .as_str()
                .filter(|name| name.len() >= 8 && !name.contains("671"))
            {
                assert_ne!(held["name"], name, "I1");
            }
            assert_eq!(
                serde_json::from_slice::<serde_json::Value>(&back).ok(),
                Some(came),
                "I2"
            );
        }
        "/form" => {
            let pairs = |bytes: &[u8]| {
                form_urlencoded::parse(bytes)
                    .into_owned()
                    .collect::<Vec<_>>()
            };
            assert_eq!(pairs(&back), pairs(body), "I2");
        }
        _ => assert_eq!(back, body, "I2"),
    }
});

/// What leaves; nothing where it is refused.
fn drive(flow: &mut dyn Flow, body: &[u8], size: usize, whole: bool) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for piece in body.chunks(size.max(1)) {
        let progress = flow.push(Bytes::copy_from_slice(piece)).ok()?;
        assert!(
            matches!(progress, Progress::More),
            "nothing is kept at home here"
        );
        while let Some(bytes) = flow.take() {
            assert!(!whole, "I5: nothing leaves before the body is whole");
            out.extend_from_slice(&bytes);
        }
    }
    let _asks = flow.finish().ok()?;
    while let Some(bytes) = flow.take() {
        out.extend_from_slice(&bytes);
    }
    Some(out)
}
