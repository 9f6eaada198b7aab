//! The vectors of `vectors/`, and secrets.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test uses what it needs"
)]

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use integrity::sigv4::{Claim, Credentials, SecretKey, Signable};
use serde_json::Value;

/// One signed request.
pub struct Vector {
    pub method: Method,
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub secret: String,
    pub signature: String,
    pub all: Value,
}

impl Vector {
    pub const ALL: [&str; 7] = [
        "s3-get-object",
        "s3-put-object",
        "s3-get-lifecycle",
        "s3-list-objects",
        "s3-presigned-get",
        "s3-chunked",
        "s3-chunked-trailer",
    ];

    pub fn read(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap();
        let text = |name: &str| all[name].as_str().unwrap().to_owned();
        let target = text("target");
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (target, None),
        };
        let headers = all["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| {
            (
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value.as_str().unwrap()).unwrap(),
            )
        });
        Self {
            method: text("method").parse().unwrap(),
            path,
            query,
            headers: headers.collect(),
            secret: text("secret"),
            signature: text("signature"),
            all,
        }
    }

    pub fn claim(&self) -> Claim {
        let claim = Claim::of(&self.headers, self.query.as_deref());
        claim.unwrap().unwrap()
    }

    pub fn head(&self) -> Signable<'_> {
        Signable {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            has_body: self.method == Method::PUT,
        }
    }

    pub fn parts(&self) -> (&Method, &str, Option<&str>) {
        (&self.method, &self.path, self.query.as_deref())
    }

    pub fn secret(&self) -> SecretKey {
        secret(&self.secret)
    }
}

pub fn secret(text: &str) -> SecretKey {
    SecretKey::new(text.to_owned().into())
}

pub fn credentials(access_key: &str, text: &str) -> Credentials {
    Credentials {
        access_key: access_key.to_owned(),
        secret: secret(text),
        session_token: None,
    }
}
