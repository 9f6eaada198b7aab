//! Sends a request on a connection to its origin and waits for the answer's head.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use border::Refusal;
use http::header;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;

use crate::answer::Problem;
use crate::lane::Lane;
use crate::message::{FromOrigin, Lent, Outgoing, Stall, Upload};
use crate::upstream::{Channel, Http1};

/// How often a request is tried on connections that turn out not to stand any more.
const ATTEMPTS: usize = 3;

/// A body that may leave, and what it tells while it does.
#[derive(Debug)]
pub struct Leaving {
    /// The body.
    pub body: Outgoing,
    /// Where it streams.
    pub upload: Option<Arc<Upload>>,
}

/// An answer.
#[derive(Debug)]
pub struct Sent {
    /// Its head.
    pub head: http::response::Parts,
    /// Its body.
    pub body: FromOrigin,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Stopped {
    /// The body was refused on its way; the rest of it is to be drained.
    Refused(Box<Refusal>, Option<Incoming>),
    /// The client did not send the whole body.
    Lost,
    /// The origin was not reached or did not answer.
    Upstream(Problem),
}

/// Sends a request in the client's protocol, or translated where the origin refuses that.
///
/// It is sent again where a connection turned out to be closed and nothing of the request was sent, or where it
/// may be repeated (RFC 9110 §9.2.2) and has no body.
///
/// # Errors
/// Where there is no answer.
pub async fn send(lane: &Lane, parts: Parts, leaving: Leaving) -> Result<Sent, Stopped> {
    let Leaving { body, upload } = leaving;
    let repeatable = is_idempotent(&parts.method) && matches!(body, Outgoing::Empty);
    let mut request = Request::from_parts(parts, body);
    for _ in 0..ATTEMPTS {
        let channel = lane
            .upstream
            .channel(&lane.origin, lane.protocol, lane.shared.counters())
            .await
            .map_err(|error| Stopped::Upstream(Problem::of_upstream(&error)))?;
        let failed = match channel {
            Channel::Http1 { connection, used } => {
                let spare = (used && repeatable).then(|| copy_of(&request));
                match on_http1(lane, connection, request, upload.as_ref()).await {
                    Ok(sent) => return Ok(sent),
                    Err(failed) => Failed {
                        again: failed.again.or(spare),
                        ..failed
                    },
                }
            }
            Channel::Http2(sender) => {
                let spare = repeatable.then(|| copy_of(&request));
                // Boxed, so that an exchange on HTTP/1.1 is not as large as one on HTTP/2.
                match Box::pin(on_http2(lane, sender, request, upload.as_ref())).await {
                    Ok(sent) => return Ok(sent),
                    Err(failed) => Failed {
                        again: failed.again.or(spare),
                        ..failed
                    },
                }
            }
        };
        if let Some((refusal, rest)) = upload.as_ref().and_then(|upload| upload.take_refused()) {
            return Err(Stopped::Refused(refusal, rest));
        }
        if upload.as_ref().is_some_and(|upload| upload.is_lost()) {
            return Err(Stopped::Lost);
        }
        match (failed.again, failed.why) {
            (Some(again), Why::Closed) => request = again,
            (None, Why::Closed) => break,
            (_, Why::TooLong) => return Err(Stopped::Upstream(too_long())),
        }
    }
    Err(Stopped::Upstream(incomplete()))
}

/// The origin went away before it answered.
pub fn incomplete() -> Problem {
    Problem::of_answer(
        StatusCode::BAD_GATEWAY,
        "http_response_incomplete",
        "the origin closed the connection before it answered",
        "Try again later; if it lasts, ask the operator of the origin.",
    )
}

/// What the origin sent does not open to its end.
pub fn damaged() -> Problem {
    Problem::of_answer(
        StatusCode::BAD_GATEWAY,
        "http_protocol_error",
        "what the origin sent was changed or cut short on the way, or where it is kept",
        "Ask the operator of the origin: it does not hold any more what was sent to it.",
    )
}

/// The origin took too long.
pub fn too_long() -> Problem {
    Problem::of_answer(
        StatusCode::GATEWAY_TIMEOUT,
        "http_response_timeout",
        "the origin did not answer in time",
        "Try again later; if it lasts, ask the operator of the origin.",
    )
}

struct Failed {
    /// The request, where it may be sent again.
    again: Option<Request<Outgoing>>,
    why: Why,
}

enum Why {
    Closed,
    TooLong,
}

async fn on_http1(
    lane: &Lane,
    mut connection: Box<Http1>,
    mut request: Request<Outgoing>,
    upload: Option<&Arc<Upload>>,
) -> Result<Sent, Failed> {
    if let Some(signal) = upload.and_then(|upload| upload.signal()) {
        hyper::ext::on_informational(&mut request, move |informational| {
            if informational.status() == StatusCode::CONTINUE {
                signal.open();
            }
        });
    }
    let response = match within(lane, upload, connection.send(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(mut failed)) => {
            return Err(Failed {
                again: failed.take_message(),
                why: Why::Closed,
            });
        }
        Err(TooLong) => {
            return Err(Failed {
                again: None,
                why: Why::TooLong,
            });
        }
    };
    Ok(received(lane, connection, response, upload))
}

async fn on_http2(
    lane: &Lane,
    mut sender: SendRequest<Outgoing>,
    mut request: Request<Outgoing>,
    upload: Option<&Arc<Upload>>,
) -> Result<Sent, Failed> {
    for_http2(lane, &mut request);
    match within(lane, upload, sender.try_send_request(request)).await {
        Ok(Ok(response)) => {
            let (head, body) = response.into_parts();
            let stall = Stall::new(lane.upstream.settings().timeouts.answer);
            Ok(Sent {
                head,
                body: FromOrigin::new(body, None, stall),
            })
        }
        Ok(Err(mut failed)) => {
            let again = failed
                .take_message()
                .map(|request| for_http1_again(lane, request));
            Err(Failed {
                again,
                why: Why::Closed,
            })
        }
        Err(TooLong) => Err(Failed {
            again: None,
            why: Why::TooLong,
        }),
    }
}

/// Ties the answer's body to the connection it comes on.
pub fn received(
    lane: &Lane,
    connection: Box<Http1>,
    response: Response<Incoming>,
    upload: Option<&Arc<Upload>>,
) -> Sent {
    let settings = lane.upstream.settings();
    let stall = Stall::new(settings.timeouts.answer);
    let (head, body) = response.into_parts();
    let going_on = upload.is_some_and(|upload| !upload.is_finished() && !upload.abandon_if_held());
    let lent = if going_on {
        // The answer came first: the upload must go on even where nobody reads the answer meanwhile.
        lane.shared.executor().spawn(connection.run());
        None
    } else {
        Some(Lent {
            connection,
            origin: Arc::clone(&lane.origin),
            most: settings.idle_upstream,
        })
    };
    Sent {
        head,
        body: FromOrigin::new(body, lent, stall),
    }
}

/// Nothing came in time.
pub struct TooLong;

/// Waits for an answer; the time counts from the last progress of the upload.
pub async fn within<F: Future>(
    lane: &Lane,
    upload: Option<&Arc<Upload>>,
    answer: F,
) -> Result<F::Output, TooLong> {
    let longest: Duration = lane.upstream.settings().timeouts.answer;
    let mut answer = pin!(answer);
    loop {
        match tokio::time::timeout(longest, answer.as_mut()).await {
            Ok(answered) => return Ok(answered),
            Err(_) if upload.is_some_and(|upload| upload.moved_lately()) => {}
            Err(_) => return Err(TooLong),
        }
    }
}

fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
    )
}

/// A request without a body, once more.
fn copy_of(request: &Request<Outgoing>) -> Request<Outgoing> {
    let mut copy = Request::new(Outgoing::Empty);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// HTTP/2 names the host in `:authority`, and knows no `Host` and no `Expect` of ours.
fn for_http2(lane: &Lane, request: &mut Request<Outgoing>) {
    let target = std::mem::take(request.uri_mut());
    let mut parts = target.into_parts();
    if let Some((scheme, authority)) = lane.authority() {
        parts.scheme = Some(scheme);
        parts.authority = Some(authority);
    }
    // A path and an authority that were valid apart are valid together, except `*`, which has none (RFC 9113 §8.3.1).
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_else(|_| Uri::from_static("*"));
    request.headers_mut().remove(header::HOST);
    request.headers_mut().remove(header::EXPECT);
}

fn for_http1_again(lane: &Lane, mut request: Request<Outgoing>) -> Request<Outgoing> {
    let parts = std::mem::take(request.uri_mut()).into_parts();
    if let Some(target) = parts.path_and_query {
        *request.uri_mut() = Uri::from(target);
    }
    if let Some(host) = lane.host_value() {
        request.headers_mut().insert(header::HOST, host);
    }
    request
}
