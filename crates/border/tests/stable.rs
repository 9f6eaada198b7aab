//! What was revealed and comes back unchanged is what stood in the app (`protect(reveal(x)) = x`), and a request that
//! is sent again carries the same bytes.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use common::{Vault, begin, border, headers};
use http::{HeaderMap, Method, StatusCode};

const POLICY: &str = r#"
[app]
id = "crm"
operator = { name = "X", jurisdiction = "US" }
hosts = ["crm.example"]

[fields.note]
class = "health"
treatment = "sealed"
stable = true
[fields.phone]
class = "personal"
treatment = "vault"
stable = true
[fields.name]
class = "personal"
treatment = "match"
[fields.loose]
class = "health"
treatment = "sealed"

[[routes]]
match = ["POST /things", "PUT /things/{id}", "GET /things/{id}/edit", "GET /things/{id}"]
body = "json"
protect = [
  { at = "$.note", field = "note" },
  { at = "$.phone", field = "phone" },
  { at = "$.name", field = "name" },
  { at = "$.loose", field = "loose" },
]
"#;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Sends a body as this request and gives what the app gets.
fn sent(
    border: &border::Border,
    vault: &mut Vault,
    line: &str,
    head: &[(&'static str, &str)],
    body: &[u8],
) -> String {
    vault.seed += 1;
    let body = common::send(border, vault, ("crm.example", line), head, &[body]).unwrap();
    String::from_utf8(body).unwrap()
}

/// Reads what stands in the app by this request, in the clear.
fn read(border: &border::Border, vault: &mut Vault, line: &str, stored: &str) -> String {
    let mut exchange = begin(border, "crm.example", line, &HeaderMap::new()).unwrap();
    let mut head = headers(JSON);
    let mut flow = exchange
        .reveal(&Method::GET, StatusCode::OK, &mut head)
        .unwrap();
    let shown = vault.drive(&mut *flow, &[stored.as_bytes()]).unwrap();
    vault.remember(exchange.memories());
    String::from_utf8(shown).unwrap()
}

fn value(json: &str, key: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    json[key].as_str().unwrap().to_owned()
}

const RECORD: &[u8] =
    br#"{"note":"a\nb","phone":"418 555-0123","name":"Roy","loose":"x","other":1}"#;

#[test]
fn an_edit_form_that_posts_every_field_again_changes_nothing() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let stored = sent(&border, &mut vault, "POST /things", JSON, RECORD);
    let shown = read(&border, &mut vault, "GET /things/7/edit", &stored);
    assert_eq!(shown.as_bytes(), RECORD);
    // A form sends its line ends as CRLF.
    let posted = shown.replace(r"a\nb", r"a\r\nb");
    let again = sent(
        &border,
        &mut vault,
        "PUT /things/7",
        JSON,
        posted.as_bytes(),
    );
    for stable in ["note", "phone", "name"] {
        assert_eq!(value(&again, stable), value(&stored, stable), "{stable}");
    }
    assert_ne!(
        value(&again, "loose"),
        value(&stored, "loose"),
        "nothing was promised of it"
    );
    let changed = shown.replace("0123", "0124");
    let other = sent(
        &border,
        &mut vault,
        "PUT /things/7",
        JSON,
        changed.as_bytes(),
    );
    assert_ne!(value(&other, "phone"), value(&stored, "phone"));
    assert_eq!(value(&other, "note"), value(&stored, "note"));
}

#[test]
fn a_memory_is_of_one_resource_and_its_latest_token() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let first = sent(&border, &mut vault, "POST /things", JSON, RECORD);
    read(&border, &mut vault, "GET /things/7", &first);
    let elsewhere = sent(&border, &mut vault, "PUT /things/8", JSON, RECORD);
    assert_ne!(value(&elsewhere, "note"), value(&first, "note"));
    read(&border, &mut vault, "GET /things/7", &elsewhere);
    let latest = sent(&border, &mut vault, "PUT /things/7", JSON, RECORD);
    assert_eq!(value(&latest, "note"), value(&elsewhere, "note"));
}

#[test]
fn what_is_remembered_says_neither_value_nor_token() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let stored = sent(&border, &mut vault, "POST /things", JSON, RECORD);
    read(&border, &mut vault, "GET /things/7", &stored);
    assert_eq!(vault.memories.len(), 2, "of the stable fields only");
    let token = value(&stored, "note");
    for sealed in vault.memories.values() {
        assert!(!sealed.windows(4).any(|part| part == &token.as_bytes()[..4]));
        assert!(!sealed.windows(3).any(|part| part == b"418"));
    }
}

#[test]
fn a_forged_memory_is_not_believed() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let stored = sent(&border, &mut vault, "POST /things", JSON, RECORD);
    read(&border, &mut vault, "GET /things/7", &stored);
    let all: Vec<Vec<u8>> = vault.memories.values().cloned().collect();
    for (sealed, other) in vault.memories.values_mut().zip(all.iter().rev()) {
        sealed.clone_from(other);
    }
    let again = sent(&border, &mut vault, "PUT /things/7", JSON, RECORD);
    let shown = read(&border, &mut vault, "GET /things/7", &again);
    assert_eq!(shown.as_bytes(), RECORD, "exchanged memories are as none");
}

#[test]
fn a_request_sent_again_carries_the_same_bytes() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let head = |key| {
        [
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ]
    };
    let first = sent(&border, &mut vault, "POST /things", &head("k-1"), RECORD);
    let rows = vault.rows.len();
    assert_eq!(
        sent(&border, &mut vault, "POST /things", &head("k-1"), RECORD),
        first
    );
    assert_eq!(vault.rows.len(), rows, "the pointer is the same row's");
    let other = sent(&border, &mut vault, "POST /things", &head("k-2"), RECORD);
    assert_ne!(value(&other, "note"), value(&first, "note"));
    let changed = br#"{"note":"c","phone":"1","name":"Roy","loose":"x","other":1}"#;
    let changed = sent(&border, &mut vault, "POST /things", &head("k-1"), changed);
    assert_ne!(value(&changed, "note"), value(&first, "note"));
    assert_eq!(value(&changed, "loose"), value(&first, "loose"));
}
