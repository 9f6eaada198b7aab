//! What the wire may be told. Plain data: the command reads it, [`crate::Proxy::bind`] checks it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The wire's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the proxy listens.
    pub listen: SocketAddr,
    /// Where else this process listens (the console): never a destination.
    pub own: Vec<SocketAddr>,
    /// Where a destination really is: `host:port` → `address:port`. Serves tunnels too.
    pub resolve: HashMap<String, String>,
    /// Roots that origins may be signed by besides the system's, as PEM.
    pub extra_roots: Vec<String>,
    /// What happens to hosts of no app.
    pub outside: Outside,
    /// The most that all exchanges together may hold; beyond it new work gets `503`.
    pub held: usize,
    /// The most clients at the same time; further ones wait in the listener's queue.
    pub connections: usize,
    /// The most bytes of a head, both ways.
    pub head: usize,
    /// The most header fields of a head, both ways.
    pub fields: usize,
    /// The most requests of one HTTP/2 client at the same time.
    pub streams: u32,
    /// What one HTTP/2 stream may have in flight, each way.
    pub stream_window: u32,
    /// What one HTTP/2 connection may have in flight, each way.
    pub connection_window: u32,
    /// The most unused connections kept to one origin.
    pub idle_upstream: usize,
    /// The most that is read and thrown away of a body that was refused.
    pub drain: usize,
    /// How long a peer is waited for.
    pub timeouts: Timeouts,
}

/// What happens to a host of no app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// A blind tunnel.
    Allow,
    /// Refused.
    Block,
}

/// How long a peer is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a client's next head; an idle client is closed after it.
    pub head: Duration,
    /// For a TLS handshake, and for the first bytes of a tunnel to say what they are.
    pub handshake: Duration,
    /// For a name to resolve and a connection to stand, TLS included.
    pub connect: Duration,
    /// For an origin's answer to begin.
    pub answer: Duration,
    /// For the next bytes of a body that has begun.
    pub body: Duration,
    /// For a `100 Continue`, after which the body is sent anyway (RFC 9110 §10.1.1).
    pub proceed: Duration,
    /// For bytes in either direction of a tunnel or an upgraded connection.
    pub tunnel: Duration,
    /// For an unused connection to an origin to be used again.
    pub unused: Duration,
    /// For refused bodies to be thrown away.
    pub drain: Duration,
    /// For what is under way to end when the process is told to.
    pub shutdown: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7480)),
            own: Vec::new(),
            resolve: HashMap::new(),
            extra_roots: Vec::new(),
            outside: Outside::Allow,
            held: 256 << 20,
            connections: 16_384,
            head: 64 << 10,
            fields: 128,
            streams: 128,
            stream_window: 1 << 20,
            connection_window: 4 << 20,
            idle_upstream: 32,
            drain: 16 << 20,
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(75),
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(15),
            answer: Duration::from_secs(300),
            body: Duration::from_secs(300),
            proceed: Duration::from_secs(1),
            tunnel: Duration::from_secs(3600),
            unused: Duration::from_secs(55),
            drain: Duration::from_secs(10),
            shutdown: Duration::from_secs(10),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A key of `resolve` is not a host and a port.
    #[error("resolve: {0:?} is not host:port")]
    ResolveHost(String),
    /// A value of `resolve` is not an address and a port.
    #[error("resolve: {0:?} is not address:port")]
    ResolveAddress(String),
    /// A root is not a certificate.
    #[error("extra_roots: entry {0} holds no PEM certificate")]
    Root(usize),
    /// The roots were not accepted.
    #[error("extra_roots were not accepted")]
    Roots(#[source] rustls::Error),
    /// The listening address cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}
