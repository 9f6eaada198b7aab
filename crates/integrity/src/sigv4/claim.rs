//! What a request says of its signature: in `Authorization`, or in the query of a presigned URL.

use http::header::{AUTHORIZATION, DATE, HOST};
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;

use super::Scope;
use super::canonical::SIGNATURE;

/// The word for a body that is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

pub(super) const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// Where a signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URL.
    Query,
}

/// What a request says of its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where it stands.
    pub form: Form,
    /// Whose it is.
    pub access_key: String,
    /// For what it holds.
    pub scope: Scope,
    pub(super) timestamp: String,
    pub(super) signed: Vec<HeaderName>,
    pub(super) signature: String,
    /// Whether it is made by HMAC with SHA-256, and so by a secret that both sides have.
    pub(super) is_symmetric: bool,
}

/// A signature that is not written as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// It stands in the header and in the query.
    #[error("the request is signed in its `Authorization` and in its query")]
    Twice,
    /// A part of it is not there or cannot be read.
    #[error("the request's signature has no {part} that can be read")]
    Part {
        /// Which.
        part: &'static str,
    },
}

/// How the names of the two algorithms begin.
const HMAC: &str = "AWS4-HMAC-SHA256";
const ECDSA: &str = "AWS4-ECDSA-P256-SHA256";

impl Claim {
    /// Reads what a head says of its signature; nothing where it says nothing in this way.
    ///
    /// # Errors
    /// [`ClaimError`] where it says something that is not whole.
    pub fn of(headers: &HeaderMap, query: Option<&str>) -> Result<Option<Self>, ClaimError> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let line = lines.next().and_then(|line| line.to_str().ok());
        let line = line.filter(|line| line.starts_with("AWS4-"));
        let presigned = query.is_some_and(|query| find(query, SIGNATURE).is_some());
        match (line, query) {
            (Some(_), _) if presigned || lines.next().is_some() => Err(ClaimError::Twice),
            (Some(line), _) => Self::of_header(line, headers).map(Some),
            (None, Some(query)) if presigned => Self::of_query(query).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether the signature covers this header.
    #[must_use]
    pub fn covers(&self, name: &HeaderName) -> bool {
        self.signed.contains(name)
    }

    fn of_header(line: &str, headers: &HeaderMap) -> Result<Self, ClaimError> {
        let missing = |part| ClaimError::Part { part };
        let (algorithm, rest) = line.split_once(' ').ok_or(missing("algorithm"))?;
        let part = |name: &str| {
            let mut parts = rest.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let date = headers.get(AMZ_DATE).or_else(|| headers.get(DATE));
        let date = date.and_then(|date| date.to_str().ok());
        Self::new(
            Form::Header,
            algorithm,
            part("Credential").ok_or(missing("Credential"))?,
            date.ok_or(missing("date"))?,
            part("SignedHeaders").ok_or(missing("SignedHeaders"))?,
            part("Signature").ok_or(missing("Signature"))?,
        )
    }

    fn of_query(query: &str) -> Result<Self, ClaimError> {
        let part = |name: &'static str| {
            let value = find(query, name).ok_or(ClaimError::Part { part: name })?;
            let value = percent_decode_str(value).decode_utf8();
            value.map_err(|_| ClaimError::Part { part: name })
        };
        Self::new(
            Form::Query,
            &part("X-Amz-Algorithm")?,
            &part("X-Amz-Credential")?,
            &part("X-Amz-Date")?,
            &part("X-Amz-SignedHeaders")?,
            &part(SIGNATURE)?,
        )
    }

    fn new(
        form: Form,
        algorithm: &str,
        credential: &str,
        timestamp: &str,
        signed: &str,
        signature: &str,
    ) -> Result<Self, ClaimError> {
        let missing = |part| ClaimError::Part { part };
        let is_symmetric = match algorithm {
            HMAC => true,
            ECDSA => false,
            _ => return Err(missing("known algorithm")),
        };
        let (access_key, scope) = credential.split_once('/').ok_or(missing("Credential"))?;
        // The asymmetric form has no region in its scope.
        let (date, service) = scope.split_once('/').ok_or(missing("scope"))?;
        let scope = if is_symmetric {
            Scope::parse(scope)
        } else {
            Scope::parse(&format!("{date}/*/{service}"))
        };
        let scope = scope.ok_or(missing("scope"))?;
        if !is_timestamp(timestamp) || !timestamp.starts_with(&scope.date) {
            return Err(missing("date of its scope"));
        }
        let names = signed.split(';');
        let names: Option<Vec<HeaderName>> = names
            .map(|name| {
                let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
                HeaderName::from_bytes(name.as_bytes())
                    .ok()
                    .filter(|_| is_lower)
            })
            .collect();
        let signed = names.ok_or(missing("SignedHeaders"))?;
        let in_order = signed.is_sorted_by(|one, next| one.as_str() < next.as_str());
        if !in_order || !signed.contains(&HOST) {
            return Err(missing("SignedHeaders in order with `host`"));
        }
        Ok(Self {
            form,
            access_key: access_key.to_owned(),
            scope,
            timestamp: timestamp.to_owned(),
            signed,
            signature: signature.to_owned(),
            is_symmetric,
        })
    }
}

/// `YYYYMMDDTHHMMSSZ`.
fn is_timestamp(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range)
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    text.len() == 16
        && digits(0..8)
        && text.get(8..9) == Some("T")
        && digits(9..15)
        && text.ends_with('Z')
}

/// The value of a query's parameter as it is spelled.
fn find<'a>(query: &'a str, wanted: &str) -> Option<&'a str> {
    let mut pairs = query.split('&');
    pairs.find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == wanted).then_some(value)
    })
}
