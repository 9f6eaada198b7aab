//! A connection that changes its protocol on a route that the policy leaves open (RFC 9110 §7.8): afterwards its
//! bytes pass as they are.

use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Request, StatusCode};
use hyper::body::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::answer::Problem;
use crate::dispatch::{self, Sent, Stopped, TooLong};
use crate::early::Early;
use crate::lane::Lane;
use crate::message::{Outgoing, Upgrade};
use crate::tunnel;
use crate::upstream::Stream;

/// What the origin made of it.
#[derive(Debug)]
pub enum Answered {
    /// It switched.
    Switched {
        /// The `101`.
        head: http::response::Parts,
        /// The connection.
        stream: Stream,
        /// What came after the head already.
        early: Bytes,
    },
    /// It did not.
    Plainly(Sent),
}

/// Sends a request that asks to switch, on a connection of its own.
///
/// # Errors
/// Where there is no answer.
pub async fn send(
    lane: &Lane,
    mut parts: Parts,
    body: Outgoing,
    upgrade: &Upgrade,
) -> Result<Answered, Stopped> {
    let mut connection = lane
        .upstream
        .own_http1(&lane.origin, lane.shared.counters())
        .await
        .map_err(|error| Stopped::Upstream(Problem::of_upstream(&error)))?;
    parts
        .headers
        .insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    parts.headers.insert(header::UPGRADE, upgrade.0.clone());
    let response = match dispatch::within(
        lane,
        None,
        connection.send(Request::from_parts(parts, body)),
    )
    .await
    {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => return Err(Stopped::Upstream(dispatch::incomplete())),
        Err(TooLong) => return Err(Stopped::Upstream(dispatch::too_long())),
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Answered::Plainly(dispatch::received(
            lane, connection, response, None,
        )));
    }
    let (head, _) = response.into_parts();
    let (stream, early) = connection.into_stream().await;
    Ok(Answered::Switched {
        head,
        stream,
        early,
    })
}

/// Joins client and origin once the client's side has switched too.
pub fn join(lane: &Lane, client: OnUpgrade, stream: Stream, early: Bytes) {
    let idle = lane.upstream.settings().timeouts.tunnel;
    let stopping = lane.shared.stopping.clone();
    lane.shared.executor().spawn(async move {
        let Ok(client) = client.await else {
            return;
        };
        let mut client = TokioIo::new(client);
        let mut origin = Early::new(stream, early);
        tokio::select! {
            _ = tunnel::join(&mut client, &mut origin, idle) => {}
            () = stopping.cancelled() => {}
        }
    });
}
