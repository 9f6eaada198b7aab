//! `--demo`: a practice SaaS in the same process, on a foreign-looking host that only the gateway can reach.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use console::{Cell, Record, Unseen, Words};
use http::{Method, Request};
use http_body_util::Full;
use miette::{IntoDiagnostic as _, WrapErr as _};
use policy::Source;
use practice::Practice;
use serde_json::value::RawValue;

use crate::home::Home;
use crate::settings::Settings;
use crate::through::Client;

/// How many records the page shows.
const SHOWN: usize = 6;

/// The policy of the practice SaaS.
pub fn policy() -> Source {
    Source::new(
        "policies/practice.toml",
        include_str!("../../../policies/practice.toml"),
    )
}

/// Starts the practice SaaS and tells the settings where it really is.
///
/// # Errors
/// It cannot start.
pub async fn start(home: &Home, settings: &mut Settings) -> miette::Result<Practice> {
    let practice = Practice::start(
        &home.practice(),
        std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
    )
    .await
    .into_diagnostic()
    .wrap_err("the practice SaaS cannot start")?;
    settings.upstream.resolve.insert(
        format!("{}:443", Practice::HOST),
        practice.address().to_string(),
    );
    settings
        .upstream
        .extra_roots
        .push(practice.authority_pem().to_owned());
    Ok(practice)
}

/// Registers one record of each kind through the gateway, where the practice SaaS is empty: the page has something
/// to show, and what it shows has gone the whole way.
///
/// # Errors
/// A record that did not arrive.
pub async fn register_examples(practice: &Practice, client: &Client) -> miette::Result<()> {
    if !practice.stored(1).into_diagnostic()?.is_empty() {
        return Ok(());
    }
    for (kind, body) in practice::examples() {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("https://{}/api/{kind}", Practice::HOST))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .into_diagnostic()?;
        let answer = client.send(request).await.into_diagnostic()?;
        if !answer.status().is_success() {
            tracing::warn!(kind, status = %answer.status(), "an example record was not taken");
        }
    }
    Ok(())
}

/// Both sides of the latest records.
pub struct Sides {
    database: PathBuf,
    client: Client,
    last: tokio::sync::Mutex<Option<(Vec<practice::Row>, Vec<Record>)>>,
}

impl Sides {
    /// The sides of what this app holds, seen through this client.
    pub fn new(practice: &Practice, client: Client) -> Arc<Self> {
        Arc::new(Self {
            database: practice.database().to_owned(),
            client,
            last: tokio::sync::Mutex::default(),
        })
    }

    /// The latest records, newest first. What a person sees is fetched again only when what is held has changed.
    ///
    /// # Errors
    /// Which of the two sides cannot be read.
    pub async fn records(&self) -> Result<Vec<Record>, Unseen> {
        let database = self.database.clone();
        let held = tokio::task::spawn_blocking(move || practice::stored(&database, SHOWN)).await;
        let held = held.map_err(|_| Unseen::Held)?.map_err(|_| Unseen::Held)?;
        let mut last = self.last.lock().await;
        if let Some((rows, records)) = &*last
            && *rows == held
        {
            return Ok(records.clone());
        }
        let mut records = Vec::with_capacity(held.len());
        for row in &held {
            records.push(self.record(row).await?);
        }
        *last = Some((held, records.clone()));
        Ok(records)
    }

    async fn record(&self, row: &practice::Row) -> Result<Record, Unseen> {
        let request = Request::get(format!("https://{}{}", Practice::HOST, row.api_path()))
            .body(Full::default())
            .map_err(|_| Unseen::Seen)?;
        let answer = self.client.send(request).await.map_err(|_| Unseen::Seen)?;
        let seen: HashMap<String, Box<RawValue>> =
            serde_json::from_slice(answer.body()).map_err(|_| Unseen::Seen)?;
        let cells = row.columns.iter().map(|column| Cell {
            name: column.name.to_owned(),
            label: Words::new(column.label.fr, column.label.en),
            seen: seen
                .get(column.name)
                .map(|value| shown(value))
                .unwrap_or_default(),
            held: column.value.clone(),
        });
        Ok(Record {
            title: Words::new(row.title.fr, row.title.en),
            kind: row.kind.to_owned(),
            id: row.id,
            updated: row.updated.clone(),
            cells: cells.collect(),
        })
    }
}

/// A member as a person reads it: text without its escapes, a number as it was spelled.
fn shown(value: &RawValue) -> String {
    match serde_json::from_str::<Option<String>>(value.get()) {
        Ok(text) => text.unwrap_or_default(),
        Err(_) => value.get().to_owned(),
    }
}
