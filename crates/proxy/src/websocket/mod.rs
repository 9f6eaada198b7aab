//! A connection that has become a WebSocket (RFC 6455): both directions go over the border, message by message.
//!
//! [`outward`] protects what the client says, [`inward`] reveals what the origin says. Each reads no further than what
//! it has read is written, so that a slow side slows the other; what is held is one message a direction. No extension
//! is spoken: [`offer_no_extensions`] takes them out of the handshake, and an origin that answers with one all the
//! same is not believed ([`is_accepted`]).
//!
//! What ends the connection from here is told by a close frame to both sides, wherever a frame may stand: a refusal
//! with its reference, a fault of the protocol, the process's end.

mod inward;
mod outward;
mod sink;
mod source;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use body::websocket::{CloseCode, Fault, Sender};
use border::{Blame, Exchange, Reference, Refusal, RefusalCode};
use http::header::{self, HeaderMap, SEC_WEBSOCKET_EXTENSIONS};
use hyper::body::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::budget::Held;
use crate::early::Early;
use crate::exchange;
use crate::lane::Lane;
use crate::message::{Record, Upgrade};
use crate::shared::Shared;
use crate::tunnel::Watch;
use crate::upstream::Stream;
use sink::Sink;
use source::{Source, Stop};

/// The longest that a peer's own close frame is waited for.
const GOODBYE: Duration = Duration::from_secs(5);

/// Whether what a client asks to switch to is a WebSocket.
pub fn is_asked_for(upgrade: &Upgrade) -> bool {
    upgrade.0.as_bytes().eq_ignore_ascii_case(b"websocket")
}

/// Takes the extensions out of a handshake's request: what they do to frames cannot be read.
pub fn offer_no_extensions(headers: &mut HeaderMap) {
    headers.remove(SEC_WEBSOCKET_EXTENSIONS);
}

/// Whether the origin has switched to what was asked for, without an extension that nobody offered.
pub fn is_accepted(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    let is_websocket =
        upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"));
    is_websocket && !headers.contains_key(SEC_WEBSOCKET_EXTENSIONS)
}

/// How one direction ended.
#[derive(Debug)]
enum Ended {
    /// Its sender's close frame has gone on.
    Closed,
    /// One of the two connections is gone.
    Lost,
    /// What its sender said is not the protocol.
    Faulty(Fault),
    /// What its sender said may not go on.
    Refused(Box<Refusal>),
}

impl From<Stop> for Ended {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Lost => Self::Lost,
            Stop::Faulty(fault) => Self::Faulty(fault),
        }
    }
}

/// Why both directions end.
#[derive(Debug)]
enum End {
    /// Both sides have said goodbye, or one is gone.
    Over,
    /// The client broke the protocol.
    ClientFault(Fault),
    /// The origin did.
    OriginFault(Fault),
    /// The client said what may not leave.
    Refused(Box<Refusal>),
    /// Nothing was said for too long, or the process ends.
    GoingAway,
}

/// What both directions need.
struct Crossing {
    shared: Arc<Shared>,
    reference: Reference,
    socket: border::Socket,
    watch: Watch,
}

impl Crossing {
    /// A part of what may be held.
    fn held(&self) -> Held {
        Held::new(Arc::clone(self.shared.budget()))
    }
}

/// Joins client and origin once the client's side has switched too.
pub fn join(lane: &Lane, client: OnUpgrade, stream: Stream, early: Bytes, exchange: Exchange) {
    let timeouts = lane.upstream.settings().timeouts;
    let stopping = lane.shared.stopping.clone();
    let crossing = Crossing {
        shared: Arc::clone(&lane.shared),
        socket: exchange.socket(),
        reference: exchange.reference(),
        watch: Watch::new(),
    };
    let record = Record::new(exchange, Arc::clone(lane.shared.home()));
    lane.shared.executor().spawn(async move {
        // Its entry is written when the connection has ended, whichever way it does.
        let _record = record;
        let Ok(client) = client.await else {
            return;
        };
        let (client, origin) = (TokioIo::new(client), Early::new(stream, early));
        run(client, origin, &crossing, timeouts.tunnel, &stopping).await;
    });
}

async fn run<C, O>(
    client: C,
    origin: O,
    crossing: &Crossing,
    idle: Duration,
    stopping: &CancellationToken,
) where
    C: AsyncRead + AsyncWrite,
    O: AsyncRead + AsyncWrite,
{
    let (client_read, client_write) = tokio::io::split(client);
    let (origin_read, origin_write) = tokio::io::split(origin);
    let mut from_client = Source::new(client_read, Sender::Client);
    let mut from_origin = Source::new(origin_read, Sender::Server);
    let mut to_client = Sink::to_client(client_write);
    let mut to_origin = Sink::to_origin(origin_write, crossing.shared.home().chance());
    let end = {
        let mut outward = pin!(outward::run(&mut from_client, &mut to_origin, crossing));
        let mut inward = pin!(inward::run(&mut from_origin, &mut to_client, crossing));
        let (mut client_is_done, mut origin_is_done) = (false, false);
        let mut until = None;
        loop {
            let ended = tokio::select! {
                ended = &mut outward, if !client_is_done => {
                    client_is_done = true;
                    match ended.err().unwrap_or(Ended::Closed) {
                        Ended::Faulty(fault) => break End::ClientFault(fault),
                        ended => ended,
                    }
                }
                ended = &mut inward, if !origin_is_done => {
                    origin_is_done = true;
                    match ended.err().unwrap_or(Ended::Closed) {
                        Ended::Faulty(fault) => break End::OriginFault(fault),
                        ended => ended,
                    }
                }
                () = crossing.watch.idle(idle) => break End::GoingAway,
                () = goodbye(until) => break End::Over,
                () = stopping.cancelled() => break End::GoingAway,
            };
            match ended {
                Ended::Closed if !(client_is_done && origin_is_done) => {
                    until = Some(Instant::now() + GOODBYE);
                }
                Ended::Refused(refusal) => break End::Refused(refusal),
                Ended::Closed | Ended::Lost | Ended::Faulty(_) => break End::Over,
            }
        }
    };
    say_goodbye(&end, &mut to_client, &mut to_origin, crossing).await;
    let both = async {
        tokio::join!(to_client.end(), to_origin.end());
        // What still comes from the client must not reset the connection before it has read why.
        from_client.drain().await;
    };
    // Whoever does not read has had its chance.
    let _ = timeout(GOODBYE, both).await;
}

/// Ends at a time, if there is one.
async fn goodbye(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Queues the close frames by which both sides are told.
async fn say_goodbye<C: AsyncWrite, O: AsyncWrite>(
    end: &End,
    to_client: &mut Sink<C>,
    to_origin: &mut Sink<O>,
    crossing: &Crossing,
) {
    let reference = crossing.reference;
    match end {
        End::Over => {}
        End::GoingAway => {
            to_client.close(CloseCode::GOING_AWAY, "");
            to_origin.close(CloseCode::GOING_AWAY, "");
        }
        End::ClientFault(fault) => {
            tracing::debug!(%reference, %fault, "a client's frames cannot be read");
            to_client.close(fault.close_code(), &fault.to_string());
            to_origin.close(CloseCode::GOING_AWAY, "");
        }
        End::OriginFault(fault) => {
            tracing::debug!(%reference, %fault, "an origin's frames cannot be read");
            to_client.close(CloseCode::BAD_GATEWAY, "");
            to_origin.close(fault.close_code(), &fault.to_string());
        }
        End::Refused(refusal) => {
            exchange::journal_refusal(&crossing.shared, refusal, reference).await;
            let reason = format!("{} ref={reference}", refusal.code.as_str());
            to_client.close(close_code(refusal), &reason);
            to_origin.close(CloseCode::GOING_AWAY, "");
        }
    }
}

/// The code of a refusal.
fn close_code(refusal: &Refusal) -> CloseCode {
    match (refusal.code, refusal.code.blame()) {
        (RefusalCode::TooLong, _) => CloseCode::TOO_LONG,
        (_, Blame::Operator) => CloseCode::TRY_AGAIN,
        _ => CloseCode::POLICY_VIOLATION,
    }
}
