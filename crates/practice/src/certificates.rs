//! The app's own certificate authority, kept in its data directory, and the certificate of its host.
//!
//! The authority is made once and kept, so that whoever trusts it trusts it after a restart; the host's certificate
//! is made anew at every start and lives for ninety days.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use crate::Error;

/// The authority and what it was kept as.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, as PEM.
    pub pem: String,
    /// The file of its certificate.
    pub file: PathBuf,
}

impl Authority {
    /// Opens the authority of a data directory, or makes it.
    ///
    /// # Errors
    ///
    /// Those of the files and of the certificates.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let file = directory.join("northwind-ca.pem");
        let key_file = directory.join("northwind-ca.key");
        if !(file.exists() && key_file.exists()) {
            let key = KeyPair::generate()?;
            write_secret(&key_file, key.serialize_pem().as_bytes())?;
            fs::write(&file, authority()?.self_signed(&key)?.pem())?;
        }
        let pem = fs::read_to_string(&file)?;
        let key = KeyPair::from_pem(&fs::read_to_string(&key_file)?)?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_pem(&pem, key)?,
            pem,
            file,
        })
    }

    /// Makes the TLS settings of a server that is `host`, for HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    ///
    /// Those of the certificates and of TLS.
    pub fn serve(&self, host: &str) -> Result<Arc<ServerConfig>, Error> {
        let key = KeyPair::generate()?;
        let mut leaf = CertificateParams::new(vec![host.to_owned()])?;
        leaf.distinguished_name.push(DnType::CommonName, host);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        leaf.not_before = OffsetDateTime::now_utc() - Duration::days(1);
        leaf.not_after = leaf.not_before + Duration::days(90);
        let leaf = leaf.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// What the authority's certificate says.
fn authority() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Northwind Cloud practice authority");
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Northwind Cloud Inc.");
    params.distinguished_name.push(DnType::CountryName, "US");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    params.not_after = params.not_before + Duration::days(3650);
    Ok(params)
}

/// Writes a file that only its owner can read, from its first byte on.
fn write_secret(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(content)
}
