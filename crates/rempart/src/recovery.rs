//! A gateway whose root of trust is away: it listens, refuses everything on app hosts, and opens its keys by itself as
//! soon as the root is back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use console::Words;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::keyring::Closed;

/// How long after the first failure the root is asked again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two questions: an operator who brings a root back does not wait longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Whether the keys are locked, and why.
#[derive(Debug, Default)]
pub struct Lock {
    why: Mutex<Option<String>>,
    mended: Notify,
}

impl Lock {
    /// The keys are locked, for this reason.
    pub fn shut(&self, why: String) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// The keys are at hand.
    pub fn open(&self) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Why the keys are locked; nothing where they are not.
    pub fn why(&self) -> Option<String> {
        self.why
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Something changed that the root may have been waiting for: it is asked again at once.
    pub fn mended(&self) {
        self.mended.notify_one();
    }

    /// What the console says of it.
    pub fn warning(&self) -> Option<Words> {
        let why = self.why()?;
        Some(Words::new(
            format!(
                "Les clés sont verrouillées : tout est refusé sur les hôtes des applications. La racine de confiance ne répond pas ({why})."
            ),
            format!(
                "The keys are locked: everything on app hosts is refused. The root of trust does not answer ({why})."
            ),
        ))
    }
}

/// Asks the root again and again until it answers, and puts the keys in force; ends then, or with the gateway.
pub async fn recover(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut pause = Some(FIRST_PAUSE);
    while let Some(before) = gateway.lock().why() {
        tokio::select! {
            () = stop.cancelled() => return,
            () = gateway.lock().mended.notified() => pause = Some(FIRST_PAUSE),
            () = waited(pause) => {}
        }
        match gateway.unlock().await {
            Ok(()) => {
                gateway.reload().await;
                tracing::info!("the root of trust answers: the keys are open");
                gateway.unlocked().await;
            }
            Err(Closed::Away(error)) => {
                let why = told(&error);
                if why == before {
                    tracing::debug!(why, "the root of trust is still away");
                } else {
                    tracing::warn!(why, "the root of trust is still away, for another reason");
                }
                gateway.lock().shut(why);
                pause = pause.map(|pause| (pause * 2).min(LONGEST_PAUSE));
            }
            Err(Closed::Wrong(error)) => {
                let why = told(&error);
                tracing::error!(
                    why,
                    "the root of trust answers and the keys do not open: mend it, then send SIGHUP or restart"
                );
                gateway.lock().shut(why);
                // To try again what is wrong helps nobody, and locks a token that counts its wrong PINs.
                pause = None;
            }
        }
    }
}

/// For ever without a pause.
async fn waited(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

/// An error with its causes in one line.
pub fn told(error: &miette::Report) -> String {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    chain.join(": ")
}
