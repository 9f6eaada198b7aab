//! A lane: one client's way to one origin of an app. Every request on it must name that origin.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use border::{Refusal, RefusalCode};
use http::header::{self, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{Request, Version};

use crate::host::Target;
use crate::shared::Shared;
use crate::upstream::{Origin, Protocol, Upstream};

/// One client's way to one origin of an app.
#[derive(Debug)]
pub struct Lane {
    /// What all share.
    pub shared: Arc<Shared>,
    /// The upstream side as it was when the client came.
    pub upstream: Arc<Upstream>,
    /// Where requests go.
    pub origin: Arc<Origin>,
    /// What the client speaks.
    pub protocol: Protocol,
    /// Whether this client's connection can be switched to another protocol.
    pub upgradable: bool,
    /// The ClientHello named somebody else: every request is refused.
    pub named_otherwise: bool,
    scheme_port: u16,
    active: AtomicUsize,
    begun: AtomicUsize,
    begun_before: AtomicUsize,
}

/// Why a request does not belong on a lane.
#[derive(Debug)]
pub enum Astray {
    /// It names another host (RFC 9110 §15.5.20).
    Misdirected(Refusal),
    /// It names none, or several (RFC 9112 §3.2).
    Nameless,
}

impl Lane {
    /// A lane to an origin, for a client that speaks `protocol` and means `scheme_port` where it names none.
    pub fn new(
        shared: Arc<Shared>,
        upstream: Arc<Upstream>,
        origin: Arc<Origin>,
        protocol: Protocol,
        scheme_port: u16,
    ) -> Self {
        Self {
            shared,
            upstream,
            origin,
            protocol,
            upgradable: false,
            named_otherwise: false,
            scheme_port,
            active: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
            begun_before: AtomicUsize::new(0),
        }
    }

    /// Whom requests must name.
    pub fn target(&self) -> &Target {
        self.origin.target()
    }

    /// Checks that a request names this lane's origin, wherever it names one.
    pub fn check<B>(&self, request: &Request<B>) -> Result<(), Astray> {
        let other = |what: &str| {
            Astray::Misdirected(Refusal::new(
                RefusalCode::Misdirected,
                format!("the request's {what} names another host than its tunnel"),
                "Open a connection of its own for each host.",
            ))
        };
        if self.named_otherwise {
            return Err(Astray::Misdirected(Refusal::new(
                RefusalCode::Misdirected,
                "the TLS server name is another than the tunnel's host",
                "Send the host of the CONNECT as the server name.",
            )));
        }
        let mut named = false;
        if let Some(authority) = request.uri().authority() {
            if !self.is_named_by(authority.as_str()) {
                return Err(other("target"));
            }
            named = true;
        }
        let mut hosts = request.headers().get_all(header::HOST).iter();
        if let Some(host) = hosts.next() {
            if hosts.next().is_some() {
                return Err(Astray::Nameless);
            }
            if !host.to_str().is_ok_and(|host| self.is_named_by(host)) {
                return Err(other("Host"));
            }
            named = true;
        }
        if named || request.version() == Version::HTTP_10 {
            Ok(())
        } else {
            Err(Astray::Nameless)
        }
    }

    fn is_named_by(&self, authority: &str) -> bool {
        self.target().is_named_by(authority, self.scheme_port)
    }

    /// The target as a `Host` names it.
    pub fn host_value(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.authority_text()).ok()
    }

    /// The target as `:authority` names it, with its scheme.
    pub fn authority(&self) -> Option<(Scheme, Authority)> {
        let scheme = if self.origin.is_secure() {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        Authority::try_from(self.authority_text())
            .ok()
            .map(|authority| (scheme, authority))
    }

    fn authority_text(&self) -> String {
        let text = self.target().to_string();
        let default = if self.origin.is_secure() { 443 } else { 80 };
        match text.rsplit_once(':') {
            Some((host, _)) if self.target().port == default => host.to_owned(),
            _ => text,
        }
    }

    /// Counts a request as under way, until its answer begins, for as long as the guard lives.
    pub fn enter(&self) -> Under<'_> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.active.fetch_add(1, Ordering::Relaxed);
        Under(self)
    }

    /// Whether no request began, and none waits for its answer, since this was last asked.
    pub fn was_idle(&self) -> bool {
        let begun = self.begun.load(Ordering::Relaxed);
        self.begun_before.swap(begun, Ordering::Relaxed) == begun
            && self.active.load(Ordering::Relaxed) == 0
    }
}

/// A request under way.
#[derive(Debug)]
pub struct Under<'a>(&'a Lane);

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}
