//! SNI, `Host` and the tunnel's target must agree.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;

use crate::bench::{APP, Ca, Gateway, Origin, ask, soon};

async fn bench() -> (Origin, Gateway) {
    let ca = Ca::new();
    let origin = Origin::echo(&ca.certificate(APP, 10), &["h2", "http/1.1"]).await;
    let gateway = Gateway::new(
        ca,
        &[
            ("app.example:443", origin.address),
            ("app.example:8443", origin.address),
        ],
    )
    .await;
    (origin, gateway)
}

#[tokio::test]
async fn a_request_for_another_host_is_misdirected() {
    let (_origin, gateway) = bench().await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: app.example:8443\r\n\r\n", 421),
        (
            "GET https://other.example/ HTTP/1.1\r\nHost: app.example\r\n\r\n",
            421,
        ),
        (
            "GET https://app.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n",
            421,
        ),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        (
            "GET / HTTP/1.1\r\nHost: app.example\r\nHost: other.example\r\n\r\n",
            400,
        ),
        ("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: APP.example:443\r\n\r\n", 200),
        (
            "GET https://app.example/ HTTP/1.1\r\nHost: app.example\r\n\r\n",
            200,
        ),
        ("GET / HTTP/1.0\r\n\r\n", 200),
    ] {
        let answer = ask(&mut gateway.app().await, request).await;
        assert_eq!(answer.status(), status, "{request:?}: {answer:?}");
        assert!(answer.header("rempart").is_some(), "{request:?}");
        if status == 421 {
            assert!(
                answer.body.contains("\"code\":\"misdirected\""),
                "{}",
                answer.body
            );
        }
    }
    assert_eq!(gateway.shared.counters().misdirected.get(), 4);
    assert_eq!(
        gateway.home.settled.lock().unwrap().len(),
        4,
        "durable before they were answered"
    );
}

#[tokio::test]
async fn another_port_is_another_target() {
    let (_origin, gateway) = bench().await;
    let mut stream = gateway.secure("app.example:8443", APP, &["http/1.1"]).await;
    assert_eq!(
        ask(&mut stream, "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n")
            .await
            .status(),
        421
    );
    let answer = ask(
        &mut stream,
        "GET / HTTP/1.1\r\nHost: app.example:8443\r\n\r\n",
    )
    .await;
    assert!(
        answer.body.contains("host=app.example:8443"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn another_server_name_is_misdirected() {
    let (_origin, gateway) = bench().await;
    // The leaf is for the tunnel's host, so only a client that does not check comes this far.
    let (_, stream) = gateway.connect("app.example:443").await;
    let connector = crate::bench::client(gateway.shared.authority().root_pem(), &["http/1.1"]);
    let mut config = (**connector.config()).clone();
    config
        .dangerous()
        .set_certificate_verifier(std::sync::Arc::new(Credulous));
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let name = rustls_pki_types::ServerName::try_from("other.example").unwrap();
    let mut stream = soon(connector.connect(name, stream)).await.unwrap();
    for host in ["app.example", "other.example"] {
        let answer = ask(
            &mut stream,
            &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        )
        .await;
        assert_eq!(answer.status(), 421, "{host}");
    }
}

#[tokio::test]
async fn another_authority_is_misdirected_on_http2() {
    let (_origin, gateway) = bench().await;
    let stream = gateway.secure("app.example:443", APP, &["h2"]).await;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let mut driving = JoinSet::new();
    driving.spawn(async move {
        let _ = connection.await;
    });
    for (uri, host, status) in [
        ("https://app.example/", None, 200),
        ("https://app.example/", Some("app.example"), 200),
        ("https://app.example/", Some("other.example"), 421),
        ("https://other.example/", None, 421),
        ("https://app.example:8443/", None, 421),
    ] {
        let mut request = Request::get(uri);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let answer = soon(sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()))
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{uri} {host:?}");
        soon(answer.into_body().collect()).await.unwrap();
    }
}

/// Believes anything, as careless clients do.
#[derive(Debug)]
struct Credulous;

impl rustls::client::danger::ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &[rustls_pki_types::CertificateDer<'_>],
        _: &rustls_pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
