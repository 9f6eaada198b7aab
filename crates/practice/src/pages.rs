//! The pages: home, list with search, form, record, export; drawn on the server, in French or in English.
//!
//! Values stand where they stand in real apps: in text, in attributes, in a JSON island that a script reads, and in
//! a string of an inline script. Each is escaped for its place.

mod templates;

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, Query, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::api::{self, Address, Parameters, RECENT, locate};
use crate::domain::{DOMAINS, Domain};
use crate::draft::Draft;
use crate::escape;
use crate::problem::Problem;
use crate::site::{Search, Site, domain};
use crate::store::{PAGE, Record};
use crate::words::Language;

use templates::{FormPage, Frame, Home, List, ProblemPage, RecordPage, draw};

/// The pairs of a form.
type Pairs = Result<Form<Vec<(String, String)>>, FormRejection>;

/// `GET /`: the kinds of records, and what changed last.
pub async fn home(
    State(site): State<Site>,
    Extension(language): Extension<Language>,
) -> Result<Response, Problem> {
    let (counts, recent) = site
        .ask(|store| {
            let counts: Result<Vec<_>, Problem> = DOMAINS
                .iter()
                .map(|domain| Ok((domain, store.count(domain)?)))
                .collect();
            Ok((counts?, store.latest(RECENT)?))
        })
        .await?;
    draw(&Home {
        frame: Frame::new(language, None),
        counts,
        recent,
    })
}

/// `GET /{domain}`: the records that a search finds.
pub async fn list(
    State(site): State<Site>,
    Extension(language): Extension<Language>,
    Path(slug): Path<String>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let domain = domain(&slug)?;
    let Query(parameters) = parameters.map_err(|_| Problem::Unreadable)?;
    let search = Search::read(domain, parameters);
    let (wanted, offset) = (search.wanted.clone(), search.offset());
    let mut records = site
        .ask(move |store| store.list(domain, &wanted, PAGE + 1, offset))
        .await?;
    let has_more = records.len() > PAGE;
    records.truncate(PAGE);
    draw(&List {
        frame: Frame::new(language, Some(domain)),
        domain,
        search,
        records,
        has_more,
    })
}

/// `GET /{domain}/export.csv`: every record of a kind.
pub async fn export(
    State(site): State<Site>,
    Path(slug): Path<String>,
) -> Result<Response, Problem> {
    let domain = domain(&slug)?;
    let records = site
        .ask(move |store| {
            let mut all = Vec::new();
            loop {
                let page = store.list(domain, &[], PAGE, all.len())?;
                let is_last = page.len() < PAGE;
                all.extend(page);
                if is_last {
                    return Ok(all);
                }
            }
        })
        .await?;
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(records.len() + 1);
    let names = domain.fields.iter().map(|field| field.name);
    rows.push(
        ["id", "created_at", "updated_at"]
            .into_iter()
            .chain(names)
            .map(str::to_owned)
            .collect(),
    );
    for record in records {
        let mut row = vec![record.id.to_string(), record.created, record.updated];
        row.extend(record.values);
        rows.push(row);
    }
    let file = escape::csv(rows.iter().map(|row| row.iter().map(String::as_str)));
    let disposition = format!("attachment; filename=\"{}.csv\"", domain.slug);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, file).into_response())
}

/// `GET /{domain}/new`: an empty form.
pub async fn blank(
    Extension(language): Extension<Language>,
    Path(slug): Path<String>,
) -> Result<Response, Problem> {
    let domain = domain(&slug)?;
    form(language, domain, None, Draft::empty(domain), None)
}

/// `POST /{domain}`: registers a record; a form that cannot be stored is shown again with the reason.
pub async fn create(
    State(site): State<Site>,
    Extension(language): Extension<Language>,
    Path(slug): Path<String>,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let domain = domain(&slug)?;
    let Form(pairs) = pairs.map_err(|_| Problem::Unreadable)?;
    let draft = Draft::from_pairs(domain, pairs)?;
    let copy = draft.clone();
    let outcome = site
        .ask(move |store| {
            copy.check()?;
            store.insert(domain, &copy)
        })
        .await;
    match outcome {
        Ok(id) => Ok(Redirect::to(&format!("/{}/{id}", domain.slug)).into_response()),
        Err(problem) => form_again(language, domain, None, draft, problem),
    }
}

/// `GET /{domain}/{id}`: a record with its files and its history.
pub async fn record(
    State(site): State<Site>,
    Extension(language): Extension<Language>,
    address: Address,
) -> Result<Response, Problem> {
    let (domain, id) = locate(address)?;
    let (record, documents, changes) = site
        .ask(move |store| {
            Ok::<_, Problem>((
                store.get(domain, id)?,
                store.documents(domain, id)?,
                store.changes(domain, id)?,
            ))
        })
        .await?;
    let name = name(domain, &record);
    let unwritten = |_| Problem::Interrupted;
    draw(&RecordPage {
        island: escape::script(&api::object(domain, &record)).map_err(unwritten)?,
        script_name: escape::script(&name).map_err(unwritten)?,
        frame: Frame::new(language, Some(domain)),
        domain,
        name,
        record,
        documents,
        changes,
    })
}

/// `GET /{domain}/{id}/edit`: the form with what is stored.
pub async fn edit(
    State(site): State<Site>,
    Extension(language): Extension<Language>,
    address: Address,
) -> Result<Response, Problem> {
    let (domain, id) = locate(address)?;
    let record = site.ask(move |store| store.get(domain, id)).await?;
    form(
        language,
        domain,
        Some(id),
        Draft::of(domain, record.values),
        None,
    )
}

/// `POST /{domain}/{id}`: writes every field of the form.
pub async fn update(
    State(site): State<Site>,
    Extension(language): Extension<Language>,
    address: Address,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let (domain, id) = locate(address)?;
    let Form(pairs) = pairs.map_err(|_| Problem::Unreadable)?;
    let draft = Draft::from_pairs(domain, pairs)?;
    let copy = draft.clone();
    let outcome = site
        .ask(move |store| {
            copy.check()?;
            store.update(domain, id, None, &copy)
        })
        .await;
    match outcome {
        Ok(()) => Ok(Redirect::to(&format!("/{}/{id}", domain.slug)).into_response()),
        Err(problem) => form_again(language, domain, Some(id), draft, problem),
    }
}

/// The style sheet.
pub async fn style() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, include_str!("../static/style.css"))
}

/// The script of the lists.
pub async fn script() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, include_str!("../static/app.js"))
}

/// Shows people a page where a handler answered with a problem.
pub async fn show_problems(
    Extension(language): Extension<Language>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    match response.extensions().get::<Arc<Problem>>() {
        Some(problem) => {
            let page = draw(&ProblemPage {
                frame: Frame::new(language, None),
                status: problem.status(),
                sentence: problem.sentence(language),
            });
            match page {
                Ok(page) => (problem.status(), page).into_response(),
                Err(_) => response,
            }
        }
        None => response,
    }
}

fn form(
    language: Language,
    domain: &'static Domain,
    id: Option<i64>,
    draft: Draft,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    draw(&FormPage {
        frame: Frame::new(language, Some(domain)),
        domain,
        id,
        draft,
        problem,
    })
}

/// Shows a form again where a field of it is at fault; another problem is passed on.
fn form_again(
    language: Language,
    domain: &'static Domain,
    id: Option<i64>,
    draft: Draft,
    problem: Problem,
) -> Result<Response, Problem> {
    if problem.field().is_none() {
        return Err(problem);
    }
    let status = problem.status();
    Ok((status, form(language, domain, id, draft, Some(problem))?).into_response())
}

/// First and last name.
fn name(domain: &Domain, record: &Record) -> String {
    let value = |name| {
        domain
            .position(name)
            .and_then(|position| record.values.get(position))
    };
    let names: Vec<&str> = ["first_name", "last_name"]
        .into_iter()
        .filter_map(value)
        .map(String::as_str)
        .collect();
    names.join(" ")
}
