//! Lengths, chunks, heads without bodies, trailers, `Expect`.

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{APP, Ca, Gateway, Origin, ask, full, read_answer, read_head, soon};

/// An origin that says what the test says, after the request's head, and reads nothing more.
async fn scripted(answer: &'static str) -> (Origin, Gateway) {
    let ca = Ca::new();
    let acceptor = ca.certificate(APP, 10).acceptor(&["http/1.1"]);
    let origin = Origin::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            loop {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => return,
                    }
                }
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    (origin, gateway)
}

#[tokio::test]
async fn heads_without_bodies_keep_their_fields_and_their_connection() {
    for (method, answer, length) in [
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n",
            Some("1234"),
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
            None,
        ),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None),
        (
            "GET",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            None,
        ),
        (
            "DELETE",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            Some("0"),
        ),
    ] {
        let (_origin, gateway) = scripted(answer).await;
        let mut stream = gateway.app().await;
        for _ in 0..3 {
            soon(
                stream.write_all(
                    format!("{method} / HTTP/1.1\r\nHost: app.example\r\n\r\n").as_bytes(),
                ),
            )
            .await
            .unwrap();
            let head = read_head(&mut stream).await;
            let found = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")
                    .map(|value| value.trim().to_owned())
            });
            assert_eq!(found.as_deref(), length, "{answer:?}: {head}");
            assert!(
                !head.to_ascii_lowercase().contains("transfer-encoding"),
                "{head}"
            );
        }
        assert_eq!(gateway.shared.counters().connected.get(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_cut_short_is_cut_short_for_the_client() {
    let ca = Ca::new();
    let acceptor = ca.certificate(APP, 10).acceptor(&["http/1.1"]);
    let origin = Origin::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            read_head(&mut stream).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
                .await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let mut stream = gateway.app().await;
    soon(stream.write_all(b"GET / HTTP/1.1\r\nHost: app.example\r\n\r\n"))
        .await
        .unwrap();
    read_head(&mut stream).await;
    let mut body = Vec::new();
    let _ = soon(stream.read_to_end(&mut body)).await;
    assert_eq!(body, b"short");
}

#[tokio::test]
async fn trailers_go_both_ways() {
    let ca = Ca::new();
    let certified = ca.certificate(APP, 10);
    let origin = Origin::http(&certified, &["http/1.1"], |request| async {
        let collected = request.into_body().collect().await.unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", collected.trailers().unwrap()["x-sum"].clone());
        let frames = [
            Ok(Frame::data(Bytes::from("ok\n"))),
            Ok(Frame::trailers(trailers)),
        ];
        let mut answer = Response::new(BodyExt::boxed(StreamBody::new(futures(frames))));
        answer
            .headers_mut()
            .insert("trailer", "x-sum".parse().unwrap());
        answer
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let answer = ask(
        &mut gateway.app().await,
        "POST / HTTP/1.1\r\nHost: app.example\r\nTE: trailers\r\nConnection: TE\r\nTrailer: x-sum\r\n\
         Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 900\r\n\r\n",
    )
    .await;
    assert_eq!(answer.body, "ok\nx-sum: 900\r\n");
}

/// A stream of what is there already.
fn futures<T: Unpin + Send + Sync>(
    items: impl IntoIterator<Item = T>,
) -> impl futures_core::Stream<Item = T> + Send + Sync {
    struct Items<T>(std::collections::VecDeque<T>);
    impl<T: Unpin> futures_core::Stream for Items<T> {
        type Item = T;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<T>> {
            std::task::Poll::Ready(self.0.pop_front())
        }
    }
    Items(items.into_iter().collect())
}

#[tokio::test]
async fn a_body_is_asked_for_when_the_origin_asks() {
    let ca = Ca::new();
    let acceptor = ca.certificate(APP, 10).acceptor(&["http/1.1"]);
    let origin = Origin::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let head = read_head(&mut stream).await;
            assert!(
                head.to_ascii_lowercase().contains("expect: 100-continue"),
                "{head}"
            );
            stream
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .await
                .unwrap();
            let mut body = [0; 4];
            stream.read_exact(&mut body).await.unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
                .await
                .unwrap();
            stream.write_all(&body).await.unwrap();
        }
    })
    .await;
    let gateway = Gateway::with(ca, &[("app.example:443", origin.address)], |settings| {
        // Long enough to show that it is the origin's word that opens the gate.
        settings.timeouts.proceed = std::time::Duration::from_secs(60);
    })
    .await;
    let mut stream = gateway.app().await;
    let head =
        "POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    soon(stream.write_all(head.as_bytes())).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 100"));
    assert_eq!(ask(&mut stream, "body").await.body, "body");
}

#[tokio::test]
async fn a_refusal_by_the_head_comes_without_a_100() {
    let (_origin, gateway) =
        scripted("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno").await;
    let head =
        "POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    let answer = ask(&mut gateway.app().await, head).await;
    assert_eq!((answer.status(), answer.body.as_str()), (401, "no"));
    let head = "POST / HTTP/1.1\r\nHost: other.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(ask(&mut gateway.app().await, head).await.status(), 421);
}

#[tokio::test]
async fn an_early_answer_does_not_stop_the_upload() {
    let ca = Ca::new();
    let acceptor = ca.certificate(APP, 10).acceptor(&["http/1.1"]);
    let origin = Origin::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            read_head(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await
                .unwrap();
            stream.flush().await.unwrap();
            let mut body = vec![0; 4_000_000];
            stream.read_exact(&mut body).await.unwrap();
            stream.write_all(b"2\r\nok\r\n0\r\n\r\n").await.unwrap();
            let _ = stream.flush().await;
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let mut stream = gateway.app().await;
    soon(
        stream
            .write_all(b"POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 4000000\r\n\r\n"),
    )
    .await
    .unwrap();
    soon(stream.write_all(&vec![b'x'; 4_000_000]))
        .await
        .unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!(answer.body, "ok");
}

#[tokio::test]
async fn big_bodies_go_both_ways_unchanged() {
    for protocols in [&["http/1.1"][..], &["h2"]] {
        let ca = Ca::new();
        let origin = Origin::http(&ca.certificate(APP, 10), protocols, |request| async {
            Response::new(full(
                request.into_body().collect().await.unwrap().to_bytes(),
            ))
        })
        .await;
        let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
        let mut stream = gateway.app().await;
        let body: String = (0..300_000)
            .map(|number| format!("{number:09}\n"))
            .collect();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = ask(&mut stream, &(head + &body)).await;
        assert!(answer.body == body, "{protocols:?}");
    }
}
