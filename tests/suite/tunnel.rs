//! I6 and I7: other hosts pass untouched and unseen; an origin that cannot be verified gets no leaf.

use std::io::Write;

use e2e::{Answer, Authority, Leaf, Origin, Protocols, Setup, Tunnel, curl};

use crate::common::{App, HOST, POLICY};

const OTHER: &str = "other.example";

#[test]
fn i06_another_host_shows_its_own_certificate() {
    let authority = Authority::new();
    let leaf = authority.leaf(&[OTHER]);
    let other = Origin::start(&leaf, Protocols::Both);
    let gateway = Setup::new()
        .policy("crm.toml", POLICY)
        .host(OTHER, &other)
        .start();
    for protocol in ["h2", "http/1.1"] {
        let tunnel = Tunnel::open(gateway.proxy, &format!("{OTHER}:443"));
        assert_eq!(tunnel.answer.status, 200, "{:?}", tunnel.answer);
        let stream = tunnel
            .tls(OTHER, &authority.pem, &[protocol])
            .expect("the origin's own chain is trusted");
        assert_eq!(
            stream
                .conn
                .peer_certificates()
                .and_then(|chain| chain.first()),
            Some(&leaf.certificate)
        );
        assert_eq!(stream.conn.alpn_protocol(), Some(protocol.as_bytes()));
    }
    let mut stream = Tunnel::open(gateway.proxy, &format!("{OTHER}:443"))
        .tls(OTHER, &authority.pem, &["http/1.1"])
        .expect("a handshake");
    write!(
        stream,
        "POST /free HTTP/1.1\r\nHost: {OTHER}\r\nContent-Length: 5\r\n\r\nhello"
    )
    .expect("it reads");
    let answer = Answer::read(&mut stream, false).expect("an answer");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("rempart"), None);
    assert_eq!(other.last().body, "hello");
    let home = e2e::all_files(&gateway.home());
    assert!(
        home.iter()
            .all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains(OTHER)),
        "nothing was made for it"
    );
}

#[test]
fn outside_hosts_are_refused_where_the_operator_says_so() {
    let authority = Authority::new();
    let other = Origin::start(&authority.leaf(&[OTHER]), Protocols::Both);
    let gateway = Setup::new()
        .policy("crm.toml", POLICY)
        .settings("outside = \"block\"")
        .host(OTHER, &other)
        .start();
    let tunnel = Tunnel::open(gateway.proxy, &format!("{OTHER}:443"));
    assert_eq!(tunnel.answer.status, 403, "{:?}", tunnel.answer);
    assert_eq!(other.connections(), 0);
}

#[test]
fn an_apps_name_inside_another_hosts_tunnel_is_refused() {
    let authority = Authority::new();
    let other = Origin::start(&authority.leaf(&[OTHER, HOST]), Protocols::Both);
    let gateway = Setup::new()
        .policy("crm.toml", POLICY)
        .host(OTHER, &other)
        .start();
    let tunnel = Tunnel::open(gateway.proxy, &format!("{OTHER}:443"));
    if tunnel.answer.status == 200 {
        assert!(
            tunnel.tls(HOST, &authority.pem, &["http/1.1"]).is_err(),
            "the tunnel ends at the name"
        );
    }
    assert!(other.seen().is_empty());
}

#[test]
fn i07_an_origin_that_cannot_be_verified_is_explained_and_gets_no_leaf() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let cases: [(&str, Leaf); 4] = [
        ("expired", known.expired(HOST)),
        ("wrong name", known.leaf(&["elsewhere.example"])),
        ("self-signed", Authority::self_signed(HOST)),
        ("unknown authority", unknown.leaf(&[HOST])),
    ];
    for (what, leaf) in cases {
        let origin = Origin::start(&leaf, Protocols::Both);
        let gateway = Setup::new()
            .policy("crm.toml", POLICY)
            .host(HOST, &origin)
            .trust(&known)
            .start();
        let refused = Tunnel::open(gateway.proxy, &format!("{HOST}:443")).answer;
        assert_eq!(refused.status, 502, "{what}: {refused:?}");
        let status = refused
            .header("proxy-status")
            .unwrap_or_else(|| panic!("{what}: no Proxy-Status: {refused:?}"));
        assert!(
            status.contains("error=tls_certificate_error"),
            "{what}: {status}"
        );
        assert!(
            refused.text().contains("certificate") && refused.text().contains("ref"),
            "{what} is explained: {refused:?}"
        );
        assert!(origin.seen().is_empty(), "{what}");
        let reply = curl(&gateway, &[&format!("https://{HOST}/open")]);
        assert_eq!((reply.status, reply.connect), (0, 502), "{what}: {reply:?}");
    }
}

#[test]
fn an_origin_that_is_not_there_is_explained() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let gateway = Setup::new()
        .policy("crm.toml", POLICY)
        .resolve(&format!("{HOST}:443"), port)
        .resolve(&format!("{OTHER}:443"), port)
        .start();
    for host in [HOST, OTHER] {
        let refused = Tunnel::open(gateway.proxy, &format!("{host}:443")).answer;
        assert_eq!(refused.status, 502, "{refused:?}");
        assert!(
            refused
                .header("proxy-status")
                .is_some_and(|status| status.contains("error=connection_refused")),
            "{refused:?}"
        );
    }
}

#[test]
fn the_leaf_of_an_app_is_for_its_host_alone() {
    let app = App::start(Protocols::Both);
    let stream = Tunnel::open(app.gateway.proxy, &format!("{HOST}:443"))
        .tls(HOST, &app.gateway.root(), &["h2", "http/1.1"])
        .expect("the root is trusted");
    let chain = stream.conn.peer_certificates().expect("a chain");
    assert_eq!(chain.len(), 2, "the leaf and the app's intermediate");
    let names = String::from_utf8_lossy(chain.first().expect("a leaf"));
    assert!(names.contains(HOST));
    assert!(
        Tunnel::open(app.gateway.proxy, &format!("{HOST}:443"))
            .tls("x.saas.example", &app.gateway.root(), &[])
            .is_err()
    );
}

#[test]
fn a_private_address_that_nobody_named_is_not_reached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let gateway = Setup::new().policy("crm.toml", POLICY).start();
    for target in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
    ] {
        let refused = Tunnel::open(gateway.proxy, &target).answer;
        assert!(
            (400..600).contains(&refused.status),
            "{target}: {refused:?}"
        );
    }
    listener.set_nonblocking(true).expect("a setting");
    assert!(listener.accept().is_err(), "nobody came");
}
