//! What the console shows of this gateway.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use console::{Answer, App, Counters, Crossing, Demo, Record, Status, Unseen, View, Words};
use proxy::Shared;

use crate::demo::Sides;
use crate::keeper::Keeper;
use crate::recovery::Lock;

/// The gateway as the console sees it.
pub struct Gateway {
    /// What the wire shares: the plan in force and its counters.
    pub shared: Arc<Shared>,
    /// What crossed lately.
    pub keeper: Keeper,
    /// Where the proxy listens.
    pub proxy: SocketAddr,
    /// Where the console listens.
    pub console: SocketAddr,
    /// The root certificate's file.
    pub root_path: PathBuf,
    /// The root certificate.
    pub root_pem: String,
    /// What somebody should look at.
    pub warnings: Arc<Mutex<Vec<Words>>>,
    /// Whether the keys are locked.
    pub lock: Arc<Lock>,
    /// The practice SaaS and its two sides.
    pub demo: Option<(Demo, Arc<Sides>)>,
}

impl View for Gateway {
    fn status(&self) -> Status {
        let border = self.shared.border();
        let apps = border.plan().apps.iter().map(|app| App {
            id: app.id.clone(),
            title: app.title.clone(),
            operator: app
                .operator
                .as_ref()
                .map(|operator| operator.name.clone())
                .unwrap_or_default(),
            jurisdiction: app
                .operator
                .as_ref()
                .map(|operator| operator.jurisdiction.clone())
                .unwrap_or_default(),
            hosts: app.hosts.iter().map(ToString::to_string).collect(),
            fields: app.fields.len(),
            routes: app.routes.len(),
        });
        let seen = self.keeper.seen();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            proxy: self.proxy,
            console: self.console,
            root_path: self.root_path.clone(),
            root_pem: self.root_pem.clone(),
            apps: apps.collect(),
            counters: Counters {
                requests: self.shared.counters().exchanges.get(),
                protected: seen.protected,
                revealed: seen.revealed,
                refused: self.shared.counters().refused.get(),
                tunnels: self.shared.counters().tunnels.get(),
            },
            crossings: seen.latest.into_iter().map(crossing).collect(),
            warnings: self
                .lock
                .warning()
                .into_iter()
                .chain(
                    self.warnings
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .iter()
                        .cloned(),
                )
                .collect(),
            demo: self.demo.as_ref().map(|(demo, _)| demo.clone()),
        }
    }

    fn side_by_side(&self) -> Answer<'_, Result<Vec<Record>, Unseen>> {
        Box::pin(async {
            match &self.demo {
                Some((_, sides)) => sides.records().await,
                None => Ok(Vec::new()),
            }
        })
    }
}

/// A journal's entry as the page shows it.
fn crossing(entry: journal::Entry) -> Crossing {
    let total = |counts: &[journal::Count]| counts.iter().map(|count| u64::from(count.count)).sum();
    let route = entry
        .route
        .as_deref()
        .and_then(|route| route.split_once(' '));
    Crossing {
        protected: total(&entry.protected),
        revealed: total(&entry.revealed),
        refused: match &entry.outcome {
            journal::Outcome::Refused { code } => Some(code.clone()),
            _ => None,
        },
        method: route.map_or_else(String::new, |(method, _)| method.to_owned()),
        route: route.map(|(_, template)| template.to_owned()),
        at: entry.time,
        app: entry.app,
        reference: entry.reference,
    }
}
