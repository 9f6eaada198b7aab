//! One request to an app's host and its answer: across the border and back.
//!
//! The head is checked against its lane, given to the border, and sent when its body may leave: at once where the
//! body streams through untouched, after the body's end (or `[limits] whole`) where it is protected. Nothing is
//! added that the app would see: no `Via`, no `Forwarded`.
//!
//! A refusal's journal entry is durable before the refusal is answered.

use std::sync::Arc;

use border::{Effect, Exchange, Flow, Reader, Reference, Refusal, RefusalCode, Summary};
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body, Incoming};
use hyper::upgrade::OnUpgrade;
use integrity::Stated;

use crate::answer::{self, Problem, RECEIPT};
use crate::budget::Held;
use crate::dispatch::{self, Sent, Stopped};
use crate::drain::drain;
use crate::lane::{Astray, Lane};
use crate::message::{
    Begun, BodyError, FromOrigin, Gate, Outgoing, Protecting, Record, Returning, Revealing,
    Unready, Upgrade, Upload, busy, for_the_next_hop,
};
use crate::shared::Shared;
use crate::upgrade;
use crate::upstream::Protocol;
use crate::websocket;

/// An answer up to this is revealed whole where it is there, so that its length and its receipt are exact.
const WHOLE_ANSWER: usize = 64 << 10;

/// Why a request is answered by the gateway.
enum Stop {
    /// The border, or the wire in its words, refuses it; the rest of its body is to be drained.
    Refused(Box<Refusal>, Option<Incoming>),
    /// It names no host, or several.
    Nameless,
    /// The client did not send it whole.
    Lost,
    /// The origin was not reached or did not answer.
    Upstream(Problem),
}

/// Serves one request.
pub async fn serve(lane: &Lane, request: Request<Incoming>) -> Response<Returning> {
    let _under = lane.enter();
    lane.shared.counters().exchanges.add();
    let reference = lane.shared.references().next();
    let browser = answer::navigates(request.headers());
    match cross(lane, request, reference).await {
        Ok(response) => response,
        Err(stop) => Box::pin(stopped(lane, stop, reference, browser)).await,
    }
}

async fn cross(
    lane: &Lane,
    mut request: Request<Incoming>,
    reference: Reference,
) -> Result<Response<Returning>, Stop> {
    match lane.check(&request) {
        Ok(()) => {}
        Err(Astray::Misdirected(refusal)) => {
            lane.shared.counters().misdirected.add();
            let rest = unread(request);
            return Err(Stop::Refused(Box::new(refusal), rest));
        }
        Err(Astray::Nameless) => return Err(Stop::Nameless),
    }
    if lane.shared.budget().is_spent() {
        return Err(Stop::Refused(Box::new(busy()), unread(request)));
    }
    let upgrade = for_the_next_hop(request.headers_mut());
    name_host(lane, request.headers_mut()).ok_or(Stop::Nameless)?;
    if lane.protocol == Protocol::Http2 {
        join_cookies(request.headers_mut());
    }
    let mut exchange = match begin(lane, &request, reference) {
        Ok(exchange) => exchange,
        Err(refusal) => return Err(Stop::Refused(refusal, unread(request))),
    };
    let switching = match upgrade {
        Some(upgrade)
            if !(lane.upgradable && exchange.may_upgrade(websocket::is_asked_for(&upgrade))) =>
        {
            return Err(Stop::Refused(Box::new(not_upgradable()), unread(request)));
        }
        Some(upgrade) => Some((upgrade, hyper::upgrade::on(&mut request))),
        None => None,
    };

    let (mut parts, body) = request.into_parts();
    exchange.edit_request(&mut parts.headers);
    address(&mut parts, exchange.target()).map_err(|()| Stop::Nameless)?;
    if let Err(refusal) = exchange.check_signature(&parts) {
        return Err(Stop::Refused(refusal, rest_of(&parts.headers, body)));
    }
    let method = parts.method.clone();
    let keeps_trailers = exchange.keeps_trailers();
    if !keeps_trailers {
        parts.headers.remove(header::TRAILER);
    }
    let mut outgoing = match exchange.protect() {
        Some(flow) => {
            let (stated, headers) = (exchange.stated(), &mut parts.headers);
            protected(lane, &stated, headers, flow, body, keeps_trailers).await?
        }
        None => untouched(lane, &mut parts, body),
    };
    if !keeps_trailers {
        outgoing.body.drop_trailers();
    }
    exchange
        .sign(&mut parts)
        .map_err(|refusal| Stop::Refused(refusal, None))?;
    if let Some((upgrade, client)) = switching {
        // Rare, and not to make every other exchange's room larger.
        let switched = switch(lane, exchange, parts, outgoing.body, upgrade, client);
        return Box::pin(switched).await;
    }
    let sent = dispatch::send(lane, parts, outgoing)
        .await
        .map_err(Stop::from)?;
    answered(lane, exchange, &method, sent).await
}

/// Sends a request that asks for another protocol, and joins the two sides if the origin grants it.
async fn switch(
    lane: &Lane,
    exchange: Exchange,
    mut parts: Parts,
    body: Outgoing,
    upgrade: Upgrade,
    client: OnUpgrade,
) -> Result<Response<Returning>, Stop> {
    let method = parts.method.clone();
    let is_websocket = websocket::is_asked_for(&upgrade);
    if is_websocket {
        websocket::offer_no_extensions(&mut parts.headers);
    }
    match upgrade::send(lane, parts, body, &upgrade)
        .await
        .map_err(Stop::from)?
    {
        upgrade::Answered::Switched {
            mut head,
            stream,
            early,
        } => {
            head.headers.insert(RECEIPT, exchange.receipt());
            if !is_websocket {
                upgrade::join(lane, client, stream, early);
            } else if websocket::is_accepted(&head.headers) {
                websocket::join(lane, client, stream, early, exchange);
            } else {
                return Err(Stop::Upstream(dispatch::incomplete()));
            }
            Ok(Response::from_parts(head, Returning::Empty))
        }
        upgrade::Answered::Plainly(sent) => answered(lane, exchange, &method, sent).await,
    }
}

impl From<Stopped> for Stop {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Refused(refusal, rest) => Self::Refused(refusal, rest),
            Stopped::Lost => Self::Lost,
            Stopped::Upstream(problem) => Self::Upstream(problem),
        }
    }
}

fn begin(
    lane: &Lane,
    request: &Request<Incoming>,
    reference: Reference,
) -> Result<Exchange, Box<Refusal>> {
    if request.method() == Method::CONNECT {
        return Err(Box::new(not_upgradable()));
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", PathAndQuery::as_str);
    let incoming = border::Incoming {
        host: lane.target().host.as_str(),
        method: request.method(),
        target,
        headers: request.headers(),
        has_body: !request.body().is_end_stream(),
        reader: Reader::Anyone,
        reference,
    };
    lane.shared
        .plan()
        .begin(&incoming, lane.shared.home().chance())
}

/// HTTP/2 names the host in `:authority`; whatever looks at the head, a signature above all, finds it in `Host`.
fn name_host(lane: &Lane, headers: &mut HeaderMap) -> Option<()> {
    if !headers.contains_key(header::HOST) {
        headers.insert(header::HOST, lane.host_value()?);
    }
    Some(())
}

/// Sets where the request goes, in the form that every protocol's dispatch begins from: origin form.
fn address(parts: &mut Parts, rewritten: Option<&str>) -> Result<(), ()> {
    let target = match rewritten {
        Some(target) => PathAndQuery::try_from(target).map_err(|_| ())?,
        None => parts
            .uri
            .path_and_query()
            .cloned()
            .unwrap_or(PathAndQuery::from_static("/")),
    };
    parts.uri = Uri::from(target);
    parts.version = Version::HTTP_11;
    Ok(())
}

/// A body that is protected: its first byte may leave.
async fn protected(
    lane: &Lane,
    stated: &Stated,
    headers: &mut HeaderMap,
    flow: Box<dyn Flow>,
    body: Incoming,
    keeps_trailers: bool,
) -> Result<dispatch::Leaving, Stop> {
    // Reading the body has told the client to go on.
    headers.remove(header::EXPECT);
    let held = Held::new(Arc::clone(lane.shared.budget()));
    let longest = lane.upstream.settings().timeouts.body;
    let mut protecting = Protecting::new(flow, body, Arc::clone(lane.shared.home()), held, longest);
    protecting.keep_trailers(keeps_trailers);
    match protecting.begin().await {
        Ok(Begun::Whole(pieces)) => {
            stated.write(headers, pieces.iter());
            if pieces.has_trailers() {
                headers.remove(header::CONTENT_LENGTH);
            } else {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(pieces.length()));
            }
            Ok(dispatch::Leaving {
                body: Outgoing::Whole(pieces),
                upload: None,
            })
        }
        Ok(Begun::Streams(protecting)) => {
            set_length(headers, protecting.declared());
            let upload = protecting.upload();
            Ok(dispatch::Leaving {
                body: Outgoing::Protecting(protecting),
                upload: Some(upload),
            })
        }
        Err(Unready::Refused(refusal, rest)) => Err(Stop::Refused(refusal, rest)),
        Err(Unready::Lost(error)) => {
            tracing::debug!(%error, "a body did not come whole");
            Err(Stop::Lost)
        }
    }
}

/// Tells the length of a body that streams, where it is known; a body that goes on over it, or ends before it, ends
/// its connection.
fn set_length(headers: &mut HeaderMap, length: Option<u64>) {
    match length {
        Some(length) => headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length)),
        None => headers.remove(header::CONTENT_LENGTH),
    };
}

/// A body that streams through.
fn untouched(lane: &Lane, parts: &mut Parts, body: Incoming) -> dispatch::Leaving {
    if body.is_end_stream() {
        return dispatch::Leaving {
            body: Outgoing::Empty,
            upload: None,
        };
    }
    let timeouts = &lane.upstream.settings().timeouts;
    let upload = Arc::new(Upload::default());
    let expects = parts
        .headers
        .get(header::EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    // Only HTTP/1.1 tells of a 100; elsewhere the body goes at once, as it may (RFC 9110 §10.1.1).
    let gate = expects.then(|| Gate::new(timeouts.proceed, &upload));
    let body = Outgoing::through(body, gate, timeouts.body, Arc::clone(&upload));
    dispatch::Leaving {
        body,
        upload: Some(upload),
    }
}

/// The answer's head is there: what goes back.
async fn answered(
    lane: &Lane,
    mut exchange: Exchange,
    method: &Method,
    sent: Sent,
) -> Result<Response<Returning>, Stop> {
    let (mut head, mut body) = (sent.head, sent.body);
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        // Nobody asked for another protocol: the client would wait for one that nobody speaks.
        return Err(Stop::Upstream(dispatch::incomplete()));
    }
    for_the_next_hop(&mut head.headers);
    head.version = Version::HTTP_11;
    body.settle().await;
    let flow = exchange.reveal(method, head.status, &mut head.headers);
    let mut record = Record::new(exchange, Arc::clone(lane.shared.home()));
    let Some(flow) = flow else {
        head.headers
            .insert(RECEIPT, record.exchange_mut().receipt());
        let body = if body.is_end_stream() {
            Returning::Empty
        } else {
            Returning::Through(Box::new(body))
        };
        return Ok(Response::from_parts(head, body));
    };
    revealed(lane, head, flow, body, record).await
}

async fn revealed(
    lane: &Lane,
    mut head: http::response::Parts,
    flow: Box<dyn Flow>,
    body: FromOrigin,
    record: Record,
) -> Result<Response<Returning>, Stop> {
    let is_short = body
        .size_hint()
        .exact()
        .is_some_and(|length| length <= WHOLE_ANSWER as u64);
    let held = Held::new(Arc::clone(lane.shared.budget()));
    let mut revealing = Revealing::new(flow, body, record, held);
    let cut_short = |error| {
        tracing::debug!(%error, "an answer did not come whole");
        Stop::Upstream(match error {
            BodyError::Unrevealed => dispatch::damaged(),
            _ => dispatch::incomplete(),
        })
    };
    revealing.decide().await.map_err(cut_short)?;
    revealing
        .exchange()
        .tell(&mut head.status, &mut head.headers);
    let whole = revealing.whole(WHOLE_ANSWER, is_short).await;
    let whole = whole.map_err(cut_short)?;
    head.headers.insert(RECEIPT, revealing.exchange().receipt());
    let body = match whole {
        Some(pieces) => {
            if pieces.has_trailers() {
                head.headers.remove(header::CONTENT_LENGTH);
            } else {
                head.headers
                    .insert(header::CONTENT_LENGTH, HeaderValue::from(pieces.length()));
            }
            Returning::Whole(pieces)
        }
        None => {
            set_length(&mut head.headers, revealing.declared());
            Returning::Revealing(revealing)
        }
    };
    Ok(Response::from_parts(head, body))
}

/// Answers what is not sent, or was not answered.
async fn stopped(
    lane: &Lane,
    stop: Stop,
    reference: Reference,
    browser: bool,
) -> Response<Returning> {
    match stop {
        Stop::Refused(mut refusal, rest) => {
            if refusal.app.is_none() {
                refusal.app = lane
                    .shared
                    .plan()
                    .app_id(lane.target().host.as_str())
                    .map(str::to_owned);
            }
            journal_refusal(&lane.shared, &refusal, reference).await;
            if let Some(rest) = rest {
                drain(lane, rest);
            }
            Problem::of_refusal(&refusal, reference).answer(browser)
        }
        Stop::Nameless => Problem::new(
            StatusCode::BAD_REQUEST,
            "target",
            "the request names no host, or more than one",
            "Send exactly one Host.",
        )
        .with_reference(reference)
        .answer(browser),
        Stop::Lost => Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "incomplete",
            "the body did not come whole",
            "",
        )
        .with_reference(reference)
        .answer(browser),
        Stop::Upstream(problem) => {
            let (host, code) = (lane.target().host.as_str(), problem.code());
            tracing::info!(%reference, host, code, "an origin did not answer");
            problem.with_reference(reference).answer(browser)
        }
    }
}

/// Tells of a refusal: log, counter, and a journal entry that is durable before anybody is answered.
pub async fn journal_refusal(shared: &Shared, refusal: &Refusal, reference: Reference) {
    shared.counters().refused.add();
    tracing::info!(
        %reference,
        code = refusal.code.as_str(),
        app = refusal.app.as_deref(),
        route = refusal.route.as_deref(),
        place = refusal.place.as_deref(),
        field = refusal.field.as_deref(),
        "a request was refused"
    );
    let summary = Summary {
        reference: reference.to_string(),
        app: refusal.app.clone().unwrap_or_default(),
        route: refusal.route.clone(),
        refused: Some(refusal.code.as_str()),
        ..Summary::default()
    };
    let entry = vec![Effect::Journal {
        barrier: Some(0),
        summary,
    }];
    if let Err(error) = shared.home().settle(entry).await {
        tracing::error!(%reference, %error, "a refusal could not be journaled");
    }
}

/// What is left of a request that is refused by its head, if the client sends it without being told to.
fn unread(request: Request<Incoming>) -> Option<Incoming> {
    let (parts, body) = request.into_parts();
    rest_of(&parts.headers, body)
}

fn rest_of(headers: &HeaderMap, body: Incoming) -> Option<Incoming> {
    // Reading a body that is waited with would tell the client to send it.
    (!headers.contains_key(header::EXPECT) && !body.is_end_stream()).then_some(body)
}

fn not_upgradable() -> Refusal {
    Refusal::new(
        RefusalCode::Upgrade,
        "this connection would become one that cannot be protected",
        "Only routes that the policy leaves open can be upgraded; ask the author of the policy.",
    )
}

/// HTTP/2 may send a cookie in pieces; to everything else it is one field (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let pieces: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if let Ok(joined) = HeaderValue::from_bytes(&pieces.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}
