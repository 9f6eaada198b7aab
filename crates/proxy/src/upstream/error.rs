//! Why an origin was not reached, in the words of RFC 9209.

use http::StatusCode;
use rustls::CertificateError;

use crate::guard::Guarded;
use crate::host::Host;

/// Why an origin was not reached or not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The name has no address.
    #[error("the name {host} has no address")]
    Name {
        /// The name.
        host: Host,
        /// What the resolver said.
        source: Option<std::io::Error>,
    },
    /// The address is none a proxy should reach.
    #[error("{host} is {guarded}")]
    Guarded {
        /// The host.
        host: Host,
        /// Which rule.
        guarded: Guarded,
    },
    /// Nobody listens there.
    #[error("the connection was refused")]
    Refused,
    /// No route there.
    #[error("there is no way to the address")]
    Unroutable(#[source] std::io::Error),
    /// It took too long.
    #[error("the connection took too long")]
    Timeout,
    /// It closed while connecting.
    #[error("the connection was closed while it was made")]
    Terminated(#[source] std::io::Error),
    /// The certificate does not prove the name.
    #[error("the certificate does not prove the name: {}", certificate(.0))]
    Certificate(CertificateError),
    /// No root to prove anything by.
    #[error("this machine trusts no roots, so no certificate can be verified")]
    NoRoots,
    /// The peer ended the handshake.
    #[error("the origin ended the handshake: {0:?}")]
    Alert(rustls::AlertDescription),
    /// It does not speak TLS as we do.
    #[error("the TLS handshake failed")]
    Tls(#[source] rustls::Error),
    /// It does not speak HTTP as we do.
    #[error("the HTTP connection failed")]
    Http(#[source] hyper::Error),
}

impl UpstreamError {
    /// The error's name in `Proxy-Status` (RFC 9209 §2.3).
    #[must_use]
    pub fn token(&self) -> &'static str {
        match self {
            Self::Name { .. } => "dns_error",
            Self::Guarded { .. } => "destination_ip_prohibited",
            Self::Refused => "connection_refused",
            Self::Unroutable(_) => "destination_ip_unroutable",
            Self::Timeout => "connection_timeout",
            Self::Terminated(_) => "connection_terminated",
            Self::Certificate(_) | Self::NoRoots => "tls_certificate_error",
            Self::Alert(_) => "tls_alert_received",
            Self::Tls(_) => "tls_protocol_error",
            Self::Http(_) => "http_protocol_error",
        }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Guarded { .. } => StatusCode::FORBIDDEN,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Name { .. }
            | Self::Refused
            | Self::Unroutable(_)
            | Self::Terminated(_)
            | Self::Certificate(_)
            | Self::NoRoots
            | Self::Alert(_)
            | Self::Tls(_)
            | Self::Http(_) => StatusCode::BAD_GATEWAY,
        }
    }

    /// What to do about it, and whom to ask.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name { .. } => {
                "Check the spelling; if it is right, ask whoever runs the name service."
            }
            Self::Guarded { .. } => {
                "If this destination is meant, name it under [upstream] resolve or in the hosts file of the gateway; \
                 ask the operator of this gateway."
            }
            Self::Refused | Self::Unroutable(_) | Self::Timeout | Self::Terminated(_) => {
                "Try again later; if it lasts, ask the operator of the origin, or of the network between."
            }
            Self::Certificate(_) => {
                "Nothing was sent. Ask the operator of the origin to renew or correct its certificate. An origin with \
                 its own authority is trusted by [upstream] extra_roots; ask the operator of this gateway."
            }
            Self::NoRoots => {
                "Install the system's roots (Debian: ca-certificates) or name some under [upstream] extra_roots."
            }
            Self::Alert(_) | Self::Tls(_) => {
                "The origin does not speak TLS 1.2 or 1.3 as this gateway does; ask the operator of the origin."
            }
            Self::Http(_) => {
                "The origin does not speak HTTP/1.1 or HTTP/2 as this gateway does; ask its operator."
            }
        }
    }

    /// What a failed connection or handshake means.
    pub(super) fn from_io(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        if let Some(tls) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            return match tls {
                rustls::Error::InvalidCertificate(reason) => Self::Certificate(reason.clone()),
                rustls::Error::NoCertificatesPresented => {
                    Self::Certificate(CertificateError::BadEncoding)
                }
                rustls::Error::AlertReceived(alert) => Self::Alert(*alert),
                other => Self::Tls(other.clone()),
            };
        }
        // What connect(2) and reads say; the kinds of other calls do not come here.
        let kind = error.kind();
        if kind == ErrorKind::ConnectionRefused {
            Self::Refused
        } else if kind == ErrorKind::TimedOut {
            Self::Timeout
        } else if matches!(
            kind,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable
        ) {
            Self::Unroutable(error)
        } else {
            Self::Terminated(error)
        }
    }
}

/// A certificate's fault in words for people.
fn certificate(error: &CertificateError) -> String {
    let fault = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name"
        }
        CertificateError::UnknownIssuer => "nobody this gateway trusts has signed it",
        CertificateError::Revoked => "it was revoked",
        CertificateError::BadSignature => "its signature is wrong",
        CertificateError::BadEncoding => "it cannot be read, or none was shown",
        other => return other.to_string(),
    };
    fault.to_owned()
}
