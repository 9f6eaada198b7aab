//! An intercepted `CONNECT`: the client's TLS ends here, under a leaf for exactly the host it asked for.
//!
//! Whoever calls has a verified connection to the origin already: no leaf is minted before that (I7).

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use http::{Request, Response};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::authority::Prefer;
use crate::early::Early;
use crate::exchange;
use crate::host::Target;
use crate::lane::Lane;
use crate::message::Returning;
use crate::shared::Shared;
use crate::upstream::{BUFFER, Protocol, Upstream};

type Secure = TlsStream<Early<TcpStream>>;

/// Serves a client whose `CONNECT` to an app's host was granted.
pub async fn client(
    shared: Arc<Shared>,
    upstream: Arc<Upstream>,
    target: Target,
    stream: TcpStream,
    early: Bytes,
) {
    // In a box of its own, so that an idle client does not keep the room that a handshake takes.
    let Some((lane, stream)) = Box::pin(accept(shared, upstream, target, stream, early)).await
    else {
        return;
    };
    match lane.protocol {
        Protocol::Http1 => Box::pin(http1(lane, stream)).await,
        Protocol::Http2 => Box::pin(http2(lane, stream)).await,
    }
}

/// The client's handshake.
async fn accept(
    shared: Arc<Shared>,
    upstream: Arc<Upstream>,
    target: Target,
    stream: TcpStream,
    early: Bytes,
) -> Option<(Arc<Lane>, Secure)> {
    let settings = Arc::clone(upstream.settings());
    let origin = upstream.origin(&target, true, true);
    let leaf = match shared.authority().leaf(target.host.as_str()).await {
        Ok(leaf) => leaf,
        Err(error) => {
            tracing::warn!(host = target.host.as_str(), %error, "no leaf could be minted");
            return None;
        }
    };
    let prefer = match origin.prefers() {
        Protocol::Http1 => Prefer::Http1,
        Protocol::Http2 => Prefer::Http2,
    };
    let acceptor = TlsAcceptor::from(leaf.server(prefer));
    let accepted = timeout(
        settings.timeouts.handshake,
        acceptor.accept(Early::new(stream, early)),
    )
    .await;
    let stream = match accepted {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(host = target.host.as_str(), %error, "a client's handshake failed");
            return None;
        }
        Err(_) => {
            tracing::debug!(
                host = target.host.as_str(),
                "a client's handshake took too long"
            );
            return None;
        }
    };
    shared.counters().intercepted.add();

    let tls = stream.get_ref().1;
    let protocol = if tls.alpn_protocol() == Some(b"h2") {
        Protocol::Http2
    } else {
        Protocol::Http1
    };
    // A client may send no name. One that differs is answered, not cut off, so that it can read why.
    let named_otherwise = tls.server_name().is_some_and(|name| {
        !name
            .strip_suffix('.')
            .unwrap_or(name)
            .eq_ignore_ascii_case(target.host.as_str())
    });
    let mut lane = Lane::new(shared, upstream, origin, protocol, 443);
    lane.named_otherwise = named_otherwise;
    lane.upgradable = protocol == Protocol::Http1;
    Some((Arc::new(lane), stream))
}

async fn http1(lane: Arc<Lane>, stream: Secure) {
    let settings = Arc::clone(lane.upstream.settings());
    let stopping = lane.shared.stopping.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let lane = Arc::clone(&lane);
        // Boxed for as long as it lasts: the room of an exchange is not kept by an idle client.
        Box::pin(async move { serve(&lane, request).await })
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.timeouts.head)
        .max_buf_size(BUFFER)
        .max_header_size(settings.head)
        .max_headers(settings.fields)
        .preserve_header_case(true)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut stopping = pin!(stopping.cancelled());
    let mut told = false;
    let ended = poll_fn(|cx| {
        let served = connection.as_mut().poll(cx);
        if served.is_pending() && !told && stopping.as_mut().poll(cx).is_ready() {
            told = true;
            connection.as_mut().graceful_shutdown();
            return connection.as_mut().poll(cx);
        }
        served
    })
    .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended");
    }
}

async fn http2(lane: Arc<Lane>, stream: Secure) {
    let settings = Arc::clone(lane.upstream.settings());
    let stopping = lane.shared.stopping.clone();
    let executor = lane.shared.executor().clone();
    let serving = Arc::clone(&lane);
    let service = service_fn(move |request: Request<Incoming>| {
        let lane = Arc::clone(&serving);
        async move { serve(&lane, request).await }
    });
    let connection = http2::Builder::new(executor)
        .timer(TokioTimer::new())
        .initial_stream_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
        .max_concurrent_streams(settings.streams)
        .max_header_list_size(u32::try_from(settings.head).unwrap_or(u32::MAX))
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut stopping = pin!(stopping.cancelled());
    // HTTP/2 has no time limit of its own for a client that asks nothing.
    let mut idle: Pin<Box<_>> = Box::pin(sleep_until(Instant::now() + settings.timeouts.head));
    let mut told = false;
    let ended = poll_fn(|cx| {
        loop {
            let served = connection.as_mut().poll(cx);
            if served.is_ready() || told {
                return served;
            }
            let tell = if stopping.as_mut().poll(cx).is_ready() {
                true
            } else if idle.as_mut().poll(cx).is_ready() {
                idle.as_mut().reset(Instant::now() + settings.timeouts.head);
                lane.was_idle()
            } else {
                return Poll::Pending;
            };
            if tell {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    })
    .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended");
    }
}

async fn serve(lane: &Lane, request: Request<Incoming>) -> Result<Response<Returning>, Infallible> {
    Ok(exchange::serve(lane, request).await)
}
