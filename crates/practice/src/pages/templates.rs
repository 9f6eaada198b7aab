//! What the templates draw, and what they ask while they draw.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::domain::{DOMAINS, Domain, Entry, Field};
use crate::draft::Draft;
use crate::problem::Problem;
use crate::site::Search;
use crate::store::{Change, Document, Record};
use crate::words::{Language, Text};

/// What every page has.
pub struct Frame {
    pub language: Language,
    pub text: &'static Text,
    pub active: Option<&'static Domain>,
}

impl Frame {
    pub fn new(language: Language, active: Option<&'static Domain>) -> Self {
        Self {
            language,
            text: language.text(),
            active,
        }
    }

    fn domains(&self) -> &'static [Domain] {
        &DOMAINS
    }

    fn is_active(&self, domain: &Domain) -> bool {
        self.active.is_some_and(|active| active.slug == domain.slug)
    }

    /// A time as people read it, to the minute.
    fn moment(&self, time: &str) -> String {
        time.get(..16).unwrap_or(time).replace('T', " ")
    }
}

#[derive(Template)]
#[template(path = "home.html")]
pub struct Home {
    pub frame: Frame,
    pub counts: Vec<(&'static Domain, i64)>,
    pub recent: Vec<(&'static Domain, Record)>,
}

#[derive(Template)]
#[template(path = "list.html")]
pub struct List {
    pub frame: Frame,
    pub domain: &'static Domain,
    pub search: Search,
    pub records: Vec<Record>,
    pub has_more: bool,
}

impl List {
    fn searched(&self, field: &Field) -> &str {
        let found = self
            .search
            .wanted
            .iter()
            .find(|(wanted, _)| wanted.name == field.name);
        found.map_or("", |(_, value)| value)
    }
}

#[derive(Template)]
#[template(path = "form.html")]
pub struct FormPage {
    pub frame: Frame,
    pub domain: &'static Domain,
    pub id: Option<i64>,
    pub draft: Draft,
    pub problem: Option<Problem>,
}

impl FormPage {
    fn rows(&self) -> impl Iterator<Item = (&'static Field, &String)> {
        self.domain.fields.iter().zip(self.draft.values())
    }

    /// Why the form is shown again.
    fn sentence(&self) -> Option<String> {
        self.problem
            .as_ref()
            .map(|problem| problem.sentence(self.frame.language))
    }

    fn is_faulty(&self, field: &Field) -> bool {
        self.problem
            .as_ref()
            .and_then(Problem::field)
            .is_some_and(|faulty| faulty.name == field.name)
    }

    fn action(&self) -> String {
        match self.id {
            Some(id) => format!("/{}/{id}", self.domain.slug),
            None => format!("/{}", self.domain.slug),
        }
    }
}

#[derive(Template)]
#[template(path = "record.html")]
pub struct RecordPage {
    pub frame: Frame,
    pub domain: &'static Domain,
    pub name: String,
    pub record: Record,
    pub documents: Vec<Document>,
    pub changes: Vec<Change>,
    pub island: String,
    pub script_name: String,
}

impl RecordPage {
    fn label(&self, name: &str) -> &'static str {
        let field = self.domain.fields.iter().find(|field| field.name == name);
        field.map_or("", |field| self.frame.language.pick(&field.label))
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    pub frame: Frame,
    pub status: StatusCode,
    pub sentence: String,
}

/// Draws a template as an HTML answer.
pub fn draw(template: &impl Template) -> Result<Response, Problem> {
    template
        .render()
        .map(|page| Html(page).into_response())
        .map_err(|error| {
            tracing::error!(%error, "a page could not be drawn");
            Problem::Interrupted
        })
}
