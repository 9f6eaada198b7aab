//! The app that most tests speak to: three protected fields, in every format.

use e2e::{Authority, Gateway, Hidden, Origin, Protocols, Setup};

/// The host of the app.
pub const HOST: &str = "crm.saas.example";

/// Values that must never leave.
pub const NAME: &str = "Zoé Tremblay-Gagnon";
pub const NOTE: &str = "asthma since 2019; \"carries\" an inhaler \\ never alone 🫁";
pub const CODE: &str = "QXZV 9176 0342";

/// The policy of the app.
pub const POLICY: &str = r#"
[app]
id = "crm"
title = "A CRM"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["crm.saas.example"]
unmatched = "block"

[fields.name]
class = "personal"
treatment = "match"
[fields.note]
class = "health"
treatment = "sealed"
[fields.code]
class = "personal"
treatment = "vault"

[[routes]]
match = ["POST /people", "PUT /people/{id}", "POST /echo"]
body = "json"
protect = [
  { at = "$.name", field = "name" },
  { at = "$.note", field = "note" },
  { at = "$.code", field = "code" },
]

[[routes]]
match = "POST /forms"
body = "form"
protect = [
  { at = "name", field = "name" },
  { at = "note", field = "note" },
]

[[routes]]
match = ["POST /files", "POST /discard"]
body = "multipart"
protect = [
  { at = "name", field = "name" },
  { at = "note", field = "note" },
]

[[routes]]
match = "POST /notes"
body = "text"
protect = [{ at = "*", field = "note" }]

[[routes]]
match = "GET /chat"
messages = "json"
kinds = [
  { when = { at = "$.type", is = "message" }, protect = [
      { at = "$.name", field = "name" },
      { at = "$.note", field = "note" },
      { at = "$.code", field = "code" },
    ] },
  { when = { at = "$.type", is = "ping" } },
]

[[routes]]
match = "GET /people"
query = [{ at = "name", field = "name" }]

[[routes]]
match = ["GET /people/{id}", "GET /forms", "GET /files", "GET /notes", "GET /pages/{name}", "GET /socket", "GET /open", "POST /open"]
"#;

/// The app, its origin, and a gateway before it.
pub struct App {
    pub gateway: Gateway,
    pub origin: Origin,
    _authority: Authority,
}

impl App {
    pub fn start(protocols: Protocols) -> Self {
        Self::start_with(protocols, Setup::new())
    }

    pub fn start_with(protocols: Protocols, setup: Setup) -> Self {
        let authority = Authority::new();
        let origin = Origin::start(&authority.leaf(&[HOST]), protocols);
        let gateway = setup
            .policy("crm.toml", POLICY)
            .host(HOST, &origin)
            .trust(&authority)
            .start();
        Self {
            gateway,
            origin,
            _authority: authority,
        }
    }

    /// Fails where any of the three values reached the SaaS in any encoding.
    pub fn nothing_leaked(&self) {
        let everything = self.origin.everything();
        for value in [NAME, NOTE, CODE] {
            Hidden(value).must_not_stand_in(&everything, "what the SaaS got");
        }
    }
}

/// The address of a path of the app.
pub fn url(path: &str) -> String {
    format!("https://{HOST}{path}")
}

/// A person as JSON, with all three values.
pub fn person() -> String {
    serde_json::json!({ "id": 7, "name": NAME, "note": NOTE, "code": CODE, "kept": "as it came" })
        .to_string()
}
