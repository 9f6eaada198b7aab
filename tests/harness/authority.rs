//! An authority of the tests, as a SaaS would have one, and every kind of leaf that a gateway must tell apart.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// A certificate and its key.
pub struct Leaf {
    /// The certificate as the client sees it.
    pub certificate: CertificateDer<'static>,
    /// The certificate as text.
    pub pem: String,
    key: KeyPair,
}

impl Leaf {
    /// The key as text.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// What a server that shows this leaf and offers these protocols needs.
    ///
    /// # Panics
    /// Where rustls does not take the key.
    #[must_use]
    pub fn server(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .expect("a server takes its own leaf");
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        Arc::new(config)
    }
}

/// An authority that signs leafs.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The root's certificate as text.
    pub pem: String,
    folder: TempDir,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// Where a key cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params
            .distinguished_name
            .push(DnType::CommonName, "An authority of the tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).expect("a root").pem();
        let folder = TempDir::with_prefix("rempart-authority-").expect("a folder");
        std::fs::write(folder.path().join("root.crt"), &pem).expect("the root is written");
        Self {
            issuer: Issuer::new(params, key),
            pem,
            folder,
        }
    }

    /// The file that holds the root's certificate.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("root.crt")
    }

    /// A good leaf for these names.
    #[must_use]
    pub fn leaf(&self, names: &[&str]) -> Leaf {
        self.signed(names, |_| ())
    }

    /// A leaf whose time is over.
    #[must_use]
    pub fn expired(&self, name: &str) -> Leaf {
        self.signed(&[name], |params| {
            params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
            params.not_after = OffsetDateTime::now_utc() - Duration::days(1);
        })
    }

    /// A leaf that nobody but itself vouches for.
    ///
    /// # Panics
    /// Where a key cannot be made.
    #[must_use]
    pub fn self_signed(name: &str) -> Leaf {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(vec![name.to_owned()])
            .expect("a name")
            .self_signed(&key)
            .expect("a leaf");
        Leaf {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key,
        }
    }

    fn signed(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params
            .distinguished_name
            .push(DnType::CommonName, "An origin of the tests");
        params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(30);
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).expect("a leaf");
        Leaf {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key,
        }
    }
}

/// Writes a leaf's chain and key for a server that reads files; gives back the two paths.
///
/// # Panics
/// Where they cannot be written.
pub(crate) fn write(leaf: &Leaf, folder: &Path) -> (PathBuf, PathBuf) {
    let (chain, key) = (folder.join("leaf.crt"), folder.join("leaf.private"));
    std::fs::write(&chain, &leaf.pem).expect("the chain is written");
    std::fs::write(&key, leaf.key_pem()).expect("the key is written");
    (chain, key)
}
