//! An origin and the connections that stand to it: unused HTTP/1.1 ones, and one shared HTTP/2 one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;

use super::connect::{Connector, Offer};
use super::http1::{Http1, Limits};
use super::{Stream, UpstreamError};
use crate::counters::Counters;
use crate::executor::Tracked;
use crate::host::Target;
use crate::message::Outgoing;
use crate::settings::Settings;

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 9112.
    Http1,
    /// RFC 9113.
    Http2,
}

/// A connection to send a request on.
#[derive(Debug)]
pub enum Channel {
    /// One of its own; given back after the answer's end. `used` before means it may be stale.
    Http1 {
        /// The connection.
        connection: Box<Http1>,
        /// Whether it has carried a request before, or waited unused.
        used: bool,
    },
    /// A share of one.
    Http2(http2::SendRequest<Outgoing>),
}

/// One origin: a target, by TLS or not.
#[derive(Debug)]
pub struct Origin {
    target: Target,
    secure: bool,
    is_app: bool,
    unused: Mutex<Vec<Unused>>,
    shared: Mutex<Option<http2::SendRequest<Outgoing>>>,
    /// One at a time opens what all can share.
    opening: tokio::sync::Mutex<()>,
    refuses_http1: AtomicBool,
    refuses_http2: AtomicBool,
}

#[derive(Debug)]
struct Unused {
    connection: Box<Http1>,
    since: Instant,
}

impl Origin {
    pub(super) fn new(target: Target, secure: bool, is_app: bool) -> Self {
        Self {
            target,
            secure,
            is_app,
            unused: Mutex::default(),
            shared: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            refuses_http1: AtomicBool::new(false),
            // Without TLS nothing negotiates HTTP/2.
            refuses_http2: AtomicBool::new(!secure),
        }
    }

    /// Whom it is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether it is reached by TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The protocol a client that speaks both is offered first.
    pub fn prefers(&self) -> Protocol {
        if self.refuses_http2.load(Ordering::Relaxed) {
            Protocol::Http1
        } else {
            Protocol::Http2
        }
    }

    /// Takes a standing connection for a request in this protocol, if there is one.
    pub async fn take(&self, protocol: Protocol) -> Option<Channel> {
        match protocol {
            Protocol::Http1 => loop {
                let mut unused = lock(&self.unused).pop()?;
                if unused.connection.still_stands().await {
                    return Some(Channel::Http1 {
                        connection: unused.connection,
                        used: true,
                    });
                }
            },
            Protocol::Http2 => {
                let mut shared = lock(&self.shared);
                if shared.as_ref().is_some_and(http2::SendRequest::is_closed) {
                    *shared = None;
                }
                shared.clone().map(Channel::Http2)
            }
        }
    }

    /// Gives a connection back whose last answer ended and that is ready for another.
    pub fn give_back(&self, connection: Box<Http1>, most: usize) {
        let mut unused = lock(&self.unused);
        if unused.len() < most {
            unused.push(Unused {
                connection,
                since: Instant::now(),
            });
        }
    }

    /// Makes sure that a verified connection stands, so that a leaf may be minted.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn verify(&self, upstream: &Upstreaming<'_>) -> Result<(), UpstreamError> {
        if let Some(Channel::Http1 { connection, .. }) = self.take(Protocol::Http1).await {
            self.give_back(connection, upstream.settings.idle_upstream);
            return Ok(());
        }
        if self.take(Protocol::Http2).await.is_some() {
            return Ok(());
        }
        match self.open(Offer::Both, upstream).await? {
            Channel::Http1 { connection, .. } => {
                self.give_back(connection, upstream.settings.idle_upstream)
            }
            Channel::Http2(_) => {}
        }
        Ok(())
    }

    /// A connection for a request of a client that speaks `protocol`: a standing one, or a new one in the client's
    /// protocol, or, where the origin refuses that, one in the other.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn channel(
        &self,
        protocol: Protocol,
        upstream: &Upstreaming<'_>,
    ) -> Result<Channel, UpstreamError> {
        let protocol = match protocol {
            Protocol::Http1 if self.refuses_http1.load(Ordering::Relaxed) => Protocol::Http2,
            Protocol::Http2 if self.refuses_http2.load(Ordering::Relaxed) => Protocol::Http1,
            same => same,
        };
        if let Some(channel) = self.take(protocol).await {
            return Ok(channel);
        }
        // Boxed: a handshake takes much more room than finding a connection that stands.
        Box::pin(self.open_for(protocol, upstream)).await
    }

    async fn open_for(
        &self,
        protocol: Protocol,
        upstream: &Upstreaming<'_>,
    ) -> Result<Channel, UpstreamError> {
        match protocol {
            Protocol::Http1 => match self.open(Offer::Http1, upstream).await {
                Err(UpstreamError::Alert(rustls::AlertDescription::NoApplicationProtocol)) => {
                    self.refuses_http1.store(true, Ordering::Relaxed);
                    self.shared_channel(upstream).await
                }
                result => result,
            },
            Protocol::Http2 => self.shared_channel(upstream).await,
        }
    }

    /// A new HTTP/1.1 connection, for what only that can carry.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn own_http1(&self, upstream: &Upstreaming<'_>) -> Result<Box<Http1>, UpstreamError> {
        match self.open(Offer::Http1, upstream).await? {
            Channel::Http1 { connection, .. } => Ok(connection),
            Channel::Http2(_) => Err(UpstreamError::Alert(
                rustls::AlertDescription::NoApplicationProtocol,
            )),
        }
    }

    async fn shared_channel(&self, upstream: &Upstreaming<'_>) -> Result<Channel, UpstreamError> {
        let _one = self.opening.lock().await;
        if let Some(channel) = self.take(Protocol::Http2).await {
            return Ok(channel);
        }
        self.open(Offer::Both, upstream).await
    }

    async fn open(
        &self,
        offer: Offer,
        upstream: &Upstreaming<'_>,
    ) -> Result<Channel, UpstreamError> {
        super::counted(self.make(offer, upstream).await, upstream.counters)
    }

    async fn make(
        &self,
        offer: Offer,
        upstream: &Upstreaming<'_>,
    ) -> Result<Channel, UpstreamError> {
        let settings = upstream.settings;
        let (stream, protocol) = if self.secure {
            let stream = upstream
                .connector
                .connect_secure(&self.target, self.is_app, offer)
                .await?;
            let protocol = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                _ => Protocol::Http1,
            };
            (Stream::Secure(Box::new(stream)), protocol)
        } else {
            (
                Stream::Plain(
                    upstream
                        .connector
                        .connect(&self.target, self.is_app)
                        .await?,
                ),
                Protocol::Http1,
            )
        };
        if self.secure && offer == Offer::Both {
            self.refuses_http2
                .store(protocol == Protocol::Http1, Ordering::Relaxed);
        }
        match protocol {
            Protocol::Http1 => {
                let limits = Limits {
                    buffer: super::BUFFER,
                    head: settings.head,
                    fields: settings.fields,
                };
                let connection = Http1::begin(stream, limits)
                    .await
                    .map_err(UpstreamError::Http)?;
                Ok(Channel::Http1 {
                    connection,
                    used: false,
                })
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::Builder::new(upstream.executor.clone())
                    .initial_stream_window_size(settings.stream_window)
                    .initial_connection_window_size(settings.connection_window)
                    .max_header_list_size(u32::try_from(settings.head).unwrap_or(u32::MAX))
                    .handshake(TokioIo::new(stream))
                    .await
                    .map_err(UpstreamError::Http)?;
                upstream.executor.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "an HTTP/2 connection to an origin ended");
                    }
                });
                *lock(&self.shared) = Some(sender.clone());
                Ok(Channel::Http2(sender))
            }
        }
    }

    /// Lets go of every connection nobody uses.
    pub(super) fn close(&self) {
        lock(&self.unused).clear();
        lock(&self.shared).take();
    }

    /// Closes what stood unused for longer than `longest`, or does not stand any more. Whether anything is left.
    pub(super) async fn sweep(&self, longest: Duration) -> bool {
        let unused = std::mem::take(&mut *lock(&self.unused));
        let mut kept = Vec::with_capacity(unused.len());
        for mut entry in unused {
            if entry.since.elapsed() < longest && entry.connection.still_stands().await {
                kept.push(entry);
            }
        }
        let mut unused = lock(&self.unused);
        // What was given back meanwhile was used later: it goes on top.
        kept.append(&mut unused);
        *unused = kept;
        let any = !unused.is_empty();
        drop(unused);
        let mut shared = lock(&self.shared);
        if shared.as_ref().is_some_and(http2::SendRequest::is_closed) {
            *shared = None;
        }
        any || shared.is_some()
    }
}

/// What opening a connection needs.
pub struct Upstreaming<'a> {
    /// Makes connections.
    pub connector: &'a Connector,
    /// Runs shared ones.
    pub executor: &'a Tracked,
    /// Their bounds.
    pub settings: &'a Settings,
    /// Where they are counted.
    pub counters: &'a Counters,
}

impl std::fmt::Debug for Upstreaming<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstreaming").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
