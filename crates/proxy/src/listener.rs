//! The listener: accepts clients, no more than it may, and drains them when the process is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use border::Border;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::authority::Authority;
use crate::front;
use crate::home::Home;
use crate::settings::{Settings, SettingsError};
use crate::shared::Shared;

/// How often unused connections to origins are looked through.
const SWEEP: Duration = Duration::from_secs(10);
/// After an error of accept(2), which is a want of descriptors or memory: others must end first.
const BREATH: Duration = Duration::from_millis(50);

/// The proxy, listening.
#[derive(Debug)]
pub struct Proxy {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Checks the settings and listens.
    ///
    /// # Errors
    /// Where a setting cannot be used.
    pub async fn bind(
        settings: Settings,
        border: Arc<Border>,
        authority: Arc<Authority>,
        home: Arc<dyn Home>,
    ) -> Result<Self, SettingsError> {
        let wanted = settings.listen;
        let failed = |source| SettingsError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut own = settings.own.clone();
        own.push(address);
        let shared = Arc::new(Shared::new(settings, own, border, authority, home)?);
        Ok(Self {
            listener,
            address,
            shared,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What its connections share: for reloads and counts.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Serves until `stop` is cancelled, then ends what is under way, in the time that is set for that.
    ///
    /// # Cancel safety
    /// Dropped, it stops accepting; clients under way are told to end.
    pub async fn run(self, stop: CancellationToken) {
        let Self {
            listener, shared, ..
        } = self;
        // Dropping this future must stop the clients too.
        let stopping = shared.stopping.clone();
        let _stop_clients = stopping.clone().drop_guard();
        let settings = Arc::clone(shared.upstream().settings());
        let places = Arc::new(Semaphore::new(settings.connections));
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let accept = async {
                // The place before the client: beyond the most, clients wait in the listener's queue.
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            };
            tokio::select! {
                () = stop.cancelled() => break,
                _ = sweep.tick() => shared.upstream().sweep().await,
                (place, accepted) = accept => match accepted {
                    Ok((stream, _)) => {
                        shared.counters().clients.add();
                        let serving = front::client(Arc::clone(&shared), stream);
                        shared.executor().spawn(async move {
                            serving.await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a client");
                        tokio::time::sleep(BREATH).await;
                    }
                },
            }
        }
        drop(listener);
        stopping.cancel();
        shared.upstream().close();
        if tokio::time::timeout(settings.timeouts.shutdown, shared.executor().ended())
            .await
            .is_err()
        {
            tracing::info!("connections were still open after the time to end them");
        }
    }
}
