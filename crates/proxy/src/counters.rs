//! What happened how often. No names, no values.

use std::sync::atomic::{AtomicU64, Ordering};

/// One count.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The count so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The wire's counts since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Clients accepted.
    pub clients: Count,
    /// Blind tunnels opened.
    pub tunnels: Count,
    /// Tunnels closed because their first bytes named an app's host.
    pub tunnels_refused: Count,
    /// Connections intercepted.
    pub intercepted: Count,
    /// Requests that entered the border.
    pub exchanges: Count,
    /// Requests refused on an app's host.
    pub refused: Count,
    /// Requests whose host did not agree with their tunnel.
    pub misdirected: Count,
    /// Connections made to origins.
    pub connected: Count,
    /// Connections to origins that could not be made or verified.
    pub unreachable: Count,
    /// Destinations the guard refused.
    pub guarded: Count,
}
