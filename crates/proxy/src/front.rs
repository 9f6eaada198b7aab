//! The proxy's port, where a client says whom it wants: `CONNECT` (RFC 9110 §9.3.6), or a plain request with an
//! absolute target (RFC 9112 §3.2.2). What speaks to the port itself is told what it is.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, Response, StatusCode};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use crate::answer::{self, Problem};
use crate::host::Target;
use crate::lane::Lane;
use crate::message::Returning;
use crate::settings::Outside;
use crate::shared::Shared;
use crate::tunnel::{self, Ended, Patience, Peeked};
use crate::upstream::{BUFFER, Protocol, Upstream, UpstreamError};
use crate::{exchange, forward, intercept, socket};

/// What follows a `CONNECT` that was granted.
enum Next {
    Tunnel {
        target: Target,
        origin: TcpStream,
        upstream: Arc<Upstream>,
    },
    Intercept {
        target: Target,
        upstream: Arc<Upstream>,
    },
}

/// Serves one client of the port until it leaves.
pub async fn client(shared: Arc<Shared>, stream: TcpStream) {
    socket::prepare(&stream);
    let Some((next, stream, early)) = Box::pin(ask(&shared, stream)).await else {
        return;
    };
    match next {
        Next::Tunnel {
            target,
            origin,
            upstream,
        } => {
            Box::pin(blind(&shared, &target, stream, origin, early, &upstream)).await;
        }
        Next::Intercept { target, upstream } => {
            Box::pin(intercept::client(shared, upstream, target, stream, early)).await;
        }
    }
}

/// Serves HTTP/1.1 until a `CONNECT` was granted; `None` where the client left before.
async fn ask(shared: &Arc<Shared>, stream: TcpStream) -> Option<(Next, TcpStream, Bytes)> {
    let next = Arc::new(Mutex::new(None));
    let upstream = shared.upstream();
    let settings = upstream.settings();
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.timeouts.head)
        .max_buf_size(BUFFER)
        .max_header_size(settings.head)
        .max_headers(settings.fields)
        .preserve_header_case(true)
        .auto_date_header(false)
        .serve_connection(
            TokioIo::new(stream),
            Front {
                shared: Arc::clone(shared),
                next: Arc::clone(&next),
            },
        );
    let mut stopping = pin!(shared.stopping.cancelled());
    let mut told = false;
    let ended = poll_fn(|cx| {
        let served = connection.poll_without_shutdown(cx);
        if served.is_pending() && !told && stopping.as_mut().poll(cx).is_ready() {
            told = true;
            Pin::new(&mut connection).graceful_shutdown();
            return connection.poll_without_shutdown(cx);
        }
        served
    })
    .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended");
        return None;
    }
    let next = next.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let parts = connection.into_parts();
    Some((next, parts.io.into_inner(), parts.read_buf))
}

struct Front {
    shared: Arc<Shared>,
    next: Arc<Mutex<Option<Next>>>,
}

impl Service<Request<Incoming>> for Front {
    type Response = Response<Returning>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Returning>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        if request.method() == Method::CONNECT {
            let next = Arc::clone(&self.next);
            return Box::pin(async move {
                Ok(match connect(&shared, &request).await {
                    Ok(granted) => {
                        *next.lock().unwrap_or_else(PoisonError::into_inner) = Some(granted);
                        Response::new(Returning::Empty)
                    }
                    Err(problem) => problem.answer(answer::navigates(request.headers())),
                })
            });
        }
        Box::pin(async move { Ok(plain(shared, request).await) })
    }
}

/// Decides a `CONNECT`.
async fn connect(shared: &Arc<Shared>, request: &Request<Incoming>) -> Result<Next, Problem> {
    let target = request
        .uri()
        .authority()
        .and_then(|authority| Target::parse(authority.as_str(), None));
    let Some(target) = target else {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "target",
            "the CONNECT names no host and port",
            "",
        ));
    };
    let upstream = shared.upstream();
    let host = target.host.as_str();
    if shared.is_app(host) {
        // Signed for first: where no leaf can be minted no connection need be made.
        if let Err(error) = shared.authority().check(host) {
            tracing::warn!(host, %error, "a host was refused");
            return Err(Problem::of_authority(&error).with_reference(shared.references().next()));
        }
        let origin = upstream.origin(&target, true, true);
        upstream
            .verify(&origin, shared.counters())
            .await
            .map_err(|error| unreachable(shared, host, &error))?;
        return Ok(Next::Intercept { target, upstream });
    }
    if upstream.settings().outside == Outside::Block {
        tracing::debug!(host, "a host of no app was refused");
        return Err(Problem::outside());
    }
    let origin = upstream
        .connect(&target, shared.counters())
        .await
        .map_err(|error| {
            tracing::debug!(host, error = error.token(), "a tunnel was not opened");
            Problem::of_upstream(&error)
        })?;
    Ok(Next::Tunnel {
        target,
        origin,
        upstream,
    })
}

fn unreachable(shared: &Shared, host: &str, error: &UpstreamError) -> Problem {
    let reference = shared.references().next();
    tracing::info!(%reference, host, error = error.token(), "an app's origin was not reached or not believed");
    Problem::of_upstream(error).with_reference(reference)
}

/// Decides a request that is no `CONNECT`.
async fn plain(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Returning> {
    let browser = answer::navigates(request.headers());
    let uri = request.uri();
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this-is-a-proxy",
            "this port is Rempart's proxy: it takes CONNECT and requests with an absolute target",
            "Set it as the proxy of your browser or program; its page and /proxy.pac are at the console's address.",
        )
        .answer(browser);
    };
    let target = Target::parse(authority.as_str(), Some(80)).filter(|_| scheme == "http");
    let Some(target) = target else {
        return Problem::new(
            StatusCode::BAD_REQUEST,
            "target",
            "the target is not an http:// address of a host",
            "For https:// send a CONNECT.",
        )
        .answer(browser);
    };
    let upstream = shared.upstream();
    if shared.is_app(target.host.as_str()) {
        let origin = upstream.origin(&target, false, true);
        let lane = Lane::new(shared, upstream, origin, Protocol::Http1, 80);
        return exchange::serve(&lane, request).await;
    }
    if upstream.settings().outside == Outside::Block {
        return Problem::outside().answer(browser);
    }
    forward::serve(&shared, &upstream, &target, request).await
}

async fn blind(
    shared: &Shared,
    target: &Target,
    client: TcpStream,
    origin: TcpStream,
    early: Bytes,
    upstream: &Upstream,
) {
    shared.counters().tunnels.add();
    let timeouts = &upstream.settings().timeouts;
    let patience = Patience {
        peek: timeouts.handshake,
        idle: timeouts.tunnel,
    };
    let run = tunnel::run(client, origin, early, patience, |name| shared.is_app(name));
    tokio::select! {
        ended = run => if let Ended::Refused(named) = ended {
            shared.counters().tunnels_refused.add();
            let found = match named {
                Peeked::HelloNamesApp => "its ClientHello names an app's host",
                Peeked::RequestNamesApp => "its request names an app's host",
                Peeked::Unread | Peeked::More | Peeked::Clean => "its first bytes could not be read",
            };
            tracing::info!(host = target.host.as_str(), found, "a tunnel was closed");
        },
        // A tunnel has no end that could be waited for.
        () = shared.stopping.cancelled() => {}
    }
}
