//! What every TCP connection is told before it is used.

use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;

/// An unused connection is asked after this long whether its peer is still there.
const ASKED_AFTER: Duration = Duration::from_secs(60);
/// A peer that acknowledges nothing for this long is gone (RFC 5482).
#[cfg(target_os = "linux")]
const GONE_AFTER: Duration = Duration::from_secs(90);

/// Small messages leave at once, and a peer that vanished is found out even where nothing else waits for it.
pub fn prepare(stream: &TcpStream) {
    // A connection serves without these too.
    let _ = stream.set_nodelay(true);
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, ASKED_AFTER);
    #[cfg(target_os = "linux")]
    if let Ok(milliseconds) = u32::try_from(GONE_AFTER.as_millis()) {
        let _ = sockopt::set_tcp_user_timeout(stream, milliseconds);
    }
}
