//! Requests inside a batch are routed and protected as outer ones are.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use border::{Refusal, RefusalCode};
use common::{Vault, border, send};
use serde_json::Value;

const HOST: &str = "org.crm.example";
const LINE: &str = "POST /api/data/v9.2/$batch";
const TYPE: &[(&str, &str)] = &[("content-type", "multipart/mixed; boundary=batch_1")];

const POLICY: &str = r#"
[app]
id = "crm"
operator = { name = "X", jurisdiction = "US" }
hosts = ["org.crm.example"]

[fields.name]
class = "health"
treatment = "match"
[fields.note]
class = "health"
treatment = "vault"

[[routes]]
match = "POST /api/data/v9.2/$batch"
body = "batch"

[[routes]]
match = ["POST /api/data/v9.2/contacts", "PATCH /api/data/v9.2/contacts({id})"]
body = "json"
protect = [
  { at = "$.lastname", field = "name", required = true },
  { at = "$.description", field = "note" },
]

[[routes]]
match = "GET /api/data/v9.2/contacts"
query = [{ at = "$filter", as = "odata", protect = [{ at = "lastname", field = "name" }] }]

[[routes]]
match = "POST /api/data/v9.2/notes"
body = "json"
protect = [{ at = "$.text", field = "note" }]
"#;

fn inside(head: &str, body: &str) -> String {
    let length = if body.is_empty() {
        String::new()
    } else {
        format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        )
    };
    format!(
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{head} HTTP/1.1\r\n{length}\r\n{body}"
    )
}

fn batch(parts: &[String]) -> String {
    let parts = parts.iter().map(|part| format!("--batch_1\r\n{part}\r\n"));
    parts.collect::<String>() + "--batch_1--\r\n"
}

fn sent(parts: &[String]) -> Result<String, Refusal> {
    let (border, mut vault) = (border(&[POLICY]), Vault::default());
    let body = batch(parts);
    let left = send(&border, &mut vault, (HOST, LINE), TYPE, &[body.as_bytes()])?;
    Ok(String::from_utf8(left).unwrap())
}

/// The JSON bodies inside, and the lengths that are stated of them.
fn bodies(left: &str) -> (Vec<Value>, Vec<(usize, usize)>) {
    let (mut bodies, mut lengths) = (Vec::new(), Vec::new());
    for request in left.split("application/http").skip(1) {
        let stated = request.split("Content-Length: ").nth(1);
        let stated = stated.map(|rest| rest.split("\r\n").next().unwrap().parse().unwrap());
        let Some(body) = request.lines().find(|line| line.starts_with('{')) else {
            continue;
        };
        lengths.extend(stated.map(|stated| (stated, body.len())));
        bodies.push(serde_json::from_str(body).unwrap());
    }
    (bodies, lengths)
}

#[test]
fn i01_each_request_has_the_places_of_its_own_route() {
    let changes = [
        "Content-Type: multipart/mixed; boundary=changes\r\n\r\n--changes\r\nContent-ID: 1\r\n",
        &inside(
            "POST contacts",
            r#"{"lastname":"Tremblay","description":"diabète","n":1}"#,
        ),
        "\r\n--changes\r\nContent-ID: 2\r\n",
        &inside(
            "PATCH https://org.crm.example/api/data/v9.2/contacts(7)",
            r#"{"lastname":"Gagnon"}"#,
        ),
        "\r\n--changes\r\nContent-ID: 3\r\n",
        &inside(
            "POST /api/data/v9.2/notes",
            r#"{"text":"diabète de type 2"}"#,
        ),
        "\r\n--changes--",
    ];
    let asked = inside(
        "GET contacts?$select=lastname&$filter=lastname%20eq%20'Tremblay'",
        "",
    );
    let left = sent(&[changes.concat(), asked]).unwrap();
    for secret in ["Tremblay", "Gagnon", "diab"] {
        assert!(!left.contains(secret), "{secret} in {left}");
    }
    let (bodies, lengths) = bodies(&left);
    assert_eq!((bodies.len(), &bodies[0]["n"]), (3, &1.into()));
    for (stated, real) in lengths {
        assert_eq!(stated, real);
    }
    let name = bodies[0]["lastname"].as_str().unwrap();
    let asked =
        format!("GET contacts?$select=lastname&$filter=lastname%20eq%20%27{name}%27 HTTP/1.1");
    assert!(left.contains(&asked), "{asked} in {left}");
    assert!(left.contains("PATCH https://org.crm.example/api/data/v9.2/contacts(7) HTTP/1.1"));
}

#[test]
fn i05_what_no_route_describes_or_lacks_a_place_is_refused() {
    let code = |part: String| sent(&[part]).unwrap_err().code;
    assert_eq!(
        code(inside("DELETE contacts(1)", "")),
        RefusalCode::UnmatchedRoute
    );
    assert_eq!(
        code(inside("POST contacts", r#"{"n":1}"#)),
        RefusalCode::MissingPlace
    );
    assert_eq!(
        code(inside("POST contacts", r#"{"lastname":["#)),
        RefusalCode::UnreadableBody
    );
    assert_eq!(
        code(inside("POST $1/notes", "{}")),
        RefusalCode::UnmatchedRoute
    );
    assert_eq!(
        code(inside(
            "POST https://elsewhere.example/api/data/v9.2/contacts",
            "{}"
        )),
        RefusalCode::Misdirected
    );
    assert_eq!(
        code(inside("GET contacts?$filter=contains(lastname,'Trem')", "")),
        RefusalCode::Unsearchable
    );
}
