//! Signed requests (AWS Signature Version 4): verified as they come, and signed again as they leave.
//!
//! A client of an app whose requests are signed has a stand-in for the app's credentials; the operator gives the real
//! ones to the gateway (ADR 24). A request that no known access key signed passes as it came as long as nothing changes
//! that its signature covers, and is refused where something does: the app would refuse it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Uri};
use integrity::Stated;
use integrity::aws_chunked::{ChunkError, Framing};
use integrity::sigv4::{Chain, Claim, Credentials, Form, Payload, Signable};

use crate::border::Inner;
use crate::framed::{Framed, Through};
use crate::{Exchange, Flow, Incoming, Refusal, RefusalCode};

const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");
/// Says that a checksum by this algorithm stands in the head or behind the body.
const SDK_ALGORITHM: HeaderName = HeaderName::from_static("x-amz-sdk-checksum-algorithm");
const TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");

/// What one app's requests are signed by.
#[derive(Debug)]
pub struct Signer {
    /// What the clients have.
    pub client: Credentials,
    /// What the app knows.
    pub own: Credentials,
}

/// The credentials that the operator gave, by app and by the access key of the clients.
#[derive(Debug, Default)]
pub struct Signers(HashMap<(String, String), Arc<Signer>>);

impl Signers {
    /// Adds those of an app; gives back whether the clients' access key is a new one there.
    pub fn add(&mut self, app: &str, signer: Signer) -> bool {
        let key = (app.to_owned(), signer.client.access_key.clone());
        self.0.insert(key, Arc::new(signer)).is_none()
    }

    fn of(&self, app: &str, access_key: &str) -> Option<Arc<Signer>> {
        let key = (app.to_owned(), access_key.to_owned());
        self.0.get(&key).cloned()
    }
}

/// The signature of a request under way.
pub(crate) struct Signed {
    claim: Claim,
    /// Of what the signature covered as it came.
    digest: Option<String>,
    payload: Option<Payload>,
    has_body: bool,
    signer: Option<Arc<Signer>>,
}

impl Signed {
    /// Reads the signature of a request, and verifies it where its access key is known; nothing where there is none.
    pub fn of(inner: &Inner, app: usize, incoming: &Incoming<'_>) -> Result<Option<Self>, Refusal> {
        let (path, query) = parts(incoming.target);
        let claim = Claim::of(incoming.headers, query).map_err(|error| bad(&error))?;
        let Some(claim) = claim else { return Ok(None) };
        let head = Signable {
            method: incoming.method,
            path,
            query,
            headers: incoming.headers,
            has_body: incoming.has_body,
        };
        let signer = inner
            .app(app)
            .and_then(|app| inner.signers.of(&app.id, &claim.access_key));
        if let Some(signer) = &signer {
            let verified = claim.verify(&head, &signer.client.secret);
            verified.map_err(|error| bad(&error))?;
        }
        Ok(Some(Self {
            digest: claim.digest(&head),
            payload: Payload::of(incoming.headers),
            has_body: incoming.has_body,
            claim,
            signer,
        }))
    }

    /// What verifies the chunks of the body, where their secret is known.
    pub fn chain(&self) -> Option<Chain> {
        let signer = self.signer.as_ref()?;
        Some(self.claim.chain(&signer.client.secret))
    }

    /// Whether the chunks of the body, which the app is to verify, are signed by a secret that it does not know.
    pub fn must_reframe(&self) -> bool {
        let signed = Payload::Streaming {
            signed: true,
            trailers: false,
        };
        let trailed = Payload::Streaming {
            signed: true,
            trailers: true,
        };
        self.has_body
            && self.signer.is_some()
            && (self.payload == Some(signed) || self.payload == Some(trailed))
    }

    /// Whether another body makes the signature false.
    fn covers_body(&self) -> bool {
        match self.payload {
            Some(payload) => {
                let framed = matches!(payload, Payload::Streaming { .. });
                payload.covers_body() || framed && self.claim.covers(&DECODED_LENGTH)
            }
            None => self.claim.form == Form::Header || !self.claim.scope.is_s3(),
        }
    }

    /// Whether the signature holds for what leaves.
    fn holds(&self, head: &Parts, changes_body: bool) -> bool {
        let (path, query) = of_uri(&head.uri);
        let head = Signable {
            method: &head.method,
            path,
            query,
            headers: &head.headers,
            has_body: self.has_body,
        };
        self.claim.digest(&head) == self.digest && !(changes_body && self.covers_body())
    }

    /// Signs what leaves.
    fn sign(&self, signer: &Signer, head: &mut Parts) -> Result<(), Refusal> {
        let came_whole = matches!(self.payload, Some(Payload::Digest(_)));
        let leaves_unsigned = Payload::of(&head.headers) == Some(Payload::Unsigned);
        if came_whole && leaves_unsigned && !self.claim.scope.is_s3() {
            return Err(Refusal::new(
                RefusalCode::Unsignable,
                "the app asks for the digest of the body in the request's head, and the body is too long to be held",
                "raise [limits] whole, if such bodies are meant to be sent",
            ));
        }
        let (path, query) = of_uri(&head.uri);
        let signed = self
            .claim
            .sign((&head.method, path, query), &mut head.headers, &signer.own)
            .map_err(|error| unsignable(error.to_string()))?;
        if let Some(query) = signed {
            let target = PathAndQuery::try_from(format!("{path}?{query}"));
            head.uri = Uri::from(target.map_err(|error| unsignable(error.to_string()))?);
        }
        Ok(())
    }
}

impl Exchange {
    /// Checks, before anything of the body is read, that the request can be signed as it leaves. `head` is the one that
    /// leaves, but for what depends on its body.
    ///
    /// # Errors
    /// The refusal to answer with, where a signature covers what changed and there are no credentials to make another.
    pub fn check_signature(&self, head: &Parts) -> Result<(), Box<Refusal>> {
        let Some(signed) = &self.signed else {
            return Ok(());
        };
        if signed.signer.is_some() || signed.holds(head, self.flow.is_some()) {
            return Ok(());
        }
        let refusal = Refusal::new(
            RefusalCode::Unsignable,
            "the request's signature covers what is protected, and the gateway has no credentials to sign it again",
            "let the client sign with the access key that [[credentials]] of the gateway's settings names for this app",
        );
        Err(Box::new(self.named(refusal)))
    }

    /// Ends the head that leaves: what it says of a body in chunks, and its signature. To be called when all else in it
    /// is as it is sent.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub fn sign(&self, head: &mut Parts) -> Result<(), Box<Refusal>> {
        if let Some(framed) = &self.framed {
            let Some(length) = framed.length.get() else {
                return Err(Box::new(self.named(unmeasured())));
            };
            framed.framing.tell(&mut head.headers, *length);
        }
        if let Some(signed) = &self.signed
            && let Some(signer) = &signed.signer
        {
            without_promise(&mut head.headers);
            let done = signed.sign(signer, head);
            done.map_err(|refusal| Box::new(self.named(refusal)))?;
        }
        Ok(())
    }

    /// What the head says of the framing of the body.
    pub(crate) fn framing(&self, headers: &HeaderMap) -> Result<Option<Framing>, Box<Refusal>> {
        Framing::of(headers).map_err(|error| Box::new(self.named(misframed(&error))))
    }

    /// Puts a body's framing around what is done with it.
    pub(crate) fn frame(&mut self, framing: Framing, inner: Box<dyn Flow>) -> Box<dyn Flow> {
        let length = Arc::new(OnceLock::new());
        let chain = self.signed.as_ref().and_then(|signed| signed.chain());
        let framed = Framed::new(inner, &framing, chain, Arc::clone(&length));
        self.framed = Some(InChunks { framing, length });
        Box::new(framed)
    }

    /// Takes a body that stays as it is out of a framing whose signatures the app does not know.
    pub(crate) fn reframe(&mut self, headers: &HeaderMap) -> Result<(), Box<Refusal>> {
        let signed = self.signed.as_ref();
        if self.flow.is_some() || !signed.is_some_and(|signed| signed.must_reframe()) {
            return Ok(());
        }
        if let Some(framing) = self.framing(headers)? {
            self.stated = Stated::read(headers);
            let through = Through::new(framing.decoded_length());
            self.flow = Some(self.frame(framing, Box::new(through)));
        }
        Ok(())
    }

    fn named(&self, refusal: Refusal) -> Refusal {
        let route = self.route.map(|route| (route, self.pattern));
        self.border.name(self.app, route, refusal)
    }
}

/// Takes out the promise of a checksum that could not be stated again.
fn without_promise(headers: &mut HeaderMap) {
    let mut names = headers.keys();
    let states = names.any(|name| *name == TRAILER || name.as_str().starts_with("x-amz-checksum-"));
    if !states {
        headers.remove(SDK_ALGORITHM);
    }
}

/// The refusal of a body whose framing cannot be read, or is not what it says.
pub(crate) fn misframed(error: &ChunkError) -> Refusal {
    let (code, hint) = match error {
        ChunkError::Kind { .. } | ChunkError::Unknown { .. } => (
            RefusalCode::ContentCoding,
            "send the body in one piece, or in chunks that end in a checksum by CRC-32, CRC-32C, CRC-64/NVME, SHA-1 or SHA-256",
        ),
        ChunkError::Signature => (
            RefusalCode::BadSignature,
            "sign with the credentials that were given for use behind this gateway",
        ),
        _ => (
            RefusalCode::UnreadableBody,
            "send the body again; something changed it on its way",
        ),
    };
    Refusal::new(code, error.to_string(), hint)
}

/// A body in chunks says its length in the head, and this one's is not known before its end.
fn unmeasured() -> Refusal {
    Refusal::new(
        RefusalCode::TooLong,
        "the body comes in chunks, is rewritten and is too long to be measured before it is sent",
        "raise [limits] whole, if such bodies are meant to be sent",
    )
}

fn bad(error: &dyn std::error::Error) -> Refusal {
    Refusal::new(
        RefusalCode::BadSignature,
        error.to_string(),
        "sign with the credentials that were given for use behind this gateway",
    )
}

fn unsignable(detail: String) -> Refusal {
    let hint = "whoever runs Rempart corrects [[credentials]] in its settings";
    Refusal::new(RefusalCode::Unsignable, detail, hint)
}

fn parts(target: &str) -> (&str, Option<&str>) {
    target
        .split_once('?')
        .map_or((target, None), |(path, query)| (path, Some(query)))
}

fn of_uri(uri: &Uri) -> (&str, Option<&str>) {
    (uri.path(), uri.query())
}

/// A body in chunks of its own, on its way.
#[derive(Debug)]
pub(crate) struct InChunks {
    pub framing: Framing,
    /// The length of what leaves without its framing, once it is known.
    pub length: Arc<OnceLock<u64>>,
}

impl InChunks {
    /// Whether what leaves ends in checksums.
    pub fn is_trailed(&self) -> bool {
        self.framing.encoder().is_some()
    }
}

/// A head that says nothing of its body's framing.
pub(crate) fn stripped(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    Framing::strip(&mut headers);
    headers
}
