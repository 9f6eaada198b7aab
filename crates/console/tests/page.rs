//! The console over its own HTTP: what it shows, to whom, and that what it shows stays inert.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting fails")]

use std::net::SocketAddr;
use std::sync::Arc;

use console::{
    Answer, App, Cell, Counters, Crossing, Demo, Record, Status, Unseen, View, Words, serve,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// An installation with one app and one record, its values as given.
struct Installation {
    has_demo: bool,
    records: Result<Vec<Record>, Unseen>,
}

impl Installation {
    fn with(seen: &str, held: &str) -> Self {
        let cell = |seen: &str, held: &str| Cell {
            name: "last_name".into(),
            label: Words::new("Nom", "Last name"),
            seen: seen.into(),
            held: held.into(),
        };
        let record = Record {
            title: Words::new("Patient", "Patient"),
            kind: "patients".into(),
            id: 7,
            updated: "2026-11-24T08:41:07.120Z".into(),
            cells: vec![cell(seen, held), cell("Clinic", "Clinic")],
        };
        Self {
            has_demo: true,
            records: Ok(vec![record]),
        }
    }
}

impl View for Installation {
    fn status(&self) -> Status {
        Status {
            version: "0.1.0".into(),
            proxy: SocketAddr::from(([0, 0, 0, 0], 7480)),
            console: SocketAddr::from(([127, 0, 0, 1], 7481)),
            root_path: "/home/a b/root.pem".into(),
            root_pem: "-----BEGIN CERTIFICATE-----\n".into(),
            apps: vec![App {
                id: "crm".into(),
                title: "CRM".into(),
                operator: "Northwind".into(),
                jurisdiction: "US".into(),
                hosts: vec!["crm.example".into()],
                fields: 3,
                routes: 4,
            }],
            counters: Counters {
                requests: 41,
                ..Counters::default()
            },
            crossings: vec![Crossing {
                at: "2026-11-24T08:41:07Z".into(),
                app: "crm".into(),
                method: "GET".into(),
                route: None,
                protected: 0,
                revealed: 0,
                refused: Some("unmatched-route".into()),
                reference: "abcd".into(),
            }],
            warnings: vec![Words::new("Aucune sauvegarde.", "No backup.")],
            demo: self.has_demo.then(|| Demo {
                host: "crm.example".into(),
                operator: "Northwind".into(),
                jurisdiction: "US".into(),
                address: SocketAddr::from(([127, 0, 0, 1], 9443)),
                authority_path: "/home/ca.pem".into(),
                browse: vec!["/opt/a b/rempart".into(), "browse".into()],
            }),
        }
    }

    fn side_by_side(&self) -> Answer<'_, Result<Vec<Record>, Unseen>> {
        Box::pin(async { self.records.clone() })
    }
}

/// Serves one installation, asks it once, and stops it.
async fn ask(installation: Installation, path: &str, headers: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, Arc::new(installation), async {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    answer
}

const OWN: &str = "Host: 127.0.0.1:7481\r\n";

#[tokio::test]
async fn both_sides_stand_beside_each_other() {
    let page = ask(Installation::with("Tremblay", "q2token"), "/", OWN).await;
    assert!(page.starts_with("HTTP/1.1 200"));
    assert!(page.contains("Ce que vous voyez") && page.contains("Ce qu’ils détiennent"));
    assert!(page.contains("<dd class=\"seen\">Tremblay</dd>"));
    assert!(page.contains("<code>q2token</code>"));
    assert!(page.contains("Clinic <span class=\"as-is\">tel quel</span>"));
    assert!(page.contains("--cacert &#39;/home/a b/root.pem&#39;"));
    assert!(page.contains("&#39;/opt/a b/rempart&#39; browse"));
    let english = ask(
        Installation::with("Tremblay", "q2token"),
        "/live?lang=en",
        OWN,
    )
    .await;
    assert!(english.contains("What you see") && english.contains("No backup."));
    assert!(!english.contains("<html"));
}

#[tokio::test]
async fn i08_a_value_cannot_leave_its_place_on_the_page() {
    let hostile = "</dd><script>alert(1)</script>\"'";
    for path in ["/", "/live"] {
        let page = ask(Installation::with(hostile, hostile), path, OWN).await;
        assert!(!page.contains("<script>alert"), "{path}");
        assert!(page.contains("&#60;script&#62;alert(1)"), "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_the_rest_still_stands() {
    let installation = || Installation {
        has_demo: true,
        records: Err(Unseen::Seen),
    };
    let page = ask(installation(), "/", OWN).await;
    assert!(page.contains("n’ont pas pu être lues") && page.contains("crm.example"));
    let answer = ask(installation(), "/api/side-by-side", OWN).await;
    assert!(answer.starts_with("HTTP/1.1 503"));
    let plain = ask(
        Installation {
            has_demo: false,
            records: Err(Unseen::Held),
        },
        "/",
        OWN,
    )
    .await;
    assert!(!plain.contains("Ce qu’ils détiennent") && plain.contains("unmatched-route"));
}

#[tokio::test]
async fn a_name_that_was_rebound_is_refused() {
    for headers in [
        "Host: evil.example\r\n",
        "Host: 127.0.0.1.evil.example\r\n",
        "Host:\r\n",
    ] {
        let answer = ask(Installation::with("Tremblay", "q2token"), "/", headers).await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{headers}");
        assert!(!answer.contains("Tremblay"));
    }
    for path in ["/api/side-by-side", "/live", "/console.js"] {
        let headers = format!("{OWN}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n");
        let answer = ask(Installation::with("Tremblay", "q2token"), path, &headers).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{path}");
    }
    let link = format!("{OWN}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n");
    let answer = ask(Installation::with("Tremblay", "q2token"), "/", &link).await;
    assert!(answer.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn every_answer_forbids_what_is_inline_or_foreign() {
    for path in [
        "/",
        "/live",
        "/api/status",
        "/proxy.pac",
        "/console.css",
        "/nowhere",
    ] {
        let answer = ask(Installation::with("Tremblay", "q2token"), path, OWN).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self'"));
        assert!(
            head.contains("cache-control: no-store") && head.contains("nosniff"),
            "{path}"
        );
        assert!(
            !head.to_ascii_lowercase().contains("access-control-"),
            "{path}"
        );
        assert!(
            !body.contains("style=") && !body.contains(" onclick"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_root_and_the_proxy_file_are_served() {
    let pac = ask(
        Installation::with("", ""),
        "/proxy.pac",
        "Host: 10.1.2.3:7481\r\n",
    )
    .await;
    assert!(pac.contains("content-type: application/x-ns-proxy-autoconfig"));
    assert!(pac.contains("\"crm.example\"") && pac.contains("PROXY 10.1.2.3:7480"));
    let root = ask(Installation::with("", ""), "/root.pem", OWN).await;
    assert!(root.ends_with("-----BEGIN CERTIFICATE-----\n"));
    let status = ask(Installation::with("", ""), "/api/status", OWN).await;
    assert!(status.contains("\"requests\":41") && !status.contains("BEGIN CERTIFICATE"));
}
