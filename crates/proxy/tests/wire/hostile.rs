//! What a client or an origin tries that means harm, on the wire.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;

use crate::bench::{APP, Ca, Gateway, Origin, ask, full, read_head, soon};

#[tokio::test]
async fn i01_a_protected_header_does_not_leave_as_a_trailer() {
    let seen: Arc<Mutex<Vec<(Bytes, bool)>>> = Arc::default();
    let ca = Ca::new();
    let shelf = Arc::clone(&seen);
    let origin = Origin::http(&ca.certificate(APP, 10), &["http/1.1"], move |request| {
        let shelf = Arc::clone(&shelf);
        async move {
            let announced = request.headers().contains_key("trailer");
            let body = request.into_body().collect().await.unwrap();
            let trailed = announced || body.trailers().is_some();
            shelf.lock().unwrap().push((body.to_bytes(), trailed));
            Response::new(full("ok"))
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let answer = ask(
        &mut gateway.app().await,
        "POST /visits HTTP/1.1\r\nHost: app.example\r\nTrailer: x-patient\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\n0\r\nx-patient: Tremblay\r\n\r\n",
    )
    .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(*seen.lock().unwrap(), [(Bytes::from("abc"), false)]);
}

#[tokio::test]
async fn an_origin_that_switches_unasked_is_not_believed() {
    let ca = Ca::new();
    let acceptor = ca.certificate(APP, 10).acceptor(&["http/1.1"]);
    let origin = Origin::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            read_head(&mut stream).await;
            let switch =
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
            let _ = stream.write_all(switch.as_bytes()).await;
            let _ = stream.flush().await;
            std::future::pending::<()>().await;
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let request = "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n";
    let answer = ask(&mut gateway.app().await, request).await;
    assert_eq!(answer.status(), 502);
}

/// A long upload holds little until it comes to a long value: that it has begun to leave is no leave to hold more
/// than there is.
#[tokio::test]
async fn i13_an_upload_that_streams_grows_no_further_than_the_budget() {
    let ca = Ca::new();
    let origin = Origin::echo(&ca.certificate(APP, 10), &["http/1.1"]).await;
    let gateway = Gateway::with(ca, &[("app.example:443", origin.address)], |settings| {
        settings.held = 400_000
    })
    .await;
    let body = format!(
        r#"{{"kept":"{}","name":"{}"}}"#,
        "k".repeat(200_000),
        "x".repeat(2_000_000)
    );
    let head = format!(
        "POST /people HTTP/1.1\r\nHost: app.example\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (mut reader, mut writer) = tokio::io::split(gateway.app().await);
    let writing = tokio::spawn(async move {
        let _ = writer.write_all(head.as_bytes()).await;
        let _ = writer.write_all(body.as_bytes()).await;
        writer
    });
    let answer = soon(read_head(&mut reader)).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    writing.abort();
}
