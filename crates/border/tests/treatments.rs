//! What was protected comes back, whatever its treatment (I2), and the app gets what the treatment promises.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use common::{Vault, begin, border, headers, living};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

const HOST: &str = "crm.example";
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// A policy with these fields, and a route with these places for records and their answers.
fn policy(fields: &str, route: &str) -> String {
    format!(
        r#"
[app]
id = "crm"
operator = {{ name = "X", jurisdiction = "US" }}
hosts = ["crm.example"]
{fields}
[[routes]]
match = ["POST /things", "PUT /things/{{id}}", "GET /things/{{id}}"]
body = "json"
{route}
"#
    )
}

/// Sends a record and gives what the app gets.
fn sent(border: &border::Border, vault: &mut Vault, line: &str, body: &Value) -> Value {
    vault.seed += 1;
    let body = body.to_string();
    let body = common::send(border, vault, (HOST, line), JSON, &[body.as_bytes()]).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// Reads what stands in the app, in the clear.
fn read(border: &border::Border, vault: &mut Vault, stored: &Value) -> Value {
    let mut exchange = begin(border, HOST, "GET /things/7", &HeaderMap::new()).unwrap();
    let mut head = headers(JSON);
    let mut flow = exchange
        .reveal(&Method::GET, StatusCode::OK, &mut head)
        .unwrap();
    let stored = serde_json::to_vec_pretty(stored).unwrap();
    let shown = vault.drive(&mut *flow, &[&stored]).unwrap();
    vault.remember(exchange.memories());
    serde_json::from_slice(&shown).unwrap()
}

/// The target of a request as it leaves.
fn asked(border: &border::Border, target: &str) -> String {
    let line = format!("GET {target}");
    let exchange = begin(border, HOST, &line, &HeaderMap::new()).unwrap();
    exchange.target().unwrap().to_owned()
}

#[test]
fn i02_words_find_their_text_and_the_text_comes_back() {
    let policy = policy(
        r#"
[fields.note]
class = "health"
treatment = "words"
max = 4000
"#,
        r#"
protect = [{ at = "$.note", field = "note" }]
query = [{ at = "q", field = "note" }]
"#,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    let record = json!({"note": "Été diabète, de type 2\nsuivi", "x": 1});
    let stored = sent(&border, &mut vault, "POST /things", &record);
    let text = stored["note"].as_str().unwrap();
    assert!(text.starts_with("q671") && !text.contains("diab"), "{text}");
    assert_eq!(read(&border, &mut vault, &stored), record);
    for (question, found) in [
        ("DIABETE", true),
        ("suivi%20diab%C3%A8te", true),
        ("asthme", false),
    ] {
        let target = asked(&border, &format!("/things/7?q={question}"));
        let words = target.split_once("q=").unwrap().1;
        let all = words
            .split(['+', ' '])
            .all(|word| text.contains(&format!("-{word}")));
        assert_eq!(all, found, "{question}: {target}");
    }
}

#[test]
fn i02_a_date_stands_in_and_the_true_one_comes_back_from_its_companion() {
    let policy = policy(
        r#"
[fields.birth]
class = "health"
treatment = "date"
stand-in = "1900-01-01"
stable = true
"#,
        r#"
protect = [{ at = "$.birthDate", field = "birth", companion = { at = "$.extension[+]", write = '{"url":"urn:b","valueString":"{token}"}' } }]
"#,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    let record = json!({"birthDate": "1974-12-25", "name": "x"});
    let stored = sent(&border, &mut vault, "PUT /things/7", &record);
    assert_eq!(stored["birthDate"], "1900-01-01");
    assert!(!stored.to_string().contains("1974"));
    assert_eq!(read(&border, &mut vault, &stored), record);
    let bundle =
        json!({"entry": [{"resource": stored}, {"resource": {"birthDate": "2001-02-03"}}]});
    let shown = json!({"entry": [{"resource": record}, {"resource": {"birthDate": "2001-02-03"}}]});
    assert_eq!(read(&border, &mut vault, &bundle), shown);
    let again = sent(&border, &mut vault, "PUT /things/7", &record);
    assert_eq!(again, stored, "what was read and sent back is no change");
}

#[test]
fn a_typed_spelling_lives_in_the_companion_of_what_is_looked_up() {
    let policy = policy(
        r#"
[fields.number]
class = "health"
treatment = "match"
normalise = ["nfc", "casefold", "trim", "digits"]
"#,
        r#"
protect = [{ at = "$.number", field = "number", companion = { at = "$.spelled", write = '"{token}"' } }]
"#,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    let record = json!({"number": "TREM 8051 1234"});
    let stored = sent(&border, &mut vault, "POST /things", &record);
    let other = json!({"number": "trem80511234"});
    let other = sent(&border, &mut vault, "POST /things", &other);
    assert_eq!(stored["number"], other["number"]);
    assert_eq!(read(&border, &mut vault, &stored), record);
}

#[test]
fn what_is_looked_up_comes_back_in_its_usual_spelling() {
    let policy = policy(
        r#"
[fields.number]
class = "health"
treatment = "match"
normalise = ["nfc", "casefold", "trim", "digits"]
display = "AAAA 9999 9999"
"#,
        r#"protect = [{ at = "$.number", field = "number" }]"#,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    for typed in ["TREM 8051 1234", "trem80511234", "Trem-8051-1234"] {
        let stored = sent(
            &border,
            &mut vault,
            "POST /things",
            &json!({"number": typed}),
        );
        let shown = read(&border, &mut vault, &stored);
        assert_eq!(shown["number"], "TREM 8051 1234");
        assert_eq!(sent(&border, &mut vault, "POST /things", &shown), stored);
    }
}

#[test]
fn i02_an_address_keeps_a_domain_of_the_organisation() {
    let policy = policy(
        r#"
[fields.mail]
class = "personal"
treatment = "vault"
shape = "email"
domain = "relais.exemple.qc.ca"
"#,
        r#"protect = [{ at = "$.mail", field = "mail" }]"#,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    let record = json!({"mail": "jean@exemple.com", "text": "z671"});
    let stored = sent(&border, &mut vault, "POST /things", &record);
    let address = stored["mail"].as_str().unwrap();
    assert_eq!(address.split_once('@').unwrap().1, "relais.exemple.qc.ca");
    assert_eq!(address.len(), 16 + 1 + 20);
    assert_eq!(read(&border, &mut vault, &stored), record);
    let shouted = json!({"mail": address.to_uppercase(), "text": format!("à {address}, puis")});
    let shown = json!({"mail": "jean@exemple.com", "text": "à jean@exemple.com, puis"});
    assert_eq!(read(&border, &mut vault, &shouted), shown);
    assert_eq!(
        sent(&border, &mut vault, "PUT /things/7", &stored),
        stored,
        "a pointer passes"
    );
}

#[test]
fn equal_values_share_a_pointer_through_a_rotation() {
    let policy = policy(
        r#"
[fields.phone]
class = "personal"
treatment = "vault"
equality = true
max = 20
"#,
        r#"
protect = [{ at = "$.phone", field = "phone" }]
query = [{ at = "phone", field = "phone" }]
"#,
    );
    let (subjects, plan) = living(&[&policy]);
    let (border, mut vault) = (subjects.border(&plan), Vault::default());
    let record = json!({"phone": "418 555-0123"});
    let stored = sent(&border, &mut vault, "POST /things", &record);
    assert_eq!(sent(&border, &mut vault, "POST /things", &record), stored);
    subjects.rotate("crm", "phone");
    let border = subjects.border(&plan);
    assert_eq!(sent(&border, &mut vault, "POST /things", &record), stored);
    assert_eq!(vault.rows.len(), 1);
    let target = asked(&border, "/things/7?phone=418%20555-0123");
    assert!(
        target.ends_with(stored["phone"].as_str().unwrap()),
        "{target}"
    );
    assert_eq!(read(&border, &mut vault, &stored), record);
}

#[test]
fn i10_a_search_asks_for_every_live_epoch() {
    let policy = policy(
        r#"
[fields.number]
class = "health"
treatment = "match"
"#,
        r#"
protect = [{ at = "$.number", field = "number" }]
query = [{ at = "id", field = "number", syntax = "fhir-token" }]
"#,
    );
    let (subjects, plan) = living(&[&policy]);
    let mut vault = Vault::default();
    let record = json!({"number": "T1"});
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let stored = sent(&subjects.border(&plan), &mut vault, "POST /things", &record);
        tokens.push(stored["number"].as_str().unwrap().to_owned());
        subjects.rotate("crm", "number");
    }
    let border = subjects.border(&plan);
    let target = asked(&border, "/things/7?id=urn:x%7CT1");
    for token in &tokens {
        assert!(target.contains(&format!("urn:x%7C{token}")), "{target}");
        assert_eq!(read(&border, &mut vault, &json!({"number": token})), record);
    }
}

#[test]
fn padding_is_what_the_field_asks_for() {
    let policy = policy(
        r#"
[fields.code]
class = "health"
treatment = "sealed"
pad = "fixed:64"
"#,
        r#"protect = [{ at = "$.code", field = "code" }]"#,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    for code in ["a", "abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz"] {
        let stored = sent(&border, &mut vault, "POST /things", &json!({"code": code}));
        assert_eq!(stored["code"].as_str().unwrap().len(), 180);
        assert_eq!(read(&border, &mut vault, &stored)["code"], code);
    }
}

const SUBJECT: &str = r#"
[fields.note]
class = "child"
treatment = "sealed"
subject = "$.child"
[fields.born]
class = "child"
treatment = "date"
shift = 180
subject = "$.child"
"#;
const SUBJECT_ROUTE: &str = r#"
protect = [{ at = "$.note", field = "note" }, { at = "$.born", field = "born" }]
reveal = [{ at = "$.born", field = "born" }]
"#;

#[test]
fn what_is_a_subjects_goes_with_the_subject() {
    let policy = policy(SUBJECT, SUBJECT_ROUTE);
    let (subjects, plan) = living(&[&policy]);
    let border = subjects.border(&plan);
    let mut vault = Vault {
        subjects: Some(subjects.clone()),
        ..Vault::default()
    };
    let record = |child: &str| json!({"child": child, "note": "allergie", "born": "2021-03-04"});
    let first = sent(&border, &mut vault, "POST /things", &record("E-1"));
    let second = sent(&border, &mut vault, "POST /things", &record("E-2"));
    assert_ne!(first["born"], "2021-03-04");
    assert_eq!(read(&border, &mut vault, &first), record("E-1"));
    subjects.shred("crm", b"E-1");
    let border = subjects.border(&plan);
    let shown = read(&border, &mut vault, &first);
    assert_eq!(shown, first, "what is destroyed stays what it is");
    assert_eq!(read(&border, &mut vault, &second), record("E-2"));
    let passed = sent(&border, &mut vault, "PUT /things/7", &first);
    assert_eq!(passed["note"], first["note"], "and is not sealed once more");
    let again = sent(&border, &mut vault, "POST /things", &record("E-1"));
    assert_eq!(
        read(&border, &mut vault, &again),
        record("E-1"),
        "who comes back has new keys"
    );
}

#[test]
fn i02_stand_ins_of_a_format_keep_their_shape_and_come_back_at_their_places() {
    let policy = policy(
        r#"
[fields.chart]
class = "health"
treatment = "format:digits"
[fields.account]
class = "financial"
treatment = "format:number"
"#,
        r#"
protect = [{ at = "$.chart", field = "chart", tweak = "$.site" }, { at = "$.account", field = "account" }]
reveal = [{ at = "$.chart", field = "chart", tweak = "$.site" }, { at = "$.account", field = "account" }]
"#,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    let record = json!({"chart": "004-512-77", "site": "A", "account": 12345678, "x": [1, "q671"]});
    let stored = sent(&border, &mut vault, "POST /things", &record);
    let chart = stored["chart"].as_str().unwrap();
    assert_ne!(stored["chart"], record["chart"]);
    assert_eq!(chart.len(), 10);
    assert!(chart.char_indices().all(|(at, c)| if at % 4 == 3 {
        c == '-'
    } else {
        c.is_ascii_digit()
    }));
    assert!(stored["account"].is_u64() && stored["account"] != record["account"]);
    assert_eq!(
        sent(&border, &mut vault, "POST /things", &record),
        stored,
        "equal stays equal"
    );
    assert_eq!(read(&border, &mut vault, &stored), record);
    let elsewhere = json!({"other": stored["chart"], "chart": null, "site": "A"});
    assert_eq!(
        read(&border, &mut vault, &elsewhere),
        elsewhere,
        "and nowhere else"
    );
    let mut other_site = record.clone();
    other_site["site"] = json!("B");
    let other = sent(&border, &mut vault, "POST /things", &other_site);
    assert_ne!(other["chart"], stored["chart"], "the sibling decides, too");
}

#[test]
fn i02_pointers_without_prefix_come_back_at_their_places() {
    let policy = policy(
        r#"
[fields.short]
class = "personal"
treatment = "vault"
max = 12
[fields.file]
class = "personal"
treatment = "vault"
shape = "digits:9"
type = "number"
"#,
        r#"
protect = [{ at = "$.short", field = "short" }, { at = "$.file", field = "file" }]
reveal = [{ at = "$.short", field = "short" }, { at = "$.file", field = "file" }]
"#,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    let record = json!({"short": "Marie-Christine de la Durantaye", "file": 42});
    let stored = sent(&border, &mut vault, "POST /things", &record);
    assert_eq!(stored["short"].as_str().unwrap().len(), 12);
    assert_eq!(stored["file"].to_string().len(), 9);
    assert!(stored["file"].is_u64());
    assert_eq!(read(&border, &mut vault, &stored), record);
    let foreign = json!({"short": "0123456789ab", "file": 123_456_789});
    assert_eq!(
        read(&border, &mut vault, &foreign),
        foreign,
        "what is no pointer stays"
    );
}

#[test]
fn i05_a_value_without_its_subject_does_not_leave() {
    let policy = policy(SUBJECT, SUBJECT_ROUTE);
    let (subjects, plan) = living(&[&policy]);
    let border = subjects.border(&plan);
    let mut vault = Vault {
        subjects: Some(subjects.clone()),
        ..Vault::default()
    };
    let refused = common::send(
        &border,
        &mut vault,
        (HOST, "POST /things"),
        JSON,
        &[br#"{"note":"x"}"#],
    );
    assert_eq!(refused.unwrap_err().code.as_str(), "missing-place");
}
