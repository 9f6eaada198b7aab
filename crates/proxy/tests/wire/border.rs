//! What crosses the border on its way out and back: the wire's part of protecting, revealing and refusing.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::bench::{APP, Answered, Ca, Gateway, Origin, ask, full, read_answer, read_head, soon};

/// An origin that stores what it is sent and says it back, in the content type that was sent.
async fn storing(protocols: &'static [&'static str]) -> (Origin, Gateway, Arc<Mutex<Vec<String>>>) {
    let stored: Arc<Mutex<Vec<String>>> = Arc::default();
    let ca = Ca::new();
    let shelf = Arc::clone(&stored);
    let origin = Origin::http(&ca.certificate(APP, 10), protocols, move |request| {
        let shelf = Arc::clone(&shelf);
        async move {
            let (parts, body) = request.into_parts();
            // A body that breaks off is not stored.
            let Ok(body) = body.collect().await else {
                return Response::new(full(""));
            };
            let body = body.to_bytes();
            if let Some(length) = parts.headers.get("content-length") {
                assert_eq!(length, body.len().to_string().as_str());
            }
            shelf
                .lock()
                .unwrap()
                .push(String::from_utf8(body.to_vec()).unwrap());
            let mut answer = Response::new(full(body));
            if let Some(kind) = parts.headers.get("content-type") {
                answer.headers_mut().insert("content-type", kind.clone());
            }
            answer
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    (origin, gateway, stored)
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: app.example\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn reference(answer: &Answered) -> &str {
    answer
        .header("rempart")
        .unwrap()
        .split("ref=")
        .nth(1)
        .unwrap()
}

#[tokio::test]
async fn values_stay_home_and_come_back() {
    let (_origin, gateway, stored) = storing(&["http/1.1"]).await;
    let mut stream = gateway.app().await;
    for body in [
        r#"{"name":"Zoé","phone":"555 1234","kind":"a"}"#,
        r#"{"name":"","phone":null,"kind":"b"}"#,
    ] {
        let answer = ask(&mut stream, &post("/people", body)).await;
        assert_eq!((answer.status(), answer.body.as_str()), (200, body));
        assert_eq!(
            answer.header("content-length"),
            Some(body.len().to_string().as_str())
        );
    }
    let stored = stored.lock().unwrap();
    assert!(
        stored[0].contains(r#""kind":"a""#)
            && !stored[0].contains("Zoé")
            && !stored[0].contains("555"),
        "{stored:?}"
    );
    assert_eq!(stored[1], r#"{"name":"","phone":null,"kind":"b"}"#);
    let noted = gateway.home.noted.lock().unwrap();
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert_eq!(
        noted[0].protected,
        [("name".to_owned(), 1), ("phone".to_owned(), 1)]
    );
    assert_eq!(
        noted[0].revealed,
        [("name".to_owned(), 1), ("phone".to_owned(), 1)]
    );
}

#[tokio::test]
async fn the_receipt_counts_what_was_protected_and_revealed() {
    let (_origin, gateway, _) = storing(&["http/1.1"]).await;
    let mut stream = gateway.app().await;
    let answer = ask(
        &mut stream,
        &post("/people", r#"{"name":"Zoé","phone":"555 1234"}"#),
    )
    .await;
    assert!(
        answer
            .header("rempart")
            .unwrap()
            .starts_with("protected=2, revealed=2, ref="),
        "{}",
        answer.head
    );
    let answer = ask(&mut stream, &post("/elsewhere", "{}")).await;
    assert!(
        answer.header("rempart").unwrap().starts_with("protected=0"),
        "{}",
        answer.head
    );
}

#[tokio::test]
async fn values_cross_between_http2_and_http1_too() {
    for protocols in [&["h2"][..], &["http/1.1"]] {
        let (_origin, gateway, stored) = storing(protocols).await;
        let stream = gateway.secure("app.example:443", APP, &["h2"]).await;
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        let mut driving = JoinSet::new();
        driving.spawn(async move {
            let _ = connection.await;
        });
        let body = r#"{"name":"Zoé","phone":"555 1234"}"#;
        let request = Request::post("https://app.example/people")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let answer = soon(sender.send_request(request)).await.unwrap();
        assert!(
            answer.headers()["rempart"]
                .to_str()
                .unwrap()
                .starts_with("protected=2")
        );
        assert_eq!(
            soon(answer.into_body().collect()).await.unwrap().to_bytes(),
            body.as_bytes()
        );
        assert!(!stored.lock().unwrap()[0].contains("Zoé"), "{protocols:?}");
    }
}

#[tokio::test]
async fn i05_what_cannot_be_read_does_not_leave() {
    let (_origin, gateway, stored) = storing(&["http/1.1"]).await;
    let mut stream = gateway.app().await;
    for body in [
        r#"{"name":"Zoé""#,
        r#"{"name":"Zoé","name":"Ana"}"#,
        r#"{"name":{"first":"Zoé"}}"#,
    ] {
        let answer = ask(&mut stream, &post("/people", body)).await;
        assert_eq!(answer.status(), 400, "{body}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert!(
            answer.body.contains(reference(&answer)) && !answer.body.contains("Zoé"),
            "{}",
            answer.body
        );
        // Durable before it was answered.
        let settled = gateway.home.settled.lock().unwrap().pop().unwrap();
        assert_eq!(settled.reference, reference(&answer));
        assert_eq!(
            (settled.app.as_str(), settled.refused),
            ("crm", Some("unreadable-body"))
        );
    }
    let page = post("/people", "{").replace("Host:", "Sec-Fetch-Mode: navigate\r\nHost:");
    let answer = ask(&mut stream, &page).await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        answer.body.contains("<html") && answer.body.contains(reference(&answer)),
        "{}",
        answer.body
    );
    // The connection, and the next request on it, are none the worse.
    assert_eq!(
        ask(&mut stream, &post("/people", r#"{"name":"Zoé"}"#))
            .await
            .status(),
        200
    );
    assert_eq!(stored.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn i05_a_long_body_that_turns_bad_never_completes() {
    for protocols in [&["http/1.1"][..], &["h2"]] {
        let (_origin, gateway, stored) = storing(protocols).await;
        let mut stream = gateway.app().await;
        let rows: String = (0..40_000)
            .map(|number| format!(r#""row{number}":"{number}","#))
            .collect();
        for end in [r#""name":"Zoé"}"#, r#""name":["Zoé"]}"#, r#""name":"Zoé""#] {
            let answer = ask(&mut stream, &post("/people", &format!("{{{rows}{end}"))).await;
            if end.ends_with(r#"oé"}"#) {
                assert_eq!(answer.status(), 200, "{protocols:?}");
            } else {
                assert_eq!(answer.status(), 400, "{protocols:?} {end}");
                assert!(answer.body.contains("unreadable-body"), "{}", answer.body);
            }
        }
        let stored = stored.lock().unwrap();
        assert_eq!(
            stored.len(),
            1,
            "{protocols:?}: only what was whole was stored"
        );
        assert!(stored[0].contains(&rows[..1000]) && !stored[0].contains("Zoé"));
    }
}

#[tokio::test]
async fn a_refusal_is_read_by_a_client_that_sends_before_it_listens() {
    let (_origin, gateway, _) = storing(&["http/1.1"]).await;
    let mut stream = gateway.app().await;
    let length = 8 << 20;
    let head = format!(
        "POST /people HTTP/1.1\r\nHost: app.example\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut body = br#"{"name":["#.to_vec();
    body.resize(length, b' ');
    soon(stream.write_all(head.as_bytes())).await.unwrap();
    soon(stream.write_all(&body)).await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!(answer.status(), 400, "{answer:?}");
}

#[tokio::test]
async fn without_a_vault_nothing_that_needs_it_leaves() {
    let (_origin, gateway, stored) = storing(&["http/1.1"]).await;
    let mut stream = gateway.app().await;
    gateway.home.away.store(true, Ordering::Relaxed);
    let answer = ask(&mut stream, &post("/people", r#"{"phone":"555 1234"}"#)).await;
    assert_eq!(answer.status(), 503);
    assert!(
        answer.header("retry-after").is_some() && answer.body.contains("home-away"),
        "{answer:?}"
    );
    assert!(stored.lock().unwrap().is_empty());
    gateway.home.away.store(false, Ordering::Relaxed);
    assert_eq!(
        ask(&mut stream, &post("/people", r#"{"phone":"555 1234"}"#))
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn i13_beyond_the_budget_new_work_is_turned_away() {
    let ca = Ca::new();
    let origin = Origin::echo(&ca.certificate(APP, 10), &["http/1.1"]).await;
    let gateway = Gateway::with(ca, &[("app.example:443", origin.address)], |settings| {
        settings.held = 20_000
    })
    .await;
    let mut held = gateway.app().await;
    let body = format!(r#"{{"name":"{}"#, "x".repeat(15_000));
    let half = post("/people", &format!(r#"{body}"}}"#));
    soon(held.write_all(&half.as_bytes()[..half.len() - 2]))
        .await
        .unwrap();
    soon(held.flush()).await.unwrap();
    while gateway.shared.held() < 15_000 {
        tokio::task::yield_now().await;
    }
    let answer = ask(
        &mut gateway.app().await,
        &post("/people", &format!(r#"{body}"}}"#)),
    )
    .await;
    assert_eq!(answer.status(), 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some() && answer.body.contains("busy"));
    // Whoever goes away gives back what was held for them.
    drop(held);
    while gateway.shared.held() > 0 {
        tokio::task::yield_now().await;
    }
    let answer = ask(
        &mut gateway.app().await,
        &post("/people", r#"{"name":"Zoé"}"#),
    )
    .await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn an_upgrade_of_a_protected_route_is_refused() {
    let (_origin, gateway, stored) = storing(&["http/1.1"]).await;
    let request = post("/people", "{}").replace(
        "Host:",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nHost:",
    );
    let answer = ask(&mut gateway.app().await, &request).await;
    assert_eq!(answer.status(), 403);
    assert!(
        answer.body.contains("\"code\":\"upgrade\""),
        "{}",
        answer.body
    );
    assert!(stored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_ambiguous_path_is_refused() {
    let (_origin, gateway, stored) = storing(&["http/1.1"]).await;
    for path in ["/a/../people", "//people", "/a%2fpeople", "/%2e%2e/people"] {
        let answer = ask(&mut gateway.app().await, &post(path, "{}")).await;
        assert_eq!(answer.status(), 400, "{path}");
        assert!(
            answer.body.contains("ambiguous-path"),
            "{path}: {}",
            answer.body
        );
    }
    assert!(stored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn events_are_revealed_as_they_come() {
    let ca = Ca::new();
    let acceptor = ca.certificate(APP, 10).acceptor(&["http/1.1"]);
    // Takes one body, then says it in events, each when the test has read the one before.
    let (next, turns) = tokio::sync::mpsc::channel::<()>(1);
    let turns = Arc::new(tokio::sync::Mutex::new(turns));
    let origin = Origin::raw(move |stream| {
        let (acceptor, turns) = (acceptor.clone(), Arc::clone(&turns));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let head = read_head(&mut stream).await;
            let length = head.to_ascii_lowercase().split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            let body = String::from_utf8(body).unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
                .await
                .unwrap();
            stream.flush().await.unwrap();
            while turns.lock().await.recv().await.is_some() {
                stream.write_all(format!("data: {body}\n\n").as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            let _ = stream.shutdown().await;
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    let mut stream = gateway.app().await;
    soon(stream.write_all(post("/people", r#"{"name":"Zoé"}"#).as_bytes()))
        .await
        .unwrap();
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    for _ in 0..3 {
        next.send(()).await.unwrap();
        let mut event = String::new();
        while !event.contains("}\n\n") {
            let mut bytes = [0; 256];
            let read = soon(stream.read(&mut bytes)).await.unwrap();
            event.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        assert!(event.contains("data: {\"name\":\"Zoé\"}"), "{event:?}");
    }
}
