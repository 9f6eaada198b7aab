//! What a head says of the framing of its body.

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Encoder;
use crate::Algorithm;
use crate::sigv4::{CONTENT_SHA256, Chain, Payload, UNSIGNED_PAYLOAD};

const TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");
/// The length of a body without its framing.
const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");
const CODING: &str = "aws-chunked";

/// A checksum that stands behind a body: its header and its algorithm.
pub(super) type Trailer = (HeaderName, Algorithm);

/// What a head says of the framing of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framing {
    signed: bool,
    pub(super) trailers: Vec<Trailer>,
    decoded_length: Option<u64>,
}

/// A body that is not framed as it says. Names what is wrong, never what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// Its chunks are of a kind that is not read here.
    #[error("the body comes in chunks of a kind that is not known: {kind}")]
    Kind {
        /// What `x-amz-content-sha256` says.
        kind: String,
    },
    /// A trailer is announced that is no checksum by an algorithm that is computed here.
    #[error("the body is to end in a `{name}`, which cannot be computed")]
    Unknown {
        /// The trailer.
        name: String,
    },
    /// The length is no number.
    #[error("`x-amz-decoded-content-length` is no number")]
    DecodedLength,
    /// The bytes are no chunks.
    #[error("the body is not framed by aws-chunked: {expected} is expected")]
    Syntax {
        /// What was expected.
        expected: &'static str,
    },
    /// It is longer or shorter than it says.
    #[error("the body's chunks are not as long as `x-amz-decoded-content-length` says")]
    Length,
    /// It ends before its last chunk.
    #[error("the body ends before its last chunk")]
    Truncated,
    /// A chunk's signature, or the trailers', does not hold.
    #[error("the signature of a chunk is not the one that the request's access key makes")]
    Signature,
    /// A checksum behind the body is another, or is not there.
    #[error("the body is not the one that its trailing `{name}` states")]
    Checksum {
        /// The trailer.
        name: HeaderName,
    },
}

impl Framing {
    /// Reads what a head says; nothing where its body is not framed. `x-amz-content-sha256` decides, as it does at the
    /// provider; a content coding `aws-chunked` alone is one that nobody knows.
    ///
    /// # Errors
    /// [`ChunkError`] where the framing is of a kind that cannot be read, or ends in what cannot be computed.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, ChunkError> {
        let said = headers
            .get(CONTENT_SHA256)
            .and_then(|said| said.to_str().ok());
        let (signed, trailed) = match (Payload::of(headers), said) {
            (Some(Payload::Streaming { signed, trailers }), _) => (signed, trailers),
            (_, Some(kind)) if kind.starts_with("STREAMING-") => {
                let kind = kind.to_owned();
                return Err(ChunkError::Kind { kind });
            }
            _ => return Ok(None),
        };
        let announced = headers.get_all(TRAILER).iter();
        let announced = announced
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|name| trailed && !name.is_empty());
        let trailers: Result<Vec<Trailer>, ChunkError> = announced.map(trailer).collect();
        let decoded_length = match headers.get(DECODED_LENGTH) {
            Some(value) => Some(length(value).ok_or(ChunkError::DecodedLength)?),
            None => None,
        };
        Ok(Some(Self {
            signed,
            trailers: trailers?,
            decoded_length,
        }))
    }

    /// The length of the body without its framing, where the head says it.
    #[must_use]
    pub fn decoded_length(&self) -> Option<u64> {
        self.decoded_length
    }

    /// Whether every chunk is signed.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.signed
    }

    /// Begins to read the body; signatures are verified by `chain`.
    #[must_use]
    pub fn decoder(&self, chain: Option<Chain>) -> super::Decoder {
        let chain = chain.filter(|_| self.signed);
        super::Decoder::new(self.trailers.clone(), self.decoded_length, chain)
    }

    /// What frames the body that leaves; nothing where it leaves as it is, since it ends in no checksum.
    #[must_use]
    pub fn encoder(&self) -> Option<Encoder> {
        (!self.trailers.is_empty()).then(|| Encoder::new(self.trailers.clone()))
    }

    /// The content codings of the body without this framing.
    pub fn strip(headers: &mut HeaderMap) {
        let codings = headers.get_all(CONTENT_ENCODING).iter();
        let codings: Vec<&str> = codings
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(CODING))
            .collect();
        match HeaderValue::try_from(codings.join(", ")) {
            Ok(codings) if !codings.is_empty() => headers.insert(CONTENT_ENCODING, codings),
            _ => headers.remove(CONTENT_ENCODING),
        };
    }

    /// Says in the head that leaves how its body is framed, and how long it is without the framing.
    pub fn tell(&self, headers: &mut HeaderMap, length: u64) {
        if self.trailers.is_empty() {
            Self::strip(headers);
            headers.remove(DECODED_LENGTH);
            headers.remove(TRAILER);
            headers.insert(CONTENT_SHA256, HeaderValue::from_static(UNSIGNED_PAYLOAD));
            return;
        }
        let kind = HeaderValue::from_static("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
        headers.insert(CONTENT_SHA256, kind);
        headers.insert(DECODED_LENGTH, HeaderValue::from(length));
    }
}

fn trailer(name: &str) -> Result<Trailer, ChunkError> {
    let unknown = || ChunkError::Unknown {
        name: name.to_owned(),
    };
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unknown())?;
    let algorithm = Algorithm::of_checksum(&header).ok_or_else(unknown)?;
    Ok((header, algorithm))
}

fn length(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}
