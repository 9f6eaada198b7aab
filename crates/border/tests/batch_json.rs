//! Requests in objects of a JSON body, as four apps have them, are routed and protected as outer ones are.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use border::{Refusal, RefusalCode};
use common::{Vault, border, bring, headers, send};
use serde_json::{Value, json};

const TYPE: &[(&str, &str)] = &[("content-type", "application/json")];

/// Each app on a host of its own: how its batches look, and two routes.
fn policy(host: &str, batch: &str, request: &str, people: &str) -> String {
    let id = host.split('.').next().unwrap();
    format!(
        r#"
[app]
id = "{id}"
operator = {{ name = "X", jurisdiction = "US" }}
hosts = ["{host}"]

[fields.name]
class = "health"
treatment = "match"
[fields.note]
class = "health"
treatment = "vault"

[[routes]]
match = "POST {batch}"
body = "json"
protect = [{{ {request} }}]

[[routes]]
match = ["POST {people}", "PATCH {people}/{{id}}"]
body = "json"
protect = [
  {{ at = "$.name", field = "name", required = true }},
  {{ at = "$.note", field = "note" }},
]
headers = [{{ at = "If-None-Exist", as = "form", protect = [{{ at = "name", field = "name" }}] }}]

[[routes]]
match = "GET {people}"
query = [
  {{ at = "$filter", as = "odata", protect = [{{ at = "name", field = "name" }}] }},
  {{ at = "name", field = "name" }},
]

[[routes]]
match = "GET /things/{{id}}"

[[routes]]
match = "GET {people}/{{name}}/card"
path = [{{ at = "{{name}}", field = "name" }}]
"#
    )
}

struct App {
    host: &'static str,
    batch: &'static str,
    request: &'static str,
    people: &'static str,
}

const GRAPH: App = App {
    host: "graph.example",
    batch: "/v1.0/$batch",
    request: r#"at = "$.requests[*]", request = { method = "$.method", url = "$.url", headers = "$.headers", body = "$.body", encoding = "base64", base = ".." }"#,
    people: "/v1.0/users",
};

const SALESFORCE: App = App {
    host: "salesforce.example",
    batch: "/services/data/v60.0/composite/batch",
    request: r#"at = "$.batchRequests[*]", request = { method = "$.method", url = "$.url", body = "$.richInput", base = "../../.." }"#,
    people: "/services/data/v60.0/sobjects/Contact",
};

const SERVICENOW: App = App {
    host: "servicenow.example",
    batch: "/api/now/v1/batch",
    request: r#"at = "$.rest_requests[*]", request = { method = "$.method", url = "$.url", headers = "$.headers", body = "$.body", encoding = "base64", base = "/" }"#,
    people: "/api/now/table/contact",
};

const FHIR: App = App {
    host: "fhir.example",
    batch: "/v1/store/fhir",
    request: r#"at = "$.entry[*]", request = { method = "$.request.method", url = "$.request.url", headers = { If-None-Exist = "$.request.ifNoneExist" }, body = "$.resource", base = "." }"#,
    people: "/v1/store/fhir/Patient",
};

impl App {
    fn sent_in(&self, body: &str, step: usize) -> Result<String, Refusal> {
        let policy = policy(self.host, self.batch, self.request, self.people);
        let (border, mut vault) = (border(&[&policy]), Vault::default());
        let line = format!("POST {}", self.batch);
        let pieces: Vec<&[u8]> = body.as_bytes().chunks(step).collect();
        let left = send(&border, &mut vault, (self.host, &line), TYPE, &pieces)?;
        Ok(String::from_utf8(left).unwrap())
    }

    /// What leaves, which is the same in one piece and in many.
    fn sent(&self, body: &Value) -> Result<Value, Refusal> {
        let body = body.to_string();
        let whole = self.sent_in(&body, usize::MAX);
        let cut = self.sent_in(&body, 5);
        let code =
            |sent: &Result<String, Refusal>| sent.as_ref().map_err(|refusal| refusal.code).cloned();
        assert_eq!(code(&whole), code(&cut), "{body}");
        whole.map(|left| serde_json::from_str(&left).unwrap())
    }

    fn refused(&self, body: &Value) -> RefusalCode {
        self.sent(body).unwrap_err().code
    }
}

fn hides(left: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!left.contains(secret), "{secret} in {left}");
    }
}

#[test]
fn i01_microsoft_graph() {
    let left = GRAPH
        .sent(&json!({ "requests": [
            { "id": "1", "body": { "name": "Tremblay", "note": "diabète" }, "url": "/users", "method": "POST",
              "headers": { "Content-Type": "application/json" } },
            { "id": "2", "method": "GET", "url": "users?$filter=name eq 'Tremblay'&$top=1" },
            { "id": "3", "method": "GET", "url": "https://graph.example/v1.0/users/Tremblay/card", "dependsOn": ["1"] },
        ] }))
        .unwrap();
    hides(&left.to_string(), &["Tremblay", "diab"]);
    let name = left["requests"][0]["body"]["name"].as_str().unwrap();
    let asked = format!("users?$filter=name%20eq%20%27{name}%27&$top=1");
    assert_eq!(left["requests"][1]["url"], asked);
    let card = format!("https://graph.example/v1.0/users/{name}/card");
    assert_eq!(left["requests"][2]["url"], card);
    assert_eq!(left["requests"][2]["dependsOn"], json!(["1"]));
}

#[test]
fn i01_salesforce_composite() {
    let left = SALESFORCE
        .sent(&json!({ "haltOnError": true, "batchRequests": [
            { "method": "PATCH", "url": "v60.0/sobjects/Contact/001", "richInput": { "name": "Tremblay" } },
            { "method": "GET", "url": "v60.0/sobjects/Contact?name=Tremblay" },
        ] }))
        .unwrap();
    hides(&left.to_string(), &["Tremblay"]);
    let name = left["batchRequests"][0]["richInput"]["name"]
        .as_str()
        .unwrap();
    let asked = format!("v60.0/sobjects/Contact?name={name}");
    assert_eq!(left["batchRequests"][1]["url"], asked);
    let made = json!({ "batchRequests": [
        { "method": "PATCH", "url": "v60.0/sobjects/@{a.type}/1", "richInput": { "name": "Tremblay" } },
    ] });
    assert_eq!(SALESFORCE.refused(&made), RefusalCode::UnmatchedRoute);
}

#[test]
fn i01_servicenow_in_base64_and_its_answer() {
    let contact = json!({ "name": "Tremblay", "note": "diabète" }).to_string();
    let kind = json!([{ "name": "Content-Type", "value": "application/json" }]);
    let left = SERVICENOW
        .sent(&json!({ "batch_request_id": "1", "rest_requests": [
            { "id": "1", "headers": kind, "body": STANDARD.encode(contact), "url": "/api/now/table/contact", "method": "POST" },
        ] }))
        .unwrap();
    let body = left["rest_requests"][0]["body"].as_str().unwrap();
    let body = String::from_utf8(STANDARD.decode(body).unwrap()).unwrap();
    hides(&body, &["Tremblay", "diab"]);
    let name = serde_json::from_str::<Value>(&body).unwrap()["name"].clone();
    // The answer has it in base64 again, and says how long it is.
    let policy = policy(
        SERVICENOW.host,
        SERVICENOW.batch,
        SERVICENOW.request,
        SERVICENOW.people,
    );
    let (border, mut vault) = (border(&[&policy]), Vault::default());
    let inner = json!({ "result": { "name": name } }).to_string();
    let answer = json!({ "serviced_requests": [{ "id": "1", "body": STANDARD.encode(inner), "status_code": 201 }] });
    let mut head = headers(TYPE);
    let shown = bring(
        &border,
        &mut vault,
        SERVICENOW.host,
        &mut head,
        &[answer.to_string().as_bytes()],
    );
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    let body = shown["serviced_requests"][0]["body"].as_str().unwrap();
    let body: Value = serde_json::from_slice(&STANDARD.decode(body).unwrap()).unwrap();
    assert_eq!(body["result"]["name"], "Tremblay");
}

#[test]
fn i01_the_entries_of_a_fhir_bundle() {
    let left = FHIR
        .sent(
            &json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
            { "fullUrl": "urn:uuid:1", "resource": { "name": "Tremblay", "active": true },
              "request": { "method": "POST", "url": "Patient", "ifNoneExist": "name=Tremblay" } },
            { "request": { "url": "Patient?name=Tremblay", "method": "GET" } },
        ] }),
        )
        .unwrap();
    hides(&left.to_string(), &["Tremblay"]);
    let name = left["entry"][0]["resource"]["name"].as_str().unwrap();
    let exists = format!("name={name}");
    assert_eq!(left["entry"][0]["request"]["ifNoneExist"], exists);
    assert_eq!(
        left["entry"][1]["request"]["url"],
        format!("Patient?{exists}")
    );
    assert_eq!(left["entry"][0]["resource"]["active"], true);
}

#[test]
fn i05_what_no_route_describes_or_cannot_be_read_is_refused() {
    let code = |request: Value| GRAPH.refused(&json!({ "requests": [request] }));
    let with = |method: &str, url: &str| json!({ "method": method, "url": url, "body": { "name": "Tremblay" } });
    for (url, expected) in [
        ("/groups", RefusalCode::UnmatchedRoute),
        ("$1/users", RefusalCode::UnmatchedRoute),
        ("/$new/users", RefusalCode::UnmatchedRoute),
        ("/v1.0/users", RefusalCode::UnmatchedRoute),
        (
            "https://elsewhere.example/v1.0/users",
            RefusalCode::Misdirected,
        ),
        (
            "//elsewhere.example/v1.0/users",
            RefusalCode::UnreadableBody,
        ),
        ("/groups/../users", RefusalCode::AmbiguousPath),
        ("/%75sers/%2e%2e/groups", RefusalCode::AmbiguousPath),
        ("/Users", RefusalCode::AmbiguousPath),
        ("/users#", RefusalCode::UnreadableBody),
        ("/users?_method=GET", RefusalCode::MethodOverride),
        ("/$batch", RefusalCode::UnreadableBody),
    ] {
        assert_eq!(code(with("POST", url)), expected, "{url}");
    }
    let contains = json!({ "method": "GET", "url": "/users?$filter=contains(name,'Trem')" });
    assert_eq!(code(contains), RefusalCode::Unsearchable);
    assert_eq!(
        code(json!({ "method": "POST", "url": "/users", "body": {} })),
        RefusalCode::MissingPlace
    );
    let typed = json!({ "Content-Type": "application/json" });
    for (request, expected) in [
        (json!({ "body": "Tremblay" }), RefusalCode::ContentType),
        (
            json!({ "body": "Tremblay", "headers": typed }),
            RefusalCode::UnreadableBody,
        ),
        (
            json!({ "body": { "name": "a" }, "headers": { "Content-Type": "text/plain" } }),
            RefusalCode::ContentType,
        ),
        (
            json!({ "body": { "name": "a" }, "BODY": { "name": "Tremblay" } }),
            RefusalCode::UnreadableBody,
        ),
        (
            json!({ "body": { "name": ["Tremblay"] } }),
            RefusalCode::UnreadableBody,
        ),
    ] {
        let mut whole = with("POST", "/users");
        whole
            .as_object_mut()
            .unwrap()
            .extend(request.as_object().unwrap().clone());
        assert_eq!(code(whole), expected, "{request}");
    }
    // An encoded letter is the letter.
    let encoded = json!({ "requests": [{ "method": "POST", "url": "/%75sers", "body": { "name": "Tremblay" } }] });
    hides(&GRAPH.sent(&encoded).unwrap().to_string(), &["Tremblay"]);
    let shallow = App {
        request: r#"at = "$.requests[*]", request = { method = "$.method", url = "$.url", body = "$.body", base = "../../.." }"#,
        ..GRAPH
    };
    let body = json!({ "requests": [with("POST", "/users")] });
    assert_eq!(shallow.refused(&body), RefusalCode::UnmatchedRoute);
}
