//! Bytes from one socket to another without passing through this process: splice(2) by way of a pipe on Linux, a
//! buffer elsewhere and where no pipe can be had.

use std::io;

use rustix::net::Shutdown;
use tokio::net::TcpStream;

use super::{Direction, Watch};

/// What is moved at once. A pipe holds this much by default (pipe(7)).
const CHUNK: usize = 64 << 10;

/// Moves bytes until `from` ends, then says so to `to`.
pub(super) async fn pump(
    from: &TcpStream,
    to: &TcpStream,
    watch: &Watch,
    direction: Direction,
) -> io::Result<()> {
    from.readable().await?;
    moved(from, to, watch, direction).await?;
    // The other direction may go on: half closed (RFC 9293 §3.6).
    match rustix::net::shutdown(to, Shutdown::Write) {
        Ok(()) | Err(rustix::io::Errno::NOTCONN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(target_os = "linux")]
async fn moved(
    from: &TcpStream,
    to: &TcpStream,
    watch: &Watch,
    direction: Direction,
) -> io::Result<()> {
    use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};
    use tokio::io::Interest;

    let Ok((out_of_pipe, into_pipe)) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK) else {
        return copied(from, to, watch, direction).await;
    };
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    loop {
        // The pipe is empty, so that only the socket can be what blocks.
        let mut held = from
            .async_io(Interest::READABLE, || {
                Ok(splice(from, None, &into_pipe, None, CHUNK, flags)?)
            })
            .await?;
        if held == 0 {
            return Ok(());
        }
        watch.moved(direction);
        while held > 0 {
            let sent = to
                .async_io(Interest::WRITABLE, || {
                    Ok(splice(&out_of_pipe, None, to, None, held, flags)?)
                })
                .await?;
            held = held.saturating_sub(sent);
        }
    }
}

#[cfg(not(target_os = "linux"))]
async fn moved(
    from: &TcpStream,
    to: &TcpStream,
    watch: &Watch,
    direction: Direction,
) -> io::Result<()> {
    copied(from, to, watch, direction).await
}

async fn copied(
    from: &TcpStream,
    to: &TcpStream,
    watch: &Watch,
    direction: Direction,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        from.readable().await?;
        match from.try_read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                watch.moved(direction);
                super::write_all(to, buffer.get(..read).unwrap_or_default()).await?;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
