//! An origin that costs as little as it can: it counts what it is sent and answers from memory.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use e2e::Leaf;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// A running origin.
pub struct Origin {
    /// Where it listens.
    pub address: SocketAddr,
    _runtime: Runtime,
}

impl Origin {
    pub fn start(leaf: &Leaf) -> Self {
        let acceptor = TlsAcceptor::from(leaf.server(&["h2", "http/1.1"]));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, acceptor.clone()));
            }
        });
        Self {
            address,
            _runtime: runtime,
        }
    }
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor) {
    drop(socket.set_nodelay(true));
    let Ok(stream) = acceptor.accept(socket).await else {
        return;
    };
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let stream = TokioIo::new(stream);
    if http2 {
        drop(
            hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(stream, service_fn(answer))
                .await,
        );
    } else {
        drop(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(stream, service_fn(answer))
                .await,
        );
    }
}

async fn answer(
    request: Request<Incoming>,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible> {
    let bytes = request
        .uri()
        .query()
        .and_then(|query| query.strip_prefix("bytes=")?.parse().ok());
    let body = match (request.method(), bytes) {
        (&Method::GET, Some(bytes)) => Repeat::new(bytes).boxed_unsync(),
        _ => {
            let mut body = request.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            Full::new(Bytes::from_static(
                b"{\"id\":4711,\"status\":\"created\",\"links\":{\"self\":\"/people/4711\"}}",
            ))
            .boxed_unsync()
        }
    };
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert("content-type", "application/json".parse().expect("a value"));
    Ok(response)
}

/// A JSON array of records, of about so many bytes, made from one piece.
pub struct Repeat {
    piece: Bytes,
    left: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Records,
    Closed,
}

impl Repeat {
    pub fn new(bytes: u64) -> Self {
        let record = r#"{"id":4711,"first_name":"Zoe","last_name":"Tremblay","email":"zoe@example.org","status":"active","description":"a longer text that the app needs to see and that nobody protects, as most of what an app holds is"},"#;
        let piece = Bytes::from(record.repeat((64 << 10) / record.len()));
        Self {
            left: bytes / piece.len() as u64,
            piece,
            state: State::Open,
        }
    }

    /// How many bytes it will give in all.
    pub fn length(&self) -> u64 {
        1 + self.left * self.piece.len() as u64 + 5
    }
}

impl Body for Repeat {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.state {
            State::Open => {
                self.state = State::Records;
                Bytes::from_static(b"[")
            }
            State::Records if self.left > 0 => {
                self.left -= 1;
                self.piece.clone()
            }
            State::Records => {
                self.state = State::Closed;
                Bytes::from_static(b"null]")
            }
            State::Closed => return Poll::Ready(None),
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        match self.state {
            State::Open => SizeHint::with_exact(self.length()),
            State::Records | State::Closed => SizeHint::default(),
        }
    }
}
