//! The operator's page and its HTTP API.
//!
//! The first page shows side by side *what you see* and *what they hold*, live, with the commands to try it, the apps
//! that are protected and how to trust the root. Around it stand `/proxy.pac`, `/root.pem`, `/api/status` and
//! `/api/side-by-side`. The console only shows: nothing it serves changes a key, a policy or a record, and everything
//! it knows comes from a [`View`], which the command implements.

mod guard;
mod pac;
mod page;
mod view;
mod words;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;

pub use view::{Answer, App, Cell, Counters, Crossing, Demo, Record, Status, Unseen, View, Words};

/// Serves the console until `stop` resolves, then lets open answers end.
///
/// # Errors
///
/// The listener's, where it cannot accept any more.
pub async fn serve(
    listener: TcpListener,
    view: Arc<dyn View>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(view))
        .with_graceful_shutdown(stop)
        .await
}

/// The routes of the console, for a server of one's own.
pub fn router(view: Arc<dyn View>) -> Router {
    Router::new()
        .route("/", get(page::first))
        .route("/live", get(page::live))
        .route("/console.css", get(style))
        .route("/console.js", get(script))
        .route("/mark.svg", get(mark))
        .route("/proxy.pac", get(proxy_pac))
        .route("/root.pem", get(root_pem))
        .route("/api/status", get(status))
        .route("/api/side-by-side", get(side_by_side))
        .layer(middleware::from_fn(guard::guard))
        .with_state(view)
}

async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("../static/console.css"),
    )
}

async fn script() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
        include_str!("../static/console.js"),
    )
}

async fn mark() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "image/svg+xml")],
        include_str!("../static/mark.svg"),
    )
}

async fn proxy_pac(State(view): State<Arc<dyn View>>, headers: HeaderMap) -> impl IntoResponse {
    let status = view.status();
    let file = pac::write(
        status
            .apps
            .iter()
            .flat_map(|app| app.hosts.iter().map(String::as_str)),
        reachable(status.proxy, &headers),
    );
    ([(header::CONTENT_TYPE, pac::MEDIA_TYPE)], file)
}

async fn root_pem(State(view): State<Arc<dyn View>>) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "application/x-pem-file"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"rempart-root.pem\"",
            ),
        ],
        view.status().root_pem,
    )
}

async fn status(State(view): State<Arc<dyn View>>) -> Json<Status> {
    Json(view.status())
}

async fn side_by_side(State(view): State<Arc<dyn View>>) -> Response {
    match view.side_by_side().await {
        Ok(records) => Json(serde_json::json!({ "records": records })).into_response(),
        Err(unseen) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(serde_json::json!({ "error": unseen.to_string() })),
        )
            .into_response(),
    }
}

/// The proxy's address as the one who asks can reach it: a proxy that listens on every address of the machine is
/// named by the address under which the console was asked.
fn reachable(proxy: SocketAddr, headers: &HeaderMap) -> SocketAddr {
    if !proxy.ip().is_unspecified() {
        return proxy;
    }
    headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .and_then(guard::host)
        .and_then(|host| host.parse().ok())
        .map_or_else(
            || SocketAddr::from(([127, 0, 0, 1], proxy.port())),
            |address| SocketAddr::new(address, proxy.port()),
        )
}
