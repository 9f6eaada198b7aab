//! A small SaaS to practise on: real web app, JSON API and database, five domains.
//!
//! It plays a foreign CRM, "Northwind Cloud" of Seattle, with the column widths of a large one. A person registers a
//! child for daycare, a patient, a vehicle, an invoice or a research sample, lists, searches, edits, attaches a file
//! and exports. It serves HTTPS under its own certificate authority on a loopback port, and it knows nothing of
//! Rempart: what it stores is what it was sent.

mod api;
mod certificates;
mod documents;
mod domain;
mod draft;
mod escape;
mod examples;
mod pages;
mod problem;
mod server;
mod site;
mod store;
mod words;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use domain::Label;
pub use examples::examples;

use certificates::Authority;
use site::Site;
use store::Store;

/// How long the answers under way may take once the app is stopped.
const DRAIN: Duration = Duration::from_secs(5);

/// Why the app cannot start, or its database cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or a socket.
    #[error("a file or a socket of the practice app")]
    Io(#[from] io::Error),
    /// The database.
    #[error("the database of the practice app")]
    Store(#[from] rusqlite::Error),
    /// A certificate.
    #[error("a certificate of the practice app")]
    Certificate(#[from] rcgen::Error),
    /// TLS.
    #[error("the TLS settings of the practice app")]
    Tls(#[from] rustls::Error),
    /// A piece of work ended before its answer.
    #[error("the start of the practice app was interrupted")]
    Interrupted,
}

/// The app, running.
///
/// Dropping it stops it without waiting; [`Practice::shutdown`] lets the answers under way end.
pub struct Practice {
    address: SocketAddr,
    authority_pem: String,
    authority_file: PathBuf,
    database: PathBuf,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Practice {
    /// The host it answers to.
    pub const HOST: &str = "crm.northwind-cloud.example";

    /// The company that operates it.
    pub const OPERATOR: &str = "Northwind Cloud Inc.";

    /// Whose law that company answers to.
    pub const JURISDICTION: &str = "US";

    /// Starts the app on an address (port 0 takes a free one), with its database and its authority in a directory,
    /// which is made if there is none.
    ///
    /// Not cancel safe: dropped half-way, it leaves files behind, which the next start uses.
    ///
    /// # Errors
    ///
    /// Those of files, sockets, certificates and SQLite.
    pub async fn start(directory: &Path, listen: SocketAddr) -> Result<Self, Error> {
        let directory = directory.to_owned();
        let (store, authority, database) = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&directory)?;
            let database = directory.join("northwind.sqlite");
            Ok::<_, Error>((
                Store::open(&database)?,
                Authority::open(&directory)?,
                database,
            ))
        })
        .await
        .map_err(|_| Error::Interrupted)??;
        let tls = TlsAcceptor::from(authority.serve(Self::HOST)?);
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let router = Site::new(Arc::new(store), Self::HOST).router();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(server::accept(
            listener,
            tls,
            router,
            stop.clone(),
            tasks.clone(),
        ));
        tasks.close();
        Ok(Self {
            address,
            authority_pem: authority.pem,
            authority_file: authority.file,
            database,
            stop,
            tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its authority, as PEM.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// The file of that certificate.
    pub fn authority_file(&self) -> &Path {
        &self.authority_file
    }

    /// The file of its database.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Reads the latest records as they stand in the database, newest first. It waits for the disk: call it where a
    /// thread may wait.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn stored(&self, limit: usize) -> Result<Vec<Row>, Error> {
        stored(&self.database, limit)
    }

    /// Stops accepting, lets the answers under way end for a few seconds, and returns.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::debug!("connections of the practice app were still open at its end");
        }
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Reads the latest records of an app's database file as they stand there, newest first: what its operator holds.
///
/// # Errors
///
/// SQLite's.
pub fn stored(database: &Path, limit: usize) -> Result<Vec<Row>, Error> {
    let connection: Connection = store::open_for_reading(database)?;
    let records = store::latest(&connection, limit)?;
    let rows = records.into_iter().map(|(domain, record)| Row {
        kind: domain.slug,
        title: domain.one,
        id: record.id,
        updated: record.updated,
        columns: domain
            .fields
            .iter()
            .zip(record.values)
            .map(|(field, value)| Column {
                name: field.name,
                label: field.label,
                value,
            })
            .collect(),
    });
    Ok(rows.collect())
}

/// A record as it stands in the database.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The kind's name in addresses (`patients`).
    pub kind: &'static str,
    /// What one record of the kind is called.
    pub title: Label,
    /// Its number within its kind.
    pub id: i64,
    /// When it was last changed, as RFC 3339 in UTC.
    pub updated: String,
    /// Its columns, in the order of the form.
    pub columns: Vec<Column>,
}

impl Row {
    /// The path under which the API gives this record.
    pub fn api_path(&self) -> String {
        format!("/api/{}/{}", self.kind, self.id)
    }
}

/// One column of a record as it stands in the database.
#[derive(Clone, PartialEq, Eq)]
pub struct Column {
    /// The name in the database and in the API.
    pub name: &'static str,
    /// The label for people.
    pub label: Label,
    /// The characters that are stored.
    pub value: String,
}
