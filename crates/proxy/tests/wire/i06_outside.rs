//! I6: a host outside the policy is never intercepted. And what a tunnel may not be used for.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::bench::{APP, Ca, Gateway, Origin, ask, client, read_answer, soon};
use rustls_pki_types::ServerName;

#[tokio::test]
async fn i06_the_client_sees_the_origins_own_certificate() {
    let ca = Ca::new();
    let certified = ca.certificate("outside.example", 10);
    let origin = Origin::echo(&certified, &["http/1.1"]).await;
    let gateway = Gateway::new(ca, &[("outside.example:443", origin.address)]).await;
    let (head, stream) = gateway.connect("outside.example:443").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let name = ServerName::try_from("outside.example").unwrap();
    let mut stream = soon(client(&gateway.ca.pem, &["http/1.1"]).connect(name, stream))
        .await
        .unwrap();
    assert_eq!(
        stream.get_ref().1.peer_certificates().unwrap(),
        certified.chain
    );
    let answer = ask(
        &mut stream,
        "GET /a HTTP/1.1\r\nHost: outside.example\r\n\r\n",
    )
    .await;
    assert_eq!(answer.header("rempart"), None);
    assert!(
        answer.body.starts_with("GET /a host=outside.example"),
        "{}",
        answer.body
    );
    assert_eq!(gateway.shared.authority().minted(), 0);
    assert_eq!(gateway.shared.counters().tunnels.get(), 1);
    gateway.stopped().await;
}

#[tokio::test]
async fn a_tunnel_carries_what_the_server_says_first_and_half_closes() {
    let origin = Origin::raw(|mut stream| async move {
        stream.write_all(b"220 hello\r\n").await.unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap();
        said.reverse();
        stream.write_all(&said).await.unwrap();
    })
    .await;
    let gateway = Gateway::new(Ca::new(), &[("mail.example:25", origin.address)]).await;
    let (_, mut stream) = gateway.connect("mail.example:25").await;
    let mut greeting = [0; 11];
    soon(stream.read_exact(&mut greeting)).await.unwrap();
    assert_eq!(&greeting, b"220 hello\r\n");
    let big: Vec<u8> = (0..1_000_000_u32).map(|byte| (byte % 251) as u8).collect();
    soon(stream.write_all(&big)).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = Vec::new();
    soon(stream.read_to_end(&mut back)).await.unwrap();
    back.reverse();
    assert!(back == big);
}

#[tokio::test]
async fn a_hello_that_names_an_app_is_refused_in_anothers_tunnel() {
    let origin = Origin::raw(|mut stream| async move {
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        assert!(said.is_empty(), "{said:?}");
    })
    .await;
    let gateway = Gateway::new(Ca::new(), &[("outside.example:443", origin.address)]).await;
    let config = client(&gateway.ca.pem, &[]);
    let name = ServerName::try_from(APP).unwrap();
    let mut hello = Vec::new();
    rustls::ClientConnection::new(config.config().clone(), name)
        .unwrap()
        .write_tls(&mut hello)
        .unwrap();
    for step in [hello.len(), 1] {
        let (_, mut stream) = gateway.connect("outside.example:443").await;
        stream.set_nodelay(true).unwrap();
        for piece in hello.chunks(step) {
            // The gateway may close before the last byte.
            let _ = stream.write_all(piece).await;
            tokio::task::yield_now().await;
        }
        let mut alert = Vec::new();
        let _ = soon(stream.read_to_end(&mut alert)).await;
        assert_eq!(alert, [21, 3, 3, 0, 2, 2, 112], "in pieces of {step}");
    }
    assert_eq!(gateway.shared.counters().tunnels_refused.get(), 2);
    assert_eq!(gateway.shared.authority().minted(), 0);
}

#[tokio::test]
async fn a_plaintext_request_that_names_an_app_is_refused_in_anothers_tunnel() {
    let origin = Origin::raw(|mut stream| async move {
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        assert!(said.is_empty(), "{said:?}");
    })
    .await;
    let gateway = Gateway::new(Ca::new(), &[("outside.example:80", origin.address)]).await;
    let (_, mut stream) = gateway.connect("outside.example:80").await;
    let answer = ask(&mut stream, "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    assert_eq!(answer.status(), 421);
}

#[tokio::test]
async fn outside_hosts_can_be_blocked() {
    let gateway = Gateway::with(Ca::new(), &[], |settings| {
        settings.outside = proxy::Outside::Block
    })
    .await;
    let (head, _) = gateway.connect("outside.example:443").await;
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
    let answer = ask(
        &mut gateway.dial().await,
        "GET http://outside.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    .await;
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn what_only_this_machine_should_reach_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let local = listener.local_addr().unwrap();
    let gateway = Gateway::new(Ca::new(), &[]).await;
    let own = gateway.address;
    for target in [
        local.to_string(),
        format!("localhost:{}", local.port()),
        format!("[::ffff:127.0.0.1]:{}", local.port()),
        format!("0.0.0.0:{}", local.port()),
        own.to_string(),
    ] {
        let (head, _) = gateway.connect(&target).await;
        assert!(head.starts_with("HTTP/1.1 403"), "{target}: {head}");
        assert!(head.contains("error=destination_ip_prohibited"), "{head}");
        let request = format!("GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n");
        assert_eq!(
            ask(&mut gateway.dial().await, &request).await.status(),
            403,
            "{target}"
        );
    }
}

#[tokio::test]
async fn this_proxy_is_no_destination_even_by_a_name_that_is_excused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let console = listener.local_addr().unwrap();
    let gateway = Gateway::with(Ca::new(), &[("me.example:443", console)], |settings| {
        settings.own = vec![console]
    })
    .await;
    let (head, _) = gateway.connect("me.example:443").await;
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
}

#[tokio::test]
async fn a_plain_request_to_an_outside_host_is_forwarded() {
    let origin = Origin::raw(|mut stream| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("GET /a?b HTTP/1.1\r\n"), "{head}");
        let lower = head.to_ascii_lowercase();
        assert!(lower.contains("host: outside.example\r\n"), "{head}");
        assert!(lower.contains("via: 1.1 rempart\r\n"), "{head}");
        assert!(!lower.contains("x-hop") && !lower.contains("proxy-authorization"), "{head}");
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=3\r\nX-End: 1\r\n\r\nok")
            .await;
    })
    .await;
    let gateway = Gateway::new(Ca::new(), &[("outside.example:80", origin.address)]).await;
    let mut stream = gateway.dial().await;
    let answer = ask(
        &mut stream,
        "GET http://outside.example/a?b HTTP/1.1\r\nHost: other.example\r\nProxy-Authorization: Basic eDp5\r\n\
         Connection: X-Hop\r\nX-Hop: 1\r\n\r\n",
    )
    .await;
    assert_eq!((answer.status(), answer.body.as_str()), (200, "ok"));
    assert_eq!(answer.header("keep-alive"), None);
    assert_eq!(answer.header("x-end"), Some("1"));
    assert_eq!(answer.header("rempart"), None);
}

#[tokio::test]
async fn what_speaks_to_the_port_itself_is_told_what_it_is() {
    let gateway = Gateway::new(Ca::new(), &[]).await;
    let mut stream = gateway.dial().await;
    let answer = ask(
        &mut stream,
        "GET /proxy.pac HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    )
    .await;
    assert_eq!(answer.status(), 421);
    assert!(answer.body.contains("proxy"), "{}", answer.body);
    for wrong in [
        "CONNECT outside.example HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET https://outside.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        assert_eq!(
            ask(&mut gateway.dial().await, wrong).await.status(),
            400,
            "{wrong}"
        );
    }
    stream.write_all(b"nonsense\r\n\r\n").await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status(), 400);
}
