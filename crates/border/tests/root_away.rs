//! While the root of trust is away there are no keys, and an app's host gets nothing: not even what no policy protects.

use std::sync::Arc;

use border::{Border, Incoming, Keys, Limits, Reader, Reference, RefusalCode};
use http::{HeaderMap, Method};
use policy::Source;

const POLICY: &str = r#"
[app]
id = "crm"
title = "A CRM"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["crm.example"]
unmatched = "pass"

[fields.name]
class = "personal"
treatment = "match"

[[routes]]
match = "POST /people"
body = "json"
protect = [{ at = "$.name", field = "name" }]

[[routes]]
match = "GET /open"
"#;

/// Is never asked.
struct NoChance;

impl seal::Chance for NoChance {
    fn fill(&mut self, _: &mut [u8]) {
        unreachable!("nothing is sealed without keys");
    }
}

#[test]
fn every_exchange_with_an_app_is_refused_while_the_root_is_away() {
    let plan = policy::compile(&[Source::new("crm.toml", POLICY)])
        .unwrap()
        .plan;
    let border = Border::new(Arc::new(plan), Arc::new(Keys::away()), Limits::default());
    assert!(border.serves("crm.example"));
    for (method, target, has_body) in [
        (Method::POST, "/people", true),
        (Method::GET, "/open", false),
        (Method::GET, "/anywhere/else", false),
    ] {
        let headers = HeaderMap::new();
        let incoming = Incoming {
            host: "crm.example",
            method: &method,
            target,
            headers: &headers,
            has_body,
            reader: Reader::Anyone,
            reference: Reference(*b"0123456789ab"),
        };
        let refusal = border.begin(&incoming, Box::new(NoChance)).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::RootAway, "{method} {target}");
        assert_eq!(refusal.app.as_deref(), Some("crm"));
        assert!(refusal.code.may_retry());
    }
}
