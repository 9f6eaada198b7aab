//! Where an exchange begins: the app, the route, and what is protected in the head of the request.

use std::sync::Arc;

use body::{Editor as _, Found, ValueType};
use http::{HeaderMap, HeaderName, HeaderValue};
use policy::path::{NormalPath, normalise};
use policy::{
    App, AppIndex, Content, Idempotency, METHOD_OVERRIDES, OverrideKind, PATH_OVERRIDES, Route,
    RouteMatch, Unmatched,
};

use crate::border::{Border, Inner};
use crate::counts::Counts;
use crate::memory::Memory;
use crate::sealer::{Known, Sealer};
use crate::value::Parameters;
use crate::{Exchange, Incoming, Refusal, RefusalCode};

/// Which characters of a path segment are written `%XX` (RFC 3986 §3.3); tokens have none of them.
const SEGMENT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

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
            },
        );
        let mut head = Head {
            sealer: &mut sealer,
        };
        exchange.target = head.target(route, pattern, path, query)?;
        exchange.headers = head.headers(route, incoming)?;
        if !sealer.take_asks().is_empty() {
            return Err(refuse(Refusal::new(
                RefusalCode::UnreadableBody,
                "a value in the request's head would have to be kept at home before it can be looked up",
                "give the field the treatment `match` in the policy",
            )));
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

/// The path parameters that the route's places name, decoded.
fn parameters(
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
fn retry(app: &App, incoming: &Incoming<'_>, query: Option<&str>) -> Option<Vec<u8>> {
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

fn misdirected() -> Box<Refusal> {
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

fn ambiguous(fault: &dyn std::error::Error) -> Refusal {
    Refusal::new(
        RefusalCode::AmbiguousPath,
        fault.to_string(),
        "send the path in the spelling that the app documents",
    )
}

/// The method by which the route is found: the request line's, or that of an override that the app names.
fn method<'a>(
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
fn is_underscored(headers: &HeaderMap, wanted: &str) -> bool {
    let dashed = |name: &str| {
        let bytes = name.bytes();
        let dashes = bytes.map(|byte| if byte == b'_' { b'-' } else { byte });
        dashes.eq(wanted.bytes())
    };
    let mut names = headers.keys().map(HeaderName::as_str);
    names.any(|name| name.len() == wanted.len() && name.contains('_') && dashed(name))
}

/// The values of a parameter in a query as they are spelled; `None` where its name is encoded.
fn parameter<'a>(query: &'a str, wanted: &str) -> Option<Vec<&'a str>> {
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
fn route(
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

/// What was rewritten, as it is sent. What waits behind a hole is left out: a head with asks is refused.
fn whole(mut out: body::Out) -> Vec<u8> {
    std::iter::from_fn(|| out.take()).flatten().collect()
}

/// Protects the values of a request's head.
struct Head<'a> {
    sealer: &'a mut Sealer,
}

impl Head<'_> {
    /// Path and query with their places rewritten; `None` where nothing changed.
    fn target(
        &mut self,
        route: &Route,
        pattern: usize,
        path: &str,
        query: Option<&str>,
    ) -> Result<Option<String>, Box<Refusal>> {
        let new_path = self.path(route, pattern, path)?;
        let new_query = match (query.filter(|query| !query.is_empty()), &route.query) {
            (Some(query), Some(places)) => self
                .query(query, places)
                .map_err(|error| self.sealer.refusal(&error))?,
            _ => None,
        };
        let new_query = new_query.map(whole);
        let new_query = new_query.map(|query| String::from_utf8_lossy(&query).into_owned());
        if new_path.is_none() && new_query.is_none() {
            return Ok(None);
        }
        let mut target = new_path.unwrap_or_else(|| path.to_owned());
        if let Some(query) = new_query.as_deref().or(query) {
            target.push('?');
            target.push_str(query);
        }
        Ok(Some(target))
    }

    fn query(
        &mut self,
        query: &str,
        places: &body::query::Places,
    ) -> Result<Option<body::Out>, body::Error> {
        let limits = self.sealer.border.limits.body;
        body::query::rewrite(query, places, self.sealer, limits)
    }

    fn path(
        &mut self,
        route: &Route,
        pattern: usize,
        path: &str,
    ) -> Result<Option<String>, Box<Refusal>> {
        let mut new: Option<String> = None;
        let mut done = 0;
        for (content, range) in route.locate(pattern, path) {
            let Some(raw) = path.get(range.clone()) else {
                continue;
            };
            let text: Vec<u8> = percent_encoding::percent_decode_str(raw).collect();
            let Some(replacement) = self.value(content, &text)? else {
                continue;
            };
            let target = new.get_or_insert_default();
            target.push_str(path.get(done..range.start).unwrap_or_default());
            target.extend(percent_encoding::percent_encode(&replacement, SEGMENT));
            done = range.end;
        }
        if let Some(target) = &mut new {
            target.push_str(path.get(done..).unwrap_or_default());
        }
        Ok(new)
    }

    fn headers(
        &mut self,
        route: &Route,
        incoming: &Incoming<'_>,
    ) -> Result<Vec<(HeaderName, Vec<HeaderValue>)>, Box<Refusal>> {
        let mut edits = Vec::new();
        for place in &route.headers {
            if !place.name.as_str().contains('_')
                && is_underscored(incoming.headers, place.name.as_str())
            {
                return Err(self.sealer.respelled(&place.content));
            }
            let mut values = Vec::new();
            let mut changed = false;
            for value in incoming.headers.get_all(&place.name) {
                match self.value(&place.content, value.as_bytes())? {
                    Some(new) => {
                        changed = true;
                        values.extend(HeaderValue::from_bytes(&new).ok());
                    }
                    None => values.push(value.clone()),
                }
            }
            if changed {
                edits.push((place.name.clone(), values));
            }
        }
        Ok(edits)
    }

    /// What a value of the head becomes; `None` where it stays.
    fn value(&mut self, content: &Content, text: &[u8]) -> Result<Option<Vec<u8>>, Box<Refusal>> {
        if text.is_empty() {
            return Ok(None);
        }
        let place = match content {
            Content::Value(place) => *place,
            Content::Body(plan) => {
                let limits = self.sealer.border.limits.body;
                let written = body::nest::rewrite(plan, text, self.sealer, limits)
                    .map_err(|error| self.sealer.refusal(&error))?;
                return Ok(written.map(whole));
            }
        };
        let mut replacement = Vec::new();
        let found = Found {
            place,
            ordinal: 0,
            value_type: ValueType::String,
            text,
            beside: &[],
            comparison: body::Comparison::Stored,
        };
        match self.sealer.value(found, &mut replacement) {
            Ok(body::Edit::Replace | body::Edit::Spelled) => Ok(Some(replacement)),
            // A hole has its ask, and a head with asks is refused.
            Ok(_) => Ok(None),
            Err(error) => Err(self.sealer.refusal(&error)),
        }
    }
}
