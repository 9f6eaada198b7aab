//! One question to the service and its answer: `POST /v1/MOUNT/OPERATION/KEY`, JSON both ways.

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use zeroize::Zeroizing;

use super::{Address, TransitError};

/// How long one question may take in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// No answer about 32 bytes comes near this.
const LONGEST_ANSWER: usize = 64 << 10;
/// How much of the service's own words is told.
const MOST_SAID: usize = 300;

/// What a question says.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Ask<'a> {
    /// To wrap.
    Encrypt {
        /// In base 64.
        plaintext: &'a str,
    },
    /// To unwrap, or to wrap anew.
    Wrapped {
        /// As the service gave it.
        ciphertext: &'a str,
    },
}

/// What an answer says.
#[derive(Deserialize)]
pub(super) struct Data {
    pub(super) ciphertext: Option<String>,
    pub(super) plaintext: Option<Secret>,
}

/// Wiped when dropped.
pub(super) struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

/// The way to the service.
pub(super) struct Wire {
    agent: Agent,
    namespace: Option<String>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire(namespace {:?})", self.namespace)
    }
}

impl Wire {
    pub(super) fn new(
        namespace: Option<String>,
        authorities: Option<&str>,
    ) -> Result<Self, TransitError> {
        let roots = match authorities {
            None => RootCerts::PlatformVerifier,
            Some(pem) => RootCerts::new_with_certs(&certificates(pem)?),
        };
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(
                rustls::crypto::aws_lc_rs::default_provider(),
            ))
            .root_certs(roots)
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_idle_connections(0)
            .user_agent("rempart")
            .build()
            .new_agent();
        Ok(Self { agent, namespace })
    }

    /// Asks once.
    pub(super) fn ask(
        &self,
        address: &Address,
        operation: &'static str,
        token: &str,
        ask: &Ask<'_>,
    ) -> Result<Data, TransitError> {
        let host = || address.host().to_owned();
        let unreached = |source| TransitError::Unreached {
            host: host(),
            source: Box::new(source),
        };
        let mut body = Zeroizing::new(Vec::with_capacity(512));
        // Text and nothing else: there is nothing that JSON cannot say.
        if serde_json::to_writer(&mut *body, ask).is_err() {
            return Err(TransitError::Header);
        }
        let mut request = self
            .agent
            .post(address.operation(operation))
            .header("x-vault-request", "true")
            .header("x-vault-token", token)
            .content_type("application/json");
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        let mut response = request.send(body.as_slice()).map_err(|error| match error {
            ureq::Error::Http(_) => TransitError::Header,
            error => unreached(error),
        })?;
        // Room for all of it at once: a buffer that grows leaves copies behind.
        let mut answer = Zeroizing::new(Vec::with_capacity(LONGEST_ANSWER + 1));
        response
            .body_mut()
            .as_reader()
            .take(LONGEST_ANSWER as u64 + 1)
            .read_to_end(&mut answer)
            .map_err(|error| unreached(error.into()))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(failed(host(), operation, status, &answer));
        }
        if answer.len() > LONGEST_ANSWER {
            return Err(TransitError::Strange {
                host: host(),
                what: "its answer is far too long",
            });
        }
        serde_json::from_slice::<Answer>(&answer)
            .map(|answer| answer.data)
            .map_err(|_| TransitError::Strange {
                host: host(),
                what: "its answer is not JSON with `data`",
            })
    }
}

fn failed(host: String, operation: &'static str, status: u16, answer: &[u8]) -> TransitError {
    let said = serde_json::from_slice::<Errors>(answer).map_or_else(
        |_| "it does not say why".to_owned(),
        |errors| spoken(&errors.errors),
    );
    match status {
        401 | 403 => TransitError::Denied { host, status, said },
        // 412, 472 and 473: a standby that cannot answer yet.
        408 | 412 | 429 | 472 | 473 | 500.. => TransitError::Unready { host, status, said },
        _ => TransitError::Refused {
            host,
            operation,
            status,
            said,
        },
    }
}

/// The service's own words on one line, and no more of them than a person reads.
fn spoken(errors: &[String]) -> String {
    let words = errors.join("; ");
    let said: String = words
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(MOST_SAID)
        .collect();
    match said.trim() {
        "" => "it does not say why".to_owned(),
        said => said.to_owned(),
    }
}

fn certificates(pem: &str) -> Result<Vec<ureq::tls::Certificate<'static>>, TransitError> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            _ => return Err(TransitError::Certificates),
        }
    }
    if certificates.is_empty() {
        return Err(TransitError::Certificates);
    }
    Ok(certificates)
}
