//! The `Content-Security-Policy` of an app with `confine = true`: its pages talk to its own hosts only, so that a
//! page cannot send out what was revealed in it (CSP Level 3). A further header only narrows what the app allows.

use http::HeaderValue;
use policy::App;

/// The header for this app's pages.
pub(crate) fn confinement(app: &App) -> Option<HeaderValue> {
    let hosts: String = app
        .hosts
        .iter()
        .map(|host| format!(" https://{host}:* wss://{host}:*"))
        .collect();
    let policy = format!(
        "connect-src 'self'{hosts}; form-action 'self'{hosts}; img-src 'self' data: blob:{hosts}; media-src 'self' \
         data: blob:{hosts}; frame-src 'self' data: blob:{hosts}; object-src 'none'; base-uri 'self'"
    );
    HeaderValue::try_from(policy).ok()
}
