//! I5: what cannot be read on a protected route does not complete at the origin, and the client is told why.

use std::io::Write;

use e2e::{Answer, Protocols, Reply, Tunnel, all_files, curl};

use crate::common::{App, HOST, NAME, url};

/// What came back is a refusal whose reference the operator finds.
fn is_refused(app: &App, reply: &Reply, what: &str) {
    assert!((400..500).contains(&reply.status), "{what}: {reply:?}");
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json"),
        "{what}: {reply:?}"
    );
    let problem = reply.json();
    assert!(
        problem["title"].is_string() && problem["status"] == reply.status,
        "{what}: {problem}"
    );
    let receipt = reply
        .header("rempart")
        .unwrap_or_else(|| panic!("{what}: no receipt: {reply:?}"));
    let reference = receipt.rsplit("ref=").next().unwrap_or_default().to_owned();
    assert!(
        reference.len() >= 6 && problem.to_string().contains(&reference),
        "{what}: {reference} stands in {problem}"
    );
    e2e::until(10, "the reference stands in the log", || {
        app.gateway.said().contains(&reference).then_some(())
    });
    e2e::until(10, "the reference stands in the journal", || {
        all_files(&app.gateway.home())
            .iter()
            .any(|(path, bytes)| {
                path.to_string_lossy().contains("journal")
                    && String::from_utf8_lossy(bytes).contains(&reference)
            })
            .then_some(())
    });
}

#[test]
fn i05_json_that_cannot_be_trusted_never_leaves() {
    let app = App::start(Protocols::Both);
    let utf16: Vec<u8> = format!("{{\"name\":\"{NAME}\"}}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("cut short", format!("{{\"name\":\"{NAME}\"").into_bytes()),
        (
            "trailing comma",
            format!("{{\"name\":\"{NAME}\",}}").into_bytes(),
        ),
        (
            "something after the end",
            format!("{{\"name\":\"{NAME}\"}} {{}}").into_bytes(),
        ),
        ("single quotes", format!("{{'name':'{NAME}'}}").into_bytes()),
        ("UTF-16", utf16),
        (
            "a byte-order mark",
            format!("\u{feff}{{\"name\":\"{NAME}\"}}").into_bytes(),
        ),
        (
            "not UTF-8",
            b"{\"name\":\"Zo\xe9 Tremblay-Gagnon\"}".to_vec(),
        ),
        (
            "the key twice",
            format!("{{\"name\":\"x\",\"name\":\"{NAME}\"}}").into_bytes(),
        ),
        (
            "the key twice, once escaped",
            format!("{{\"n\\u0061me\":\"x\",\"name\":\"{NAME}\"}}").into_bytes(),
        ),
        (
            "an object at a leaf's place",
            format!("{{\"name\":{{\"first\":\"{NAME}\"}}}}").into_bytes(),
        ),
        (
            "an array at a leaf's place",
            format!("{{\"name\":[\"{NAME}\"]}}").into_bytes(),
        ),
    ];
    let folder = tempfile::TempDir::new().expect("a folder");
    for (what, body) in cases {
        let file = folder.path().join("body");
        std::fs::write(&file, body).expect("a file");
        for version in ["--http1.1", "--http2"] {
            let reply = curl(
                &app.gateway,
                &[
                    version,
                    "-H",
                    "Content-Type: application/json",
                    "--data-binary",
                    &format!("@{}", file.display()),
                    &url("/people"),
                ],
            );
            is_refused(&app, &reply, what);
        }
    }
    assert!(
        app.origin.seen().is_empty(),
        "nothing reached the SaaS: {:?}",
        app.origin.seen()
    );
}

#[test]
fn i05_a_content_type_that_lies_never_leaves() {
    let app = App::start(Protocols::Both);
    let json = format!("{{\"name\":\"{NAME}\"}}");
    let form = "name=Zo%C3%A9+Tremblay-Gagnon";
    for (path, content_type, body) in [
        ("/people", "text/plain", json.as_str()),
        (
            "/people",
            "application/x-www-form-urlencoded",
            json.as_str(),
        ),
        ("/people", "application/json; charset=utf-16", json.as_str()),
        ("/people", "", json.as_str()),
        ("/people", "application/json", form),
        ("/forms", "application/json", json.as_str()),
        ("/files", "multipart/form-data", json.as_str()),
        ("/files", "multipart/form-data; boundary=b", json.as_str()),
    ] {
        let reply = curl(
            &app.gateway,
            &[
                "-H",
                &format!(
                    "Content-Type:{}{content_type}",
                    if content_type.is_empty() { "" } else { " " }
                ),
                "--data-binary",
                body,
                &url(path),
            ],
        );
        is_refused(&app, &reply, &format!("{path} as {content_type:?}"));
    }
    assert!(
        app.origin.seen().is_empty(),
        "nothing reached the SaaS: {:?}",
        app.origin.seen()
    );
}

#[test]
fn i05_a_damaged_coding_never_leaves() {
    let app = App::start(Protocols::Both);
    for coding in [
        "gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "gzip, gzip",
        "identity, gzip",
    ] {
        let reply = curl(
            &app.gateway,
            &[
                "-H",
                &format!("Content-Encoding: {coding}"),
                "--json",
                &format!("{{\"name\":\"{NAME}\"}}"),
                &url("/people"),
            ],
        );
        is_refused(&app, &reply, coding);
    }
    assert!(
        app.origin.seen().is_empty(),
        "nothing reached the SaaS: {:?}",
        app.origin.seen()
    );
}

#[test]
fn i05_a_long_body_that_breaks_late_never_completes() {
    let app = App::start(Protocols::Both);
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("body");
    let rows = "\"a row that nobody protects\",".repeat(120_000);
    std::fs::write(&file, format!("{{\"name\":\"{NAME}\",\"rows\":[{rows}")).expect("a file");
    for version in ["--http1.1", "--http2"] {
        let reply = curl(
            &app.gateway,
            &[
                version,
                "-H",
                "Content-Type: application/json",
                "--data-binary",
                &format!("@{}", file.display()),
                &url("/people"),
            ],
        );
        is_refused(&app, &reply, version);
    }
    e2e::until(10, "the SaaS sees the requests end", || {
        app.origin
            .seen()
            .iter()
            .all(|seen| seen.length > 0 || !seen.complete)
            .then_some(())
    });
    assert!(
        app.origin.seen().iter().all(|seen| !seen.complete),
        "no request completed"
    );
    assert!(app.origin.stored("/people").is_none());
    app.nothing_leaked();
}

#[test]
fn a_route_that_nobody_described_is_refused() {
    let app = App::start(Protocols::Both);
    for arguments in [vec!["-X", "DELETE"], vec!["--json", "{}"]] {
        let other = url("/elsewhere");
        let reply = curl(&app.gateway, &[arguments, vec![other.as_str()]].concat());
        is_refused(&app, &reply, "unmatched");
    }
    assert!(app.origin.seen().is_empty());
}

#[test]
fn paths_that_two_servers_read_differently_are_refused() {
    let app = App::start(Protocols::Both);
    for path in [
        "/open/../people",
        "/people/%2e%2e/open",
        "//open",
        "/people//7",
        "/people/a%2Fb",
        "/people/a%5Cb",
        "/people/a\\b",
        "/people/%252e",
        "/people/./7",
        "/people/%00",
    ] {
        let reply = curl(&app.gateway, &["--path-as-is", &url(path)]);
        is_refused(&app, &reply, path);
    }
    // What means the same for everybody passes as it came.
    assert_eq!(curl(&app.gateway, &[&url("/p%65ople/%37")]).status, 404);
    assert_eq!(app.origin.last().target, "/p%65ople/%37");
}

#[test]
fn an_overridden_method_is_refused() {
    let app = App::start(Protocols::Both);
    let reply = curl(
        &app.gateway,
        &[
            "-X",
            "POST",
            "-H",
            "X-HTTP-Method-Override: PUT",
            "-d",
            "",
            &url("/open"),
        ],
    );
    is_refused(&app, &reply, "override");
    assert!(app.origin.seen().is_empty());
}

#[test]
fn a_navigation_gets_a_page_that_says_what_and_whom_to_ask() {
    let app = App::start(Protocols::Both);
    let reply = curl(
        &app.gateway,
        &[
            "-H",
            "Sec-Fetch-Mode: navigate",
            "-H",
            "Accept: text/html,*/*;q=0.8",
            &url("/elsewhere"),
        ],
    );
    assert!((400..500).contains(&reply.status), "{reply:?}");
    assert!(
        reply
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html")),
        "{reply:?}"
    );
    let reference = reply
        .header("rempart")
        .and_then(|receipt| receipt.rsplit("ref=").next())
        .unwrap_or_default();
    assert!(
        reference.len() >= 6 && reply.text().contains(reference),
        "{reply:?}"
    );
}

#[test]
fn a_host_that_is_not_the_tunnels_is_misdirected() {
    let app = App::start(Protocols::Http1);
    let tunnel = Tunnel::open(app.gateway.proxy, &format!("{HOST}:443"));
    assert_eq!(tunnel.answer.status, 200);
    let mut stream = tunnel
        .tls(HOST, &app.gateway.root(), &["http/1.1"])
        .expect("a handshake");
    stream
        .write_all(b"GET /open HTTP/1.1\r\nHost: other.saas.example\r\n\r\n")
        .expect("it reads");
    assert_eq!(
        Answer::read(&mut stream, false).expect("an answer").status,
        421
    );
    assert!(app.origin.seen().is_empty());
}

#[test]
fn a_name_that_is_not_the_tunnels_ends_in_no_request() {
    let app = App::start(Protocols::Http1);
    let tunnel = Tunnel::open(app.gateway.proxy, &format!("{HOST}:443"));
    if let Ok(mut stream) = tunnel.tls("other.saas.example", &app.gateway.root(), &["http/1.1"]) {
        stream
            .write_all(format!("GET /open HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes())
            .expect("it reads");
        assert_eq!(
            Answer::read(&mut stream, false).expect("an answer").status,
            421
        );
    }
    assert!(app.origin.seen().is_empty());
}

#[test]
fn requests_that_two_servers_frame_differently_reach_the_saas_once_or_not_at_all() {
    let app = App::start(Protocols::Http1);
    for (head, most) in [
        // RFC 9112 §6.3: the chunks count, the length is dropped, and the connection ends.
        (
            "POST /open HTTP/1.1\r\nHost: crm.saas.example\r\nContent-Length: 32\r\nTransfer-Encoding: chunked\r\n\r\n\
             0\r\n\r\nDELETE /people/7 HTTP/1.1\r\n\r\n",
            1,
        ),
        (
            "POST /open HTTP/1.1\r\nHost: crm.saas.example\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            0,
        ),
        (
            "POST /open HTTP/1.1\r\nHost: crm.saas.example\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
            0,
        ),
        (
            "GET /open HTTP/1.1\r\nHost: crm.saas.example\r\nHost: crm.saas.example\r\n\r\n",
            0,
        ),
        ("GET /open HTTP/1.1\r\nHost : crm.saas.example\r\n\r\n", 0),
        ("GET /open HTTP/1.1\r\n\r\n", 0),
    ] {
        let before = app.origin.seen().len();
        let tunnel = Tunnel::open(app.gateway.proxy, &format!("{HOST}:443"));
        let mut stream = tunnel
            .tls(HOST, &app.gateway.root(), &["http/1.1"])
            .expect("a handshake");
        stream.write_all(head.as_bytes()).expect("it reads");
        let answer = Answer::read(&mut stream, false);
        if most == 0 {
            assert!(
                answer.is_err() || answer.is_ok_and(|answer| (400..500).contains(&answer.status)),
                "{head:?}"
            );
        } else {
            assert!(
                Answer::read(&mut stream, false).is_err(),
                "{head:?}: the connection ends"
            );
        }
        assert!(
            app.origin.seen().len() - before <= most,
            "{head:?}: {:?}",
            app.origin.seen()
        );
    }
}
