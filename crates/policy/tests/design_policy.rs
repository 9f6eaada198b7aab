//! The design's policy, whole, and one in its shape: compiled and asked.

use policy::{Companion, Dates, FieldIndex, Part, RouteMatch, Source, Treatment, compile, path};

/// The design's, whole but for `detect`, which belongs to the second net.
const DESIGN: &str = r#"# policies/fhir.toml
[app]
id       = "fhir"                        # part of every key derivation: never reuse
title    = "FHIR R4 server"
operator = { name = "Google LLC", jurisdiction = "US" }
hosts    = ["healthcare.googleapis.com", "*.fhir.azurehealthcareapis.com"]
unmatched = "block"                      # a request no route describes: block (default) | scan | pass
confine   = true                         # answers get a CSP that lets pages talk to these hosts only

[fields.patient-name]
class     = "health"
treatment = "match"                      # equality search keeps working
[fields.health-number]
class     = "health"
treatment = "match"
[fields.birth-date]
class     = "health"
treatment = "date"                       # the SaaS insists on a date: a fixed stand-in,
stand-in  = "1900-01-01"                 # the true one in the companion of its place
[fields.chart-number]
class     = "health"
treatment = "format:digits"              # no prefix: opens only at the reveal places of a route
[fields.note]
class     = "health"
treatment = "sealed"
max       = 4000                         # what the app accepts here; checked before it is sent

[[routes]]
match   = ["POST /v1/{**}/fhir/Patient", "PUT /v1/{**}/fhir/Patient/{id}"]
body    = "json"
protect = [
  { at = "$.name[*].family", field = "patient-name" },
  { at = "$.identifier[?@.system == 'urn:ramq'].value", field = "health-number" },
  { at = "$.birthDate", field = "birth-date", companion = { at = "$.extension[+]", write = '{"url":"urn:rempart:birth-date","valueString":"{token}"}' } },
  { at = "$.identifier[?@.system == 'urn:chart'].value", field = "chart-number" },
]
reveal  = [{ at = "$.identifier[?@.system == 'urn:chart'].value", field = "chart-number" }]

[[routes]]
match   = "GET /v1/{**}/fhir/Patient"
query   = [{ at = "family", field = "patient-name" },
           { at = "identifier", field = "health-number", syntax = "fhir-token" }]

[[tests]]                                # run by `rempart policy test`, and in CI
name     = "a patient is created"
request  = "tests/create-patient.http"
hidden   = ["Tremblay", "TREM 8051 1234"]  # must not be in what leaves, in any encoding
kept     = ["Patient", "official"]         # must still be there
"#;

const POLICY: &str = r#"
[app]
id       = "fhir"
title    = "FHIR R4 server"
operator = { name = "Google LLC", jurisdiction = "US" }
hosts    = ["healthcare.googleapis.com", "*.fhir.azurehealthcareapis.com"]
confine  = true
overrides = ["_method"]

[fields.patient-name]
class     = "health"
treatment = "match"
normalise = ["trim", "nfc"]
[fields.health-number]
class     = "health"
treatment = "match"
[fields.note]
class     = "health"
treatment = "sealed"

[[routes]]
match   = ["POST /v1/{**}/fhir/Patient", "PUT /v1/{**}/fhir/Patient/{id}"]
body    = "json"
protect = [
  { at = "$.name[*].family", field = "patient-name", required = true },
  { at = "$.identifier[?@.system == 'urn:ramq'].value", field = "health-number" },
  { at = "$.note", field = "note" },
]

[[routes]]
match = "GET /v1/{**}/fhir/Patient"
query = [{ at = "family", field = "patient-name" },
         { at = "identifier", field = "health-number", syntax = "fhir-token" }]

[[routes]]
match = "* /v1/{**}/fhir/metadata"

[[tests]]
name    = "a patient is created"
request = "tests/create-patient.http"
hidden  = ["Tremblay"]
kept    = ["Patient"]
"#;

#[test]
fn the_policy_of_the_design_loads_as_it_stands_there() {
    let compiled = compile(&[Source::new("policies/fhir.toml", DESIGN)]).unwrap();
    let codes: Vec<_> = compiled
        .warnings
        .iter()
        .map(|warning| (warning.code, warning.line()))
        .collect();
    assert_eq!(
        codes,
        [
            ("policy::one-epoch", 20),
            ("policy::unused-field", 23),
            ("policy::longest-value", 26),
            ("policy::pinned", 41),
        ]
    );
    let app = &compiled.plan.apps[0];
    assert_eq!(app.fields[2].treatment, Treatment::Date(Dates::StandIn));
    assert_eq!(app.fields[2].stand_in.as_deref(), Some("1900-01-01"));
    assert_eq!(
        app.fields[3].treatment,
        Treatment::Format(seal::format::Shape::Digits)
    );
    let create = &app.routes[0];
    let companion = Companion {
        at: "$.extension[+]".to_owned(),
        write: r#"{"url":"urn:rempart:birth-date","valueString":"{token}"}"#.to_owned(),
    };
    assert_eq!(create.places[2].companion.as_ref(), Some(&companion));
    let reveal = create.reveal.as_ref().unwrap();
    assert_eq!(reveal.plan.format(), body::Format::Json);
    assert_eq!(
        (
            reveal.places.len(),
            reveal.places[0].field,
            reveal.places[0].part
        ),
        (1, FieldIndex(3), Part::Answer)
    );
}

#[test]
fn a_policy_compiles_and_finds_its_routes() {
    let compiled = compile(&[Source::new("policies/fhir.toml", POLICY)]).unwrap();
    let codes: Vec<_> = compiled
        .warnings
        .iter()
        .map(|warning| (warning.code, warning.line()))
        .collect();
    assert_eq!(codes, [("policy::pinned", 32)]);

    let plan = compiled.plan;
    let index = plan
        .app_for("Clinic.fhir.azurehealthcareapis.com.")
        .unwrap();
    assert_eq!(plan.app_for("storage.googleapis.com"), None);
    let app = plan.app(index).unwrap();
    assert_eq!(
        (app.id.as_str(), app.title.as_str(), app.confine),
        ("fhir", "FHIR R4 server", true)
    );
    assert_eq!(
        app.field(FieldIndex(1)).unwrap().treatment,
        Treatment::Match
    );
    assert!(app.fields[0].pinned);
    assert!(!app.fields[1].pinned);

    let find = |method: &str, target: &str| {
        let path = path::normalise(target).unwrap();
        match app.route(method, &path) {
            RouteMatch::Route(matched) => Some(app.route_at(matched.route).unwrap()),
            RouteMatch::Unmatched => None,
            RouteMatch::Ambiguous(why) => panic!("{why}"),
        }
    };
    let create = find("POST", "/v1/projects/p/fhir/Patient").unwrap();
    let parts: Vec<_> = create
        .places
        .iter()
        .map(|place| (place.part, place.required))
        .collect();
    assert_eq!(
        parts,
        [(Part::Body, true), (Part::Body, false), (Part::Body, false)]
    );
    assert!(create.body.is_some() && create.query.is_none() && !create.is_open());
    let search = find("HEAD", "/v1/projects/p/fhir/Patient/").unwrap();
    assert!(search.query.is_some());
    assert!(find("DELETE", "/v1/fhir/metadata").unwrap().is_open());
    assert!(find("POST", "/v1/projects/p/fhir/Observation").is_none());
    assert_eq!(app.tests.len(), 1);
}

#[test]
fn three_lines_protect_an_app() {
    let text = r#"
app = { id = "crm", hosts = "crm.example", operator = { name = "Example Inc.", jurisdiction = "US" } }
fields.name = { class = "personal", treatment = "match" }
routes = [{ match = "POST /people", body = "json", protect = [{ at = "$.name", field = "name" }] }]
"#;
    let compiled = compile(&[Source::new("crm.toml", text)]).unwrap();
    assert_eq!(compiled.warnings, []);
    let app = &compiled.plan.apps[0];
    assert_eq!((app.title.as_str(), app.routes.len()), ("crm", 1));
}

#[test]
fn no_files_are_a_plan_without_apps() {
    assert_eq!(compile(&[]).unwrap().plan.app_for("a.example"), None);
}
