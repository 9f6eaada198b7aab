//! I7: no leaf is minted for an origin that failed verification.

use tokio::io::AsyncWriteExt;

use crate::bench::{APP, Ca, Certified, Gateway, Origin, read_answer, self_signed};

async fn refused(certified: Certified, ca: Ca, why: &str) {
    let origin = Origin::echo(&certified, &["h2", "http/1.1"]).await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    for _ in 0..2 {
        let mut stream = gateway.dial().await;
        stream
            .write_all(b"CONNECT app.example:443 HTTP/1.1\r\nHost: app.example:443\r\n\r\n")
            .await
            .unwrap();
        let answer = read_answer(&mut stream).await;
        assert_eq!(answer.status(), 502, "{why}: {}", answer.head);
        let status = answer.header("proxy-status").unwrap();
        assert!(
            status.starts_with("rempart; error=tls_certificate_error; details=\""),
            "{why}: {status}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert!(
            answer.body.contains("Ask the operator"),
            "{why}: {}",
            answer.body
        );
        assert!(answer.header("rempart").is_some());
    }
    assert_eq!(gateway.shared.authority().minted(), 0, "{why}");
    assert_eq!(gateway.shared.counters().intercepted.get(), 0, "{why}");
}

#[tokio::test]
async fn i07_expired() {
    let ca = Ca::new();
    refused(ca.certificate(APP, -1), ca, "expired").await;
}

#[tokio::test]
async fn i07_for_another_name() {
    let ca = Ca::new();
    refused(ca.certificate("other.example", 10), ca, "another name").await;
}

#[tokio::test]
async fn i07_self_signed() {
    refused(self_signed(APP), Ca::new(), "self-signed").await;
}

#[tokio::test]
async fn i07_signed_by_nobody_known() {
    refused(
        Ca::new().certificate(APP, 10),
        Ca::new(),
        "unknown authority",
    )
    .await;
}

#[tokio::test]
async fn an_origin_that_is_not_there_is_said_so() {
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let plain = Origin::raw(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let gateway = Gateway::new(
        Ca::new(),
        &[
            ("app.example:443", unused),
            ("app.example:80", plain.address),
            ("outside.example:443", unused),
        ],
    )
    .await;
    for (target, error) in [
        ("app.example:443", "connection_refused"),
        ("outside.example:443", "connection_refused"),
        ("app.example:80", "tls_protocol_error"),
        ("nowhere.invalid:443", "dns_error"),
    ] {
        let (head, _) = gateway.connect(target).await;
        assert!(
            head.starts_with("HTTP/1.1 502") && head.contains(error),
            "{target}: {head}"
        );
    }
    assert_eq!(gateway.shared.authority().minted(), 0);
}

#[tokio::test]
async fn a_host_that_nobody_signed_for_is_refused_with_the_remedy() {
    let ca = Ca::new();
    let origin = Origin::echo(&ca.certificate(APP, 10), &["http/1.1"]).await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    // The app's hosts change while the root's key is away.
    gateway.remove_root_key();
    gateway
        .shared
        .authority()
        .renew(&[("crm", vec![APP, "new.example"])])
        .unwrap();
    let mut stream = gateway.dial().await;
    stream
        .write_all(b"CONNECT app.example:443 HTTP/1.1\r\nHost: app.example:443\r\n\r\n")
        .await
        .unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!(answer.status(), 502, "{}", answer.head);
    assert!(answer.body.contains("rempart up"), "{}", answer.body);
    assert_eq!(gateway.shared.counters().connected.get(), 0);
}
