//! The load: clients that tunnel through a proxy and keep so many requests in flight.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Requests that are in flight at any time.
const IN_FLIGHT: usize = 16;
/// Connections over which HTTP/2 spreads them.
const CONNECTIONS: usize = 2;

type Content = UnsyncBoxBody<Bytes, Infallible>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// Clients of one host through one proxy.
pub struct Load {
    runtime: Runtime,
    target: Arc<Target>,
}

struct Target {
    proxy: SocketAddr,
    host: &'static str,
    protocol: Protocol,
    tls: TlsConnector,
    body: Bytes,
}

impl Load {
    pub fn new(proxy: SocketAddr, host: &'static str, roots: &str, protocol: Protocol) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(roots.as_bytes()) {
            store
                .add(certificate.expect("a certificate"))
                .expect("a root");
        }
        let mut config = ClientConfig::builder()
            .with_root_certificates(store)
            .with_no_client_auth();
        config.alpn_protocols = vec![match protocol {
            Protocol::Http1 => b"http/1.1".to_vec(),
            Protocol::Http2 => b"h2".to_vec(),
        }];
        let target = Target {
            proxy,
            host,
            protocol,
            tls: TlsConnector::from(Arc::new(config)),
            body: person(),
        };
        Self {
            runtime,
            target: Arc::new(target),
        }
    }

    /// Sends so many requests, and says how many seconds they took.
    pub fn posts(&self, count: usize) -> f64 {
        self.runtime.block_on(async {
            let left = Arc::new(AtomicUsize::new(count));
            let mut workers = JoinSet::new();
            let mut senders = Vec::new();
            let connections = if self.target.protocol == Protocol::Http1 {
                IN_FLIGHT
            } else {
                CONNECTIONS
            };
            for _ in 0..connections {
                senders.push(Sender::open(&self.target).await);
            }
            let began = Instant::now();
            if self.target.protocol == Protocol::Http2 {
                senders = senders
                    .iter()
                    .flat_map(|sender| (0..IN_FLIGHT / CONNECTIONS).filter_map(|_| sender.share()))
                    .collect();
            }
            for mut sender in senders {
                let (target, left) = (Arc::clone(&self.target), Arc::clone(&left));
                workers.spawn(async move {
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                            left.checked_sub(1)
                        })
                        .is_ok()
                    {
                        let body = Full::new(target.body.clone()).boxed_unsync();
                        drain(sender.send(&target, PEOPLE, body).await).await;
                    }
                });
            }
            while let Some(ended) = workers.join_next().await {
                ended.expect("a worker ends");
            }
            began.elapsed().as_secs_f64()
        })
    }

    /// Uploads a body; says how many bytes it had, and how many seconds they took.
    pub fn upload<B>(&self, path: &str, content_type: &str, body: B) -> (u64, f64)
    where
        B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        let length = body.size_hint().exact().expect("a length");
        self.runtime.block_on(async {
            let mut sender = Sender::open(&self.target).await;
            let began = Instant::now();
            drain(
                sender
                    .send(
                        &self.target,
                        Asked::Post(path, content_type),
                        body.boxed_unsync(),
                    )
                    .await,
            )
            .await;
            (length, began.elapsed().as_secs_f64())
        })
    }

    /// Downloads about so many bytes; says how many, and how many seconds they took.
    pub fn download(&self, bytes: u64) -> (u64, f64) {
        self.runtime.block_on(async {
            let mut sender = Sender::open(&self.target).await;
            let began = Instant::now();
            let response = sender
                .send(
                    &self.target,
                    Asked::Get(&format!("/download?bytes={bytes}")),
                    Full::default().boxed_unsync(),
                )
                .await;
            (drain(response).await, began.elapsed().as_secs_f64())
        })
    }

    /// Opens so many connections, each of which has served one request; they stay open with what is given back.
    pub fn idle(&self, count: usize) -> Idle {
        let senders = self.runtime.block_on(async {
            let mut senders = Vec::new();
            for _ in 0..count {
                let mut sender = Sender::open(&self.target).await;
                drain(
                    sender
                        .send(
                            &self.target,
                            Asked::Get("/people"),
                            Full::default().boxed_unsync(),
                        )
                        .await,
                )
                .await;
                senders.push(sender);
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            senders
        });
        Idle { _senders: senders }
    }
}

/// Connections that are open and do nothing.
pub struct Idle {
    _senders: Vec<Sender>,
}

/// What is asked for: a path, and the type of what is sent there.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Get(&'a str),
    Post(&'a str, &'a str),
}

const PEOPLE: Asked<'static> = Asked::Post("/people", "application/json");

enum Sender {
    Http1(http1::SendRequest<Content>),
    Http2(http2::SendRequest<Content>),
}

impl Sender {
    async fn open(target: &Target) -> Self {
        let stream = TokioIo::new(tunnel(target).await);
        match target.protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(stream).await.expect("HTTP/1.1");
                tokio::spawn(connection);
                Self::Http1(sender)
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
                    .await
                    .expect("HTTP/2");
                tokio::spawn(connection);
                Self::Http2(sender)
            }
        }
    }

    /// Another sender on the same connection, where the protocol has many requests at a time.
    fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }

    async fn send(
        &mut self,
        target: &Target,
        asked: Asked<'_>,
        body: Content,
    ) -> Response<Incoming> {
        let (method, path) = match asked {
            Asked::Get(path) => ("GET", path),
            Asked::Post(path, _) => ("POST", path),
        };
        let address = match self {
            Self::Http1(_) => path.to_owned(),
            Self::Http2(_) => format!("https://{}{path}", target.host),
        };
        let mut request = Request::builder().method(method).uri(address);
        if matches!(self, Self::Http1(_)) {
            request = request.header("host", target.host);
        }
        if let Asked::Post(_, content_type) = asked {
            request = request.header("content-type", content_type);
        }
        let request = request
            .header("accept", "application/json")
            .header("user-agent", "bench")
            .body(body)
            .expect("a request");
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await.expect("it is open");
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                sender.ready().await.expect("it is open");
                sender.send_request(request).await
            }
        };
        let response = response.expect("an answer");
        assert!(
            response.status().is_success(),
            "{} {path} of {}: {}",
            method,
            target.host,
            response.status()
        );
        response
    }
}

async fn tunnel(target: &Target) -> TlsStream<TcpStream> {
    let mut socket = TcpStream::connect(target.proxy)
        .await
        .expect("the proxy listens");
    socket.set_nodelay(true).expect("a setting");
    let connect = format!(
        "CONNECT {0}:443 HTTP/1.1\r\nHost: {0}:443\r\n\r\n",
        target.host
    );
    socket
        .write_all(connect.as_bytes())
        .await
        .expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("it answers"));
    }
    assert!(
        head.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&head)
    );
    let name = ServerName::try_from(target.host).expect("a name");
    target.tls.connect(name, socket).await.expect("a handshake")
}

async fn drain(response: Response<Incoming>) -> u64 {
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame
            .expect("a frame")
            .data_ref()
            .map_or(0, |data| data.len() as u64);
    }
    bytes
}

/// A person of 1 KB with three fields that a policy protects.
fn person() -> Bytes {
    let filler = "a text that the app needs to see and that nobody protects, ".repeat(12);
    let text = format!(
        "{{\"id\":4711,\"first_name\":\"Zoe\",\"last_name\":\"Tremblay-Gagnon\",\"email\":\"zoe.tremblay@example.org\",\
         \"note\":\"asthma since 2019, carries an inhaler\",\"status\":\"active\",\"score\":12.75,\"description\":\"{filler}\"}}"
    );
    Bytes::from(text)
}
