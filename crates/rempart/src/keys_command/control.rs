//! The socket in the home over which a running gateway is asked about its keys: `control.sock`, mode 0600, one line of
//! JSON each way and connection ([`Request`], [`Reply`]).
//!
//! Whoever may open it may read the keyring anyway: it is in the home, which is its owner's alone. So nobody is asked
//! who they are, and a backup needs no prompt.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::request::{Answer, Refused, Reply, Request};
use crate::gateway::Gateway;

/// How long a question may be.
const LONGEST_QUESTION: u64 = 64 << 10;
/// How long an answer may be: a line for each of a million keys.
const LONGEST_ANSWER: u64 = 256 << 20;
/// How long whoever connects may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens until told to stop. One question at a time: each may change the keyring.
///
/// # Errors
/// The socket cannot be made.
pub fn listen(
    path: &Path,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
) -> io::Result<tokio::task::JoinHandle<()>> {
    // Whoever calls has claimed the home: a socket that is there is a dead one's.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    // In the moment before this the home's own mode keeps others out.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let answered = match accepted {
                Ok((stream, _)) => serve(stream, &gateway).await,
                Err(error) => Err(error),
            };
            if let Err(error) = answered {
                tracing::warn!(%error, "a question about the keys was not answered");
            }
        }
    }))
}

async fn serve(stream: tokio::net::UnixStream, gateway: &Arc<Gateway>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = tokio::io::BufReader::new(read.take(LONGEST_QUESTION));
    tokio::time::timeout(PATIENCE, read.read_line(&mut line)).await??;
    let reply = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            let gateway = Arc::clone(gateway);
            let done = tokio::task::spawn_blocking(move || gateway.carry_out(&request)).await;
            match done {
                Ok(Ok(answer)) => Reply::Done(answer),
                Ok(Err(error)) => refused(&error),
                Err(_) => refused(&miette!("the gateway broke off; its log says why")),
            }
        }
        Err(_) => refused(&miette!(
            help = "run the same release as the gateway",
            "the gateway does not understand the question"
        )),
    };
    let mut reply = serde_json::to_vec(&reply)?;
    reply.push(b'\n');
    write.write_all(&reply).await?;
    write.shutdown().await
}

fn refused(error: &miette::Report) -> Reply {
    let causes = error.chain().skip(1).map(ToString::to_string);
    Reply::Refused(Refused {
        message: causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")),
        help: error.help().map(|help| help.to_string()),
    })
}

/// Asks the gateway that runs on the home.
///
/// # Errors
/// It does not answer, or it refuses.
pub fn ask(path: &Path, request: &Request) -> miette::Result<Answer> {
    let asked = || -> io::Result<String> {
        let mut stream = UnixStream::connect(path)?;
        let mut question = serde_json::to_vec(request)?;
        question.push(b'\n');
        stream.write_all(&question)?;
        let mut answer = String::new();
        BufReader::new(stream.take(LONGEST_ANSWER)).read_line(&mut answer)?;
        Ok(answer)
    };
    let answer = asked().into_diagnostic().wrap_err_with(|| {
        format!(
            "a gateway, or another `rempart keys`, is at work on this home and does not answer at {}",
            path.display()
        )
    })?;
    match serde_json::from_str(&answer) {
        Ok(Reply::Done(answer)) => Ok(answer),
        Ok(Reply::Refused(Refused { message, help })) => match help {
            Some(help) => Err(miette!(help = help, "{message}")),
            None => Err(miette!("{message}")),
        },
        Err(_) => Err(miette!(
            help = "run the same release as the gateway",
            "the gateway's answer is not understood"
        )),
    }
}
