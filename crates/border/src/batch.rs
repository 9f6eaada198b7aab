//! Requests inside a body (`batch`, `request`): each is routed by the same rules as an outer one.

use std::sync::Arc;

use body::batch::{Decision, Head as Inside, Target};
use body::content_type::ContentType;
use body::{Error, Plan};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use policy::path::normalise;
use policy::{AppIndex, Route};

use crate::begin::{ambiguous, method, misdirected, parameters, route};
use crate::head::Head;
use crate::memory::Memory;
use crate::refused::explain;
use crate::sealer::Sealer;
use crate::under::Under;
use crate::{Incoming, Reader, Reference, Refusal, RefusalCode};

/// Where the message that holds the requests goes.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub host: String,
    pub path: String,
    pub reference: Reference,
}

impl Address {
    /// Where a message of this route goes, if requests stand in its body.
    pub fn of(route: &Route, incoming: &Incoming<'_>, path: &str) -> Option<Self> {
        let body = route.body.as_ref();
        body.is_some_and(Plan::holds_requests).then(|| Self {
            host: incoming.host.to_owned(),
            path: path.to_owned(),
            reference: incoming.reference,
        })
    }
}

/// A target split in what stays as it came and the path and query of the origin.
struct Resolved {
    /// What stands before them as it is spelled: a scheme and a host.
    before: String,
    /// What was put before what is spelled, so that they begin at the root.
    base: String,
    target: String,
}

impl Sealer {
    /// Says by which rules a request inside goes on, and goes on under its route.
    pub(crate) fn begin_inside(&mut self, inside: &Inside<'_>) -> Result<Decision, Box<Refusal>> {
        let border = Arc::clone(&self.border);
        let index = AppIndex(self.app);
        let app = border.plan.app(index).ok_or_else(misdirected)?;
        let refuse = |refusal| Box::new(border.name(index.0, None, refusal));
        let address = self.address.clone().ok_or_else(misdirected)?;
        let resolved = self.resolve(&address, inside)?;
        let headers = headers(inside).ok_or_else(|| refuse(unreadable()))?;
        let named = Method::from_bytes(inside.method.as_bytes());
        let named = named.map_err(|_| refuse(unreadable()))?;
        let incoming = Incoming {
            host: &address.host,
            method: &named,
            target: &resolved.target,
            headers: &headers,
            has_body: true,
            reader: Reader::Anyone,
            reference: address.reference,
        };
        let target = &resolved.target;
        let (path, query) = target
            .split_once('?')
            .map_or((target.as_str(), None), |(path, query)| (path, Some(query)));
        let method = method(app, &incoming, query).map_err(refuse)?;
        let normal = normalise(path).map_err(|fault| refuse(ambiguous(&fault)))?;
        let Some((route_index, pattern)) = route(&border, index, app, method, &normal)? else {
            return Ok(Decision::default());
        };
        let Some(route) = app.routes.get(route_index) else {
            return Ok(Decision::default());
        };
        let resource = route.resource(pattern, normal.as_str());
        self.turn_to_new(Under::new(
            &border,
            self.app,
            (route_index, pattern),
            Memory::new(&app.id, resource, border.stable_key(self.app)),
            parameters(&border, (index, route_index), route, pattern, path),
        ));
        let waiting = self.waiting_asks();
        let mut head = Head { sealer: self };
        let new = head.target(route, pattern, path, query)?;
        let edits = head.headers(route, &headers)?;
        if self.waiting_asks() > waiting {
            return Err(Box::new(self.unaskable_head()));
        }
        let mut decision = Decision {
            target: new.map(|target| resolved.spelled(&target)),
            ..Decision::default()
        };
        for (name, values) in edits {
            let [value] = values.as_slice() else {
                return Err(refuse(unreadable()));
            };
            let value = value.as_bytes().to_vec();
            decision.headers.push((name.as_str().to_owned(), value));
        }
        if let Some(plan) = &route.body {
            if plan.holds_requests() {
                return Err(refuse(nested()));
            }
            let content_type = headers.get(CONTENT_TYPE);
            let content_type = content_type.and_then(|value| ContentType::parse(value.as_bytes()));
            let limits = border.limits.body;
            let rewriter = plan.rewriter(content_type.as_ref(), limits);
            decision.body = Some(rewriter.map_err(|error| self.unreadable_inside(&error))?);
        }
        Ok(decision)
    }

    /// The request inside that was begun last has ended.
    pub(crate) fn end_inside(&mut self) {
        self.note_missing();
        self.turn_to(0);
    }

    fn unreadable_inside(&self, error: &Error) -> Box<Refusal> {
        let (code, hint) = explain(&error.kind);
        let refusal = Refusal::new(code, error.kind.to_string(), hint);
        let under = Some((self.under.route, self.under.pattern));
        Box::new(self.border.name(self.app, under, refusal))
    }

    /// The target from the root of this host.
    fn resolve(&self, address: &Address, inside: &Inside<'_>) -> Result<Resolved, Box<Refusal>> {
        let refuse = |refusal| Box::new(self.border.name(self.app, None, refusal));
        let within = |before: &str, base: &str, text: &str| Resolved {
            before: before.to_owned(),
            base: base.to_owned(),
            target: format!("{base}{text}"),
        };
        match (inside.target, inside.base) {
            (Target::Origin(text), None) => Ok(within("", "", text)),
            (Target::Relative(text), None) => {
                let root = address.path.rfind('/').map_or(0, |at| at + 1);
                let base = address.path.get(..root).unwrap_or_default();
                Ok(within("", base, text))
            }
            (Target::Origin(text) | Target::Relative(text), Some(base)) => {
                let folder = base
                    .folder(&address.path)
                    .ok_or_else(|| refuse(baseless()))?;
                let (slash, text) = match text.strip_prefix('/') {
                    Some(text) => ("/", text),
                    None => ("", text),
                };
                // A query by itself asks the folder, as a slash alone does.
                let is_folder = text.is_empty() || text.starts_with('?');
                let base = if is_folder { folder } else { folder + "/" };
                Ok(within(slash, &base, text))
            }
            (Target::Absolute(text), _) => {
                let authority = text.find("//").map_or(0, |at| at + 2);
                let (_, rest) = text.split_at_checked(authority).unwrap_or_default();
                let path = rest.find(['/', '?']).unwrap_or(rest.len());
                let (host, path) = rest.split_at_checked(path).unwrap_or_default();
                let name = host.split(':').next().unwrap_or_default();
                if !name.eq_ignore_ascii_case(&address.host) || !path.starts_with('/') {
                    return Err(refuse(elsewhere()));
                }
                let before = text.get(..text.len() - path.len()).unwrap_or_default();
                Ok(Resolved {
                    before: before.to_owned(),
                    base: String::new(),
                    target: path.to_owned(),
                })
            }
            (Target::Reference(_), _) => Err(refuse(made())),
        }
    }
}

impl Resolved {
    /// A rewritten target in the form that came.
    fn spelled(&self, target: &str) -> Vec<u8> {
        let target = target.strip_prefix(&self.base).unwrap_or(target);
        format!("{}{target}", self.before).into_bytes()
    }
}

fn headers(inside: &Inside<'_>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in inside.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(headers)
}

fn unreadable() -> Refusal {
    Refusal::new(
        RefusalCode::UnreadableBody,
        "a request in the batch has a head that cannot be read in one way",
        "send it as the app documents, each header once",
    )
}

fn nested() -> Refusal {
    Refusal::new(
        RefusalCode::UnreadableBody,
        "a request in the batch is a batch itself",
        "send the requests of both in one batch, or in two",
    )
}

fn elsewhere() -> Refusal {
    Refusal::new(
        RefusalCode::Misdirected,
        "a request in the batch goes to another host than the batch",
        "send it to its host by itself",
    )
}

fn baseless() -> Refusal {
    Refusal::new(
        RefusalCode::UnmatchedRoute,
        "the path of the batch is shorter than what the policy says its requests are relative to",
        "whoever writes the policy can give `base` as a whole path",
    )
}

fn made() -> Refusal {
    Refusal::new(
        RefusalCode::UnmatchedRoute,
        "a request in the batch goes to what another one of it makes, so that no route can be found for it",
        "send it by itself, once the other one is answered",
    )
}
