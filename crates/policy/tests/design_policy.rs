//! A policy in the shape of the design's, compiled and asked.

use policy::{FieldIndex, Part, RouteMatch, Source, Treatment, compile, path};

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
fn the_policy_of_the_design_compiles_and_finds_its_routes() {
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
