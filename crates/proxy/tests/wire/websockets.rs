//! A WebSocket on real sockets, frame by frame: what leaves, what comes back, and how it ends.

use std::sync::{Arc, Mutex};

use body::websocket::{Event, Frames, Head, Opcode, Sender, mask};
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::bench::{APP, Ca, Gateway, Origin, read_head, soon};

/// A frame: its opcode, whether it is the last of its message, its payload.
type Frame = (Opcode, bool, Vec<u8>);

/// One end of a WebSocket.
struct End<S> {
    stream: S,
    frames: Frames,
    /// A client's frames are masked.
    key: Option<[u8; 4]>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> End<S> {
    fn new(stream: S, is_client: bool) -> Self {
        let peer = if is_client {
            Sender::Server
        } else {
            Sender::Client
        };
        Self {
            stream,
            frames: Frames::new(peer),
            key: is_client.then_some([1, 2, 3, 4]),
        }
    }

    async fn send(&mut self, opcode: Opcode, last: bool, payload: &[u8]) {
        let mut bytes = BytesMut::new();
        let head = Head {
            last,
            opcode,
            length: payload.len() as u64,
            key: self.key,
        };
        head.write(&mut bytes);
        let start = bytes.len();
        bytes.extend_from_slice(payload);
        if let Some(key) = self.key {
            mask(&mut bytes[start..], key, 0);
        }
        soon(self.stream.write_all(&bytes)).await.unwrap();
        soon(self.stream.flush()).await.unwrap();
    }

    async fn say(&mut self, text: &str) {
        self.send(Opcode::Text, true, text.as_bytes()).await;
    }

    /// The next frame, whole; `None` where the connection has ended.
    async fn frame(&mut self) -> Option<Frame> {
        let (mut opcode, mut payload) = (Opcode::Continuation, Vec::new());
        loop {
            match self.frames.next_event().unwrap() {
                Some(Event::Frame { head, .. }) => opcode = head.opcode,
                Some(Event::Payload(bytes)) => payload.extend_from_slice(&bytes),
                Some(Event::End { last }) => return Some((opcode, last, payload)),
                Some(Event::Control(control)) => {
                    let (opcode, payload) = control.into_parts();
                    return Some((opcode, true, payload.to_vec()));
                }
                None => {
                    let read = soon(self.stream.read_buf(self.frames.buffer())).await;
                    if read.unwrap_or(0) == 0 {
                        return None;
                    }
                }
            }
        }
    }

    /// The next message, its fragments joined.
    async fn message(&mut self) -> String {
        let mut whole = Vec::new();
        loop {
            let (opcode, last, payload) = self.frame().await.expect("a frame");
            assert!(!opcode.is_control(), "{opcode:?}");
            whole.extend(payload);
            if last {
                return String::from_utf8(whole).unwrap();
            }
        }
    }

    /// The code and the reason of the close frame that comes next.
    async fn close(&mut self) -> (u16, String) {
        let (opcode, _, payload) = self.frame().await.expect("a frame");
        assert_eq!(opcode, Opcode::Close);
        let (code, reason) = payload.split_first_chunk::<2>().unwrap();
        (
            u16::from_be_bytes(*code),
            String::from_utf8(reason.to_vec()).unwrap(),
        )
    }
}

/// What came to the origin.
type Heard = Arc<Mutex<Vec<Frame>>>;

/// An origin that says every frame back, and keeps it.
async fn echoing() -> (Origin, Gateway, Heard) {
    answering("").await
}

async fn answering(extra: &'static str) -> (Origin, Gateway, Heard) {
    let ca = Ca::new();
    let acceptor = Arc::new(ca.certificate(APP, 10).acceptor(&["http/1.1"]));
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    let origin = Origin::raw(move |stream| {
        let (acceptor, kept) = (Arc::clone(&acceptor), Arc::clone(&kept));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let head = read_head(&mut stream).await.to_ascii_lowercase();
            assert!(head.contains("upgrade: websocket\r\n"), "{head}");
            assert!(!head.contains("extensions"), "{head}");
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{extra}\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            let mut end = End::new(stream, false);
            while let Some((opcode, last, payload)) = end.frame().await {
                kept.lock().unwrap().push((opcode, last, payload.clone()));
                if payload == b"{\"leave\":true}" {
                    return;
                }
                if payload == b"{\"nonsense\":true}" {
                    end.stream.write_all(b"\xff\xff\xff").await.unwrap();
                    continue;
                }
                end.send(opcode, last, &payload).await;
            }
        }
    })
    .await;
    let gateway = Gateway::new(ca, &[("app.example:443", origin.address)]).await;
    (origin, gateway, heard)
}

async fn open(gateway: &Gateway, path: &str) -> (String, TlsStream<TcpStream>) {
    let mut stream = gateway.app().await;
    let ask = format!(
        "GET {path} HTTP/1.1\r\nHost: app.example\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    );
    soon(stream.write_all(ask.as_bytes())).await.unwrap();
    let head = read_head(&mut stream).await;
    (head, stream)
}

async fn chat(gateway: &Gateway) -> End<TlsStream<TcpStream>> {
    let (head, stream) = open(gateway, "/chat").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    End::new(stream, true)
}

const SAID: &str = r#"{"name":"Zoé \"T\"","phone":"418 555-0123","kept":[1]}"#;

#[tokio::test]
async fn i01_i02_what_is_said_is_sealed_and_comes_back() {
    let (_origin, gateway, heard) = echoing().await;
    let mut client = chat(&gateway).await;
    client.say(SAID).await;
    assert_eq!(client.message().await, SAID);
    let (opcode, last, left) = heard.lock().unwrap().remove(0);
    assert_eq!((opcode, last), (Opcode::Text, true));
    let left = String::from_utf8(left).unwrap();
    assert!(!left.contains("Zo") && !left.contains("418"), "{left}");
    assert!(left.ends_with(r#","kept":[1]}"#), "{left}");

    // In fragments, with a ping between them.
    let (first, second) = SAID.as_bytes().split_at(11);
    client.send(Opcode::Text, false, first).await;
    client.send(Opcode::Ping, true, b"there?").await;
    assert_eq!(
        client.frame().await,
        Some((Opcode::Ping, true, b"there?".to_vec()))
    );
    client.send(Opcode::Continuation, false, b"").await;
    client.send(Opcode::Continuation, true, second).await;
    assert_eq!(client.message().await, SAID);

    client.send(Opcode::Close, true, b"\x03\xe8bye").await;
    assert_eq!(client.close().await, (1000, "bye".to_owned()));
    assert_eq!(client.frame().await, None);
    let home = gateway.home.clone();
    gateway.stopped().await;
    let noted = home.noted.lock().unwrap();
    let [entry] = noted.as_slice() else {
        panic!("one entry for the connection: {noted:?}");
    };
    let each = |count| vec![("name".to_owned(), count), ("phone".to_owned(), count)];
    assert_eq!((&entry.protected, &entry.revealed), (&each(2), &each(2)));
}

#[tokio::test]
async fn a_long_text_is_protected_whole_and_comes_back_in_fragments() {
    let (_origin, gateway, heard) = echoing().await;
    let mut client = chat(&gateway).await;
    let rows = vec![r#"{"row":"what nobody protects"}"#; 20_000].join(",");
    let said = format!(r#"{{"rows":[{rows}],"name":"Zoé"}}"#);
    client.say(&said).await;
    assert!(client.message().await == said);
    let (_, last, left) = heard.lock().unwrap().remove(0);
    assert!(last && left.len() > said.len());
    assert!(!String::from_utf8(left).unwrap().contains("Zo"));
    gateway.stopped().await;
}

#[tokio::test]
async fn i05_what_cannot_be_read_closes_and_is_journaled() {
    let (_origin, gateway, heard) = echoing().await;
    for (opcode, payload, code) in [
        (Opcode::Text, &b"{\"name\":\"Zo"[..], 1008),
        (Opcode::Text, b"{\"name\":\"Zo\",\"name\":\"e\"}", 1008),
        (Opcode::Binary, b"{\"name\":\"Zo\"}", 1008),
    ] {
        let mut client = chat(&gateway).await;
        client.send(opcode, true, payload).await;
        let (told, reason) = client.close().await;
        assert_eq!(told, code, "{reason}");
        let reference = reason
            .strip_prefix("unreadable-body ref=")
            .expect("a reference");
        let settled = gateway.home.settled.lock().unwrap();
        let entry = settled.last().expect("an entry");
        assert_eq!(
            (entry.reference.as_str(), entry.refused),
            (reference, Some("unreadable-body"))
        );
        assert_eq!(entry.route.as_deref(), Some("GET /chat"));
    }
    // Longer than a value may be: told by its first head, before it has come.
    let mut client = chat(&gateway).await;
    let mut head = BytesMut::new();
    Head {
        last: true,
        opcode: Opcode::Text,
        length: 1 << 40,
        key: Some([0; 4]),
    }
    .write(&mut head);
    soon(client.stream.write_all(&head)).await.unwrap();
    assert_eq!(client.close().await.0, 1009);
    for (opcode, _, payload) in heard.lock().unwrap().iter() {
        assert_eq!(
            (*opcode, payload.as_slice()),
            (Opcode::Close, &b"\x03\xe9"[..])
        );
    }
    gateway.stopped().await;
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_told_so() {
    let (_origin, gateway, heard) = echoing().await;
    for (bytes, code) in [
        (&b"\xc1\x80\0\0\0\0"[..], 1002),
        (b"\x81\x01a", 1002),
        (b"\x81\x81\0\0\0\0\xff", 1007),
    ] {
        let mut client = chat(&gateway).await;
        soon(client.stream.write_all(bytes)).await.unwrap();
        assert_eq!(client.close().await.0, code);
        assert_eq!(client.frame().await, None);
    }
    let heard = heard.lock().unwrap().clone();
    assert!(
        heard.iter().all(|(opcode, ..)| *opcode == Opcode::Close),
        "{heard:?}"
    );
}

#[tokio::test]
async fn an_origin_that_breaks_the_protocol_or_leaves_is_told_of() {
    let (_origin, gateway, _) = echoing().await;
    let mut client = chat(&gateway).await;
    client.say("{\"nonsense\":true}").await;
    assert_eq!(client.close().await.0, 1014);
    let mut client = chat(&gateway).await;
    client.say("{\"leave\":true}").await;
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn an_open_route_passes_what_is_said_and_reveals_what_is_heard() {
    let (_origin, gateway, heard) = echoing().await;
    let mut client = chat(&gateway).await;
    client.say(SAID).await;
    client.message().await;
    let (.., sealed) = heard.lock().unwrap().remove(0);

    let (_, stream) = open(&gateway, "/open").await;
    let mut client = End::new(stream, true);
    client.send(Opcode::Text, false, &sealed[..20]).await;
    client.send(Opcode::Continuation, true, &sealed[20..]).await;
    assert_eq!(client.message().await, SAID);
    let frames = std::mem::take(&mut *heard.lock().unwrap());
    let sizes: Vec<_> = frames.iter().map(|(.., payload)| payload.len()).collect();
    assert_eq!(sizes, [20, sealed.len() - 20], "fragments stay as they are");
    for length in [0, 125, 70_000] {
        let bytes: Vec<u8> = (0..length).map(|byte| (byte % 251) as u8).collect();
        client.send(Opcode::Binary, true, &bytes).await;
        assert_eq!(client.frame().await, Some((Opcode::Binary, true, bytes)));
    }
}

#[tokio::test]
async fn the_end_of_the_process_is_told_to_both_sides() {
    let (_origin, gateway, heard) = echoing().await;
    let mut client = chat(&gateway).await;
    client.say("{}").await;
    client.message().await;
    tokio::join!(gateway.stopped(), async {
        assert_eq!(client.close().await, (1001, String::new()));
        client.send(Opcode::Close, true, b"\x03\xe9").await;
        assert_eq!(client.frame().await, None);
    });
    let heard = heard.lock().unwrap();
    assert_eq!(heard.last().unwrap().0, Opcode::Close);
}

#[tokio::test]
async fn an_extension_that_nobody_offered_is_not_believed() {
    let (_origin, gateway, _) = answering("Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
    let (head, _) = open(&gateway, "/chat").await;
    assert!(head.starts_with("HTTP/1.1 502"), "{head}");
}

#[tokio::test]
async fn a_vault_that_is_away_refuses_what_it_would_keep() {
    let (_origin, gateway, _) = echoing().await;
    let mut client = chat(&gateway).await;
    gateway
        .home
        .away
        .store(true, std::sync::atomic::Ordering::Relaxed);
    client.say(SAID).await;
    let (code, reason) = client.close().await;
    assert_eq!(code, 1013, "{reason}");
    assert!(reason.starts_with("home-away ref="), "{reason}");
}
