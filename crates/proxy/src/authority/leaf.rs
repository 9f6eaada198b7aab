//! A leaf: the certificate and key for one host, as the two server configurations that serve it.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{AuthorityError, certificate};

/// How long a leaf is valid.
pub(super) const VALIDITY: Duration = Duration::from_secs(14 * 24 * 3600);

/// What a client that offers both protocols is given first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// HTTP/2 (RFC 9113).
    Http2,
    /// HTTP/1.1 (RFC 9112).
    Http1,
}

/// A leaf with its key, ready to serve.
#[derive(Debug)]
pub struct Leaf {
    http2_first: Arc<ServerConfig>,
    http1_first: Arc<ServerConfig>,
}

impl Leaf {
    /// Mints a leaf for the host. Blocks for as long as a key and a signature take.
    pub(super) fn mint(
        host: &str,
        issuer: &Issuer<'static, KeyPair>,
        intermediate: CertificateDer<'static>,
    ) -> Result<Self, AuthorityError> {
        let key = certificate::key()?;
        let leaf = certificate::leaf(host, VALIDITY, &key, issuer)?;
        let signer = aws_lc_rs::sign::any_ecdsa_type(&PrivateKeyDer::Pkcs8(
            PrivatePkcs8KeyDer::from(key.serialize_der()),
        ))
        .map_err(AuthorityError::Leaf)?;
        let certified = CertifiedKey::new(vec![leaf.der().clone(), intermediate], signer);
        let http2_first = server(
            Arc::new(SingleCertAndKey::from(certified)),
            [b"h2".to_vec(), b"http/1.1".to_vec()],
        )?;
        let mut http1_first = http2_first.clone();
        http1_first.alpn_protocols.reverse();
        Ok(Self {
            http2_first: Arc::new(http2_first),
            http1_first: Arc::new(http1_first),
        })
    }

    /// The configuration that serves this leaf.
    #[must_use]
    pub fn server(&self, prefer: Prefer) -> Arc<ServerConfig> {
        match prefer {
            Prefer::Http2 => Arc::clone(&self.http2_first),
            Prefer::Http1 => Arc::clone(&self.http1_first),
        }
    }
}

fn server(
    resolver: Arc<dyn ResolvesServerCert>,
    protocols: [Vec<u8>; 2],
) -> Result<ServerConfig, AuthorityError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(AuthorityError::Leaf)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = protocols.into();
    // Tickets carry the session, so that a thousand idle clients cost no memory for what they may resume.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(AuthorityError::Leaf)?;
    config.send_tls13_tickets = 1;
    Ok(config)
}
