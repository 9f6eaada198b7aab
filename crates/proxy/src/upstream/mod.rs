//! The upstream side: who the origins are, and the connections that stand to them.

mod connect;
mod error;
mod http1;
mod origin;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;

use dashmap::DashMap;
use tokio::net::TcpStream;

pub use error::UpstreamError;
pub use http1::Http1;
pub use origin::{Channel, Origin, Protocol};
pub use stream::Stream;

use connect::Connector;
use origin::Upstreaming;

use crate::counters::Counters;
use crate::executor::Tracked;
use crate::host::Target;
use crate::settings::{Settings, SettingsError};

/// The most one HTTP/1.1 connection buffers, each way.
pub(crate) const BUFFER: usize = 128 << 10;

/// All origins, and how to reach them. Replaced whole when the settings change.
#[derive(Debug)]
pub struct Upstream {
    connector: Connector,
    settings: Arc<Settings>,
    executor: Tracked,
    origins: DashMap<(Target, bool), Arc<Origin>>,
}

impl Upstream {
    /// Checks the settings. `own` are this process's listeners.
    ///
    /// # Errors
    /// Where a resolution or a root cannot be read.
    pub fn new(
        settings: Arc<Settings>,
        own: Vec<SocketAddr>,
        executor: Tracked,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            connector: Connector::new(&settings, own)?,
            settings,
            executor,
            origins: DashMap::new(),
        })
    }

    /// The settings it was made from.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// The origin of a target.
    pub fn origin(&self, target: &Target, secure: bool, is_app: bool) -> Arc<Origin> {
        let origin = self
            .origins
            .entry((target.clone(), secure))
            .or_insert_with(|| Arc::new(Origin::new(target.clone(), secure, is_app)));
        Arc::clone(&origin)
    }

    /// A bare connection, for a tunnel.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub async fn connect(
        &self,
        target: &Target,
        counters: &Counters,
    ) -> Result<TcpStream, UpstreamError> {
        counted(self.connector.connect(target, false).await, counters)
    }

    /// Makes sure that a verified connection to the origin stands.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn verify(&self, origin: &Origin, counters: &Counters) -> Result<(), UpstreamError> {
        origin.verify(&self.upstreaming(counters)).await
    }

    /// A connection for a request of a client that speaks `protocol`.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn channel(
        &self,
        origin: &Origin,
        protocol: Protocol,
        counters: &Counters,
    ) -> Result<Channel, UpstreamError> {
        origin.channel(protocol, &self.upstreaming(counters)).await
    }

    /// A new HTTP/1.1 connection of its own.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn own_http1(
        &self,
        origin: &Origin,
        counters: &Counters,
    ) -> Result<Box<Http1>, UpstreamError> {
        origin.own_http1(&self.upstreaming(counters)).await
    }

    /// Closes what is not used any more and forgets origins nobody holds.
    pub async fn sweep(&self) {
        // Collected first: no shard may stay locked while a connection is closed.
        let origins: Vec<_> = self
            .origins
            .iter()
            .map(|entry| (entry.key().clone(), Arc::clone(entry.value())))
            .collect();
        for (key, origin) in origins {
            if origin.sweep(self.settings.timeouts.unused).await {
                continue;
            }
            // Held here and in the map: nobody else has it.
            self.origins
                .remove_if(&key, |_, kept| Arc::strong_count(kept) == 2);
            drop(origin);
        }
    }

    /// Lets go of every connection nobody uses; those in use end with their last answer.
    pub fn close(&self) {
        self.origins.retain(|_, origin| {
            origin.close();
            false
        });
    }

    fn upstreaming<'a>(&'a self, counters: &'a Counters) -> Upstreaming<'a> {
        Upstreaming {
            counters,
            connector: &self.connector,
            executor: &self.executor,
            settings: &self.settings,
        }
    }
}

/// Counts whether a connection was made.
fn counted<T>(result: Result<T, UpstreamError>, counters: &Counters) -> Result<T, UpstreamError> {
    match &result {
        Ok(_) => counters.connected.add(),
        Err(UpstreamError::Guarded { .. }) => counters.guarded.add(),
        Err(_) => counters.unreachable.add(),
    }
    result
}
