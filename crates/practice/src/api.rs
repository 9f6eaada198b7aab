//! The JSON API: list and search, create, read, replace and remove, with entity tags.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::domain::Domain;
use crate::draft::Draft;
use crate::problem::Problem;
use crate::site::{Search, Site, domain};
use crate::store::{PAGE, Record};
use crate::words::Language;

/// How many records the list of recent ones holds.
pub const RECENT: usize = 10;

/// Parameters of an address, in their order.
pub type Parameters = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// The kind and the number in an address.
pub type Address = Result<Path<(String, i64)>, PathRejection>;

/// Opens an address that names a record.
pub fn locate(address: Address) -> Result<(&'static Domain, i64), Problem> {
    let Path((slug, id)) = address.map_err(|_| Problem::NotFound)?;
    Ok((domain(&slug)?, id))
}

/// `GET /api/{domain}`: the records whose fields equal the parameters, newest first.
pub async fn list(
    State(site): State<Site>,
    Path(slug): Path<String>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let domain = domain(&slug)?;
    let Query(parameters) = parameters.map_err(|_| Problem::Unreadable)?;
    let search = Search::read(domain, parameters);
    let offset = search.offset();
    let records = site
        .ask(move |store| store.list(domain, &search.wanted, PAGE, offset))
        .await?;
    let items: Vec<Value> = records
        .iter()
        .map(|record| object(domain, record))
        .collect();
    Ok(Json(json!({ "items": items })).into_response())
}

/// `GET /api/recent`: the records of all kinds that changed last.
pub async fn recent(State(site): State<Site>) -> Result<Response, Problem> {
    let records = site.ask(|store| store.latest(RECENT)).await?;
    let items: Vec<Value> = records
        .iter()
        .map(|(domain, record)| object(domain, record))
        .collect();
    Ok(Json(json!({ "items": items })).into_response())
}

/// `POST /api/{domain}`: registers a record.
pub async fn create(
    State(site): State<Site>,
    Path(slug): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Response, Problem> {
    let domain = domain(&slug)?;
    let draft = draft(domain, body)?;
    let record = site
        .ask(move |store| {
            let id = store.insert(domain, &draft)?;
            store.get(domain, id)
        })
        .await?;
    let location = format!("/api/{}/{}", domain.slug, record.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        tagged(domain, &record),
    )
        .into_response())
}

/// `GET /api/{domain}/{id}`: reads a record, or says that it is still the one the client has.
pub async fn read(
    State(site): State<Site>,
    address: Address,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (domain, id) = locate(address)?;
    let record = site.ask(move |store| store.get(domain, id)).await?;
    let tag = entity_tag(domain, &record);
    if names(&headers, header::IF_NONE_MATCH, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(tagged(domain, &record))
}

/// `PUT /api/{domain}/{id}`: writes a record anew; a field that is not given becomes empty.
pub async fn replace(
    State(site): State<Site>,
    address: Address,
    headers: HeaderMap,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Response, Problem> {
    let (domain, id) = locate(address)?;
    let draft = draft(domain, body)?;
    let record = site
        .ask(move |store| {
            let before = store.get(domain, id)?;
            let is_wanted = !headers.contains_key(header::IF_MATCH)
                || names(&headers, header::IF_MATCH, &entity_tag(domain, &before));
            if !is_wanted {
                return Err(Problem::Changed);
            }
            store.update(domain, id, Some(before.revision), &draft)?;
            store.get(domain, id)
        })
        .await?;
    Ok(tagged(domain, &record))
}

/// `DELETE /api/{domain}/{id}`: removes a record with its files and its history.
pub async fn remove(State(site): State<Site>, address: Address) -> Result<StatusCode, Problem> {
    let (domain, id) = locate(address)?;
    site.ask(move |store| store.delete(domain, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/{domain}/{id}/card`: the preview of a record, as a piece of HTML for the list's script.
pub async fn card(
    State(site): State<Site>,
    Extension(language): Extension<Language>,
    address: Address,
) -> Result<Response, Problem> {
    let (domain, id) = locate(address)?;
    let record = site.ask(move |store| store.get(domain, id)).await?;
    let html = Card {
        domain,
        record: &record,
        language,
    }
    .render()
    .map_err(|_| Problem::Interrupted)?;
    Ok(Json(json!({ "html": html })).into_response())
}

#[derive(Template)]
#[template(path = "card.html")]
struct Card<'a> {
    domain: &'static Domain,
    record: &'a Record,
    language: Language,
}

/// A record as the API gives it.
pub fn object(domain: &'static Domain, record: &Record) -> Value {
    let mut object = Map::new();
    object.insert("kind".to_owned(), domain.slug.into());
    object.insert("id".to_owned(), record.id.into());
    object.insert("created_at".to_owned(), record.created.as_str().into());
    object.insert("updated_at".to_owned(), record.updated.as_str().into());
    for (field, value) in domain.fields.iter().zip(&record.values) {
        object.insert(field.name.to_owned(), value.as_str().into());
    }
    Value::Object(object)
}

impl IntoResponse for Problem {
    /// The answer for programs. It carries the problem along, so that the pages can show it to people.
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            tracing::error!(%error, "the practice database failed");
        }
        let field = self.field();
        let body = json!({
            "error": {
                "code": self.code(),
                "message": self.to_string(),
                "field": field.map(|field| field.name),
                "limit": matches!(self, Self::TooLong(_)).then(|| field.map(|field| field.width)).flatten(),
            }
        });
        let mut response = (self.status(), Json(body)).into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

fn draft(
    domain: &'static Domain,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Draft, Problem> {
    let Json(body) = body.map_err(|_| Problem::Unreadable)?;
    let draft = Draft::from_json(domain, body)?;
    draft.check()?;
    Ok(draft)
}

fn tagged(domain: &'static Domain, record: &Record) -> Response {
    (
        [(header::ETAG, entity_tag(domain, record))],
        Json(object(domain, record)),
    )
        .into_response()
}

fn entity_tag(domain: &Domain, record: &Record) -> String {
    format!("\"{}-{}-{}\"", domain.slug, record.id, record.revision)
}

/// Whether a list of entity tags (RFC 9110 §8.8.3) names this one. Weak ones are compared as weak.
fn names(headers: &HeaderMap, name: header::HeaderName, tag: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}
