//! The programs of other people: what their serialisers write is protected, and what they read is plain.

use e2e::{Authority, Hidden, Nginx, Origin, Protocols, Setup, curl, node, python};
use serde_json::{Value, json};

use crate::common::{App, CODE, HOST, NAME, NOTE, POLICY, person, url};

#[test]
fn python_requests_and_httpx_notice_nothing() {
    let app = App::start(Protocols::Both);
    let value = json!({ "name": NAME, "note": NOTE, "code": CODE });
    for (library, version) in [("requests", "1.1"), ("httpx", "1.1"), ("httpx2", "2")] {
        let put = python(
            &app.gateway,
            "python_client.py",
            &[
                library,
                "PUT",
                &url("/people/7"),
                "json",
                &value.to_string(),
            ],
        );
        assert_eq!(
            (&put["status"], &put["version"]),
            (&json!(201), &json!(version)),
            "{library}: {put}"
        );
        let got = python(
            &app.gateway,
            "python_client.py",
            &[library, "GET", &url("/people/7")],
        );
        let body: Value = serde_json::from_str(got["body"].as_str().expect("text")).expect("JSON");
        assert_eq!(body, value, "{library}");
        for (kind, path) in [("form", "/forms"), ("multipart", "/files")] {
            let fields = json!({ "name": NAME, "note": NOTE }).to_string();
            let posted = python(
                &app.gateway,
                "python_client.py",
                &[library, "POST", &url(path), kind, &fields],
            );
            assert_eq!(posted["status"], 201, "{library} {kind}: {posted}");
            assert!(
                posted["receipt"]
                    .as_str()
                    .is_some_and(|receipt| receipt.starts_with("protected=2")),
                "{posted}"
            );
        }
    }
    app.nothing_leaked();
}

#[test]
fn node_fetch_notices_nothing() {
    let app = App::start(Protocols::Both);
    let put = node(
        &app.gateway,
        "node_client.mjs",
        &["PUT", &url("/people/7"), &person(), "application/json"],
    );
    assert_eq!(put["status"], 201, "{put}");
    let got = node(&app.gateway, "node_client.mjs", &["GET", &url("/people/7")]);
    assert_eq!(got["body"], json!(person()));
    app.nothing_leaked();
}

#[test]
fn an_app_behind_nginx_is_protected_and_what_it_compresses_is_revealed() {
    let authority = Authority::new();
    let behind = Origin::plain();
    let leaf = authority.leaf(&[HOST]);
    let nginx = Nginx::start(&leaf, &[("open", b"a file of nginx")], behind.address);
    let policy = POLICY.replace("/people/{id}", "/app/people/{id}");
    let gateway = Setup::new()
        .policy("crm.toml", &policy)
        .resolve(&format!("{HOST}:443"), nginx.address)
        .trust(&authority)
        .start();
    for version in ["--http1.1", "--http2"] {
        let put = curl(
            &gateway,
            &[
                version,
                "-X",
                "PUT",
                "--json",
                &person(),
                &url("/app/people/7"),
            ],
        );
        assert_eq!(put.status, 201, "{put:?}");
        let got = curl(&gateway, &[version, "--compressed", &url("/app/people/7")]);
        assert_eq!(got.text(), person(), "{got:?}");
        assert_eq!(
            curl(&gateway, &[version, &url("/open")]).text(),
            "a file of nginx"
        );
    }
    for value in [NAME, NOTE, CODE] {
        Hidden(value).must_not_stand_in(&behind.everything(), "what the SaaS got");
    }
}
