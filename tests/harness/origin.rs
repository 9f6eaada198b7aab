//! A SaaS that keeps what it is sent, byte for byte, and gives it back.
//!
//! `PUT`, `POST` and `PATCH` of a path store the body with its type and coding, `GET` gives it back; `/discard`
//! counts and keeps nothing, an upgrade of any path is taken: a WebSocket says every message back, anything else
//! echoes. `/upload` and `/tus` take files in pieces. What came is kept twice: as requests and messages, and as the bytes that left TLS.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, UPGRADE,
};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::authority::Leaf;
use crate::uploads::{Taken, Uploads};

/// The most of one connection's bytes that is kept as they left TLS.
const TAPPED: usize = 4 << 20;

/// What an origin speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone.
    Http2,
    /// Both, HTTP/2 first.
    Both,
}

impl Protocols {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Http1 => &["http/1.1"],
            Self::Http2 => &["h2"],
            Self::Both => &["h2", "http/1.1"],
        }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its method.
    pub method: Method,
    /// Its path and query, as they came.
    pub target: String,
    /// Its version.
    pub version: hyper::Version,
    /// Its header.
    pub headers: HeaderMap,
    /// What came of its body, coded as it came (of `/discard`, nothing).
    pub body: Bytes,
    /// How many bytes of body came.
    pub length: u64,
    /// Whether the body came to its proper end.
    pub complete: bool,
}

#[derive(Default)]
struct Kept {
    seen: Vec<Seen>,
    wire: Vec<u8>,
    said: Vec<Bytes>,
    connections: usize,
    stored: HashMap<String, Stored>,
    uploads: Uploads,
    headers: Vec<(String, String)>,
}

#[derive(Clone)]
struct Stored {
    content_type: Option<HeaderValue>,
    coding: Option<HeaderValue>,
    body: Bytes,
}

impl Stored {
    fn file(body: Bytes) -> Self {
        Self {
            content_type: Some(HeaderValue::from_static("application/octet-stream")),
            coding: None,
            body,
        }
    }
}

/// A running origin; it ends with its value.
pub struct Origin {
    /// Where it listens.
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    _runtime: Runtime,
}

impl Origin {
    /// Starts an origin that shows `leaf`.
    ///
    /// # Panics
    /// Where it cannot listen.
    #[must_use]
    pub fn start(leaf: &Leaf, protocols: Protocols) -> Self {
        let acceptor = TlsAcceptor::from(leaf.server(protocols.names()));
        Self::listen(Some(acceptor))
    }

    /// Starts an origin without TLS.
    #[must_use]
    pub fn plain() -> Self {
        Self::listen(None)
    }

    fn listen(acceptor: Option<TlsAcceptor>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let kept = Arc::new(Mutex::new(Kept::default()));
        let shared = Arc::clone(&kept);
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                tokio::spawn(connection(socket, acceptor.clone(), Arc::clone(&shared)));
            }
        });
        Self {
            address,
            kept,
            _runtime: runtime,
        }
    }

    /// Stores a body under a path, as if it had been sent.
    pub fn store(&self, path: &str, content_type: &str, body: impl Into<Bytes>) {
        let stored = Stored {
            content_type: HeaderValue::from_str(content_type).ok(),
            coding: None,
            body: body.into(),
        };
        lock(&self.kept).stored.insert(path.to_owned(), stored);
    }

    /// Adds a header to every answer from now on.
    pub fn answer_with(&self, name: &str, value: &str) {
        lock(&self.kept)
            .headers
            .push((name.to_owned(), value.to_owned()));
    }

    /// What is stored under a path.
    #[must_use]
    pub fn stored(&self, path: &str) -> Option<Bytes> {
        lock(&self.kept)
            .stored
            .get(path)
            .map(|stored| stored.body.clone())
    }

    /// Every request that came, whole or not.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.kept).seen.clone()
    }

    /// The last request that came.
    ///
    /// # Panics
    /// Where none came.
    #[must_use]
    pub fn last(&self) -> Seen {
        self.seen().pop().expect("a request came")
    }

    /// Every message that was said over a WebSocket, in order.
    #[must_use]
    pub fn said(&self) -> Vec<Bytes> {
        lock(&self.kept).said.clone()
    }

    /// How many connections came, of whatever use.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.kept).connections
    }

    /// Everything that came, for a search: the bytes that left TLS, then each message, unmasked, and each request's
    /// target, header and body, its coding undone.
    #[must_use]
    pub fn everything(&self) -> Vec<u8> {
        let kept = lock(&self.kept);
        let mut all = kept.wire.clone();
        for message in &kept.said {
            all.push(b'\n');
            all.extend_from_slice(message);
        }
        for seen in &kept.seen {
            all.extend_from_slice(format!("\n{} {}\n", seen.method, seen.target).as_bytes());
            for (name, value) in &seen.headers {
                all.extend_from_slice(name.as_str().as_bytes());
                all.extend_from_slice(b": ");
                all.extend_from_slice(value.as_bytes());
                all.push(b'\n');
            }
            all.extend_from_slice(&seen.body);
            all.extend_from_slice(&uncode(&seen.headers, &seen.body));
        }
        all
    }
}

/// The body with its content coding undone, for a search; what cannot be undone stays.
fn uncode(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut plain = Vec::new();
    let undone = match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        Some(b"gzip") => flate2::read::MultiGzDecoder::new(body).read_to_end(&mut plain),
        Some(b"deflate") => flate2::read::ZlibDecoder::new(body).read_to_end(&mut plain),
        Some(b"br") => brotli::Decompressor::new(body, 4096).read_to_end(&mut plain),
        Some(b"zstd") => zstd::stream::read::Decoder::new(body)
            .and_then(|mut decoder| decoder.read_to_end(&mut plain)),
        _ => Ok(0),
    };
    drop(undone);
    plain
}

async fn connection(socket: TcpStream, acceptor: Option<TlsAcceptor>, kept: Arc<Mutex<Kept>>) {
    drop(socket.set_nodelay(true));
    let Some(acceptor) = acceptor else {
        let tap = Tap {
            inner: socket,
            kept: Arc::clone(&kept),
            tapped: 0,
        };
        return http1(tap, kept).await;
    };
    let Ok(stream) = acceptor.accept(socket).await else {
        return;
    };
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let tap = Tap {
        inner: stream,
        kept: Arc::clone(&kept),
        tapped: 0,
    };
    if http2 {
        let service = service_fn(move |request| answer(request, Arc::clone(&kept)));
        let ended = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .serve_connection(TokioIo::new(tap), service)
            .await;
        drop(ended);
    } else {
        http1(tap, kept).await;
    }
}

async fn http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    kept: Arc<Mutex<Kept>>,
) {
    let service = service_fn(move |request| answer(request, Arc::clone(&kept)));
    drop(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await,
    );
}

async fn answer(
    mut request: Request<Incoming>,
    kept: Arc<Mutex<Kept>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Some(protocol) = request.headers().get(UPGRADE).cloned() {
        return Ok(switch(&mut request, protocol, kept));
    }
    let (head, mut body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or_else(|| head.uri.path().to_owned(), ToString::to_string);
    let path = head.uri.path().to_owned();
    let index = {
        let mut kept = lock(&kept);
        kept.seen.push(Seen {
            method: head.method.clone(),
            target,
            version: head.version,
            headers: head.headers.clone(),
            body: Bytes::new(),
            length: 0,
            complete: false,
        });
        kept.seen.len() - 1
    };
    let keep = !path.starts_with("/discard");
    let mut whole = BytesMut::new();
    let (mut length, mut complete) = (0_u64, true);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                if let Some(data) = frame.data_ref() {
                    length += data.len() as u64;
                    if keep {
                        whole.extend_from_slice(data);
                    }
                }
            }
            Err(_) => {
                complete = false;
                break;
            }
        }
    }
    let whole = whole.freeze();
    let mut kept = lock(&kept);
    if let Some(seen) = kept.seen.get_mut(index) {
        seen.body = whole.clone();
        seen.length = length;
        seen.complete = complete;
    }
    let upload = match complete {
        true => kept.uploads.take(&head, &whole),
        false => None,
    };
    let mut response = match upload {
        Some(Taken { answer, whole }) => {
            if let Some((path, body)) = whole {
                kept.stored.insert(path, Stored::file(body));
            }
            answer
        }
        None => respond(
            &head.method,
            &path,
            &head.headers,
            whole,
            length,
            complete,
            &mut kept,
        ),
    };
    for (name, value) in &kept.headers {
        if let (Ok(name), Ok(value)) = (
            hyper::header::HeaderName::try_from(name),
            HeaderValue::try_from(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Takes an upgrade.
fn switch(
    request: &mut Request<Incoming>,
    protocol: HeaderValue,
    kept: Arc<Mutex<Kept>>,
) -> Response<Full<Bytes>> {
    let mut response = short(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    let key = request.headers().get(SEC_WEBSOCKET_KEY);
    let accept = key.map(|key| derive_accept_key(key.as_bytes()));
    if let Some(accept) = accept.and_then(|accept| HeaderValue::try_from(accept).ok()) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    let is_socket = protocol.as_bytes().eq_ignore_ascii_case(b"websocket");
    headers.insert(UPGRADE, protocol);
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let stream = TokioIo::new(upgraded);
        if is_socket {
            return talk(stream, &kept).await;
        }
        let (mut from, mut to) = tokio::io::split(stream);
        drop(tokio::io::copy(&mut from, &mut to).await);
    });
    response
}

/// Says every message back.
async fn talk(stream: TokioIo<hyper::upgrade::Upgraded>, kept: &Mutex<Kept>) {
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        if !(message.is_text() || message.is_binary()) {
            continue;
        }
        lock(kept).said.push(message.clone().into_data());
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

fn respond(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: Bytes,
    length: u64,
    complete: bool,
    kept: &mut Kept,
) -> Response<Full<Bytes>> {
    if *method == Method::GET || *method == Method::HEAD {
        return kept.stored.get(path).map_or_else(
            || short(StatusCode::NOT_FOUND, "nothing is stored here"),
            give,
        );
    }
    if complete && !path.starts_with("/discard") {
        let stored = Stored {
            content_type: headers.get(CONTENT_TYPE).cloned(),
            coding: headers.get(CONTENT_ENCODING).cloned(),
            body: body.clone(),
        };
        kept.stored.insert(path.to_owned(), stored.clone());
        if path.starts_with("/echo") {
            return give(&stored);
        }
    }
    short(StatusCode::CREATED, &format!("{{\"received\":{length}}}"))
}

fn give(stored: &Stored) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(stored.body.clone()));
    let headers = response.headers_mut();
    if let Some(content_type) = &stored.content_type {
        headers.insert(CONTENT_TYPE, content_type.clone());
    }
    if let Some(coding) = &stored.coding {
        headers.insert(CONTENT_ENCODING, coding.clone());
    }
    headers.insert(ETAG, HeaderValue::from_static("\"of-what-is-stored\""));
    response
}

fn short(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Copies what is read, up to [`TAPPED`] bytes a connection.
struct Tap<S> {
    inner: S,
    kept: Arc<Mutex<Kept>>,
    tapped: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if let Some(read) = buffer
            .filled()
            .get(before..)
            .filter(|read| !read.is_empty() && self.tapped < TAPPED)
        {
            let read = read.get(..TAPPED - self.tapped).unwrap_or(read);
            lock(&self.kept).wire.extend_from_slice(read);
            self.tapped += read.len();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
