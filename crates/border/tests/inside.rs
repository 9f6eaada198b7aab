//! What stands inside a value is protected and revealed as what stands outside.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Vault, begin, border, headers};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

const HOST: &str = "crm.example";

const POLICY: &str = r#"
[app]
id = "crm"
operator = { name = "X", jurisdiction = "US" }
hosts = ["crm.example"]

[fields.name]
class = "health"
treatment = "match"
[fields.note]
class = "health"
treatment = "sealed"
[fields.email]
class = "health"
treatment = "vault"

[[routes]]
match = "POST /import"
body = "form"
protect = [
  { at = "data", as = "json", protect = [
    { at = "$[*].name", field = "name" },
    { at = "$[*].mail", field = "email" },
    { at = "$[*].note", as = "base64", field = "note" },
    { at = "$[*].state", as = ["base64", "json"], protect = [{ at = "$.name", field = "name", required = true }] },
  ] },
]
query = [{ at = "filter", as = "json", protect = [{ at = "$.name", field = "name" }] }]
headers = [{ at = "X-Args", as = "json", protect = [{ at = "$.name", field = "name" }] }]

[[routes]]
match = "GET /export"
"#;

fn records() -> Value {
    json!([{
        "name": "Tremblay",
        "mail": "a@b.example",
        "note": STANDARD.encode("très \"confidentiel\""),
        "state": STANDARD.encode(r#"{"name":"Tremblay","step":2}"#),
        "kept": "é<>",
    }])
}

fn form(data: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("token", "x")
        .append_pair("data", data)
        .finish()
}

fn inner(record: &Value, key: &str) -> String {
    let bytes = STANDARD.decode(record[key].as_str().unwrap()).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn i01_i02_what_stands_inside_a_value_is_protected_and_comes_back() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let body = form(&records().to_string());
    let form_type = [("content-type", "application/x-www-form-urlencoded")];
    let line = (HOST, "POST /import");
    let left = common::send(&border, &mut vault, line, &form_type, &[body.as_bytes()]).unwrap();
    let fields: Vec<(String, String)> = form_urlencoded::parse(&left).into_owned().collect();
    assert_eq!(fields[0], ("token".to_owned(), "x".to_owned()));
    let stored: Value = serde_json::from_str(&fields[1].1).unwrap();
    let record = &stored[0];
    let state: Value = serde_json::from_str(&inner(record, "state")).unwrap();
    let note = inner(record, "note");
    assert_eq!(
        (&record["kept"], &state["step"]),
        (&json!("é<>"), &json!(2))
    );
    assert_eq!(record["name"], state["name"], "equal values, equal tokens");
    for token in [
        record["name"].as_str().unwrap(),
        record["mail"].as_str().unwrap(),
        &note,
    ] {
        assert!(token.len() >= 16 && token.is_ascii(), "{token}");
        assert!(
            token.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{token}"
        );
    }

    // What is in the JSON itself comes back; what is in base64 is a matter of the answer's scan.
    let mut exchange = begin(&border, HOST, "GET /export", &HeaderMap::new()).unwrap();
    let mut head = headers(&[("content-type", "application/json")]);
    let mut flow = exchange
        .reveal(&Method::GET, StatusCode::OK, &mut head)
        .unwrap();
    let answer =
        json!([{"name": record["name"], "mail": record["mail"], "note": note, "state": state}]);
    let shown = vault
        .drive(&mut *flow, &[answer.to_string().as_bytes()])
        .unwrap();
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!(
        shown[0],
        json!({"name": "Tremblay", "mail": "a@b.example", "note": "très \"confidentiel\"",
               "state": {"name": "Tremblay", "step": 2}})
    );
}

#[test]
fn i01_parameters_and_headers_may_hold_a_body() {
    let border = border(&[POLICY]);
    let line = "POST /import?filter=%7B%22name%22%3A%22Tremblay%22%2C%22a%22%3A1%7D&z=1";
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let mut sent = headers(&[form_type, ("x-args", r#"{"name":"Tremblay"}"#)]);
    let mut exchange = begin(&border, HOST, line, &sent).unwrap();
    exchange.edit_request(&mut sent);
    let target = exchange.target().unwrap();
    assert!(
        !target.contains("Tremblay") && target.ends_with("&z=1"),
        "{target}"
    );
    let query = target.split_once('?').unwrap().1;
    let filter = form_urlencoded::parse(query.as_bytes()).next().unwrap().1;
    let filter: Value = serde_json::from_str(&filter).unwrap();
    assert_eq!(filter["a"], 1);
    let header: Value = serde_json::from_slice(sent["x-args"].as_bytes()).unwrap();
    assert_eq!(header["name"], filter["name"]);
}

#[test]
fn i05_what_does_not_parse_inside_is_refused() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    for data in [
        "[{\"name\":",
        "[{\"note\":\"***\"}]",
        "[{\"state\":\"bm8ganNvbg==\"}]",
        "[{\"name\":[1]}]",
        // What is required inside is not there.
        "[]",
    ] {
        let form_type = [("content-type", "application/x-www-form-urlencoded")];
        let body = form(data);
        let line = (HOST, "POST /import");
        let sent = common::send(&border, &mut vault, line, &form_type, &[body.as_bytes()]);
        assert!(sent.is_err(), "{data}");
    }
}

#[test]
fn a_digest_is_checked_and_stated_of_what_leaves() {
    use sha2::Digest as _;
    let border = border(&[POLICY]);
    let body = form(&records().to_string());
    let digest = |body: &[u8]| STANDARD.encode(sha2::Sha256::digest(body));
    let sent = |stated: String| {
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let mut head = headers(&[form_type, ("x-amz-checksum-sha256", &stated)]);
        let mut exchange = begin(&border, HOST, "POST /import", &head).unwrap();
        exchange.edit_request(&mut head);
        assert!(!head.contains_key("x-amz-checksum-sha256"));
        let mut flow = exchange.protect().unwrap();
        let left = Vault::default().drive(&mut *flow, &[body.as_bytes()])?;
        exchange.stated().write(&mut head, [left.as_slice()]);
        assert_eq!(head["x-amz-checksum-sha256"], digest(&left));
        Ok::<_, border::Refusal>(())
    };
    sent(digest(body.as_bytes())).unwrap();
    assert!(sent(digest(b"another")).is_err());
}

const TABLES: &str = r#"
[app]
id = "crm"
operator = { name = "X", jurisdiction = "US" }
hosts = ["crm.example"]

[fields.chart]
class = "health"
treatment = "format:digits"
[fields.text]
class = "health"
treatment = "sealed"

[[routes]]
match = "POST /import"
body = "csv"
protect = [{ at = "chart", field = "chart" }]

[[routes]]
match = "GET /export"
answer = "csv"
reveal = [{ at = "chart", field = "chart" }]

[[routes]]
match = "PUT /workbook"
body = "zip"
namespaces = { s = "http://schemas.openxmlformats.org/spreadsheetml/2006/main" }
protect = [{ at = "xl/sharedStrings.xml", as = "xml", protect = [{ at = "//s:t", field = "text" }] }]
"#;

#[test]
fn i02_a_stand_in_comes_back_in_a_table() {
    let (border, mut vault) = (border(&[TABLES]), Vault::default());
    let table = "id,chart\r\n1,12345678\r\n2,\r\n";
    let csv = [("content-type", "text/csv")];
    let line = (HOST, "POST /import");
    let left = common::send(&border, &mut vault, line, &csv, &[table.as_bytes()]).unwrap();
    assert_ne!(left, table.as_bytes());
    let mut exchange = begin(&border, HOST, "GET /export", &HeaderMap::new()).unwrap();
    let mut head = headers(&csv);
    let mut flow = exchange
        .reveal(&Method::GET, StatusCode::OK, &mut head)
        .unwrap();
    let shown = vault.drive(&mut *flow, &[&left]).unwrap();
    assert_eq!(String::from_utf8(shown).unwrap(), table);
}

/// A workbook with these shared strings, as another writer packs it.
fn workbook(strings: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in [
        ("[Content_Types].xml", "<Types/>"),
        ("xl/sharedStrings.xml", strings),
    ] {
        writer.start_file(name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What another reader finds in a member.
fn member(archive: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn i01_the_strings_of_a_workbook_are_protected() {
    let (border, mut vault) = (border(&[TABLES]), Vault::default());
    let strings = "<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>\
                   <si><t>Tremblay</t></si><si><t xml:space='preserve'>diabète </t></si></sst>";
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let line = (HOST, "PUT /workbook");
    let book = workbook(strings);
    let pieces: Vec<&[u8]> = book.chunks(50).collect();
    let left = common::send(
        &border,
        &mut vault,
        line,
        &[("content-type", kind)],
        &pieces,
    )
    .unwrap();
    let strings = member(&left, "xl/sharedStrings.xml");
    assert!(
        !strings.contains("Tremblay") && !strings.contains("diab"),
        "{strings}"
    );
    assert_eq!(strings.matches("<si><t").count(), 2);
    assert_eq!(member(&left, "[Content_Types].xml"), "<Types/>");
}

#[test]
fn i05_a_form_that_overrides_the_method_is_refused() {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let form_type = [("content-type", "application/x-www-form-urlencoded")];
    let line = (HOST, "POST /import");
    let sent = common::send(&border, &mut vault, line, &form_type, &[b"_method=DELETE"]);
    let code = sent.unwrap_err().code;
    assert_eq!(code, border::RefusalCode::MethodOverride);
}
