//! The shipped FHIR policy, from a patient that is created to one that is read: what the server insists on is there,
//! nothing of the person is, and the person who reads sees what was written.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the shipped policy and its request are read"
)]

mod common;

use std::path::Path;

use common::{Vault, begin, border, headers};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

const HOST: &str = "clinic.fhir.azurehealthcareapis.com";
const JSON: &[(&str, &str)] = &[("content-type", "application/fhir+json")];

fn shipped(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn i02_a_patient_comes_back_as_it_was_written() {
    let border = border(&[&shipped("fhir.toml")]);
    let request = shipped("tests/fhir-create-patient.http");
    let (_, body) = request.split_once("\n\n").unwrap();
    let mut vault = Vault::default();
    let line = "POST /Patient";
    let left = common::send(&border, &mut vault, (HOST, line), JSON, &[body.as_bytes()]).unwrap();
    let left: Value = serde_json::from_slice(&left).unwrap();
    assert_eq!(left["birthDate"], "1900-01-01");
    assert_eq!(left["extension"][0]["url"], "urn:rempart:birth-date");
    let chart = left["identifier"][1]["value"].as_str().unwrap();
    assert!(chart.len() == 8 && chart.bytes().all(|byte| byte.is_ascii_digit()));
    assert_ne!(chart, "00417823");

    // The server stores it and gives it back, with an identity of its own.
    let mut stored = left;
    stored["id"] = "p1".into();
    let mut exchange = begin(&border, HOST, "GET /Patient/p1", &HeaderMap::new()).unwrap();
    let mut head = headers(JSON);
    let mut flow = exchange
        .reveal(&Method::GET, StatusCode::OK, &mut head)
        .unwrap();
    let stored = serde_json::to_vec(&stored).unwrap();
    let shown = vault.drive(&mut *flow, &[&stored]).unwrap();
    let mut shown: Value = serde_json::from_slice(&shown).unwrap();

    let mut written: Value = serde_json::from_str(body).unwrap();
    // An insurance number comes back without its spaces: that is how it is compared.
    written["identifier"][0]["value"] = "TREM80511234".into();
    shown.as_object_mut().unwrap().remove("id");
    // The array that the companion had to make stays, empty.
    if let Some(extension) = shown.as_object_mut().unwrap().remove("extension") {
        assert_eq!(extension, Value::Array(Vec::new()));
    }
    assert_eq!(shown, written);
}
