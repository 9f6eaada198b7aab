//! Every treatment by the wire (I1, I2): what the SaaS gets, what people get back, and what keys do to both while the
//! gateway runs.

use e2e::{Authority, Gateway, Hidden, Origin, Protocols, Setup, curl, run};
use serde_json::{Value, json};

use crate::common::HOST;

const POLICY: &str = r#"
[app]
id = "registry"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["crm.saas.example"]

[fields.note]
class = "child"
treatment = "words"
stable = true
[fields.allergy]
class = "child"
treatment = "sealed"
commit = true
pad = "fixed:128"
stable = true
subject = "$.child"
[fields.health-number]
class = "health"
treatment = "match"
normalise = ["nfc", "casefold", "trim", "digits"]
display = "AAAA 9999 9999"
[fields.chart]
class = "health"
treatment = "format:digits"
[fields.sin]
class = "financial"
treatment = "format:sin"
[fields.born]
class = "child"
treatment = "date"
stand-in = "1900-01-01"
stable = true
[fields.enrolled]
class = "child"
treatment = "date"
shift = 180
subject = "$.child"
[fields.phone]
class = "personal"
treatment = "vault"
max = 20
equality = true
[fields.mail]
class = "personal"
treatment = "vault"
shape = "email"
domain = "relais.exemple.qc.ca"
stable = true
[fields.file]
class = "personal"
treatment = "vault"
shape = "digits:9"
stable = true

[[routes]]
match = ["PUT /children/{id}", "GET /children/{id}"]
body = "json"
protect = [
  { at = "$.note", field = "note" },
  { at = "$.allergy", field = "allergy" },
  { at = "$.number", field = "health-number" },
  { at = "$.chart", field = "chart" },
  { at = "$.sin", field = "sin" },
  { at = "$.born", field = "born", companion = { at = "$.extension[+]", write = '{"url":"urn:born","valueString":"{token}"}' } },
  { at = "$.enrolled", field = "enrolled" },
  { at = "$.phone", field = "phone" },
  { at = "$.mail", field = "mail" },
  { at = "$.file", field = "file" },
]
reveal = [
  { at = "$.chart", field = "chart" },
  { at = "$.sin", field = "sin" },
  { at = "$.enrolled", field = "enrolled" },
  { at = "$.file", field = "file" },
]

[[routes]]
match = "GET /children"
query = [
  { at = "number", field = "health-number", syntax = "fhir-token" },
  { at = "q", field = "note" },
  { at = "phone", field = "phone" },
]
"#;

/// A child as it is registered.
pub fn child(name: &str) -> Value {
    json!({
        "child": name,
        "note": "Été diabétique, suivi à l’école",
        "allergy": "arachides",
        "number": "TREM 8051 1234",
        "chart": "004-512-77",
        "sin": "130 692 544",
        "born": "2021-04-12",
        "enrolled": "2024-09-03",
        "phone": "418 555-0123",
        "mail": "m.gagnon@exemple.quebec",
        "file": "dossier 12, armoire B",
        "kept": [1.50, null, "q671"],
    })
}

/// What of it must not leave.
const HIDDEN: [&str; 10] = [
    "diabé",
    "arachides",
    "8051 1234",
    "80511234",
    "04-512-7",
    "692 544",
    "2021-04-12",
    "2024-09-03",
    "m.gagnon",
    "armoire",
];

/// The app of this policy, and a gateway before it.
pub struct Registry {
    pub gateway: Gateway,
    pub origin: Origin,
    _authority: Authority,
}

impl Registry {
    pub fn start() -> Self {
        let authority = Authority::new();
        let origin = Origin::start(&authority.leaf(&[HOST]), Protocols::Both);
        let gateway = Setup::new()
            .policy("registry.toml", POLICY)
            .host(HOST, &origin)
            .trust(&authority)
            .start();
        Self {
            gateway,
            origin,
            _authority: authority,
        }
    }

    /// Puts a record and gives what the SaaS got.
    pub fn put(&self, id: u32, record: &Value) -> Value {
        let url = format!("https://{HOST}/children/{id}");
        let put = curl(
            &self.gateway,
            &["-X", "PUT", "--json", &record.to_string(), &url],
        );
        assert_eq!(put.status, 201, "{put:?}");
        serde_json::from_slice(&self.origin.last().body).expect("still JSON")
    }

    fn get(&self, id: u32) -> Value {
        let got = curl(&self.gateway, &[&format!("https://{HOST}/children/{id}")]);
        assert_eq!(got.status, 200, "{got:?}");
        got.json()
    }

    /// What the SaaS is asked for by this query.
    fn ask(&self, query: &str) -> String {
        let _answer = curl(
            &self.gateway,
            &[&format!("https://{HOST}/children?{query}")],
        );
        self.origin.last().target
    }

    /// Runs a command of `rempart keys` beside the gateway and gives what it says.
    pub fn keys(&self, arguments: &[&str]) -> String {
        let home = self.gateway.home();
        let home = home.to_str().expect("a path");
        let mut all = vec!["keys"];
        all.extend_from_slice(arguments);
        all.extend_from_slice(&["--home", home]);
        let output = run(&all);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{all:?}: {said}{error}");
        said + &error
    }

    fn nothing_leaked(&self) {
        let everything = self.origin.everything();
        for value in HIDDEN {
            Hidden(value).must_not_stand_in(&everything, "what the SaaS got");
        }
    }
}

#[test]
fn i01_i02_every_treatment_leaves_what_it_promises_and_comes_back() {
    let mut registry = Registry::start();
    let record = child("E-1");
    let held = registry.put(7, &record);
    assert_eq!(held["born"], "1900-01-01");
    assert_eq!(held["kept"], record["kept"]);
    assert!(
        held["mail"]
            .as_str()
            .expect("text")
            .ends_with("@relais.exemple.qc.ca")
    );
    assert_eq!(held["phone"].as_str().map(str::len), Some(16));
    assert_eq!(held["file"].as_str().map(str::len), Some(9));
    assert_eq!(held["chart"].as_str().map(str::len), Some(10));
    registry.nothing_leaked();
    assert_eq!(registry.get(7), record);
    assert_eq!(
        registry.put(7, &record),
        held,
        "what was read and sent back is no change"
    );

    // What is remembered outlives the process, and a moment is all it takes to be written.
    std::thread::sleep(std::time::Duration::from_millis(500));
    registry.gateway.kill_and_restart();
    assert_eq!(registry.put(7, &record), held, "nor after a restart");
    assert_eq!(registry.get(7), record);
    registry.nothing_leaked();
}

#[test]
fn i10_keys_are_rotated_while_the_gateway_runs_and_searches_ask_for_both() {
    let registry = Registry::start();
    let record = child("E-1");
    let first = registry.put(7, &record);
    let said = registry.keys(&["rotate"]);
    assert!(
        said.contains("chart") && said.contains("enrolled"),
        "says what has one epoch for ever: {said}"
    );
    let second = registry.put(8, &record);
    assert_ne!(second["number"], first["number"]);
    for constant in ["chart", "sin", "enrolled", "phone"] {
        assert_eq!(second[constant], first[constant], "{constant}");
    }
    assert_eq!(registry.get(7), record, "old tokens open");
    assert_eq!(registry.get(8), record);
    let asked = registry.ask("number=urn:ramq%7CTREM80511234");
    for held in [&first, &second] {
        let token = held["number"].as_str().expect("text");
        assert!(asked.contains(token), "{asked}");
    }
    let asked = registry.ask("phone=418%20555-0123");
    assert!(
        asked.ends_with(first["phone"].as_str().expect("text")),
        "{asked}"
    );
    registry.nothing_leaked();
}

#[test]
fn what_is_shredded_opens_nowhere_and_the_rest_stays() {
    let registry = Registry::start();
    registry.put(7, &child("E-1"));
    let held = registry.origin.stored("/children/7").expect("it is stored");
    registry.put(8, &child("E-2"));
    let dry = registry.keys(&["shred", "--subject", "E-1", "--dry-run"]);
    assert!(dry.contains("allergy") && dry.contains("enrolled"), "{dry}");
    assert_eq!(registry.get(7), child("E-1"), "a dry run destroys nothing");
    registry.keys(&["shred", "--subject", "E-1", "--yes"]);
    let held: Value = serde_json::from_slice(&held).expect("JSON");
    let shown = registry.get(7);
    for gone in ["allergy", "enrolled"] {
        assert_eq!(shown[gone], held[gone], "{gone}");
    }
    assert_eq!(shown["mail"], "m.gagnon@exemple.quebec");
    assert_eq!(registry.get(8), child("E-2"));
    let journal =
        std::fs::read_to_string(registry.gateway.home().join("journal.jsonl")).expect("a journal");
    assert!(
        journal.contains("shred") && !journal.contains("E-1"),
        "{journal}"
    );
}

#[test]
fn a_retry_stores_the_same_bytes() {
    let registry = Registry::start();
    let url = format!("https://{HOST}/children/7");
    let send = |key: &str| {
        let header = format!("Idempotency-Key: {key}");
        let body = child("E-1").to_string();
        let put = curl(
            &registry.gateway,
            &["-X", "PUT", "-H", &header, "--json", &body, &url],
        );
        assert_eq!(put.status, 201, "{put:?}");
        registry.origin.last().body
    };
    let first = send("k-1");
    assert_eq!(send("k-1"), first);
    assert_ne!(send("k-2"), first);
}

#[test]
fn looked_up_values_that_repeat_too_often_are_warned_of_and_still_leave() {
    let authority = Authority::new();
    let origin = Origin::start(&authority.leaf(&[HOST]), Protocols::Both);
    let policy = r#"
[app]
id = "registry"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["crm.saas.example"]
[fields.province]
class = "personal"
treatment = "match"
[[routes]]
match = "PUT /lists/{id}"
body = "json"
protect = [{ at = "$.provinces[*]", field = "province" }]
"#;
    let gateway = Setup::new()
        .policy("registry.toml", policy)
        .host(HOST, &origin)
        .trust(&authority)
        .start();
    let provinces: Vec<&str> = ["QC", "ON", "NB"].into_iter().cycle().take(32).collect();
    let body = json!({ "provinces": provinces }).to_string();
    for id in 0..40 {
        let url = format!("https://{HOST}/lists/{id}");
        let put = curl(&gateway, &["-X", "PUT", "--json", &body, &url]);
        assert_eq!(put.status, 201, "never refused: {put:?}");
    }
    let said = gateway.said();
    assert_eq!(
        said.matches("equal tokens tell too much").count(),
        1,
        "said once: {said}"
    );
    assert!(!said.contains("QC"), "{said}");
}
