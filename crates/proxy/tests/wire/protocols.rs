//! HTTP/1.1 and HTTP/2 on both sides, translated where they differ.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::bench::{APP, Ca, Gateway, Origin, ask, read_answer, soon};

#[tokio::test]
async fn every_client_reaches_every_origin() {
    for (origin_speaks, client_speaks, on_the_client, at_the_origin) in [
        (
            &["h2", "http/1.1"][..],
            &["h2", "http/1.1"][..],
            "h2",
            "HTTP/2.0",
        ),
        (&["h2", "http/1.1"], &["http/1.1"], "http/1.1", "HTTP/1.1"),
        (&["h2", "http/1.1"], &[], "", "HTTP/1.1"),
        (&["http/1.1"], &["h2", "http/1.1"], "http/1.1", "HTTP/1.1"),
        (&["http/1.1"], &["h2"], "h2", "HTTP/1.1"),
        (&["h2"], &["http/1.1"], "http/1.1", "HTTP/2.0"),
        (&["h2"], &["h2"], "h2", "HTTP/2.0"),
        (&[], &["h2", "http/1.1"], "http/1.1", "HTTP/1.1"),
    ] {
        let case = format!("origin {origin_speaks:?}, client {client_speaks:?}");
        let ca = Ca::new();
        let origin = Origin::echo(&ca.certificate(APP, 10), origin_speaks).await;
        let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
        let mut stream = gateway.secure("app.example:443", APP, client_speaks).await;
        let spoken = stream
            .get_ref()
            .1
            .alpn_protocol()
            .unwrap_or_default()
            .to_vec();
        assert_eq!(String::from_utf8(spoken).unwrap(), on_the_client, "{case}");
        for round in 0..2 {
            let body = format!("round {round}");
            let answer = if on_the_client == "h2" {
                let (sender, connection) = hyper::client::conn::http2::handshake(
                    TokioExecutor::new(),
                    TokioIo::new(stream),
                )
                .await
                .unwrap();
                let mut driving = JoinSet::new();
                driving.spawn(async move {
                    let _ = connection.await;
                });
                // Both rounds at once, on one connection.
                let mut asked = JoinSet::new();
                for round in 0..8 {
                    let mut sender = sender.clone();
                    asked.spawn(async move {
                        let body = Full::new(Bytes::from(format!("round {round}")));
                        let request = Request::post("https://app.example/a?b=%20")
                            .body(body)
                            .unwrap();
                        let answer = sender.send_request(request).await.unwrap();
                        assert_eq!(
                            answer.headers()["rempart"]
                                .to_str()
                                .unwrap()
                                .split(',')
                                .next(),
                            Some("protected=0")
                        );
                        (
                            round,
                            answer.into_body().collect().await.unwrap().to_bytes(),
                        )
                    });
                }
                while let Some(answered) = soon(asked.join_next()).await {
                    let (round, body) = answered.unwrap();
                    let expected = format!(
                        "POST /a?b=%20 host=app.example version={at_the_origin}\nround {round}"
                    );
                    assert_eq!(body, expected.as_bytes(), "{case}");
                }
                break;
            } else {
                let length = body.len();
                ask(
                    &mut stream,
                    &format!("POST /a?b=%20 HTTP/1.1\r\nHost: app.example\r\nContent-Length: {length}\r\n\r\n{body}"),
                )
                .await
            };
            let expected =
                format!("POST /a?b=%20 host=app.example version={at_the_origin}\n{body}");
            assert_eq!(answer.body, expected, "{case}");
        }
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_on_one_connection() {
    let ca = Ca::new();
    let origin = Origin::echo(&ca.certificate(APP, 10), &["http/1.1"]).await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let mut stream = gateway.app().await;
    let requests: String = (0..20)
        .map(|number| match number % 2 {
            0 => format!("GET /{number} HTTP/1.1\r\nHost: app.example\r\n\r\n"),
            _ => format!("POST /{number} HTTP/1.1\r\nHost: app.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        })
        .collect();
    soon(stream.write_all(requests.as_bytes())).await.unwrap();
    for number in 0..20 {
        let answer = read_answer(&mut stream).await;
        let expected = match number % 2 {
            0 => format!("GET /{number} host=app.example version=HTTP/1.1\n"),
            _ => format!("POST /{number} host=app.example version=HTTP/1.1\nabc"),
        };
        assert_eq!(answer.body, expected);
    }
    assert_eq!(
        gateway.shared.counters().connected.get(),
        1,
        "one connection to the origin served all"
    );
    assert_eq!(gateway.shared.authority().minted(), 1);
}

#[tokio::test]
async fn a_second_client_uses_the_connection_of_the_first() {
    let ca = Ca::new();
    let origin = Origin::echo(&ca.certificate(APP, 10), &["http/1.1"]).await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    for _ in 0..3 {
        let answer = ask(
            &mut gateway.app().await,
            "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n",
        )
        .await;
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(gateway.shared.counters().connected.get(), 1);
    assert_eq!(gateway.shared.authority().minted(), 1);
}

#[tokio::test]
async fn an_origin_that_closed_meanwhile_is_connected_again() {
    let ca = Ca::new();
    let acceptor = ca.certificate(APP, 10).acceptor(&["http/1.1"]);
    // Answers one request a connection and closes without having said so.
    let origin = Origin::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            crate::bench::read_head(&mut stream).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                .await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let mut stream = gateway.app().await;
    for _ in 0..5 {
        let answer = ask(&mut stream, "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
        assert_eq!((answer.status(), answer.body.as_str()), (200, "ok"));
    }
}

#[tokio::test]
async fn a_plain_request_to_an_app_crosses_the_border_likewise() {
    let origin = Origin::raw(|mut stream| async move {
        let head = crate::bench::read_head(&mut stream).await;
        assert!(head.starts_with("GET /a HTTP/1.1\r\n"), "{head}");
        assert!(!head.to_ascii_lowercase().contains("via:"), "{head}");
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await;
    })
    .await;
    let gateway = Gateway::new(Ca::new(), &[("app.example:80", origin.address)]).await;
    let mut stream = gateway.dial().await;
    let answer = ask(
        &mut stream,
        "GET http://app.example/a HTTP/1.1\r\nHost: app.example\r\n\r\n",
    )
    .await;
    assert_eq!((answer.status(), answer.body.as_str()), (200, "ok"));
    assert!(answer.header("rempart").is_some());
    let answer = ask(
        &mut stream,
        "GET http://app.example/a HTTP/1.1\r\nHost: other.example\r\n\r\n",
    )
    .await;
    assert_eq!(answer.status(), 421);
}

#[tokio::test]
async fn the_hybrid_group_is_used_on_both_sides() {
    let ca = Ca::new();
    let acceptor = ca.certificate(APP, 10).acceptor(&["http/1.1"]);
    let (tell, mut told) = tokio::sync::mpsc::channel(8);
    let origin = Origin::raw(move |stream| {
        let (acceptor, tell) = (acceptor.clone(), tell.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let group = stream.get_ref().1.negotiated_key_exchange_group();
            tell.send(group.unwrap().name()).await.unwrap();
            let _ = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let stream = gateway.app().await;
    let group = stream.get_ref().1.negotiated_key_exchange_group();
    assert_eq!(group.unwrap().name(), rustls::NamedGroup::X25519MLKEM768);
    assert_eq!(
        soon(told.recv()).await,
        Some(rustls::NamedGroup::X25519MLKEM768)
    );
}
