//! What a signature says of the body: the value of `x-amz-content-sha256`.

use http::{HeaderMap, HeaderName};

use super::unhex;

/// The header.
pub(crate) const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// What a signature says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Its SHA-256.
    Digest([u8; 32]),
    /// Nothing: `UNSIGNED-PAYLOAD`, or a presigned URL.
    Unsigned,
    /// It comes in chunks (`STREAMING-…`).
    Streaming {
        /// Each chunk is signed.
        signed: bool,
        /// Trailers stand behind them.
        trailers: bool,
    },
    /// Something that is not known here.
    Other,
}

impl Payload {
    /// Reads what a head says; nothing where it says nothing.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_SHA256).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return Some(Self::Other);
        }
        Some(value.to_str().map_or(Self::Other, Self::parse))
    }

    fn parse(text: &str) -> Self {
        let streaming = |signed, trailers| Self::Streaming { signed, trailers };
        match text {
            "UNSIGNED-PAYLOAD" => Self::Unsigned,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => streaming(true, false),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => streaming(true, true),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => streaming(false, true),
            _ => unhex(&text.to_ascii_lowercase()).map_or(Self::Other, Self::Digest),
        }
    }

    /// Whether another body makes the signature false.
    #[must_use]
    pub fn covers_body(self) -> bool {
        match self {
            Self::Digest(_) | Self::Other => true,
            Self::Unsigned => false,
            Self::Streaming { signed, .. } => signed,
        }
    }
}
