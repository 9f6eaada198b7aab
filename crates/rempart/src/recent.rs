//! What `stable` fields were last revealed as: at hand at once, and in the vault a moment later.
//!
//! A page is remembered while it is shown, and whoever edits it may send it back before the vault has written: the
//! latest memories are kept here too. A crash may lose the last of them; their values then get new tokens.

use std::sync::Arc;

use moka::sync::Cache;
use tokio::sync::mpsc;
use vault::{Stable, Vault};

/// Bytes of the latest memories that are at hand.
const AT_HAND: u64 = 32 << 20;

/// How many may wait for the vault, each at most 64 KiB; what comes beyond is at hand only.
const QUEUE: usize = 1024;

/// How many are written at once.
const BATCH: usize = 256;

/// The latest memories.
#[derive(Debug, Clone)]
pub struct Recent {
    at_hand: Cache<(String, [u8; 20]), Arc<[u8]>>,
    queue: mpsc::Sender<Stable>,
}

impl Recent {
    /// The latest memories of this vault, with a task that writes them there. It ends when the last clone is dropped.
    pub fn new(vault: Arc<Vault>) -> Self {
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                if let Err(error) = vault.remember(std::mem::take(&mut batch)).await {
                    tracing::warn!(%error, "the vault did not remember what was revealed");
                }
            }
        });
        Self {
            at_hand: Cache::builder()
                .max_capacity(AT_HAND)
                .weigher(|name: &(String, [u8; 20]), sealed: &Arc<[u8]>| {
                    u32::try_from(name.0.len() + 64 + sealed.len()).unwrap_or(u32::MAX)
                })
                .build(),
            queue,
        }
    }

    /// Remembers. Never blocks.
    pub fn remember(&self, stable: Stable) {
        let name = (stable.app.clone(), stable.name);
        self.at_hand.insert(name, stable.sealed.as_slice().into());
        // A full queue costs a new token later, which is what a lost memory costs.
        let _ = self.queue.try_send(stable);
    }

    /// What is at hand under a name.
    pub fn recall(&self, name: &(String, [u8; 20])) -> Option<Vec<u8>> {
        self.at_hand.get(name).map(|sealed| sealed.to_vec())
    }
}
