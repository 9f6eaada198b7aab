//! What the console shows, as data: the command fills it, the console only draws it.
//!
//! The console asks for nothing else, so it can neither read a key nor write a policy. Values that a person may see
//! pass through [`Cell::seen`]; they are drawn and forgotten, never logged.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;

use serde::Serialize;

/// The source of everything the console shows.
///
/// A page that is open asks about once a second, so both answers should be cheap: what is slow (reading a record
/// through the gateway) belongs behind a cache that is emptied when the stored side changes.
pub trait View: Send + Sync + 'static {
    /// The state of the installation.
    fn status(&self) -> Status;

    /// The latest records as a person sees them and as the operator of the SaaS holds them, newest first.
    ///
    /// The future is dropped when the page that asked goes away, so it must be cancel safe.
    fn side_by_side(&self) -> Answer<'_, Result<Vec<Record>, Unseen>>;
}

/// What a [`View`] gives back where it has to wait.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why the two sides cannot be shown at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unseen {
    /// The store of the SaaS could not be read.
    #[error("what the application stores could not be read")]
    Held,
    /// The records could not be fetched through the gateway.
    #[error("the records could not be read through the gateway")]
    Seen,
}

/// The state of the installation.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The version of the command.
    pub version: String,
    /// Where the proxy listens.
    pub proxy: SocketAddr,
    /// Where the console listens.
    pub console: SocketAddr,
    /// The file that holds the root certificate.
    pub root_path: PathBuf,
    /// The root certificate, as PEM.
    #[serde(skip)]
    pub root_pem: String,
    /// The apps that the plan in force protects.
    pub apps: Vec<App>,
    /// What crossed since the gateway was started.
    pub counters: Counters,
    /// The latest exchanges with apps, newest first.
    pub crossings: Vec<Crossing>,
    /// What an operator should look at (no backup, a root in a plain file): `doctor` says more.
    pub warnings: Vec<Words>,
    /// The practice SaaS, where `--demo` started one.
    pub demo: Option<Demo>,
}

/// An app that is protected.
#[derive(Debug, Clone, Serialize)]
pub struct App {
    /// The id in the policy.
    pub id: String,
    /// The title for people.
    pub title: String,
    /// The company that operates it.
    pub operator: String,
    /// Whose law that company answers to.
    pub jurisdiction: String,
    /// The host patterns: `*.x` stands for exactly one label.
    pub hosts: Vec<String>,
    /// How many kinds of values are protected.
    pub fields: usize,
    /// How many routes the policy describes.
    pub routes: usize,
}

/// What crossed since the gateway was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Requests to hosts of apps.
    pub requests: u64,
    /// Values that were replaced by tokens.
    pub protected: u64,
    /// Tokens that were opened.
    pub revealed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Tunnels to hosts of no app.
    pub tunnels: u64,
}

/// One exchange as the journal knows it: without a value, a query or a path.
#[derive(Debug, Clone, Serialize)]
pub struct Crossing {
    /// When it began, as RFC 3339 in UTC.
    pub at: String,
    /// The id of the app.
    pub app: String,
    /// The method; empty where no route took the request.
    pub method: String,
    /// The path template of the route, where one took the request.
    pub route: Option<String>,
    /// Values replaced by tokens.
    pub protected: u64,
    /// Tokens opened.
    pub revealed: u64,
    /// The stable code of the refusal, where it was refused.
    pub refused: Option<String>,
    /// The reference that the client was told.
    pub reference: String,
}

/// The practice SaaS of `--demo`.
#[derive(Debug, Clone, Serialize)]
pub struct Demo {
    /// Its foreign host.
    pub host: String,
    /// The company that operates it.
    pub operator: String,
    /// Whose law that company answers to.
    pub jurisdiction: String,
    /// Where it really listens: what its operator reaches without the gateway.
    pub address: SocketAddr,
    /// The file of its own certificate authority.
    pub authority_path: PathBuf,
    /// The command that opens it in a throw-away browser, word by word.
    pub browse: Vec<String>,
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// French.
    pub fr: String,
    /// English.
    pub en: String,
}

impl Words {
    /// Builds a text from its two languages.
    pub fn new(fr: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            fr: fr.into(),
            en: en.into(),
        }
    }
}

/// One record of the SaaS, from both sides.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// What kind of record it is.
    pub title: Words,
    /// The kind's name in addresses (`patients`).
    pub kind: String,
    /// Its number in the SaaS.
    pub id: i64,
    /// When it was last changed, as RFC 3339 in UTC.
    pub updated: String,
    /// Its fields, in the order of the form.
    pub cells: Vec<Cell>,
}

/// One field of a record, from both sides.
#[derive(Clone, Serialize)]
pub struct Cell {
    /// The name in the API of the SaaS.
    pub name: String,
    /// The label for people.
    pub label: Words,
    /// The value as a person behind the gateway sees it.
    pub seen: String,
    /// The characters that the SaaS holds.
    pub held: String,
}

impl Cell {
    /// Whether the SaaS holds something else than what a person sees.
    pub fn is_protected(&self) -> bool {
        self.seen != self.held
    }
}

/// Says the lengths, never the value.
impl fmt::Debug for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cell")
            .field("name", &self.name)
            .field("seen", &format_args!("‹{} bytes›", self.seen.len()))
            .field("held", &format_args!("‹{} bytes›", self.held.len()))
            .finish_non_exhaustive()
    }
}
