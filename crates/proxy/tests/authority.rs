//! The authority's files and certificates: constrained to the app's hosts, reissued when they change, refused when
//! the root's key is away.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use proxy::{Authority, AuthorityError};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

fn open(directory: &Path, hosts: &[&str]) -> Result<Authority, AuthorityError> {
    Authority::open_or_create(directory, &[("crm", hosts.to_vec())])
}

/// The chain a client of the host would be shown.
async fn chain(authority: &Authority, host: &str) -> Vec<CertificateDer<'static>> {
    let leaf = authority.leaf(host).await.unwrap();
    let mut server = rustls::ServerConnection::new(leaf.server(proxy::Prefer::Http1)).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.root_pem().as_bytes()).unwrap())
        .unwrap();
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut &bytes[..]).unwrap();
        server.process_new_packets().unwrap();
        bytes.clear();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut &bytes[..]).unwrap();
        client.process_new_packets().unwrap();
    }
    client.peer_certificates().unwrap().to_vec()
}

fn verify(
    root_pem: &str,
    chain: &[CertificateDer<'static>],
    host: &str,
) -> Result<(), rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap())
        .unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::new(aws_lc_rs::default_provider()),
    )
    .build()
    .unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    verifier
        .verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now())
        .map(|_| ())
}

#[tokio::test]
async fn a_leaf_names_its_host_under_a_constrained_intermediate() {
    let home = tempfile::tempdir().unwrap();
    let authority = open(home.path(), &["crm.example", "*.crm.example"]).unwrap();
    let chain = chain(&authority, "eu.crm.example").await;
    assert_eq!(chain.len(), 2);
    verify(authority.root_pem(), &chain, "eu.crm.example").unwrap();
    verify(authority.root_pem(), &chain, "us.crm.example").unwrap_err();

    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let names = leaf.subject_alternative_name().unwrap().unwrap();
    assert_eq!(
        names.value.general_names,
        [GeneralName::DNSName("eu.crm.example")]
    );
    assert!(
        leaf.extended_key_usage()
            .unwrap()
            .unwrap()
            .value
            .server_auth
    );
    let days =
        (leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp()) / 86_400;
    assert!(days <= 30, "{days}");

    let (_, intermediate) = X509Certificate::from_der(&chain[1]).unwrap();
    let basic = intermediate.basic_constraints().unwrap().unwrap();
    assert_eq!(
        (basic.value.ca, basic.value.path_len_constraint),
        (true, Some(0))
    );
    let constraints = intermediate.name_constraints().unwrap().unwrap();
    assert!(constraints.critical);
    let permitted: Vec<_> = constraints
        .value
        .permitted_subtrees
        .as_ref()
        .unwrap()
        .iter()
        .map(|tree| tree.base.clone())
        .collect();
    assert_eq!(permitted, [GeneralName::DNSName("crm.example")]);
    let excluded: Vec<_> = constraints
        .value
        .excluded_subtrees
        .as_ref()
        .unwrap()
        .iter()
        .map(|tree| tree.base.clone())
        .collect();
    assert_eq!(
        excluded,
        [
            GeneralName::IPAddress(&[0; 8]),
            GeneralName::IPAddress(&[0; 32])
        ]
    );
}

#[tokio::test]
async fn the_intermediate_cannot_speak_for_another_host() {
    let home = tempfile::tempdir().unwrap();
    let authority = open(home.path(), &["crm.example"]).unwrap();
    let stolen = rcgen::KeyPair::from_pem(
        &std::fs::read_to_string(home.path().join("apps/crm.key")).unwrap(),
    )
    .unwrap();
    let intermediate = std::fs::read_to_string(home.path().join("apps/crm.pem")).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_pem(&intermediate, stolen).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    for name in ["bank.example", "192.0.2.1"] {
        let forged = rcgen::CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let chain = [
            forged.der().clone(),
            CertificateDer::from_pem_slice(intermediate.as_bytes()).unwrap(),
        ];
        verify(authority.root_pem(), &chain, name).unwrap_err();
    }
}

#[tokio::test]
async fn two_names_never_share_a_leaf_and_one_name_is_minted_once() {
    let home = tempfile::tempdir().unwrap();
    let authority = open(home.path(), &["a.example", "b.example"]).unwrap();
    assert_eq!(authority.minted(), 0);
    let (a, b) = (
        authority.leaf("a.example").await.unwrap(),
        authority.leaf("b.example").await.unwrap(),
    );
    assert!(!Arc::ptr_eq(&a, &b));
    assert!(Arc::ptr_eq(&a, &authority.leaf("a.example").await.unwrap()));
    assert_eq!(authority.minted(), 2);
    let error = authority.leaf("c.example").await.unwrap_err();
    assert!(matches!(&*error, AuthorityError::NoApp { .. }), "{error}");
}

#[tokio::test]
async fn keys_are_for_their_owner_only_and_files_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path(), &["crm.example"]).unwrap();
    let intermediate = std::fs::read_to_string(home.path().join("apps/crm.pem")).unwrap();
    for key in ["root.key", "apps/crm.key"] {
        let mode = std::fs::metadata(home.path().join(key))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let second = open(home.path(), &["crm.example"]).unwrap();
    assert_eq!(first.root_pem(), second.root_pem());
    assert_eq!(
        std::fs::read_to_string(home.path().join("apps/crm.pem")).unwrap(),
        intermediate
    );
}

#[tokio::test]
async fn changed_hosts_are_signed_again_or_refused_with_the_remedy() {
    let home = tempfile::tempdir().unwrap();
    let authority = open(home.path(), &["crm.example"]).unwrap();
    authority
        .renew(&[("crm", vec!["crm.example", "new.example"])])
        .unwrap();
    let chain = chain(&authority, "new.example").await;
    verify(authority.root_pem(), &chain, "new.example").unwrap();

    let away = home.path().join("elsewhere.key");
    std::fs::rename(home.path().join("root.key"), &away).unwrap();
    assert!(!authority.holds_root_key());
    let same = open(home.path(), &["crm.example", "new.example"]).unwrap();
    same.leaf("crm.example").await.unwrap();
    let changed = open(home.path(), &["crm.example", "third.example"]).unwrap();
    let error = changed.leaf("third.example").await.unwrap_err().to_string();
    assert!(
        error.contains("rempart up") && error.contains("root.key"),
        "{error}"
    );

    std::fs::rename(&away, home.path().join("root.key")).unwrap();
    changed
        .renew(&[("crm", vec!["crm.example", "third.example"])])
        .unwrap();
    changed.leaf("third.example").await.unwrap();
}

#[test]
fn an_id_that_is_no_file_name_is_refused() {
    let home = tempfile::tempdir().unwrap();
    for id in ["", "../root", "a/b", "A"] {
        let error =
            Authority::open_or_create(home.path(), &[(id, vec!["crm.example"])]).unwrap_err();
        assert!(matches!(error, AuthorityError::AppId { .. }), "{id:?}");
    }
}
