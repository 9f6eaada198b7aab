//! I14, and the signals: a changed policy takes effect, a bad one changes nothing, an end is a drain.

use std::fs;
use std::io::Write;

use e2e::{Answer, Protocols, Setup, Tunnel, curl, until};
use rustix::process::Signal;

use crate::common::{App, HOST, POLICY, url};

#[test]
fn i14_a_changed_policy_takes_effect_and_a_bad_one_does_not() {
    // Its log stands beside its settings here, and is written all the time.
    let app = App::start_with(Protocols::Both, Setup::new().verbose());
    let file = app.gateway.policy_file("crm.toml");
    let open = |path: &str| curl(&app.gateway, &[&url(path)]).status;
    assert_eq!(open("/added"), 403);
    let wider = POLICY.replace("\"GET /open\"", "\"GET /open\", \"GET /added\"");
    fs::write(&file, &wider).expect("the policy is written");
    until(10, "the changed policy is in force", || {
        (open("/added") == 404).then_some(())
    });

    fs::write(
        &file,
        wider.replace("treatment = \"match\"", "treatment = \"mtach\""),
    )
    .expect("the policy is written");
    until(10, "the bad policy is told of", || {
        app.gateway.said().contains("mtach").then_some(())
    });
    assert_eq!(open("/added"), 404, "the old plan is in force");
    let posted = curl(
        &app.gateway,
        &["--json", &crate::common::person(), &url("/people")],
    );
    assert_eq!(posted.status, 201, "{posted:?}");
    app.nothing_leaked();

    fs::write(&file, POLICY).expect("the policy is written");
    app.gateway.signal(Signal::HUP);
    until(10, "the policy is in force again", || {
        (open("/added") == 403).then_some(())
    });
}

#[test]
fn i14_a_bad_policy_at_the_start_is_refused_before_a_port_is_bound() {
    let folder = tempfile::TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("policies")).expect("a folder");
    fs::write(
        folder.path().join("policies").join("crm.toml"),
        POLICY.replace("unmatched", "unmatchde"),
    )
    .expect("a file");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let ended = e2e::run(&[
        "up",
        "--home",
        &path("home"),
        "--policies",
        &path("policies"),
        "--listen",
        "127.0.0.1:0",
        "--console",
        "127.0.0.1:0",
    ]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success(), "{said}");
    assert!(
        said.contains("crm.toml") && said.contains("unmatchde"),
        "{said}"
    );
}

#[test]
fn sigterm_lets_what_has_begun_end() {
    let mut app = App::start(Protocols::Http1);
    let mut stream = Tunnel::open(app.gateway.proxy, &format!("{HOST}:443"))
        .tls(HOST, &app.gateway.root(), &["http/1.1"])
        .expect("a handshake");
    write!(stream, "POST /people HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{\"name\":\"Zo").expect("it reads");
    app.gateway.signal(Signal::TERM);
    until(10, "no new connection is taken", || {
        std::net::TcpStream::connect(app.gateway.proxy)
            .is_err()
            .then_some(())
    });
    stream.write_all(b"e Tremb\"}").expect("it reads");
    assert_eq!(
        Answer::read(&mut stream, false).expect("an answer").status,
        201
    );
    drop(stream);
    assert!(app.gateway.ended(20).success());
}
