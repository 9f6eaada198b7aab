//! I1 and I2: what is protected leaves as tokens in every format, coding and protocol, and comes back as it was.

use e2e::{Hidden, Protocols, curl};

use crate::common::App;

const NAME: &str = "Zoé Tremblay-Gagnon";
const NOTE: &str = "asthma since 2019; \"carries\" an inhaler \\ never alone 🫁";

#[test]
fn i01_i02_json_leaves_as_tokens_and_comes_back() {
    let app = App::start(Protocols::Both);
    let body = serde_json::json!({ "id": 7, "name": NAME, "note": NOTE, "code": "TREM 8051 1234", "kept": "as it came" }).to_string();
    let posted = curl(&app.gateway, &["--json", &body, &App::url("/people")]);
    assert_eq!(posted.status, 201, "{posted:?}");
    let seen = app.origin.last();
    let held: serde_json::Value = serde_json::from_slice(&seen.body).expect("still JSON");
    assert_eq!(held["kept"], "as it came");
    assert_eq!(held["id"], 7);
    for value in [NAME, NOTE, "TREM 8051 1234"] {
        Hidden(value).must_not_stand_in(&app.origin.everything(), "what the SaaS got");
    }
    app.origin.store("/people/7", "application/json", seen.body);
    let got = curl(&app.gateway, &[&App::url("/people/7")]);
    assert_eq!(got.text(), body, "{got:?}");
}
