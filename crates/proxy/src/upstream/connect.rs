//! From a target to a connection: resolve, guard, connect, verify.
//!
//! Whom TLS believes is the platform's verifier with the operator's extra roots. On Linux nothing asks for
//! revocation lists; that is for a later option, and said here so that nobody takes it for granted.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::UpstreamError;
use crate::guard::{self, Excuse};
use crate::host::Target;
use crate::hosts::{self, Hosts};
use crate::settings::{Settings, SettingsError};
use crate::socket;

/// One address of several is given this long before the next is tried.
const ATTEMPT: Duration = Duration::from_secs(4);

/// Which protocols are offered to an origin (ALPN, RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// HTTP/2 and HTTP/1.1.
    Both,
    /// HTTP/1.1 only.
    Http1,
}

/// Makes connections as the settings say.
#[derive(Debug)]
pub struct Connector {
    resolve: HashMap<Target, SocketAddr>,
    own: Vec<SocketAddr>,
    hosts: Hosts,
    tls: Option<Tls>,
    patience: Duration,
}

#[derive(Debug)]
struct Tls {
    both: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
}

struct Addresses {
    found: Vec<SocketAddr>,
    excused: bool,
}

impl Connector {
    /// Checks the settings that concern connections. `own` are this process's listeners.
    ///
    /// # Errors
    /// Where a resolution or a root cannot be read.
    pub fn new(settings: &Settings, own: Vec<SocketAddr>) -> Result<Self, SettingsError> {
        let mut resolve = HashMap::with_capacity(settings.resolve.len());
        for (target, address) in &settings.resolve {
            let target = Target::parse(target, None)
                .ok_or_else(|| SettingsError::ResolveHost(target.clone()))?;
            let address = address
                .parse()
                .map_err(|_| SettingsError::ResolveAddress(address.clone()))?;
            resolve.insert(target, address);
        }
        Ok(Self {
            resolve,
            own,
            hosts: Hosts::at(Path::new("/etc/hosts")),
            tls: tls(&settings.extra_roots)?,
            patience: settings.timeouts.connect,
        })
    }

    /// Connects to a target. `is_app` excuses a local address.
    ///
    /// # Errors
    /// Where it has no address, none that may be reached, or none that answers.
    pub async fn connect(&self, target: &Target, is_app: bool) -> Result<TcpStream, UpstreamError> {
        let deadline = Instant::now() + self.patience;
        let addresses = timeout_at(deadline, self.addresses(target))
            .await
            .map_err(|_| UpstreamError::Timeout)??;
        let excuse = match (addresses.excused, is_app) {
            (true, _) => Excuse::Named,
            (false, true) if target.host.address().is_some() => Excuse::Named,
            (false, true) => Excuse::App,
            (false, false) => Excuse::None,
        };
        let mut error = None;
        for (place, address) in addresses.found.iter().enumerate() {
            if let Err(guarded) = guard::judge(*address, excuse, &self.own) {
                error.get_or_insert(UpstreamError::Guarded {
                    host: target.host.clone(),
                    guarded,
                });
                continue;
            }
            let is_last = place + 1 == addresses.found.len();
            let until = if is_last {
                deadline
            } else {
                deadline.min(Instant::now() + ATTEMPT)
            };
            match timeout_at(until, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    socket::prepare(&stream);
                    return Ok(stream);
                }
                Ok(Err(failed)) => error = Some(UpstreamError::from_io(failed)),
                Err(_) => error = Some(UpstreamError::Timeout),
            }
        }
        Err(error.unwrap_or(UpstreamError::Name {
            host: target.host.clone(),
            source: None,
        }))
    }

    /// Connects and verifies that the origin is whom the target names.
    ///
    /// # Errors
    /// As [`Connector::connect`], and where the origin does not prove its name.
    pub async fn connect_secure(
        &self,
        target: &Target,
        is_app: bool,
        offer: Offer,
    ) -> Result<TlsStream<TcpStream>, UpstreamError> {
        let tls = self.tls.as_ref().ok_or(UpstreamError::NoRoots)?;
        let config = match offer {
            Offer::Both => &tls.both,
            Offer::Http1 => &tls.http1,
        };
        let name = ServerName::try_from(target.host.as_str().to_owned()).map_err(|_| {
            UpstreamError::Name {
                host: target.host.clone(),
                source: None,
            }
        })?;
        let stream = self.connect(target, is_app).await?;
        timeout(
            self.patience,
            TlsConnector::from(Arc::clone(config)).connect(name, stream),
        )
        .await
        .map_err(|_| UpstreamError::Timeout)?
        .map_err(UpstreamError::from_io)
    }

    async fn addresses(&self, target: &Target) -> Result<Addresses, UpstreamError> {
        if let Some(address) = self.resolve.get(target) {
            return Ok(Addresses {
                found: vec![*address],
                excused: true,
            });
        }
        if let Some(address) = target.host.address() {
            return Ok(Addresses {
                found: vec![SocketAddr::new(address, target.port)],
                excused: false,
            });
        }
        let name = target.host.as_str();
        let listed = self.hosts.addresses(name);
        if !listed.is_empty() {
            let found = listed
                .into_iter()
                .map(|address| SocketAddr::new(address, target.port))
                .collect();
            return Ok(Addresses {
                found,
                excused: !hosts::is_this_machine(name),
            });
        }
        let failed = |source| UpstreamError::Name {
            host: target.host.clone(),
            source,
        };
        let found: Vec<SocketAddr> = tokio::net::lookup_host((name, target.port))
            .await
            .map_err(|error| failed(Some(error)))?
            .collect();
        if found.is_empty() {
            return Err(failed(None));
        }
        Ok(Addresses {
            found,
            excused: false,
        })
    }
}

/// The two configurations; `None` where neither the system nor the settings have a root.
fn tls(extra_roots: &[String]) -> Result<Option<Tls>, SettingsError> {
    let mut roots = Vec::new();
    for (place, pem) in extra_roots.iter().enumerate() {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.push(certificate.map_err(|_| SettingsError::Root(place))?);
        }
        if roots.len() == before {
            return Err(SettingsError::Root(place));
        }
    }
    let no_extra = roots.is_empty();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = match Verifier::new_with_extra_roots(roots, Arc::clone(&provider)) {
        Ok(verifier) => verifier,
        Err(error) if no_extra => {
            tracing::warn!(%error, "the system has no roots: no origin can be verified");
            return Ok(None);
        }
        Err(error) => return Err(SettingsError::Roots(error)),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(SettingsError::Roots)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut both = config.clone();
    both.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(Tls {
        both: Arc::new(both),
        http1: Arc::new(config),
    }))
}
