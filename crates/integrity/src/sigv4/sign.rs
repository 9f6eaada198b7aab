//! A signature verified, and another one in its place.

use http::header::{AUTHORIZATION, EXPECT, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::percent_encode;

use super::canonical::{BARE, SIGNATURE, Signable, names, string_to_sign};
use super::claim::{Claim, Form, UNSIGNED_PAYLOAD};
use super::payload::CONTENT_SHA256;
use super::{Chain, Credentials, SecretKey, sha256};

/// The header of temporary credentials, and the parameter of a presigned URL.
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const SECURITY_TOKEN_PARAMETER: &str = "X-Amz-Security-Token";

/// A signature that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is another than the secret makes.
    #[error("the request's signature is not the one that its access key makes")]
    Signature,
    /// A header that must be signed is not.
    #[error("the request's signature does not cover its `{0}`")]
    Uncovered(HeaderName),
    /// It is of the asymmetric form.
    #[error("the request's signature is of the asymmetric form, which is not verified here")]
    Asymmetric,
    /// It says nothing of the body.
    #[error("the request is signed, and says nothing of its body by `x-amz-content-sha256`")]
    Bodiless,
}

/// A head that cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the head of the request cannot be signed: {0} does not fit into a header")]
pub struct Unsignable(&'static str);

impl Claim {
    /// The SHA-256 of the canonical request, as text; nothing where a signed header is not there or nothing is said of
    /// the body. Equal as long as the signature holds for the head.
    #[must_use]
    pub fn digest(&self, head: &Signable<'_>) -> Option<String> {
        let canonical = head.canonical(self, &self.signed, &self.payload(head)?)?;
        Some(sha256(&canonical))
    }

    /// Verifies the signature of a head.
    ///
    /// What begins with `x-amz-` is to be signed wherever it stands, as AWS asks: what is signed again would otherwise
    /// make good what somebody added.
    ///
    /// # Errors
    /// [`Denied`] where it does not hold.
    pub fn verify(&self, head: &Signable<'_>, secret: &SecretKey) -> Result<(), Denied> {
        if !self.is_symmetric {
            return Err(Denied::Asymmetric);
        }
        let mut names = head.headers.keys();
        if let Some(name) = names.find(|name| is_amz(name) && !self.signed.contains(name)) {
            return Err(Denied::Uncovered(name.clone()));
        }
        let payload = self.payload(head).ok_or(Denied::Bodiless)?;
        let canonical = head.canonical(self, &self.signed, &payload);
        let canonical = canonical.ok_or(Denied::Signature)?;
        let key = secret.signing_key(&self.scope);
        if key.verifies(&string_to_sign(self, &canonical), &self.signature) {
            Ok(())
        } else {
            Err(Denied::Signature)
        }
    }

    /// The signatures that the chunks of the body have, under the secret by which the head was verified.
    #[must_use]
    pub fn chain(&self, secret: &SecretKey) -> Chain {
        Chain::new(
            secret.signing_key(&self.scope),
            self.timestamp.clone(),
            self.scope.clone(),
            self.signature.clone(),
        )
    }

    /// Signs a head with other credentials; gives the query that it has then, where the signature stands there.
    ///
    /// What was signed and is still there is signed, and whatever begins with `x-amz-`.
    ///
    /// # Errors
    /// [`Unsignable`] where a credential has characters that no header may have.
    pub fn sign(
        &self,
        (method, path, query): (&Method, &str, Option<&str>),
        headers: &mut HeaderMap,
        own: &Credentials,
    ) -> Result<Option<String>, Unsignable> {
        headers.remove(SECURITY_TOKEN);
        if let (Form::Header, Some(token)) = (self.form, &own.session_token) {
            let value = HeaderValue::try_from(token.expose());
            let mut value = value.map_err(|_| Unsignable("the session token"))?;
            value.set_sensitive(true);
            headers.insert(SECURITY_TOKEN, value);
        }
        let mut signed: Vec<HeaderName> = headers
            .keys()
            .filter(|name| {
                (self.signed.contains(name) || is_amz(name) || **name == HOST) && **name != EXPECT
            })
            .cloned()
            .collect();
        signed.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        let query = match self.form {
            Form::Header => query.map(str::to_owned),
            Form::Query => Some(self.presigned(query.unwrap_or_default(), &signed, own)),
        };
        let head = Signable {
            method,
            path,
            query: query.as_deref(),
            headers,
            // What was verified says of its body what it must, or has none.
            has_body: false,
        };
        let payload = self.payload(&head).unwrap_or_default();
        // Each of these headers is there.
        let canonical = head.canonical(self, &signed, &payload).unwrap_or_default();
        let key = own.secret.signing_key(&self.scope);
        let signature = key.sign(&string_to_sign(self, &canonical));
        if self.form == Form::Query {
            return Ok(query.map(|query| format!("{query}&{SIGNATURE}={signature}")));
        }
        let (access_key, scope, names) = (&own.access_key, &self.scope, names(&signed));
        let line = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        let line = HeaderValue::try_from(line).map_err(|_| Unsignable("the access key"))?;
        headers.insert(AUTHORIZATION, line);
        Ok(None)
    }

    /// The query of a presigned URL for other credentials, without the signature.
    fn presigned(&self, query: &str, signed: &[HeaderName], own: &Credentials) -> String {
        let encoded = |text: &str| percent_encode(text.as_bytes(), BARE).to_string();
        let mut pairs = Vec::new();
        for pair in query.split('&') {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            match name {
                "X-Amz-Credential" => {
                    let credential = encoded(&format!("{}/{}", own.access_key, self.scope));
                    pairs.push(format!("{name}={credential}"));
                }
                "X-Amz-SignedHeaders" => pairs.push(format!("{name}={}", encoded(&names(signed)))),
                SIGNATURE | SECURITY_TOKEN_PARAMETER => {}
                _ => pairs.push(pair.to_owned()),
            }
        }
        if let Some(token) = &own.session_token {
            let token = encoded(token.expose());
            pairs.push(format!("{SECURITY_TOKEN_PARAMETER}={token}"));
        }
        pairs.join("&")
    }

    /// The word about the body that a signature covers. A presigned URL of S3 signs none; of another service that of an
    /// empty body.
    fn payload(&self, head: &Signable<'_>) -> Option<String> {
        match head.headers.get(CONTENT_SHA256) {
            Some(value) => value.to_str().ok().map(str::to_owned),
            None if self.form == Form::Header && head.has_body => None,
            None if self.form == Form::Query && self.scope.is_s3() => {
                Some(UNSIGNED_PAYLOAD.to_owned())
            }
            None => Some(sha256(b"")),
        }
    }
}

fn is_amz(name: &HeaderName) -> bool {
    name.as_str().starts_with("x-amz-")
}
