//! A changed policy or settings file takes effect by itself; a bad one leaves the plan in force (I14).

use std::sync::Arc;
use std::time::Duration;

use miette::IntoDiagnostic as _;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::gateway::Gateway;

/// An editor writes a file in several steps: how long nothing must have changed before it is read.
const QUIET: Duration = Duration::from_millis(200);

/// Watches the files of a gateway until the watcher is dropped.
///
/// # Errors
/// The system does not let us watch.
pub fn watch(gateway: Arc<Gateway>) -> miette::Result<RecommendedWatcher> {
    let (changed, mut changes) = tokio::sync::mpsc::channel::<()>(1);
    let watched = Arc::clone(&gateway);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerns = event.as_ref().map_or(true, |event| {
            !event.kind.is_access() && event.paths.iter().any(|file| watched.concerns(file))
        });
        if concerns {
            // A full channel already says that something changed.
            let _ = changed.try_send(());
        }
    })
    .into_diagnostic()?;
    for path in gateway.watched() {
        if path.exists() {
            watcher
                .watch(&path, RecursiveMode::NonRecursive)
                .into_diagnostic()?;
        }
    }
    tokio::spawn(async move {
        while changes.recv().await.is_some() {
            while tokio::time::timeout(QUIET, changes.recv())
                .await
                .is_ok_and(|change| change.is_some())
            {}
            gateway.reload_if_changed().await;
        }
    });
    Ok(watcher)
}
