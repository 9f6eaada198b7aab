//! I1 and I2: what is protected leaves as tokens in every format, coding and protocol, and comes back as it was.

use std::io::Write;
use std::path::Path;

use e2e::{Hidden, Origin, Protocols, Setup, curl};
use tempfile::TempDir;

use crate::common::{App, CODE, HOST, NAME, NOTE, POLICY, person, url};

#[test]
fn i01_i02_json_over_every_pair_of_protocols() {
    for origin in [Protocols::Http1, Protocols::Http2, Protocols::Both] {
        let app = App::start(origin);
        for (client, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
            let posted = curl(
                &app.gateway,
                &[client, "--json", &person(), &url("/people/7"), "-X", "PUT"],
            );
            assert_eq!(posted.status, 201, "{client} to {origin:?}: {posted:?}");
            // What the origin does not speak is not offered to the client.
            let version = if origin == Protocols::Http1 {
                "1.1"
            } else {
                version
            };
            assert_eq!(
                posted.version, version,
                "{client} to {origin:?}: {posted:?}"
            );
            let held: serde_json::Value =
                serde_json::from_slice(&app.origin.last().body).expect("still JSON");
            assert_eq!(held["kept"], "as it came");
            assert_eq!(held["id"], 7);
            let got = curl(&app.gateway, &[client, &url("/people/7")]);
            assert_eq!(got.text(), person(), "{client} to {origin:?}: {got:?}");
        }
        app.nothing_leaked();
    }
}

#[test]
fn i03_bytes_outside_places_are_those_that_came() {
    let app = App::start(Protocols::Both);
    let odd = "{ \"a\" :\t1.50e+3 ,\n \"name\":\"Zo\\u00e9 Tremblay-Gagnon\", \"b\":[ ] , \"\\u0063\" : \"\\/\" }\n";
    assert_eq!(
        curl(&app.gateway, &["--json", odd, &url("/people")]).status,
        201
    );
    let body = app.origin.last().body;
    let held = std::str::from_utf8(&body).expect("text");
    let (before, after) = (
        odd.find("Zo").expect("stands"),
        odd.find("\", \"b\"").expect("stands"),
    );
    assert!(held.starts_with(&odd[..before]), "{held}");
    assert!(held.ends_with(&odd[after..]), "{held}");
    app.nothing_leaked();
}

#[test]
fn i01_i02_a_form_comes_back_by_the_form_serialisation() {
    let app = App::start(Protocols::Both);
    let name = format!("name={NAME}");
    let note = format!("note={NOTE}");
    let posted = curl(
        &app.gateway,
        &[
            "--data-urlencode",
            &name,
            "--data-urlencode",
            &note,
            "--data",
            "kept=a%20b",
            &url("/forms"),
        ],
    );
    assert_eq!(posted.status, 201, "{posted:?}");
    app.nothing_leaked();
    let got = curl(&app.gateway, &[&url("/forms")]).text();
    assert!(
        got.starts_with("name=Zo%C3%A9+Tremblay-Gagnon&note=asthma+since+2019%3B+%22carries%22"),
        "{got}"
    );
    assert!(got.ends_with("&kept=a%20b"), "{got}");
}

#[test]
fn i01_i02_multipart_fields_are_protected_and_files_pass() {
    let app = App::start(Protocols::Both);
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("photo.bin");
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    std::fs::write(&file, &bytes).expect("a file");
    let part = format!("photo=@{};type=application/octet-stream", file.display());
    let posted = curl(
        &app.gateway,
        &[
            "--form-string",
            &format!("name={NAME}"),
            "-F",
            &part,
            "--form-string",
            &format!("note={NOTE}"),
            &url("/files"),
        ],
    );
    assert_eq!(posted.status, 201, "{posted:?}");
    app.nothing_leaked();
    assert!(
        contains(&app.origin.last().body, &bytes),
        "the file's bytes are those that came"
    );
    let got = curl(&app.gateway, &[&url("/files")]);
    for what in [NAME.as_bytes(), NOTE.as_bytes(), &bytes] {
        assert!(contains(&got.body, what), "{}", got.head);
    }
}

#[test]
fn i01_i02_a_text_body_is_one_value() {
    let app = App::start(Protocols::Both);
    let posted = curl(
        &app.gateway,
        &[
            "-H",
            "Content-Type: text/plain; charset=utf-8",
            "--data-binary",
            NOTE,
            &url("/notes"),
        ],
    );
    assert_eq!(posted.status, 201, "{posted:?}");
    app.nothing_leaked();
    assert_eq!(curl(&app.gateway, &[&url("/notes")]).text(), NOTE);
}

#[test]
fn i01_i02_every_content_coding_is_undone_and_done_again() {
    let app = App::start(Protocols::Both);
    let folder = TempDir::new().expect("a folder");
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let file = folder.path().join(coding);
        code(coding, person().as_bytes(), &file);
        let header = format!("Content-Encoding: {coding}");
        let body = format!("@{}", file.display());
        let posted = curl(
            &app.gateway,
            &[
                "-X",
                "PUT",
                "-H",
                "Content-Type: application/json",
                "-H",
                &header,
                "--data-binary",
                &body,
                &url("/people/8"),
            ],
        );
        assert_eq!(posted.status, 201, "{coding}: {posted:?}");
        let seen = app.origin.last();
        assert_eq!(
            seen.headers
                .get("content-encoding")
                .map(|value| value.as_bytes()),
            Some(coding.as_bytes())
        );
        app.nothing_leaked();
        let got = curl(&app.gateway, &["--compressed", &url("/people/8")]);
        assert_eq!(got.text(), person(), "{coding}: {got:?}");
    }
}

#[test]
fn i01_a_chunked_body_is_protected_as_a_counted_one() {
    let app = App::start(Protocols::Http1);
    let posted = curl(
        &app.gateway,
        &[
            "--http1.1",
            "-H",
            "Transfer-Encoding: chunked",
            "--json",
            &person(),
            &url("/people"),
        ],
    );
    assert_eq!(posted.status, 201, "{posted:?}");
    let seen = app.origin.last();
    let counted = seen
        .headers
        .get("content-length")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    assert!(
        counted.is_none_or(|counted: u64| counted == seen.length),
        "{seen:?}"
    );
    assert!(seen.complete);
    app.nothing_leaked();
}

#[test]
fn i01_a_search_asks_for_the_token_that_was_stored() {
    let app = App::start(Protocols::Both);
    assert_eq!(
        curl(&app.gateway, &["--json", &person(), &url("/people")]).status,
        201
    );
    let held: serde_json::Value = serde_json::from_slice(&app.origin.last().body).expect("JSON");
    let token = held["name"].as_str().expect("a token").to_owned();
    let searched = curl(
        &app.gateway,
        &[
            "--get",
            "--data-urlencode",
            &format!("name={NAME}"),
            &url("/people"),
        ],
    );
    assert_eq!(
        app.origin.last().target,
        format!("/people?name={token}"),
        "{searched:?}"
    );
    app.nothing_leaked();
}

#[test]
fn i01_plain_http_to_an_app_is_protected_too() {
    let origin = Origin::plain();
    let gateway = Setup::new()
        .policy("crm.toml", POLICY)
        .resolve(&format!("{HOST}:80"), origin.address)
        .start();
    let posted = curl(
        &gateway,
        &[
            "--json",
            &person(),
            &format!("http://{HOST}/people/7"),
            "-X",
            "PUT",
        ],
    );
    assert_eq!(posted.status, 201, "{posted:?}");
    for value in [NAME, NOTE, CODE] {
        Hidden(value).must_not_stand_in(&origin.everything(), "what the SaaS got");
    }
    assert_eq!(
        curl(&gateway, &[&format!("http://{HOST}/people/7")]).text(),
        person()
    );
}

#[test]
fn numbers_come_back_as_they_were_spelled_and_null_and_empty_pass() {
    let app = App::start(Protocols::Both);
    for (value, sealed) in [
        ("1.50e+3", true),
        ("true", true),
        ("null", false),
        ("\"\"", false),
    ] {
        let body = format!("{{\"note\":{value}}}");
        assert_eq!(
            curl(
                &app.gateway,
                &["-X", "PUT", "--json", &body, &url("/people/9")]
            )
            .status,
            201,
            "{value}"
        );
        assert_eq!(app.origin.last().body != body, sealed, "{value}");
        assert_eq!(
            curl(&app.gateway, &[&url("/people/9")]).text(),
            body,
            "{value}"
        );
    }
}

#[test]
fn every_answer_of_an_app_carries_a_receipt() {
    let app = App::start(Protocols::Both);
    let posted = curl(&app.gateway, &["--json", &person(), &url("/people")]);
    let receipt = posted
        .header("rempart")
        .unwrap_or_else(|| panic!("no receipt: {posted:?}"));
    assert!(receipt.starts_with("protected=3"), "{receipt}");
    assert!(receipt.contains("ref="), "{receipt}");
    let got = curl(&app.gateway, &[&url("/open")]);
    assert!(
        got.header("rempart")
            .is_some_and(|receipt| receipt.starts_with("protected=0")),
        "{got:?}"
    );
    assert!(
        app.origin
            .seen()
            .iter()
            .all(|seen| !seen.headers.contains_key("rempart")),
        "the SaaS sees no receipt"
    );
}

#[test]
fn the_same_connection_carries_many_requests() {
    let app = App::start(Protocols::Both);
    for client in ["--http1.1", "--http2"] {
        let one = url("/people/1");
        let two = url("/people/2");
        let mut arguments = vec![client];
        for _ in 0..20 {
            arguments.extend([
                one.as_str(),
                "-o",
                "/dev/null",
                two.as_str(),
                "-o",
                "/dev/null",
            ]);
        }
        let reply = curl(&app.gateway, &arguments);
        assert_eq!(reply.error, "", "{reply:?}");
    }
    assert!(app.origin.seen().len() >= 80);
    assert!(
        app.origin.connections() <= 4,
        "{} connections for 80 requests",
        app.origin.connections()
    );
}

fn code(coding: &str, plain: &[u8], file: &Path) {
    let mut coded = Vec::new();
    match coding {
        "gzip" => {
            let mut encoder =
                flate2::write::GzEncoder::new(&mut coded, flate2::Compression::default());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory");
        }
        "deflate" => {
            let mut encoder =
                flate2::write::ZlibEncoder::new(&mut coded, flate2::Compression::default());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory");
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(&mut coded, 4096, 5, 20);
            encoder.write_all(plain).expect("memory");
            drop(encoder);
        }
        _ => coded = zstd::stream::encode_all(plain, 3).expect("memory"),
    }
    std::fs::write(file, coded).expect("a file");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
