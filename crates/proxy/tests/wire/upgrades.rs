//! A connection that changes its protocol, to one that nobody here speaks: its bytes pass.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{APP, Ca, Gateway, Origin, ask, read_head, soon};

const ASK: &str =
    "GET /socket HTTP/1.1\r\nHost: app.example\r\nConnection: Upgrade\r\nUpgrade: words\r\n\r\n";

/// An origin that switches and then says everything back, or does not switch.
async fn switching(switches: bool, protocols: &'static [&'static str]) -> (Origin, Gateway) {
    let ca = Ca::new();
    let acceptor = Arc::new(ca.certificate(APP, 10).acceptor(protocols));
    let origin = Origin::raw(move |stream| {
        let acceptor = Arc::clone(&acceptor);
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                // Stands, says nothing.
                let _ = stream.read_u8().await;
                std::future::pending::<()>().await;
            }
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { return };
                head.push(byte);
            }
            let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
            assert!(head.contains("upgrade: words\r\n") && head.contains("connection: upgrade\r\n"), "{head}");
            if !switches {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno").await;
                return;
            }
            // The first bytes come with the head.
            let _ = stream
                .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: words\r\n\r\nhello")
                .await;
            let mut buffer = [0; 1024];
            while let Ok(read) = stream.read(&mut buffer).await {
                if read == 0 || stream.write_all(&buffer[..read]).await.is_err() {
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
async fn an_upgrade_passes_where_the_policy_leaves_the_route_open() {
    for protocols in [&["http/1.1"][..], &["h2", "http/1.1"]] {
        let (_origin, gateway) = switching(true, protocols).await;
        let mut stream = gateway.app().await;
        soon(stream.write_all(ASK.as_bytes())).await.unwrap();
        let head = read_head(&mut stream).await.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(
            head.contains("upgrade: words") && head.contains("rempart:"),
            "{head}"
        );
        let mut hello = [0; 5];
        soon(stream.read_exact(&mut hello)).await.unwrap();
        assert_eq!(&hello, b"hello");
        for word in [&b"\x81\x03abc"[..], b"\x81\x01d"] {
            soon(stream.write_all(word)).await.unwrap();
            let mut back = vec![0; word.len()];
            soon(stream.read_exact(&mut back)).await.unwrap();
            assert_eq!(back, word);
        }
        gateway.stopped().await;
    }
}

#[tokio::test]
async fn an_origin_may_answer_instead() {
    let (_origin, gateway) = switching(false, &["http/1.1"]).await;
    let answer = ask(&mut gateway.app().await, ASK).await;
    assert_eq!((answer.status(), answer.body.as_str()), (200, "no"));
}
