//! A blind tunnel: bytes untouched, nothing minted (I6).
//!
//! Before the client's first bytes go on they are looked at ([`peek`]): a ClientHello or a plaintext request that
//! names an app's host, inside a tunnel to another, would pass the app's policy by, and is refused. The origin's
//! bytes go to the client from the start, so that protocols in which the server speaks first work.
//!
//! What is not seen: names inside TLS (a `Host` that differs from the name of its ClientHello, a ClientHello that is
//! itself encrypted), and later requests of a plaintext connection.

mod peek;
mod splice;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use peek::Peek;
pub use peek::Peeked;

/// How a tunnel ended.
#[derive(Debug)]
pub enum Ended {
    /// Both sides were done, or one went away.
    Closed,
    /// Nothing moved for too long.
    Idle,
    /// The client's first bytes named an app's host, or could not be read in time.
    Refused(Peeked),
}

/// How long a tunnel may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the first bytes to say what they are, once they have begun.
    pub peek: Duration,
    /// For any bytes at all.
    pub idle: Duration,
}

/// Joins client and origin until both are done. `early` is what the client sent with its `CONNECT`; `is_app` says
/// whether a name is an app's host.
pub async fn run<F>(
    client: TcpStream,
    origin: TcpStream,
    early: Bytes,
    patience: Patience,
    is_app: F,
) -> Ended
where
    F: Fn(&str) -> bool + Send + Sync,
{
    let watch = Watch::new();
    // Both halves are needed in both directions: splice works on shared references.
    let (client, origin) = (&client, &origin);
    let outward = async {
        match look(client, early, patience, &watch, is_app).await {
            Ok(Looked::Clean(first)) => {
                let written = write_all(origin, &first).await;
                drop(first);
                match written {
                    Ok(()) => splice::pump(client, origin, &watch, Direction::Outward)
                        .await
                        .map(|()| None),
                    Err(error) => Err(error),
                }
            }
            Ok(Looked::Named(named)) => Ok(Some(named)),
            Err(error) => Err(error),
        }
    };
    let inward = splice::pump(origin, client, &watch, Direction::Inward);
    tokio::pin!(outward, inward);
    let (mut out_done, mut in_done) = (false, false);
    while !(out_done && in_done) {
        tokio::select! {
            result = &mut outward, if !out_done => match result {
                Ok(None) => out_done = true,
                Ok(Some(named)) => {
                    if watch.origin_was_silent() {
                        // Best effort: whoever is refused may read why.
                        let _ = timeout(patience.peek, write_all(client, named.farewell())).await;
                    }
                    return Ended::Refused(named);
                }
                Err(_) => return Ended::Closed,
            },
            result = &mut inward, if !in_done => match result {
                Ok(()) => in_done = true,
                Err(_) => return Ended::Closed,
            },
            () = watch.idle(patience.idle) => return Ended::Idle,
        }
    }
    Ended::Closed
}

/// Joins any two streams until both are done, for what was upgraded.
pub async fn join<A, B>(a: &mut A, b: &mut B, idle: Duration) -> Ended
where
    A: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    B: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let watch = Watch::new();
    let (mut a_read, mut a_write) = tokio::io::split(a);
    let (mut b_read, mut b_write) = tokio::io::split(b);
    let both = async {
        tokio::try_join!(
            copy(&mut a_read, &mut b_write, &watch),
            copy(&mut b_read, &mut a_write, &watch)
        )
    };
    tokio::select! {
        _ = both => Ended::Closed,
        () = watch.idle(idle) => Ended::Idle,
    }
}

async fn copy<R, W>(from: &mut R, to: &mut W, watch: &Watch) -> io::Result<()>
where
    R: tokio::io::AsyncRead + Unpin,
    W: tokio::io::AsyncWrite + Unpin,
{
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return to.shutdown().await;
        };
        watch.moved(Direction::Outward);
        to.write_all(bytes).await?;
        to.flush().await?;
    }
}

enum Looked {
    Clean(Vec<u8>),
    Named(Peeked),
}

/// Reads until the client's first bytes say what they are.
async fn look<F>(
    client: &TcpStream,
    early: Bytes,
    patience: Patience,
    watch: &Watch,
    is_app: F,
) -> io::Result<Looked>
where
    F: Fn(&str) -> bool,
{
    let mut peek = Peek::default();
    let mut step = peek.push(&early, &is_app);
    let mut deadline = (!early.is_empty()).then(|| Instant::now() + patience.peek);
    let mut buffer = [0_u8; 4096];
    loop {
        match step {
            Peeked::Clean => return Ok(Looked::Clean(peek.into_bytes())),
            Peeked::More => {}
            named => return Ok(Looked::Named(named)),
        }
        match deadline {
            None => client.readable().await?,
            Some(deadline) => match tokio::time::timeout_at(deadline, client.readable()).await {
                Ok(readable) => readable?,
                Err(_) => return Ok(Looked::Named(Peeked::Unread)),
            },
        }
        match client.try_read(&mut buffer) {
            // The client is done before it said what it is; what it said cannot be a name.
            Ok(0) => return Ok(Looked::Clean(peek.into_bytes())),
            Ok(read) => {
                watch.moved(Direction::Outward);
                deadline.get_or_insert_with(|| Instant::now() + patience.peek);
                step = peek.push(buffer.get(..read).unwrap_or_default(), &is_app);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write_all(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// When bytes last moved, in a form both directions can set.
#[derive(Debug)]
pub struct Watch {
    begun: Instant,
    last: AtomicU64,
    origin_spoke: AtomicBool,
}

/// Which way bytes moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the origin.
    Outward,
    /// To the client.
    Inward,
}

impl Watch {
    /// Begins to watch.
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            last: AtomicU64::new(0),
            origin_spoke: AtomicBool::new(false),
        }
    }

    /// Bytes moved.
    pub fn moved(&self, direction: Direction) {
        if direction == Direction::Inward {
            self.origin_spoke.store(true, Ordering::Relaxed);
        }
        let since = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(since, Ordering::Relaxed);
    }

    fn origin_was_silent(&self) -> bool {
        !self.origin_spoke.load(Ordering::Relaxed)
    }

    /// Ends when nothing has moved for so long. Wakes once in that time, not with every byte.
    pub async fn idle(&self, longest: Duration) {
        loop {
            let due =
                self.begun + Duration::from_millis(self.last.load(Ordering::Relaxed)) + longest;
            if due <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }
}
