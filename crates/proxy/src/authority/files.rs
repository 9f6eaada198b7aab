//! The authority's directory: what is read, what is written, and when an intermediate is issued again.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rcgen::{Issuer, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{AuthorityError, certificate};

/// Where the root's key lies while it is not kept elsewhere.
pub(super) fn root_key_path(directory: &Path) -> PathBuf {
    directory.join("root.key")
}

/// The root's certificate, made with its key where there is none.
pub(super) fn root(directory: &Path) -> Result<String, AuthorityError> {
    let path = directory.join("root.pem");
    if let Some(pem) = read(&path)? {
        CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| AuthorityError::Unreadable {
            path,
            expected: "certificate",
        })?;
        return Ok(pem);
    }
    make_directory(directory)?;
    let key = certificate::key()?;
    let pem = certificate::root(&key)?.pem();
    // The key first: a certificate without its key could never sign.
    write(&root_key_path(directory), &key.serialize_pem(), 0o600)?;
    write(&path, &pem, 0o644)?;
    Ok(pem)
}

/// The app's intermediate as it lies there, or a new one where it does not fit any more; `None` where it does not
/// fit and the root's key is away.
pub(super) fn intermediate(
    directory: &Path,
    root_pem: &str,
    app: &str,
    patterns: &[String],
) -> Result<Option<(Issuer<'static, KeyPair>, CertificateDer<'static>)>, AuthorityError> {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
    };
    if app.is_empty() || !app.bytes().all(plain) {
        return Err(AuthorityError::AppId { id: app.to_owned() });
    }
    let apps = directory.join("apps");
    let certificate_path = apps.join(format!("{app}.pem"));
    let key_path = apps.join(format!("{app}.key"));
    let root_path = directory.join("root.pem");
    let root = CertificateDer::from_pem_slice(root_pem.as_bytes()).map_err(|_| {
        AuthorityError::Unreadable {
            path: root_path.clone(),
            expected: "certificate",
        }
    })?;

    if let (Some(certificate), Some(key)) = (read(&certificate_path)?, read(&key_path)?) {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| {
            AuthorityError::Unreadable {
                path: certificate_path.clone(),
                expected: "certificate",
            }
        })?;
        let key = read_key(&key, &key_path)?;
        match fits(&certificate, &root, patterns) {
            Some(Fit::Well) => {
                return Ok(Some((
                    Issuer::from_ca_cert_der(&certificate, key)?,
                    certificate,
                )));
            }
            // Ending, but still of use where nothing better can be had.
            Some(Fit::EndsSoon) if !root_key_path(directory).exists() => {
                tracing::warn!(
                    app,
                    "the intermediate of this app ends soon and the root key is away"
                );
                return Ok(Some((
                    Issuer::from_ca_cert_der(&certificate, key)?,
                    certificate,
                )));
            }
            Some(Fit::EndsSoon) | None => {}
        }
    }

    let root_key_path = root_key_path(directory);
    let Some(root_key) = read(&root_key_path)? else {
        return Ok(None);
    };
    let root_key = read_key(&root_key, &root_key_path)?;
    let root = Issuer::from_ca_cert_der(&root, root_key)?;
    let key = certificate::key()?;
    let certificate = certificate::intermediate(app, patterns, &key, &root)?;
    make_directory(&apps)?;
    write(&key_path, &key.serialize_pem(), 0o600)?;
    write(&certificate_path, &certificate.pem(), 0o644)?;
    let der = certificate.der().clone();
    Ok(Some((Issuer::from_ca_cert_der(&der, key)?, der)))
}

enum Fit {
    Well,
    EndsSoon,
}

/// Whether the intermediate is the root's and names exactly these hosts.
fn fits(
    certificate: &CertificateDer<'_>,
    root: &CertificateDer<'_>,
    patterns: &[String],
) -> Option<Fit> {
    let (_, root) = X509Certificate::from_der(root).ok()?;
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    certificate.verify_signature(Some(root.public_key())).ok()?;
    let constraints = certificate.name_constraints().ok()??;
    let mut named: Vec<&str> = constraints
        .value
        .permitted_subtrees
        .as_ref()?
        .iter()
        .filter_map(|subtree| match subtree.base {
            GeneralName::DNSName(name) => Some(name),
            _ => None,
        })
        .collect();
    named.sort_unstable();
    if named != certificate::permitted(patterns) {
        return None;
    }
    Some(
        if certificate::ends_soon(certificate.validity().not_after.to_datetime()) {
            Fit::EndsSoon
        } else {
            Fit::Well
        },
    )
}

fn read_key(pem: &str, path: &Path) -> Result<KeyPair, AuthorityError> {
    KeyPair::from_pem(pem).map_err(|_| AuthorityError::Unreadable {
        path: path.to_owned(),
        expected: "private key",
    })
}

fn read(path: &Path) -> Result<Option<String>, AuthorityError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityError::File {
            action: "read",
            path: path.to_owned(),
            source,
        }),
    }
}

fn make_directory(path: &Path) -> Result<(), AuthorityError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| AuthorityError::File {
            action: "make the directory",
            path: path.to_owned(),
            source,
        })
}

/// Writes beside and renames, so that a reader, or a start after a crash, finds the old file or the new one.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), AuthorityError> {
    let beside = path.with_added_extension("new");
    let written = (|| {
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    })();
    written.map_err(|source| AuthorityError::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}
