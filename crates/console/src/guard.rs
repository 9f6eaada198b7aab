//! Who may ask the console, and what a browser may do with its answers.
//!
//! The console answers on a loopback port without a password, so any page in a browser could try to ask it under a
//! name that resolves to this machine (DNS rebinding). It answers to addresses and to `localhost` only, to no other
//! name, and no answer may be read, framed or embedded by another origin.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What every answer carries: nothing inline, nothing from elsewhere, nothing kept.
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Refuses foreign names and cross-site requests, and sets the headers of [`HEADERS`].
pub async fn guard(request: Request, next: Next) -> Response {
    let mut response = match check(&request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Decides whether a request is for the console.
fn check(request: &Request) -> Result<(), (StatusCode, &'static str)> {
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or_else(|| {
            request
                .headers()
                .get(header::HOST)
                .and_then(|value| value.to_str().ok())
        });
    if !authority.is_some_and(is_own_name) {
        return Err((
            StatusCode::MISDIRECTED_REQUEST,
            "the console answers to its address and to localhost only\n",
        ));
    }
    // A link from another page may lead here; a script, image or frame of one may not ask.
    let site = request
        .headers()
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok());
    let mode = request
        .headers()
        .get("sec-fetch-mode")
        .and_then(|value| value.to_str().ok());
    let is_navigation = *request.method() == Method::GET && mode == Some("navigate");
    if matches!(site, Some("cross-site" | "same-site")) && !is_navigation {
        return Err((
            StatusCode::FORBIDDEN,
            "the console answers to its own pages only\n",
        ));
    }
    Ok(())
}

/// Whether an authority names this machine by an address or as `localhost`, with or without a port.
pub fn is_own_name(authority: &str) -> bool {
    host(authority).is_some_and(|host| {
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
    })
}

/// The host of an authority without its port and brackets, where it has the shape of one.
pub fn host(authority: &str) -> Option<&str> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => authority
            .find(':')
            .map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    match rest.strip_prefix(':') {
        Some(port) => port.parse::<u16>().ok().map(|_| host),
        None => rest.is_empty().then_some(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_own_names() {
        for own in [
            "127.0.0.1:7481",
            "127.0.0.1",
            "localhost:7481",
            "LOCALHOST",
            "[::1]:7481",
            "[::1]",
            "10.0.0.5:80",
        ] {
            assert!(is_own_name(own), "{own}");
        }
        for foreign in [
            "",
            ":7481",
            "evil.example:7481",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "localhost:",
            "localhost:99999",
            "[::1",
            "[::1]x",
            "127.0.0.1:7481:1",
            "user@localhost",
        ] {
            assert!(!is_own_name(foreign), "{foreign}");
        }
    }
}
