//! What every connection shares, and what a reload replaces.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use border::Border;
use tokio_util::sync::CancellationToken;

use crate::authority::Authority;
use crate::budget::Budget;
use crate::counters::Counters;
use crate::executor::Tracked;
use crate::home::Home;
use crate::reference::References;
use crate::settings::{Settings, SettingsError};
use crate::upstream::Upstream;

/// What every connection shares.
pub struct Shared {
    border: ArcSwap<Border>,
    upstream: ArcSwap<Upstream>,
    authority: Arc<Authority>,
    home: Arc<dyn Home>,
    counters: Counters,
    budget: Arc<Budget>,
    references: References,
    executor: Tracked,
    own: Vec<SocketAddr>,
    pub(crate) stopping: CancellationToken,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        own: Vec<SocketAddr>,
        border: Arc<Border>,
        authority: Arc<Authority>,
        home: Arc<dyn Home>,
    ) -> Result<Self, SettingsError> {
        let executor = Tracked::default();
        let budget = Budget::new(settings.held);
        let upstream = Upstream::new(Arc::new(settings), own.clone(), executor.clone())?;
        Ok(Self {
            border: ArcSwap::new(border),
            upstream: ArcSwap::from_pointee(upstream),
            authority,
            home,
            counters: Counters::default(),
            budget,
            references: References::default(),
            executor,
            own,
            stopping: CancellationToken::new(),
        })
    }

    /// Puts a new plan in force. Exchanges under way keep the one they began with.
    pub fn reload(&self, border: Arc<Border>) {
        self.border.store(border);
    }

    /// Puts new settings in force; connections under way keep theirs, and the listening address stays.
    ///
    /// # Errors
    /// Where a setting cannot be used; then the former ones stay.
    pub fn reconfigure(&self, settings: Settings) -> Result<(), SettingsError> {
        let limit = settings.held;
        let upstream = Upstream::new(Arc::new(settings), self.own.clone(), self.executor.clone())?;
        self.upstream.store(Arc::new(upstream));
        self.budget.set_limit(limit);
        Ok(())
    }

    /// The plan in force.
    #[must_use]
    pub fn border(&self) -> Arc<Border> {
        self.border.load_full()
    }

    /// The TLS authority.
    #[must_use]
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// What happened how often.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Bytes that all exchanges hold at the moment.
    #[must_use]
    pub fn held(&self) -> usize {
        self.budget.used()
    }

    pub(crate) fn is_app(&self, host: &str) -> bool {
        self.border.load().serves(host)
    }

    pub(crate) fn upstream(&self) -> Arc<Upstream> {
        self.upstream.load_full()
    }

    pub(crate) fn plan(&self) -> arc_swap::Guard<Arc<Border>> {
        self.border.load()
    }

    pub(crate) fn home(&self) -> &Arc<dyn Home> {
        &self.home
    }

    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    pub(crate) fn references(&self) -> &References {
        &self.references
    }

    pub(crate) fn executor(&self) -> &Tracked {
        &self.executor
    }
}
