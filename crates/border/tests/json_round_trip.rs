//! A JSON app from both sides: what leaves, what comes back, what is refused.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use border::{Limits, RefusalCode};
use common::{Vault, begin, border, border_with, bring, headers, send};
use proptest::prelude::*;
use serde_json::{Value, json};

const POLICY: &str = r#"
[app]
id = "crm"
operator = { name = "Far Away Inc.", jurisdiction = "US" }
hosts = ["crm.example.com"]
[fields.name]
class = "personal"
treatment = "match"
[fields.note]
class = "personal"
treatment = "sealed"
[fields.phone]
class = "personal"
treatment = "vault"
[fields.age]
class = "personal"
treatment = "match"
type = "number"
[fields.town]
class = "personal"
treatment = "match"
max = 60
[fields.secret]
class = "personal"
treatment = "block"
[fields.code]
class = "personal"
treatment = "mask"
[[routes]]
match = "POST /things"
body = "json"
protect = [
  { at = "$.name", field = "name" },
  { at = "$.note", field = "note" },
  { at = "$.phone", field = "phone" },
  { at = "$.age", field = "age" },
  { at = "$.town", field = "town" },
  { at = "$.secret", field = "secret" },
  { at = "$.code", field = "code" },
]
[[routes]]
match = "GET /things"
query = [{ at = "name", field = "name" }, { at = "town", field = "town" }]
[[routes]]
match = "GET /things/{id}"
"#;

const OTHER: &str = r#"
[app]
id = "other"
operator = { name = "Elsewhere Inc.", jurisdiction = "US" }
hosts = ["other.example.com"]
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

fn json_head() -> http::HeaderMap {
    headers(&JSON)
}

#[test]
fn i01_i02_nothing_protected_leaves_and_all_of_it_comes_back() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let body = json!({"name": "Tremblay", "note": "Él \"a\"\n", "phone": "418 555-0123", "age": 4211842, "kept": [1, "x"]});
    let left = send(
        &border,
        &mut vault,
        TO_CRM,
        &JSON,
        &[body.to_string().as_bytes()],
    )
    .unwrap();
    let text = String::from_utf8(left.clone()).unwrap();
    for value in ["Tremblay", "Él", "418 555", "4211842"] {
        assert!(!text.contains(value), "{value} left: {text}");
    }
    let stored: Value = serde_json::from_slice(&left).unwrap();
    assert_eq!(stored["kept"], json!([1, "x"]));
    assert_eq!(stored["phone"].as_str().unwrap().len(), 16);
    let back = bring(&border, &mut vault, TO_CRM.0, &mut json_head(), &[&left]);
    assert_eq!(serde_json::from_slice::<Value>(&back).unwrap(), body);
}

#[test]
fn i04_what_leaves_is_the_same_at_every_split() {
    let border = border(&[POLICY]);
    let body = br#"{"name":"Tremblay","phone":"418","note":"a\u00e9b","x":{"name":"not here"},"age":-1.5e3}"#;
    let whole = send(&border, &mut Vault::default(), TO_CRM, &JSON, &[body]).unwrap();
    for at in 0..=body.len() {
        let (left, right) = body.split_at(at);
        let split = send(
            &border,
            &mut Vault::default(),
            TO_CRM,
            &JSON,
            &[left, right],
        )
        .unwrap();
        assert_eq!(split, whole, "split at {at}");
    }
}

#[test]
fn i05_nothing_of_what_cannot_be_parsed_leaves() {
    let border = border(&[POLICY]);
    let faulty: [(&[u8], RefusalCode); 8] = [
        (br#"{"note": "x", "name": "#, RefusalCode::UnreadableBody),
        (
            br#"{"name": "a", "name": "b"}"#,
            RefusalCode::UnreadableBody,
        ),
        (br#"{"name": {"first": "a"}}"#, RefusalCode::UnreadableBody),
        (br#"{"name": "a"} trailing"#, RefusalCode::UnreadableBody),
        (
            b"\xef\xbb\xbf{\"name\": \"a\"}",
            RefusalCode::UnreadableBody,
        ),
        (b"{\0\"\0n\0", RefusalCode::UnreadableBody),
        (br#"{"secret": "x"}"#, RefusalCode::BlockedValue),
        (br#"{"age": "not a number"}"#, RefusalCode::UnreadableBody),
    ];
    for (body, code) in faulty {
        let head = json_head();
        let mut flow = begin(&border, TO_CRM.0, TO_CRM.1, &head)
            .unwrap()
            .protect()
            .unwrap();
        for byte in body {
            if flow.push(bytes::Bytes::copy_from_slice(&[*byte])).is_err() {
                break;
            }
            assert!(
                flow.take().is_none(),
                "a byte left before the body had ended"
            );
        }
        let refusal = send(&border, &mut Vault::default(), TO_CRM, &JSON, &[body]).unwrap_err();
        assert_eq!(refusal.code, code, "{refusal}");
        assert_eq!(refusal.app.as_deref(), Some("crm"));
    }
}

#[test]
fn i05_other_types_and_codings_than_the_routes_are_refused() {
    let border = border(&[POLICY]);
    let body = br#"{"name": "a"}"#;
    let heads: [&[(&str, &str)]; 5] = [
        &[],
        &[("content-type", "text/plain")],
        &[("content-type", "application/json; charset=utf-16")],
        &[
            ("content-type", "application/json"),
            ("content-encoding", "compress"),
        ],
        &[
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ],
    ];
    for head in heads {
        send(&border, &mut Vault::default(), TO_CRM, head, &[body]).unwrap_err();
    }
}

#[test]
fn i09_a_token_opens_on_its_own_app_only() {
    let (border, mut vault) = (border(&[POLICY, OTHER]), Vault::default());
    let body = br#"{"name": "Tremblay", "phone": "418 555-0123"}"#;
    let left = send(&border, &mut vault, TO_CRM, &JSON, &[body]).unwrap();
    assert_eq!(
        bring(
            &border,
            &mut vault,
            "other.example.com",
            &mut json_head(),
            &[&left]
        ),
        left
    );
    assert_eq!(
        bring(&border, &mut vault, TO_CRM.0, &mut json_head(), &[&left]),
        body
    );
}

#[test]
fn a_token_of_its_own_field_passes_and_one_of_another_is_sealed_anew() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let left = send(
        &border,
        &mut vault,
        TO_CRM,
        &JSON,
        &[br#"{"name": "Tremblay", "phone": "418"}"#],
    )
    .unwrap();
    assert_eq!(
        send(&border, &mut vault, TO_CRM, &JSON, &[&left]).unwrap(),
        left
    );

    let stored: Value = serde_json::from_slice(&left).unwrap();
    let moved = json!({"note": stored["name"]}).to_string();
    let sealed = send(&border, &mut vault, TO_CRM, &JSON, &[moved.as_bytes()]).unwrap();
    assert_ne!(sealed, moved.as_bytes());
    let back = bring(&border, &mut vault, TO_CRM.0, &mut json_head(), &[&sealed]);
    assert_eq!(
        back,
        br#"{"note": "Tremblay"}"#.to_vec().into_iter().filter(|b| *b != b' ').collect::<Vec<_>>()
    );
}

#[test]
fn tokens_inside_a_longer_value_are_opened_before_it_is_sealed() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let left = send(
        &border,
        &mut vault,
        TO_CRM,
        &JSON,
        &[br#"{"name": "Roy", "phone": "418 555-0123"}"#],
    )
    .unwrap();
    let stored: Value = serde_json::from_slice(&left).unwrap();
    let [name, phone] = ["name", "phone"].map(|key| stored[key].as_str().unwrap());
    for place in ["note", "phone"] {
        let quoted = json!({ place: format!("call {name} at {phone}!") }).to_string();
        let sealed = send(&border, &mut vault, TO_CRM, &JSON, &[quoted.as_bytes()]).unwrap();
        let back = bring(&border, &mut vault, TO_CRM.0, &mut json_head(), &[&sealed]);
        assert_eq!(
            serde_json::from_slice::<Value>(&back).unwrap(),
            json!({ place: "call Roy at 418 555-0123!" })
        );
    }
}

#[test]
fn a_query_asks_for_the_token_that_the_body_was_given() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let left = send(
        &border,
        &mut vault,
        TO_CRM,
        &JSON,
        &[br#"{"name":"Tremblay"}"#],
    )
    .unwrap();
    let token = serde_json::from_slice::<Value>(&left).unwrap()["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let exchange = begin(
        &border,
        TO_CRM.0,
        "GET /things?page=2&name=Tremblay",
        &headers(&[]),
    )
    .unwrap();
    assert_eq!(
        exchange.target(),
        Some(format!("/things?page=2&name={token}").as_str())
    );
    assert_eq!(exchange.receipt(), "protected=1, ref=test00000000");
}

#[test]
fn a_match_value_too_long_for_its_column_is_an_equality_pointer() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let body = br#"{"town":"Notre-Dame-de-Lourdes-de-la-Plaine"}"#;
    let left = send(&border, &mut vault, TO_CRM, &JSON, &[body]).unwrap();
    let again = send(&border, &mut vault, TO_CRM, &JSON, &[body]).unwrap();
    let pointer = serde_json::from_slice::<Value>(&left).unwrap()["town"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        (left.clone(), pointer.len(), vault.rows.len()),
        (again, 16, 1)
    );
    let exchange = begin(
        &border,
        TO_CRM.0,
        "GET /things?town=Notre-Dame-de-Lourdes-de-la-Plaine",
        &headers(&[]),
    )
    .unwrap();
    assert_eq!(
        exchange.target(),
        Some(format!("/things?town={pointer}").as_str())
    );
    assert_eq!(
        bring(&border, &mut vault, TO_CRM.0, &mut json_head(), &[&left]),
        body
    );
    let short = send(
        &border,
        &mut vault,
        TO_CRM,
        &JSON,
        &[br#"{"town":"Roberval"}"#],
    )
    .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&short).unwrap()["town"]
            .as_str()
            .unwrap()
            .len(),
        52
    );
}

#[test]
fn a_masked_value_cannot_come_back() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let left = send(&border, &mut vault, TO_CRM, &JSON, &[br#"{"code":"1234"}"#]).unwrap();
    assert_eq!(left, br#"{"code":"***"}"#);
}

#[test]
fn requests_that_no_route_describes_or_that_override_their_head_are_refused() {
    let border = border(&[POLICY]);
    let refused = |line: &str, head: &[(&'static str, &str)]| {
        begin(&border, TO_CRM.0, line, &headers(head))
            .unwrap_err()
            .code
    };
    assert_eq!(
        refused("DELETE /things/1", &[]),
        RefusalCode::UnmatchedRoute
    );
    assert_eq!(
        refused("GET /things/../admin", &[]),
        RefusalCode::AmbiguousPath
    );
    assert_eq!(refused("GET /things//1", &[]), RefusalCode::AmbiguousPath);
    assert_eq!(
        refused("GET /things/1", &[("x-http-method-override", "DELETE")]),
        RefusalCode::MethodOverride
    );
    assert_eq!(
        refused("GET /things/1?%5fmethod=DELETE", &[]),
        RefusalCode::MethodOverride
    );
    assert_eq!(
        refused("GET /things/1", &[("x-original-url", "/admin")]),
        RefusalCode::MethodOverride
    );
    assert!(
        begin(&border, TO_CRM.0, "GET /things/1", &headers(&[]))
            .unwrap()
            .may_upgrade(false)
    );
    assert!(
        !begin(&border, TO_CRM.0, "GET /things?name=a", &headers(&[]))
            .unwrap()
            .may_upgrade(false)
    );
}

#[test]
fn a_body_beyond_whole_streams_and_is_the_same_as_one_within() {
    let note = "é".repeat(40_000);
    let body = json!({"note": note, "kept": "x".repeat(200_000), "name": "Roy"}).to_string();
    let pieces: Vec<&[u8]> = body.as_bytes().chunks(1000).collect();
    let large = border_with(
        &[POLICY],
        Limits {
            whole: 64 << 10,
            ..Limits::default()
        },
    );
    let streamed = send(&large, &mut Vault::default(), TO_CRM, &JSON, &pieces).unwrap();
    assert_eq!(
        streamed,
        send(
            &border(&[POLICY]),
            &mut Vault::default(),
            TO_CRM,
            &JSON,
            &[body.as_bytes()]
        )
        .unwrap()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn i02_any_text_comes_back(name in "\\PC{0,30}", note in any::<String>(), phone in "\\PC{0,20}", size in 1usize..40) {
        let (border, mut vault) = (border(&[POLICY]), Vault::default());
        let body = json!({"name": name, "note": note, "phone": phone}).to_string();
        let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
        let left = send(&border, &mut vault, TO_CRM, &JSON, &pieces).unwrap();
        let pieces: Vec<&[u8]> = left.chunks(size).collect();
        let back = bring(&border, &mut vault, TO_CRM.0, &mut json_head(), &pieces);
        prop_assert_eq!(serde_json::from_slice::<Value>(&back).unwrap(), serde_json::from_str::<Value>(&body).unwrap());
    }
}
