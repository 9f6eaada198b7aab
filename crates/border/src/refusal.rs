//! Refusals: what was refused, whose fault it is, and what to do, in one place for page, problem+json, journal
//! and metric (RFC 9457).

use http::StatusCode;

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The client sent what cannot be protected.
    Client,
    /// The origin.
    Origin,
    /// The policy does not describe this.
    Policy,
    /// The installation (keys away, limits reached).
    Operator,
}

/// The stable code of a refusal, as `docs/refusals.md` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// No route of the app describes this request and `unmatched = "block"`.
    UnmatchedRoute,
    /// The path could be read differently by two servers.
    AmbiguousPath,
    /// A method override that the app does not name.
    MethodOverride,
    /// A value stands where the policy blocks it.
    BlockedValue,
    /// The body is not what the route protects (syntax, charset, duplicate keys, not a leaf).
    UnreadableBody,
    /// The content type is not the one the route protects.
    ContentType,
    /// The content coding is unknown, damaged or a bomb.
    ContentCoding,
    /// A value is longer than a limit, or its token than the column.
    TooLong,
    /// A place that must be there is not.
    MissingPlace,
    /// Keys or vault are away.
    HomeAway,
    /// The root of trust is away, so that there are no keys at all.
    RootAway,
    /// The gateway holds as many bytes as it may.
    Busy,
    /// `SNI`, `Host` and tunnel target do not agree (RFC 9110 §15.5.20).
    Misdirected,
    /// An upgrade on a route that protects.
    Upgrade,
    /// A query compares a protected value in a way that its tokens cannot answer.
    Unsearchable,
    /// A piece of a file of which it cannot be told where it belongs, or that begins within a segment.
    Piece,
    /// The request's signature is not the one that its access key makes.
    BadSignature,
    /// A signature covers what is protected, and no other can be made.
    Unsignable,
}

impl RefusalCode {
    /// Every code there is.
    pub const ALL: [Self; 18] = [
        Self::UnmatchedRoute,
        Self::AmbiguousPath,
        Self::MethodOverride,
        Self::BlockedValue,
        Self::UnreadableBody,
        Self::ContentType,
        Self::ContentCoding,
        Self::TooLong,
        Self::MissingPlace,
        Self::HomeAway,
        Self::RootAway,
        Self::Busy,
        Self::Misdirected,
        Self::Upgrade,
        Self::Unsearchable,
        Self::Piece,
        Self::BadSignature,
        Self::Unsignable,
    ];

    /// The code as it is written, in lower case with hyphens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnmatchedRoute => "unmatched-route",
            Self::AmbiguousPath => "ambiguous-path",
            Self::MethodOverride => "method-override",
            Self::BlockedValue => "blocked-value",
            Self::UnreadableBody => "unreadable-body",
            Self::ContentType => "content-type",
            Self::ContentCoding => "content-coding",
            Self::TooLong => "too-long",
            Self::MissingPlace => "missing-place",
            Self::HomeAway => "home-away",
            Self::RootAway => "root-away",
            Self::Busy => "busy",
            Self::Misdirected => "misdirected",
            Self::Upgrade => "upgrade",
            Self::Unsearchable => "unsearchable",
            Self::Piece => "piece",
            Self::BadSignature => "bad-signature",
            Self::Unsignable => "unsignable",
        }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::UnmatchedRoute
            | Self::BlockedValue
            | Self::MethodOverride
            | Self::Upgrade
            | Self::BadSignature
            | Self::Unsignable => StatusCode::FORBIDDEN,
            Self::AmbiguousPath
            | Self::MissingPlace
            | Self::UnreadableBody
            | Self::Unsearchable
            | Self::Piece => StatusCode::BAD_REQUEST,
            Self::ContentType | Self::ContentCoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HomeAway | Self::RootAway | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn blame(self) -> Blame {
        match self {
            Self::UnmatchedRoute | Self::Unsignable => Blame::Policy,
            Self::HomeAway | Self::RootAway | Self::Busy => Blame::Operator,
            Self::AmbiguousPath
            | Self::MethodOverride
            | Self::BlockedValue
            | Self::UnreadableBody
            | Self::ContentType
            | Self::ContentCoding
            | Self::TooLong
            | Self::MissingPlace
            | Self::Misdirected
            | Self::Upgrade
            | Self::Unsearchable
            | Self::Piece
            | Self::BadSignature => Blame::Client,
        }
    }

    /// Whether the same request may be sent again.
    #[must_use]
    pub fn may_retry(self) -> bool {
        self.blame() == Blame::Operator
    }
}

/// A request that does not leave. Names route, field and place, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Refusal {
    /// The stable code.
    pub code: RefusalCode,
    /// What happened, one sentence without the value.
    pub detail: String,
    /// What to do about it.
    pub hint: String,
    /// The app.
    pub app: Option<String>,
    /// The route's template.
    pub route: Option<String>,
    /// The place's selector.
    pub place: Option<String>,
    /// The field.
    pub field: Option<String>,
}

impl Refusal {
    /// A refusal with nothing named yet.
    #[must_use]
    pub fn new(code: RefusalCode, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            hint: hint.into(),
            app: None,
            route: None,
            place: None,
            field: None,
        }
    }
}
