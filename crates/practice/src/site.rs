//! The site: what its handlers share, its addresses, and how a refusal is shown.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::api;
use crate::documents;
use crate::domain::{Domain, Field};
use crate::pages;
use crate::problem::Problem;
use crate::store::{PAGE, Store};
use crate::words;

/// The largest file that can be attached, with what stands around it.
const LARGEST_UPLOAD: usize = 64 << 20;

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Site {
    store: Arc<Store>,
    host: &'static str,
}

impl Site {
    /// Makes the site over its database; it answers to `host` only.
    pub fn new(store: Arc<Store>, host: &'static str) -> Self {
        Self { store, host }
    }

    /// Asks the database on a thread that may wait.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || work(&store))
            .await
            .map_err(|_| Problem::Interrupted)?
    }

    /// The addresses of the site.
    pub fn router(self) -> Router {
        let api = Router::new()
            .route("/api/recent", get(api::recent))
            .route("/api/{domain}", get(api::list).post(api::create))
            .route(
                "/api/{domain}/{id}",
                get(api::read).put(api::replace).delete(api::remove),
            )
            .route("/api/{domain}/{id}/card", get(api::card))
            .route(
                "/api/{domain}/{id}/documents",
                get(documents::list).post(documents::attach_by_api),
            );
        let pages = Router::new()
            .route("/", get(pages::home))
            .route("/style.css", get(pages::style))
            .route("/app.js", get(pages::script))
            .route("/documents/{id}", get(documents::download))
            .route("/{domain}", get(pages::list).post(pages::create))
            .route("/{domain}/new", get(pages::blank))
            .route("/{domain}/export.csv", get(pages::export))
            .route("/{domain}/{id}", get(pages::record).post(pages::update))
            .route("/{domain}/{id}/edit", get(pages::edit))
            .route("/{domain}/{id}/documents", post(documents::attach_by_form))
            .fallback(|| async { Problem::NotFound })
            .layer(middleware::from_fn(pages::show_problems));
        pages
            .merge(api)
            .layer(middleware::from_fn(words::choose))
            .layer(middleware::from_fn_with_state(self.clone(), own_host))
            .layer(DefaultBodyLimit::max(LARGEST_UPLOAD))
            .with_state(self)
    }
}

/// The kind of record that an address names.
pub fn domain(slug: &str) -> Result<&'static Domain, Problem> {
    Domain::find(slug).ok_or(Problem::NotFound)
}

/// What a search asks: the fields that must be equal, and which page of the list.
#[derive(Debug)]
pub struct Search {
    /// The fields with the values they must have.
    pub wanted: Vec<(&'static Field, String)>,
    /// Which page, from 0.
    pub page: usize,
}

impl Search {
    /// Reads the parameters of an address. Empty ones ask nothing, unknown ones are not looked at.
    pub fn read(domain: &'static Domain, parameters: Vec<(String, String)>) -> Self {
        let mut search = Self {
            wanted: Vec::new(),
            page: 0,
        };
        for (name, value) in parameters {
            if name == "page" {
                search.page = value
                    .parse::<u32>()
                    .ok()
                    .and_then(|page| usize::try_from(page).ok())
                    .unwrap_or(0);
            } else if let Some(field) = domain
                .fields
                .iter()
                .find(|field| field.searched && field.name == name)
                && !value.trim().is_empty()
            {
                search.wanted.push((field, value.trim().to_owned()));
            }
        }
        search
    }

    /// How many records come before this page.
    pub fn offset(&self) -> usize {
        self.page.saturating_mul(PAGE)
    }
}

/// Answers to the site's own name only, and says what a browser may do with the answer.
async fn own_host(State(site): State<Site>, request: Request, next: Next) -> Response {
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.host())
        .or_else(|| {
            request
                .headers()
                .get(header::HOST)
                .and_then(|value| value.to_str().ok())
        })
        .unwrap_or_default();
    let host = authority
        .split_once(':')
        .map_or(authority, |(host, _)| host);
    let mut response = if host.eq_ignore_ascii_case(site.host) {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(header::SERVER, HeaderValue::from_static("Northwind"));
    response
}
