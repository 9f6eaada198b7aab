//! Plain `http://` requests to hosts of no app: forwarded, neither protected nor kept.

use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body, Incoming};

use crate::answer::{self, Problem};
use crate::dispatch;
use crate::host::Target;
use crate::message::{FromOrigin, Lent, Outgoing, Returning, Stall, for_the_next_hop};
use crate::shared::Shared;
use crate::upstream::{Channel, Protocol, Upstream};

/// Forwards a request to an outside host.
pub async fn serve(
    shared: &Arc<Shared>,
    upstream: &Arc<Upstream>,
    target: &Target,
    request: Request<Incoming>,
) -> Response<Returning> {
    let browser = answer::navigates(request.headers());
    match forward(shared, upstream, target, request).await {
        Ok(response) => response,
        Err(problem) => problem.answer(browser),
    }
}

async fn forward(
    shared: &Arc<Shared>,
    upstream: &Arc<Upstream>,
    target: &Target,
    request: Request<Incoming>,
) -> Result<Response<Returning>, Problem> {
    let settings = upstream.settings();
    let (mut parts, body) = request.into_parts();
    if for_the_next_hop(&mut parts.headers).is_some() {
        return Err(Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "upgrade",
            "a plain request cannot change its protocol here",
            "Use CONNECT.",
        ));
    }
    // The target's host is the one that counts (RFC 9112 §3.2.2).
    if let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(header::HOST, host);
    }
    parts.uri = Uri::from(
        parts
            .uri
            .path_and_query()
            .cloned()
            .unwrap_or(PathAndQuery::from_static("/")),
    );
    parts.version = Version::HTTP_11;
    // A proxy names itself (RFC 9110 §7.6.3).
    parts
        .headers
        .append(header::VIA, HeaderValue::from_static("1.1 rempart"));
    // The wire answers 100 itself when it begins to read.
    parts.headers.remove(header::EXPECT);
    let outgoing = if body.is_end_stream() {
        Outgoing::Empty
    } else {
        Outgoing::through(body, None, settings.timeouts.body, Arc::default())
    };

    let origin = upstream.origin(target, false, false);
    let channel = upstream
        .channel(&origin, Protocol::Http1, shared.counters())
        .await
        .map_err(|error| Problem::of_upstream(&error))?;
    let Channel::Http1 { mut connection, .. } = channel else {
        return Err(dispatch::incomplete());
    };
    let sent = connection.send(Request::from_parts(parts, outgoing));
    let response = tokio::time::timeout(settings.timeouts.answer, sent)
        .await
        .map_err(|_| dispatch::too_long())?
        .map_err(|_| dispatch::incomplete())?;

    let (mut parts, body) = response.into_parts();
    for_the_next_hop(&mut parts.headers);
    parts
        .headers
        .append(header::VIA, HeaderValue::from_static("1.1 rempart"));
    parts.version = Version::HTTP_11;
    let lent = Lent {
        connection,
        origin,
        most: settings.idle_upstream,
    };
    let mut body = FromOrigin::new(body, Some(lent), Stall::new(settings.timeouts.answer));
    body.settle().await;
    Ok(Response::from_parts(
        parts,
        Returning::Through(Box::new(body)),
    ))
}
