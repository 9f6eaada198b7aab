//! The bench: a certificate authority, origins, a proxy, and clients.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use border::{Answer, Ask, Asked, Border, Effect, Keys, Summary};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use proxy::{Authority, Away, Home, HomeFuture, Proxy, Settings, Shared};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;

pub const APP: &str = "app.example";
pub type OriginBody = BoxBody<Bytes, hyper::Error>;

/// How long anything on loopback may take before a test has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits, and fails the test where it takes too long.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future)
        .await
        .expect("in time")
}

/// A certificate authority for origins.
pub struct Ca {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "origins");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for a name, ending in so many days.
    pub fn certificate(&self, name: &str, days: i64) -> Certified {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, days).signed_by(&key, &self.issuer).unwrap();
        Certified {
            chain: vec![certificate.der().clone()],
            key,
        }
    }
}

/// A certificate that signs itself.
pub fn self_signed(name: &str) -> Certified {
    let key = KeyPair::generate().unwrap();
    let certificate = params(name, 10).self_signed(&key).unwrap();
    Certified {
        chain: vec![certificate.der().clone()],
        key,
    }
}

fn params(name: &str, days: i64) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let now = time::OffsetDateTime::from(SystemTime::now());
    params.not_before = now - time::Duration::days(30);
    params.not_after = now + time::Duration::days(days);
    params
}

pub struct Certified {
    pub chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Certified {
    pub fn acceptor(&self, protocols: &[&str]) -> TlsAcceptor {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let mut config =
            rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(self.chain.clone(), key)
                .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Accepts connections and gives each to `serve`; everything ends when it is dropped.
pub struct Origin {
    pub address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Origin {
    pub async fn raw<F, S>(serve: S) -> Self
    where
        S: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream));
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }

    /// An origin that speaks HTTP by TLS.
    pub async fn http<F, S>(certified: &Certified, protocols: &[&str], answer: S) -> Self
    where
        S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<OriginBody>> + Send + 'static,
    {
        let acceptor = certified.acceptor(protocols);
        Self::raw(move |stream| {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let service = service_fn(move |request| {
                    let answer = answer(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let io = TokioIo::new(stream);
                // Clients come and go as they like.
                let _ = if is_http2 {
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(io, service)
                        .await
                } else {
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(io, service)
                        .with_upgrades()
                        .await
                };
            }
        })
        .await
    }

    /// An origin that echoes what it saw: `METHOD target host=… version=…` and the body.
    pub async fn echo(certified: &Certified, protocols: &[&str]) -> Self {
        Self::http(certified, protocols, |request| async {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let host = parts
                .headers
                .get("host")
                .map(|host| host.to_str().unwrap().to_owned());
            let host = host
                .or_else(|| parts.uri.authority().map(ToString::to_string))
                .unwrap_or_default();
            let target = parts.uri.path_and_query().unwrap().clone();
            let mut text = format!(
                "{} {target} host={host} version={:?}\n",
                parts.method, parts.version
            )
            .into_bytes();
            text.extend_from_slice(&body);
            Response::new(full(text))
        })
        .await
    }
}

pub fn full(bytes: impl Into<Bytes>) -> OriginBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed()
}

/// What a pointer points to: the field and the sealed value.
type Row = (String, Vec<u8>);

/// A home in memory.
#[derive(Clone, Default)]
pub struct TestHome {
    /// What had to be durable before an answer.
    pub settled: Arc<Mutex<Vec<Summary>>>,
    /// What could follow.
    pub noted: Arc<Mutex<Vec<Summary>>>,
    rows: Arc<Mutex<HashMap<u64, Row>>>,
    /// Whether the vault cannot be reached.
    pub away: Arc<AtomicBool>,
}

struct Counting(u64);

impl seal::Chance for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            *byte = (self.0 >> 56) as u8;
        }
    }
}

impl TestHome {
    fn reply(&self, ask: Ask) -> Answer {
        let mut rows = self.rows.lock().unwrap();
        let id = ask.id;
        match ask.what {
            Asked::Keep {
                field,
                first,
                sealed,
                ..
            } => {
                let pointer = (first..)
                    .find(|pointer| !rows.contains_key(pointer))
                    .unwrap();
                rows.insert(pointer, (field, sealed));
                Answer::Kept { id, pointer }
            }
            Asked::Bring { pointer, .. } => match rows.get(&pointer).cloned() {
                Some((field, sealed)) => Answer::Row { id, field, sealed },
                None => Answer::Gone { id },
            },
            other => panic!("nobody answers {other:?}"),
        }
    }
}

fn summaries(effects: Vec<Effect>) -> impl Iterator<Item = Summary> {
    effects.into_iter().map(|effect| match effect {
        Effect::Journal { summary, .. } => summary,
        other => panic!("nobody settles {other:?}"),
    })
}

impl Home for TestHome {
    fn answer(&self, asks: Vec<Ask>) -> HomeFuture<Result<Vec<Answer>, Away>> {
        let home = self.clone();
        Box::pin(async move {
            // As a database would: later, on another turn.
            tokio::task::yield_now().await;
            if home.away.load(Ordering::Relaxed) {
                return Err(Away);
            }
            Ok(asks.into_iter().map(|ask| home.reply(ask)).collect())
        })
    }

    fn settle(&self, effects: Vec<Effect>) -> HomeFuture<Result<(), Away>> {
        let home = self.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            home.settled.lock().unwrap().extend(summaries(effects));
            Ok(())
        })
    }

    fn note(&self, effect: Effect) {
        self.noted.lock().unwrap().extend(summaries(vec![effect]));
    }

    fn chance(&self) -> Box<dyn seal::Chance + Send> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Box::new(Counting(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A proxy for one app, and everything it stands on.
pub struct Gateway {
    pub address: SocketAddr,
    pub shared: Arc<Shared>,
    pub home: TestHome,
    pub ca: Ca,
    stop: CancellationToken,
    _run: JoinSet<()>,
    directory: tempfile::TempDir,
}

impl Gateway {
    /// A proxy that resolves these names.
    pub async fn new(ca: Ca, resolve: &[(&str, SocketAddr)]) -> Self {
        Self::with(ca, resolve, |_| {}).await
    }

    pub async fn with(
        ca: Ca,
        resolve: &[(&str, SocketAddr)],
        adapt: impl FnOnce(&mut Settings),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let border = border();
        let apps = [("crm", vec![APP, "*.app.example"])];
        let authority = Arc::new(Authority::open_or_create(directory.path(), &apps).unwrap());
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            resolve: resolve
                .iter()
                .map(|(name, address)| ((*name).to_owned(), address.to_string()))
                .collect::<HashMap<_, _>>(),
            extra_roots: vec![ca.pem.clone()],
            ..Settings::default()
        };
        adapt(&mut settings);
        let home = TestHome::default();
        let proxy = Proxy::bind(
            settings,
            Arc::new(border),
            authority,
            Arc::new(home.clone()),
        )
        .await
        .unwrap();
        let (address, shared) = (proxy.local_addr(), proxy.shared());
        let stop = CancellationToken::new();
        let mut run = JoinSet::new();
        run.spawn(proxy.run(stop.clone()));
        Self {
            address,
            shared,
            home,
            ca,
            stop,
            _run: run,
            directory,
        }
    }

    /// Moves the root's key away.
    pub fn remove_root_key(&self) {
        std::fs::remove_file(self.directory.path().join("root.key")).unwrap();
    }

    /// Tells the proxy to stop, and waits until it has.
    pub async fn stopped(mut self) {
        self.stop.cancel();
        soon(self._run.join_next()).await;
    }

    /// A connection to the proxy.
    pub async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Asks for a host: the answer's head, and the connection.
    pub async fn connect(&self, target: &str) -> (String, TcpStream) {
        let mut stream = self.dial().await;
        stream
            .write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let head = read_head(&mut stream).await;
        (head, stream)
    }

    /// A tunnel to the app, with TLS as a client that trusts the gateway's root.
    pub async fn secure(
        &self,
        target: &str,
        name: &str,
        protocols: &[&str],
    ) -> TlsStream<TcpStream> {
        let (head, stream) = self.connect(target).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let root = self.shared.authority().root_pem().to_owned();
        soon(
            client(&root, protocols)
                .connect(ServerName::try_from(name.to_owned()).unwrap(), stream),
        )
        .await
        .unwrap()
    }

    /// A connection to the app that speaks HTTP/1.1.
    pub async fn app(&self) -> TlsStream<TcpStream> {
        self.secure("app.example:443", APP, &["http/1.1"]).await
    }
}

/// The policy of the app: what its routes do not describe passes.
const POLICY: &str = r#"
[app]
id = "crm"
title = "A CRM"
operator = { name = "Somebody", jurisdiction = "US" }
hosts = ["app.example", "*.app.example"]
unmatched = "pass"

[fields.name]
class = "personal"
treatment = "sealed"

[fields.phone]
class = "personal"
treatment = "vault"

[[routes]]
match = "POST /people"
body = "json"
protect = [{ at = "$.name", field = "name" }, { at = "$.phone", field = "phone" }]

[[routes]]
match = "POST /visits"
headers = [{ at = "x-patient", field = "name" }]

[[routes]]
match = "GET /chat"
messages = "json"
protect = [{ at = "$.name", field = "name" }, { at = "$.phone", field = "phone" }]
"#;

fn border() -> Border {
    let plan = policy::compile(&[policy::Source::new("crm.toml", POLICY)])
        .unwrap()
        .plan;
    let mut chance = Counting(7);
    let mut keyring = keys::Keyring::create(&mut chance);
    for app in &plan.apps {
        for field in &app.fields {
            keyring
                .ensure_field(&app.id, &field.name, &mut chance)
                .unwrap();
        }
    }
    let limits = border::Limits {
        whole: 64 << 10,
        ..border::Limits::default()
    };
    Border::new(
        Arc::new(plan),
        Arc::new(Keys::derive(&keyring).unwrap()),
        limits,
    )
}

pub fn client(root_pem: &str, protocols: &[&str]) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap())
        .unwrap();
    let mut config =
        rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec())
        .collect();
    TlsConnector::from(Arc::new(config))
}

/// Reads up to and with the empty line of a head, not a byte further.
pub async fn read_head<S: AsyncReadExt + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(
            soon(stream.read_u8()).await.unwrap_or_else(|error| {
                panic!("{error} after {:?}", String::from_utf8_lossy(&head))
            }),
        );
    }
    String::from_utf8(head).unwrap()
}

/// An answer as it stands on the wire.
#[derive(Debug)]
pub struct Answered {
    pub head: String,
    pub body: String,
}

impl Answered {
    pub fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Reads one HTTP/1.1 answer: its length or its chunks, with the trailers at their end.
pub async fn read_answer<S: AsyncReadExt + Unpin>(stream: &mut S) -> Answered {
    let head = read_head(stream).await;
    let mut answer = Answered {
        head,
        body: String::new(),
    };
    let mut body = Vec::new();
    if let Some(length) = answer.header("content-length") {
        body.resize(length.parse().unwrap(), 0);
        soon(stream.read_exact(&mut body)).await.unwrap();
    } else if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = usize::from_str_radix(read_line(stream).await.trim(), 16).unwrap();
            if size == 0 {
                loop {
                    let line = read_line(stream).await;
                    if line == "\r\n" {
                        break;
                    }
                    body.extend_from_slice(line.as_bytes());
                }
                break;
            }
            let mut chunk = vec![0; size + 2];
            soon(stream.read_exact(&mut chunk)).await.unwrap();
            body.extend_from_slice(&chunk[..size]);
        }
    }
    answer.body = String::from_utf8(body).unwrap();
    answer
}

async fn read_line<S: AsyncReadExt + Unpin>(stream: &mut S) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(soon(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(line).unwrap()
}

/// Sends a request's bytes and reads one answer.
pub async fn ask<S>(stream: &mut S, request: &str) -> Answered
where
    S: AsyncReadExt + AsyncWriteExt + Unpin,
{
    soon(stream.write_all(request.as_bytes())).await.unwrap();
    soon(stream.flush()).await.unwrap();
    read_answer(stream).await
}
