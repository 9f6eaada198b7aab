//! The certificates' content: root, intermediate, leaf (RFC 5280).

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256,
};
use time::OffsetDateTime;

use super::AuthorityError;

const DAY: Duration = Duration::from_secs(24 * 3600);
const ROOT_VALIDITY: Duration = Duration::from_secs(3652 * 24 * 3600);
const INTERMEDIATE_VALIDITY: Duration = Duration::from_secs(730 * 24 * 3600);
/// Clocks of clients are wrong in both directions; an hour covers what time zones' mistakes do not.
const BACKDATED: Duration = Duration::from_secs(3600);

/// A new P-256 key.
pub(super) fn key() -> Result<KeyPair, AuthorityError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
}

/// The root, for its key.
pub(super) fn root(key: &KeyPair) -> Result<Certificate, AuthorityError> {
    let mut params = authority(ROOT_VALIDITY, BasicConstraints::Unconstrained);
    let id = short_id(&params, key);
    params.distinguished_name = named(format!("Rempart root {id}"));
    Ok(params.self_signed(key)?)
}

/// An app's intermediate: its hosts and nothing else.
pub(super) fn intermediate(
    app: &str,
    patterns: &[String],
    key: &KeyPair,
    root: &Issuer<'_, KeyPair>,
) -> Result<Certificate, AuthorityError> {
    let mut params = authority(INTERMEDIATE_VALIDITY, BasicConstraints::Constrained(0));
    let id = short_id(&params, key);
    params.distinguished_name = named(format!("Rempart {app} {id}"));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted(patterns)
            .into_iter()
            .map(GeneralSubtree::DnsName)
            .collect(),
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    Ok(params.signed_by(key, root)?)
}

/// A leaf for exactly one host.
pub(super) fn leaf(
    host: &str,
    validity: Duration,
    key: &KeyPair,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<Certificate, AuthorityError> {
    let mut params = CertificateParams::new(vec![host.to_owned()])?;
    // A common name has 64 characters at most (RFC 5280 appendix A); clients read the alternative name only.
    params.distinguished_name = named(if host.len() <= 64 {
        host.to_owned()
    } else {
        "Rempart leaf".to_owned()
    });
    (params.not_before, params.not_after) = period(validity);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params.signed_by(key, issuer)?)
}

/// The `dNSName` subtrees that cover the patterns: `*.x` needs `x`, since a constraint has no wildcard.
pub(super) fn permitted(patterns: &[String]) -> Vec<String> {
    let mut names: Vec<String> = patterns
        .iter()
        .map(|pattern| pattern.strip_prefix("*.").unwrap_or(pattern).to_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a certificate that ends then should be replaced by now.
pub(super) fn ends_soon(not_after: OffsetDateTime) -> bool {
    not_after < OffsetDateTime::from(SystemTime::now()) + 60 * DAY
}

fn authority(validity: Duration, constraint: BasicConstraints) -> CertificateParams {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = period(validity);
    params.is_ca = IsCa::Ca(constraint);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn period(validity: Duration) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::from(SystemTime::now());
    (now - BACKDATED, now + validity)
}

fn named(common_name: String) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, "Rempart");
    name
}

/// Eight characters that tell two keys of the same purpose apart.
fn short_id(params: &CertificateParams, key: &KeyPair) -> String {
    use std::fmt::Write as _;
    params
        .key_identifier(key)
        .iter()
        .take(4)
        .fold(String::with_capacity(8), |mut id, byte| {
            // Writing to a string cannot fail.
            let _ = write!(id, "{byte:02x}");
            id
        })
}
