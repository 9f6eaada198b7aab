//! gRPC through the real program: Google's client and server, in the four ways in which a method can be called.

use e2e::{Authority, Hidden, Served, Setup, python};
use serde_json::json;

const HOST: &str = "grpc.saas.example";
const NAME: &str = "Marguerite Tremblay";
const NOTE: &str = "asthme depuis 2019; « à suivre »";

const POLICY: &str = r#"
[app]
id = "clinic"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["grpc.saas.example"]

[fields.name]
class = "personal"
treatment = "match"

[fields.note]
class = "health"
treatment = "sealed"

[[routes]]
match = "POST /clinic.Patients/{method}"
body = "grpc"
answer = "grpc"
protect = [{ at = "1", field = "name" }, { at = "2", field = "note" }]
reveal = [{ at = "1", field = "name" }, { at = "2", field = "note" }]
"#;

#[test]
fn i01_i02_grpc_calls_of_every_kind_are_protected_and_revealed() {
    let authority = Authority::new();
    let server = Served::start("grpc_server.py", &authority.leaf(&[HOST]), &[]);
    let gateway = Setup::new()
        .policy("clinic.toml", POLICY)
        .resolve(&format!("{HOST}:443"), server.address)
        .trust(&authority)
        .start();
    let told = python(&gateway, "grpc_client.py", &[HOST, NAME, NOTE]);
    let patient = |number: usize| json!([format!("{NAME} {number}"), NOTE, true]);
    let all = json!([patient(0), patient(1), patient(2)]);
    let expected = json!({
        "nobody": ["NOT_FOUND", "nobody is kept"],
        "put": patient(0),
        "trailer": "1",
        "put all": true,
        "got": all,
        "both": all,
    });
    assert_eq!(told, expected);
    let seen = server.seen();
    assert_eq!(seen.len(), 6, "each message came");
    let came = serde_json::to_vec(&seen).expect("JSON");
    for value in [NAME, NOTE, "Tremblay", "asthme"] {
        Hidden(value).must_not_stand_in(&came, "what the SaaS got");
    }
}
