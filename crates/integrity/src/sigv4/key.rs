//! Secrets, the keys that are derived from them, and what they sign. Wiped when dropped, never printed.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{hex, sha256, unhex};

/// A secret access key.
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Takes the text that the provider gave.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The key that signs in one scope.
    #[must_use]
    pub fn signing_key(&self, scope: &Scope) -> SigningKey {
        let first = Zeroizing::new(format!("AWS4{}", self.0.as_str()));
        let mut key = mac(first.as_bytes(), scope.date.as_bytes());
        for step in [
            scope.region.as_str(),
            scope.service.as_str(),
            "aws4_request",
        ] {
            key = mac(&*key, step.as_bytes());
        }
        SigningKey(key)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(‹redacted›)")
    }
}

/// An access key with its secret.
#[derive(Debug)]
pub struct Credentials {
    /// The name of the key, which stands in every signature.
    pub access_key: String,
    /// Its secret.
    pub secret: SecretKey,
    /// What goes with it where it is temporary: the value of `x-amz-security-token`.
    pub session_token: Option<SessionToken>,
}

/// What goes with temporary credentials.
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// Takes the text that the provider gave.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text, for the request that it is sent in.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(‹redacted›)")
    }
}

/// For which day, region and service a signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `YYYYMMDD`.
    pub date: String,
    /// As the provider names it.
    pub region: String,
    /// As the provider names it: `s3`.
    pub service: String,
}

impl Scope {
    /// Reads `date/region/service/aws4_request`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (date, region, service) = (parts.next()?, parts.next()?, parts.next()?);
        let ends = parts.next() == Some("aws4_request") && parts.next().is_none();
        let is_date = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        (ends && is_date && !service.is_empty()).then(|| Self {
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// Whether the service reads paths and bodies by the rules of S3: a path is encoded once, and a body may go
    /// unsigned.
    #[must_use]
    pub fn is_s3(&self) -> bool {
        matches!(
            self.service.as_str(),
            "s3" | "s3express" | "s3-outposts" | "s3-object-lambda"
        )
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/aws4_request",
            self.date, self.region, self.service
        )
    }
}

/// The key of one scope.
pub struct SigningKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(‹32 bytes›)")
    }
}

impl SigningKey {
    /// The signature of a text.
    pub(super) fn sign(&self, text: &str) -> String {
        hex(&*mac(&*self.0, text.as_bytes()))
    }

    /// Whether this is the signature of a text; takes the same time wherever it differs.
    pub(super) fn verifies(&self, text: &str, signature: &str) -> bool {
        let Some(signature) = unhex(signature) else {
            return false;
        };
        keyed(&*self.0).is_some_and(|mut mac| {
            mac.update(text.as_bytes());
            mac.verify_slice(&signature).is_ok()
        })
    }
}

fn keyed(key: &[u8]) -> Option<Hmac<Sha256>> {
    Hmac::<Sha256>::new_from_slice(key).ok()
}

/// HMAC-SHA-256, which takes a key of any length.
fn mac(key: &[u8], bytes: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    if let Some(mut mac) = keyed(key) {
        mac.update(bytes);
        out.copy_from_slice(&mac.finalize().into_bytes());
    }
    out
}

/// The signatures of a body's chunks, each of which covers the one before it ("Transferring Payload in Multiple Chunks").
#[derive(Debug)]
pub struct Chain {
    key: SigningKey,
    timestamp: String,
    scope: Scope,
    previous: String,
}

impl Chain {
    /// Begins with the signature of the head.
    pub(super) fn new(key: SigningKey, timestamp: String, scope: Scope, seed: String) -> Self {
        Self {
            key,
            timestamp,
            scope,
            previous: seed,
        }
    }

    /// Whether `signature` is that of the next chunk, whose SHA-256 is given.
    pub fn verify_chunk(&mut self, digest: &[u8], signature: &str) -> bool {
        let text = self.text("PAYLOAD", &format!("{}\n{}", sha256(b""), hex(digest)));
        self.verify(&text, signature)
    }

    /// Whether `signature` is that of the trailers, which are given as they are signed: `name:value\n` each.
    pub fn verify_trailers(&mut self, trailers: &[u8], signature: &str) -> bool {
        let text = self.text("TRAILER", &sha256(trailers));
        self.verify(&text, signature)
    }

    fn text(&self, of: &str, digests: &str) -> String {
        let (timestamp, scope, previous) = (&self.timestamp, &self.scope, &self.previous);
        format!("AWS4-HMAC-SHA256-{of}\n{timestamp}\n{scope}\n{previous}\n{digests}")
    }

    fn verify(&mut self, text: &str, signature: &str) -> bool {
        let verifies = self.key.verifies(text, signature);
        if verifies {
            signature.clone_into(&mut self.previous);
        }
        verifies
    }
}
