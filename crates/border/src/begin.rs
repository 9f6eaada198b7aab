//! Where an exchange begins: the app, the route, and what is protected in the head of the request.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use policy::path::{NormalPath, normalise};
use policy::{
    App, AppIndex, Idempotency, METHOD_OVERRIDES, OverrideKind, PATH_OVERRIDES, Route, RouteMatch,
    Unmatched,
};

use crate::batch::Address;
use crate::border::{Border, Inner};
use crate::counts::Counts;
use crate::file::{Piece, PieceFault, Telling};
use crate::head::Head;
use crate::memory::Memory;
use crate::sealer::{Known, Sealer};
use crate::signing::Signed;
use crate::value::Parameters;
use crate::{Exchange, Incoming, Refusal, RefusalCode};

impl Border {
    /// Begins the exchange of a request, from its head.
    ///
    /// # Errors
    /// The refusal to answer with; nothing of the request may leave.
    pub fn begin(
        &self,
        incoming: &Incoming<'_>,
        chance: Box<dyn seal::Chance + Send>,
    ) -> Result<Exchange, Box<Refusal>> {
        let mut exchange = self.begin_protecting(incoming, chance)?;
        exchange.reframe(incoming.headers)?;
        Ok(exchange)
    }

    fn begin_protecting(
        &self,
        incoming: &Incoming<'_>,
        chance: Box<dyn seal::Chance + Send>,
    ) -> Result<Exchange, Box<Refusal>> {
        let inner = &self.inner;
        let index = inner.plan.app_for(incoming.host).ok_or_else(misdirected)?;
        let app = inner.plan.app(index).ok_or_else(misdirected)?;
        let (path, query) = incoming
            .target
            .split_once('?')
            .map_or((incoming.target, None), |(p, q)| (p, Some(q)));
        let refuse = |refusal| Box::new(inner.name(index.0, None, refusal));
        if inner.keys.are_away() {
            return Err(refuse(locked()));
        }
        let method = method(app, incoming, query).map_err(refuse)?;
        let normal = normalise(path).map_err(|fault| refuse(ambiguous(&fault)))?;
        let signed = Signed::of(inner, index.0, incoming).map_err(refuse)?;
        let memory = |resource: &str| Memory::new(&app.id, resource, inner.stable_key(index.0));
        let mut exchange = Exchange {
            border: Arc::clone(inner),
            app: index.0,
            route: None,
            pattern: 0,
            reference: incoming.reference,
            reader: incoming.reader.clone(),
            resource: normal.as_str().to_owned(),
            memory: memory(normal.as_str()),
            parameters: Parameters::default(),
            target: None,
            headers: Vec::new(),
            counts: Arc::new(Counts::new(app.fields.len())),
            flow: None,
            stated: integrity::Stated::default(),
            signed: signed.map(Box::new),
            framed: None,
            seals_body: false,
            revealed_whole: Arc::default(),
            range: None,
            told: Arc::default(),
        };
        let Some((route_index, pattern)) = route(inner, index, app, method, &normal)? else {
            return Ok(exchange);
        };
        exchange.route = Some(route_index);
        exchange.pattern = pattern;
        let Some(route) = app.routes.get(route_index) else {
            return Ok(exchange);
        };
        exchange.memory = memory(route.resource(pattern, normal.as_str()));
        exchange.parameters = parameters(inner, (index, route_index), route, pattern, path);
        if route.is_open() {
            return Ok(exchange);
        }
        let counts = Arc::clone(&exchange.counts);
        let mut sealer = Sealer::new(
            Arc::clone(inner),
            index.0,
            (route_index, pattern),
            counts,
            Known {
                chance,
                retry: retry(app, incoming, query),
                memory: exchange.memory.clone(),
                parameters: exchange.parameters.clone(),
                address: Address::of(route, incoming, path),
                piece: piece(inner, (route, pattern), incoming, path, query),
            },
        );
        let mut head = Head {
            sealer: &mut sealer,
        };
        exchange.target = head.target(route, pattern, path, query)?;
        exchange.headers = head.headers(route, incoming.headers)?;
        if sealer.waiting_asks() > 0 {
            return Err(Box::new(sealer.unaskable_head()));
        }
        if let Some(messages) = &route.messages {
            // What it says comes later; and a body beside it is none that the policy knows.
            if incoming.has_body {
                return Err(refuse(body_of_a_socket()));
            }
            let first = messages.kinds.last().map_or(0, |kind| kind.places.end);
            sealer.expect(first..route.places.len());
        }
        if incoming.has_body && route.body.is_some() {
            exchange.prepare(sealer, incoming.headers)?;
        } else if let Some(missing) = sealer.missing() {
            return Err(Box::new(missing));
        }
        Ok(exchange)
    }
}

/// Which piece of a file the body is, where the route says that it is one.
fn piece(
    inner: &Inner,
    (route, pattern): (&Route, usize),
    incoming: &Incoming<'_>,
    path: &str,
    query: Option<&str>,
) -> Option<Result<Piece, PieceFault>> {
    let telling = Telling {
        route,
        pattern,
        path,
        query,
        headers: incoming.headers,
        limits: inner.limits.body,
    };
    Some(Piece::told(route.pieces.as_ref()?, telling))
}

/// The path parameters that the route's places name, decoded.
pub(crate) fn parameters(
    inner: &Inner,
    (app, index): (AppIndex, usize),
    route: &Route,
    pattern: usize,
    path: &str,
) -> Parameters {
    let decoded = |name: &str| {
        let range = route.patterns.get(pattern)?.template.locate(name, path)?;
        let text: Vec<u8> = percent_encoding::percent_decode_str(path.get(range)?).collect();
        let text = inner.beside(app.0, index, &format!("{{{name}}}"), &text);
        Some((name.to_owned(), text))
    };
    Parameters(route.parameters().filter_map(decoded).collect())
}

/// What the client calls this request, where the app's policy says that it has a name and the client gave one.
pub(crate) fn retry(app: &App, incoming: &Incoming<'_>, query: Option<&str>) -> Option<Vec<u8>> {
    let named = |place: &Idempotency| match place {
        Idempotency::Header(name) => {
            let value = incoming.headers.get(name)?;
            Some(value.as_bytes().to_vec())
        }
        Idempotency::Parameter(name) => {
            let value = parameter(query?, name)?.into_iter().next()?;
            Some(percent_encoding::percent_decode_str(value).collect())
        }
    };
    let found = app.idempotency.iter().find_map(named);
    found.filter(|key| !key.is_empty())
}

pub(crate) fn misdirected() -> Box<Refusal> {
    Box::new(Refusal::new(
        RefusalCode::Misdirected,
        "the host is no app's",
        "send the request to the host that it names",
    ))
}

/// Even what no policy protects: an answer may hold tokens, and a page that shows some of them opened and others not
/// misleads whoever reads it.
fn locked() -> Refusal {
    Refusal::new(
        RefusalCode::RootAway,
        "the keys are locked: the root of trust does not answer",
        "wait a moment and try again; whoever runs Rempart finds in `rempart doctor` what is wrong with the root",
    )
}

fn body_of_a_socket() -> Refusal {
    Refusal::new(
        RefusalCode::UnreadableBody,
        "the request has a body, and its route opens a WebSocket",
        "send it without one; the policy may have a route of its own for requests with a body",
    )
}

pub(crate) fn ambiguous(fault: &dyn std::error::Error) -> Refusal {
    Refusal::new(
        RefusalCode::AmbiguousPath,
        fault.to_string(),
        "send the path in the spelling that the app documents",
    )
}

/// The method by which the route is found: the request line's, or that of an override that the app names.
pub(crate) fn method<'a>(
    app: &App,
    incoming: &'a Incoming<'_>,
    query: Option<&'a str>,
) -> Result<&'a str, Refusal> {
    let refused = |name: &str| {
        let hint = "send the request with the method that is meant; an app's policy may name the override it uses";
        Refusal::new(
            RefusalCode::MethodOverride,
            format!("the request overrides its own head by `{name}`"),
            hint,
        )
    };
    if let Some(name) = PATH_OVERRIDES.iter().find(|name| {
        incoming.headers.contains_key(**name) || is_underscored(incoming.headers, name)
    }) {
        return Err(refused(name));
    }
    let mut method = None;
    for known in &METHOD_OVERRIDES {
        let mut values = match known.kind {
            OverrideKind::Header if is_underscored(incoming.headers, known.name) => {
                return Err(refused(known.name));
            }
            OverrideKind::Header => {
                let values = incoming.headers.get_all(known.name).iter();
                values
                    .map(|value| value.to_str().map_err(|_| refused(known.name)))
                    .collect::<Result<Vec<_>, _>>()?
            }
            OverrideKind::Parameter => parameter(query.unwrap_or_default(), known.name)
                .ok_or_else(|| refused(known.name))?,
        }
        .into_iter();
        let Some(value) = values.next() else { continue };
        // One that is not plainly a method (`PU%54`, `PUT, POST`) is read by each framework in its own way.
        let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_uppercase());
        if !app.follows(known) || !is_plain || values.next().is_some() || method.is_some() {
            return Err(refused(known.name));
        }
        method = Some(value);
    }
    Ok(method.unwrap_or(incoming.method.as_str()))
}

/// Whether a header is there under this name with `_` for `-`, which CGI and its heirs read as the same (RFC 3875
/// §4.1.18).
pub(crate) fn is_underscored(headers: &HeaderMap, wanted: &str) -> bool {
    let dashed = |name: &str| {
        let bytes = name.bytes();
        let dashes = bytes.map(|byte| if byte == b'_' { b'-' } else { byte });
        dashes.eq(wanted.bytes())
    };
    let mut names = headers.keys().map(HeaderName::as_str);
    names.any(|name| name.len() == wanted.len() && name.contains('_') && dashed(name))
}

/// The values of a parameter in a query as they are spelled; `None` where its name is encoded.
pub(crate) fn parameter<'a>(query: &'a str, wanted: &str) -> Option<Vec<&'a str>> {
    let mut values = Vec::new();
    for pair in query.split(['&', ';']) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == wanted {
            values.push(value);
        } else if name.contains('%')
            && percent_encoding::percent_decode_str(name).eq(wanted.bytes())
        {
            return None;
        }
    }
    Some(values)
}

/// The route and which of its patterns fits; `None` where none does and the app lets such requests pass.
pub(crate) fn route(
    inner: &Inner,
    index: AppIndex,
    app: &App,
    method: &str,
    path: &NormalPath<'_>,
) -> Result<Option<(usize, usize)>, Box<Refusal>> {
    let refusal = match app.route(method, path) {
        RouteMatch::Route(matched) => return Ok(Some((matched.route.0, matched.pattern))),
        RouteMatch::Ambiguous(fault) => ambiguous(&fault),
        RouteMatch::Unmatched => match app.unmatched {
            Unmatched::Pass => return Ok(None),
            Unmatched::Block => Refusal::new(
                RefusalCode::UnmatchedRoute,
                "no route of the app's policy describes this request",
                "whoever writes the policy can add a route, or set unmatched = \"pass\" for the app",
            ),
        },
    };
    Err(Box::new(inner.name(index.0, None, refusal)))
}
