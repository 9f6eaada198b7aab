//! An exchange: a request and its response, with the reader, app, route and resource path that tie them.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use body::coding::{self, Decoder, Encoder};
use body::content_type::ContentType;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderValue, Method};
use integrity::Stated;

use crate::border::Inner;
use crate::counts::Counts;
use crate::file::{Told, Wanted, content_length, stated_of_piece};
use crate::memory::Memory;
use crate::protect::Protect;
use crate::refused::explain;
use crate::sealer::Sealer;
use crate::signing::{InChunks, Signed, stripped};
use crate::value::Parameters;
use crate::{Effect, Flow, Refusal, Socket};

/// The most that one message, and all together, may hold (design §4.6). Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A protected body up to this is checked whole before its first byte leaves.
    pub whole: usize,
    /// A coded response is held up to this many coded bytes to find out whether it is clean.
    pub coded: usize,
    /// The limits of each rewriter.
    pub body: body::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            whole: 1 << 20,
            coded: 256 << 10,
            body: body::Limits::default(),
        }
    }
}

/// Who reads the response; what they may read is decided by class.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reader {
    /// Whoever reaches the proxy: no readers are told apart.
    Anyone,
}

/// Names an exchange to a person, in the log and in the journal: 12 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference(pub [u8; 12]);

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reference({self})")
    }
}

/// The head of a request as it came.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The host the request goes to: lower case, no port.
    pub host: &'a str,
    /// The method.
    pub method: &'a Method,
    /// Path and query exactly as they came.
    pub target: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Whether a body follows (a length other than 0, chunked, or an open HTTP/2 stream).
    pub has_body: bool,
    /// Who will read the response.
    pub reader: Reader,
    /// Its name.
    pub reference: Reference,
}

/// What crossed, without what it said: the receipt's and the journal's figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The exchange's name, as its [`Reference`] is written.
    pub reference: String,
    /// The app's id.
    pub app: String,
    /// The method and template of the route, if one matched.
    pub route: Option<String>,
    /// Values protected, by field.
    pub protected: Vec<(String, u32)>,
    /// Tokens revealed, by field.
    pub revealed: Vec<(String, u32)>,
    /// Tokens that could not be opened (foreign, damaged, destroyed keys).
    pub unopened: u32,
    /// Fingerprints of some of the `match` tokens that left, by field: equal for equal tokens, and of no use but to
    /// measure how often values repeat.
    pub matched: Vec<(String, u64)>,
    /// The code of the refusal, if it was refused.
    pub refused: Option<&'static str>,
}

/// A request and its response. See the crate's first page for the walk.
pub struct Exchange {
    pub(crate) border: Arc<Inner>,
    pub(crate) app: usize,
    pub(crate) route: Option<usize>,
    pub(crate) pattern: usize,
    pub(crate) reference: Reference,
    pub(crate) reader: Reader,
    pub(crate) resource: String,
    pub(crate) memory: Memory,
    pub(crate) parameters: Parameters,
    pub(crate) target: Option<String>,
    pub(crate) headers: Vec<(HeaderName, Vec<HeaderValue>)>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) flow: Option<Box<dyn Flow>>,
    /// What the request's head states of its body.
    pub(crate) stated: Stated,
    pub(crate) signed: Option<Box<Signed>>,
    /// Where the request's body comes in chunks of its own.
    pub(crate) framed: Option<InChunks>,
    /// Whether the route protects the request's body.
    pub(crate) seals_body: bool,
    pub(crate) revealed_whole: Arc<AtomicBool>,
    /// What the client wants of a file.
    pub(crate) range: Option<Wanted>,
    /// What was found of a file on its way back.
    pub(crate) told: Arc<OnceLock<Told>>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("reference", &self.reference)
            .field("route", &self.route())
            .finish()
    }
}

impl Exchange {
    /// The app's id.
    #[must_use]
    pub fn app(&self) -> &str {
        self.border.app(self.app).map_or("", |app| app.id.as_str())
    }

    /// Method and template of the route, if one matched.
    #[must_use]
    pub fn route(&self) -> Option<String> {
        self.border.route_name(self.app, self.route?, self.pattern)
    }

    /// Its name.
    #[must_use]
    pub fn reference(&self) -> Reference {
        self.reference
    }

    /// Who reads the response.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The normal form of the path: the resource that request and response are about.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Path and query to send where they were rewritten; `None` where they are sent as they came.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Whether its connection may become another protocol's: where the policy leaves the request open, or names
    /// places in the messages of a WebSocket and that is what is asked for.
    #[must_use]
    pub fn may_upgrade(&self, to_websocket: bool) -> bool {
        self.route.is_none_or(|route| {
            let route = self.border.route(self.app, route);
            route.is_some_and(|route| route.is_open() || (to_websocket && route.messages.is_some()))
        })
    }

    /// The messages of the WebSocket that its connection has become.
    #[must_use]
    pub fn socket(&self) -> Socket {
        Socket::new(
            Arc::clone(&self.border),
            (self.app, self.route, self.pattern),
            Arc::clone(&self.counts),
            self.memory.clone(),
            self.parameters.clone(),
        )
    }

    /// Edits the end-to-end headers of the request: values at places, what the changed body makes untrue, and
    /// what the answer must not be (a coding that cannot be undone, a part of a text whose tokens are cut).
    pub fn edit_request(&mut self, headers: &mut HeaderMap) {
        for (name, values) in self.headers.drain(..) {
            headers.remove(&name);
            values.into_iter().for_each(|value| {
                headers.append(&name, value);
            });
        }
        if self.flow.is_some() {
            headers.remove(CONTENT_LENGTH);
            Stated::forget(headers);
        }
        self.range = Wanted::of(headers);
        headers.remove(RANGE);
        headers.remove(IF_RANGE);
        limit_codings(headers);
    }

    /// Whether the request's trailers may follow its body: a server that joins them to the header would find a
    /// protected header there (RFC 9110 §6.5.1 lets them be dropped).
    #[must_use]
    pub fn keeps_trailers(&self) -> bool {
        let route = self
            .route
            .and_then(|route| self.border.route(self.app, route));
        route.is_none_or(|route| route.headers.is_empty())
    }

    /// The flow of the request's body; `None` where it streams through untouched.
    pub fn protect(&mut self) -> Option<Box<dyn Flow>> {
        self.flow.take()
    }

    /// Whether the body is a piece of a file.
    fn sends_pieces(&self) -> bool {
        let route = self
            .route
            .and_then(|route| self.border.route(self.app, route));
        route.is_some_and(|route| route.pieces.is_some())
    }

    /// What the request states of the body that came; the same is to be stated of the body that leaves, where that is
    /// there whole before its head leaves.
    #[must_use]
    pub fn stated(&self) -> Stated {
        // In chunks, it stands behind the body.
        let trailed = self.framed.as_ref().is_some_and(InChunks::is_trailed);
        if trailed {
            Stated::default()
        } else {
            self.stated.clone()
        }
    }

    /// The value of the `Rempart` header that the client is given: how many values were protected, how many were
    /// revealed where the body was whole before the head left, and the exchange's name.
    #[must_use]
    pub fn receipt(&self) -> HeaderValue {
        let protected = self.counts.total_protected();
        let text = if self.revealed_whole.load(Relaxed) {
            format!(
                "protected={protected}, revealed={}, ref={}",
                self.counts.total_revealed(),
                self.reference
            )
        } else {
            format!("protected={protected}, ref={}", self.reference)
        };
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("protected=?"))
    }

    /// What is to be remembered of what was revealed since the last call. Carry it out before the bytes leave that
    /// were taken since: the next request may come as soon as they are read.
    #[must_use]
    pub fn memories(&self) -> Vec<Effect> {
        self.memory.take()
    }

    /// What crossed so far. The counters are the flows': read it when they have ended.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let fields = self.border.app(self.app).map_or(&[][..], |app| &app.fields);
        let mut summary = Summary {
            reference: self.reference.to_string(),
            app: self.app().to_owned(),
            route: self.route(),
            unopened: self.counts.total_unopened(),
            ..Summary::default()
        };
        for (field, fingerprint) in self.counts.matched() {
            if let Some(field) = fields.get(field) {
                summary.matched.push((field.name.clone(), fingerprint));
            }
        }
        for (field, protected, revealed) in self.counts.by_field() {
            let Some(field) = fields.get(field) else {
                continue;
            };
            if protected > 0 {
                summary.protected.push((field.name.clone(), protected));
            }
            if revealed > 0 {
                summary.revealed.push((field.name.clone(), revealed));
            }
        }
        summary
    }

    /// Prepares the flow of a body that the route protects.
    pub(crate) fn prepare(
        &mut self,
        sealer: Sealer,
        headers: &HeaderMap,
    ) -> Result<(), Box<Refusal>> {
        let Some(route) = self
            .route
            .and_then(|route| self.border.route(self.app, route))
        else {
            return Ok(());
        };
        let Some(plan) = &route.body else {
            return Ok(());
        };
        let refuse = |error: &body::Error| {
            let (code, hint) = explain(&error.kind);
            Box::new(self.border.name(
                self.app,
                self.route.map(|route| (route, self.pattern)),
                Refusal::new(code, error.kind.to_string(), hint),
            ))
        };
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let content_type = types
            .next()
            .and_then(|value| ContentType::parse(value.as_bytes()));
        if types.next().is_some() {
            return Err(refuse(&body::Error::new(body::ErrorKind::ContentType, 0)));
        }
        let limits = self.border.limits.body;
        let rewriter = plan
            .rewriter(content_type.as_ref(), limits)
            .map_err(|error| refuse(&error))?;
        let unknown = || {
            refuse(&body::Error::new(
                body::ErrorKind::Coding {
                    why: "it is not known",
                },
                0,
            ))
        };
        let framing = self.framing(headers)?;
        let codings = match &framing {
            Some(_) => codings(&stripped(headers)),
            None => codings(headers),
        };
        let codings = codings.ok_or_else(unknown)?;
        let coding = if codings.is_empty() {
            None
        } else {
            let decoder = Decoder::new(&codings, limits).map_err(|error| refuse(&error))?;
            let encoder = Encoder::new(&codings, false).map_err(|error| refuse(&error))?;
            Some((decoder, encoder))
        };
        self.stated = match self.sends_pieces() {
            true => stated_of_piece(headers),
            false => Stated::read(headers),
        };
        let check = (!self.stated.is_empty()).then(|| self.stated.check());
        let length = match &framing {
            Some(framing) => framing.decoded_length(),
            None => content_length(headers),
        };
        let mut flow = Protect::new(sealer, rewriter, coding, check, length);
        if plan.format().is_conversation() {
            flow = flow.by_message();
        }
        let flow = Box::new(flow);
        self.seals_body = true;
        self.flow = Some(match framing {
            Some(framing) => self.frame(framing, flow),
            None => flow,
        });
        Ok(())
    }
}

/// The content codings of a message, in the order they were applied; `None` where one is not known.
pub(crate) fn codings(headers: &HeaderMap) -> Option<Vec<coding::Coding>> {
    let lines = headers.get_all(CONTENT_ENCODING).iter();
    let lines: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    coding::parse_content_encoding(&lines.join(&b", "[..])).ok()
}

/// Takes from `Accept-Encoding` what could not be undone.
fn limit_codings(headers: &mut HeaderMap) {
    const KNOWN: [&str; 6] = ["gzip", "x-gzip", "deflate", "br", "zstd", "identity"];
    let known = |entry: &&str| {
        let name = entry.split(';').next().unwrap_or_default().trim();
        KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    if list(headers, &ACCEPT_ENCODING).all(|entry| known(&entry)) {
        return;
    }
    let kept: Vec<&str> = list(headers, &ACCEPT_ENCODING).filter(known).collect();
    let kept = if kept.is_empty() {
        "identity".to_owned()
    } else {
        kept.join(", ")
    };
    if let Ok(value) = HeaderValue::try_from(kept) {
        headers.insert(ACCEPT_ENCODING, value);
    }
}

/// The entries of a header that is a list (RFC 9110 §5.6.1).
pub(crate) fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}
