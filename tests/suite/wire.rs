//! HTTP as clients speak it: what a proxy must not lose on the way.

use std::io::{Read, Write};

use e2e::{Answer, Protocols, Tunnel, curl};
use serde_json::json;

use crate::common::{App, HOST, NAME, person, url};

/// A protocol that nobody here knows.
const UPGRADE: &str = "Upgrade: words\r\nConnection: Upgrade\r\n";

#[test]
fn an_upgrade_passes_on_an_open_route_and_nowhere_else() {
    let app = App::start(Protocols::Http1);
    let open = || {
        let tunnel = Tunnel::open(app.gateway.proxy, &format!("{HOST}:443"));
        tunnel
            .tls(HOST, &app.gateway.root(), &["http/1.1"])
            .expect("a handshake")
    };
    let mut stream = open();
    write!(
        stream,
        "GET /socket HTTP/1.1\r\nHost: {HOST}\r\n{UPGRADE}\r\n"
    )
    .expect("it reads");
    let answer = Answer::read(&mut stream, true).expect("an answer");
    assert_eq!(answer.status, 101, "{answer:?}");
    stream.write_all(b"over and back").expect("it reads");
    let mut echo = [0; 13];
    stream.read_exact(&mut echo).expect("it echoes");
    assert_eq!(&echo, b"over and back");

    let mut stream = open();
    write!(
        stream,
        "GET /people?name=x HTTP/1.1\r\nHost: {HOST}\r\n{UPGRADE}\r\n"
    )
    .expect("it reads");
    let answer = Answer::read(&mut stream, true).expect("an answer");
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(
        app.origin.seen().len(),
        0,
        "neither reached the SaaS as a request that it answered: {:?}",
        app.origin.seen()
    );
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let app = App::start(Protocols::Http1);
    app.origin.store("/people/1", "text/plain", "the first");
    app.origin.store("/people/2", "text/plain", "the second");
    let tunnel = Tunnel::open(app.gateway.proxy, &format!("{HOST}:443"));
    let mut stream = tunnel
        .tls(HOST, &app.gateway.root(), &["http/1.1"])
        .expect("a handshake");
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    let body = "{\"name\":\"Jean-Baptiste\"}";
    let post = format!(
        "POST /echo HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(
            [get("/people/1"), post, get("/people/2")]
                .concat()
                .as_bytes(),
        )
        .expect("it reads");
    for text in ["the first", body, "the second"] {
        assert_eq!(
            Answer::read(&mut stream, false).expect("an answer").text(),
            text
        );
    }
}

#[test]
fn head_and_100_continue_pass() {
    let app = App::start(Protocols::Both);
    app.origin.store("/people/1", "text/plain", "some text");
    for version in ["--http1.1", "--http2"] {
        let head = curl(&app.gateway, &[version, "--head", &url("/people/1")]);
        assert_eq!(head.status, 200, "{head:?}");
        assert_eq!(head.error, "", "{head:?}");
        let posted = curl(
            &app.gateway,
            &[
                version,
                "-H",
                "Expect: 100-continue",
                "--json",
                &person(),
                &url("/people"),
            ],
        );
        assert_eq!(posted.status, 201, "{posted:?}");
    }
    app.nothing_leaked();
}

#[test]
fn a_large_answer_and_a_large_request_arrive_whole() {
    let app = App::start(Protocols::Both);
    let rows: Vec<_> = (0..40_000)
        .map(|row| json!({ "row": row, "text": "what nobody protects" }))
        .collect();
    let body = json!({ "name": NAME, "rows": rows }).to_string();
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("body");
    std::fs::write(&file, &body).expect("a file");
    for version in ["--http1.1", "--http2"] {
        let posted = curl(
            &app.gateway,
            &[
                version,
                "-X",
                "PUT",
                "--json",
                &format!("@{}", file.display()),
                &url("/people/1"),
            ],
        );
        assert_eq!(posted.status, 201, "{posted:?}");
        assert!(
            app.origin.last().length > 1 << 20,
            "it was longer than what is checked whole"
        );
        assert!(
            curl(&app.gateway, &[version, &url("/people/1")]).text() == body,
            "it came back as it went"
        );
    }
    app.nothing_leaked();
}
