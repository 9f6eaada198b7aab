//! A WebSocket: every message of the client is a request's body of its own, every message of the server an answer's.
//!
//! What a client says is read where its route has `messages`: each text is rewritten whole by the plan of its kind,
//! and one that does not parse, or that no kind takes, is not sent. What a server says is revealed as any answer is,
//! in the context that its first bytes tell, and never fails.

use std::sync::Arc;

use body::content_type::ContentType;
use body::plan::Described;
use body::reveal::{At, Medium};
use body::websocket::Kind;
use body::{Error, ErrorKind};
use bytes::Bytes;
use policy::{MessageKind, Messages, Unmatched};

use crate::border::Inner;
use crate::counts::Counts;
use crate::memory::Memory;
use crate::opener::Opener;
use crate::protect::Protect;
use crate::refused::explain;
use crate::reveal::{Reveal, Text};
use crate::sealer::{Known, Sealer};
use crate::value::Parameters;
use crate::values::Values;
use crate::{Effect, Flow, Refusal, RefusalCode};

/// How far into a message what it is may begin: the packet types and names that Socket.IO and others set before JSON.
const LONGEST_PREFIX: usize = 64;

/// What becomes of a client's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It goes on as it comes.
    Through,
    /// It is to be held whole, up to so many bytes, and given to [`Socket::protect`].
    Whole(usize),
}

/// The messages of one connection, both ways. Made by [`crate::Exchange::socket`].
pub struct Socket {
    border: Arc<Inner>,
    app: usize,
    route: Option<usize>,
    pattern: usize,
    counts: Arc<Counts>,
    memory: Memory,
    parameters: Parameters,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket")
            .field("app", &self.app)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

impl Socket {
    pub(crate) fn new(
        border: Arc<Inner>,
        (app, route, pattern): (usize, Option<usize>, usize),
        counts: Arc<Counts>,
        memory: Memory,
        parameters: Parameters,
    ) -> Self {
        Self {
            border,
            app,
            route,
            pattern,
            counts,
            memory,
            parameters,
        }
    }

    fn messages(&self) -> Option<&Messages> {
        let route = self.border.route(self.app, self.route?)?;
        route.messages.as_ref()
    }

    /// What becomes of a message of this kind that the client begins.
    ///
    /// # Errors
    /// Where such a message may not leave.
    pub fn passage(&self, kind: Kind) -> Result<Passage, Box<Refusal>> {
        match (self.messages(), kind) {
            (None, _) => Ok(Passage::Through),
            (Some(_), Kind::Text) => Ok(Passage::Whole(self.border.limits.body.value)),
            (Some(messages), Kind::Binary) if messages.passes_binary => Ok(Passage::Through),
            (Some(_), Kind::Binary) => Err(self.refuse(
                RefusalCode::UnreadableBody,
                "a binary message cannot be read, and the policy protects what this connection says",
                "send text, or have the policy let binary messages pass (`binary = \"pass\"`)",
            )),
        }
    }

    /// The flow of a client's whole text message; `None` where it goes on as it is.
    ///
    /// # Errors
    /// Where it may not leave: the connection must be closed.
    pub fn protect(
        &self,
        message: &Bytes,
        chance: Box<dyn seal::Chance + Send>,
    ) -> Result<Option<Box<dyn Flow>>, Box<Refusal>> {
        let Some((messages, route)) = self.messages().zip(self.route) else {
            return Ok(None);
        };
        let Some(kind) = self.kind(messages, message)? else {
            return Ok(None);
        };
        let Some(plan) = &kind.protect else {
            return Ok(None);
        };
        let rewriter = plan
            .inner(&Described::default(), self.border.limits.body)
            .map_err(|error| self.unreadable(&error))?;
        let known = Known {
            chance,
            retry: None,
            memory: self.memory.clone(),
            parameters: self.parameters.clone(),
            address: None,
            piece: None,
        };
        let border = Arc::clone(&self.border);
        let place = (route, self.pattern);
        let mut sealer = Sealer::new(border, self.app, place, Arc::clone(&self.counts), known);
        sealer.expect(kind.places.clone());
        Ok(Some(Box::new(
            Protect::new(sealer, rewriter, None, None, None).whole(),
        )))
    }

    /// The kind of a message; `None` where none takes it and the app lets such messages pass.
    fn kind<'m>(
        &self,
        messages: &'m Messages,
        message: &Bytes,
    ) -> Result<Option<&'m MessageKind>, Box<Refusal>> {
        let keys = match &messages.keys {
            Some(plan) => Values::read(plan, message, self.border.limits.body)
                .map_err(|error| self.unreadable(&error))?,
            None => Values::default(),
        };
        let kind = messages.kind(|key| keys.at(key));
        let unmatched = self.border.app(self.app).map(|app| app.unmatched);
        if kind.is_none() && unmatched != Some(Unmatched::Pass) {
            return Err(self.refuse(
                RefusalCode::UnmatchedRoute,
                "no kind of the route's messages takes this one",
                "whoever writes the policy can add a kind to the route, without places if such messages may pass",
            ));
        }
        Ok(kind)
    }

    /// The flow of a server's text message that begins with `first`: some bytes, or all of a short message. No step
    /// of it fails.
    #[must_use]
    pub fn reveal(&self, first: &[u8]) -> Box<dyn Flow> {
        let limits = self.border.limits.body;
        let (prefix, essence) = sniff(first);
        let content_type = ContentType::parse_tolerant(essence.as_bytes());
        // RFC 6455 §5.6: a text is UTF-8.
        let medium = Medium::of(essence, Some("utf-8"), None).unwrap_or_default();
        let mut reveal = body::reveal::Reveal::new(medium, limits);
        if let Some(companions) = self.border.companions(self.app) {
            reveal = reveal.with_companions(Arc::clone(&companions.shapes));
        }
        let route = self
            .route
            .and_then(|route| self.border.route(self.app, route));
        let at = route
            .and_then(|route| route.reveal.as_ref())
            .map(|named| &named.plan)
            .filter(|plan| content_type.is_some_and(|named| plan.format().is_named_by(&named)))
            .and_then(|plan| At::new(plan, limits));
        let opener = Opener::new(
            Arc::clone(&self.border),
            (self.app, self.route),
            Arc::clone(&self.counts),
            self.memory.clone(),
            self.parameters.clone(),
        );
        let text = Text::new(at, reveal).after(prefix);
        Box::new(Reveal::new(opener, None, Some(text), None, Arc::default()))
    }

    /// As [`crate::Exchange::memories`].
    #[must_use]
    pub fn memories(&self) -> Vec<Effect> {
        self.memory.take()
    }

    fn refuse(&self, code: RefusalCode, detail: &str, hint: &str) -> Box<Refusal> {
        let route = self.route.map(|route| (route, self.pattern));
        let refusal = Refusal::new(code, detail, hint);
        Box::new(self.border.name(self.app, route, refusal))
    }

    fn unreadable(&self, error: &Error) -> Box<Refusal> {
        let (code, hint) = explain(&error.kind);
        self.refuse(code, &error.to_string(), hint)
    }

    /// A message that is longer than [`Passage::Whole`] allows.
    #[must_use]
    pub fn too_long(&self) -> Box<Refusal> {
        let limit = self.border.limits.body.value;
        self.unreadable(&Error::new(ErrorKind::ValueTooLong { limit }, 0))
    }
}

/// How many bytes stand before what the message is, and the type of that.
///
/// Scripts take messages apart as they know them: text that is JSON goes to a parser, text that begins with a tag
/// into a page.
fn sniff(first: &[u8]) -> (usize, &'static str) {
    let start = first.trim_ascii_start();
    match start.first() {
        Some(b'{' | b'[' | b'"') => return (0, "application/json"),
        Some(b'<') => return (0, "text/html"),
        _ => {}
    }
    let prefix = first.get(..LONGEST_PREFIX).unwrap_or(first);
    let is_word =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b',' | b'-' | b'_');
    match prefix.iter().position(|byte| !is_word(byte)) {
        Some(at) if matches!(prefix.get(at), Some(b'{' | b'[')) => (at, "application/json"),
        _ => (0, "text/plain"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_say_what_a_message_is() {
        for (message, expected) in [
            (" {\"a\":1}", (0, "application/json")),
            ("[1]", (0, "application/json")),
            ("\"text\"", (0, "application/json")),
            ("42[\"event\",{}]", (2, "application/json")),
            ("42/admin,17[\"event\"]", (11, "application/json")),
            ("a[\"frame\"]", (1, "application/json")),
            ("<turbo-stream>", (0, "text/html")),
            ("plain words [1]", (0, "text/plain")),
            ("", (0, "text/plain")),
            ("word", (0, "text/plain")),
        ] {
            assert_eq!(sniff(message.as_bytes()), expected, "{message}");
        }
    }
}
