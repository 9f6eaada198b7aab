//! `rempart up` and `rempart init`.

use std::io::Write as _;
use std::sync::Arc;

use miette::{IntoDiagnostic as _, WrapErr as _};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::{InitArgs, UpArgs};
use crate::gateway::Gateway;
use crate::home::{Home, Running};
use crate::keys_command::control;
use crate::settings::{self, Root, Settings};
use crate::{keyring, reload, vault_command};

/// Makes a home where there is none, and stops.
///
/// # Errors
/// It could not be made.
pub fn init(args: &InitArgs) -> miette::Result<()> {
    let home = Home::named(&args.home)?;
    let root = if args.passphrase {
        Root::Passphrase
    } else {
        Root::File
    };
    let made = make(&home, |home| keyring::create(home, root))?;
    let mut out = std::io::stdout().lock();
    let what = if made { "made" } else { "there already" };
    writeln!(out, "home     {} ({what})", home.folder().display()).into_diagnostic()?;
    writeln!(out, "root     {}", home.root_certificate().display()).into_diagnostic()?;
    writeln!(
        out,
        "policies {} (shipped ones in available/)",
        home.policies().display()
    )
    .into_diagnostic()
}

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// What keeps it from starting: checked before anything listens.
pub fn run(args: &UpArgs) -> miette::Result<()> {
    keep_memory_private();
    let home = Home::named(&args.home)?;
    let root = settings::read(home.settings())?.keys.root;
    make(&home, |home| keyring::create(home, root))?;
    let claim = home.claim()?;
    let settings = with_flags(settings::read(home.settings())?, args);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .into_diagnostic()?;
    let result = runtime.block_on(serve(home.clone(), settings, args));
    home.retract();
    drop(claim);
    result
}

/// Flags stand above the file and the environment.
pub fn with_flags(mut settings: Settings, args: &UpArgs) -> Settings {
    settings.listen.proxy = args.listen.unwrap_or(settings.listen.proxy);
    settings.listen.console = args.console.unwrap_or(settings.listen.console);
    settings
}

/// Makes a home where there is none, with a keyring that `keyring` puts there.
///
/// # Errors
/// It could not be made.
pub fn make(
    home: &Home,
    keyring: impl FnOnce(&Home) -> miette::Result<()>,
) -> miette::Result<bool> {
    home.make(|home| {
        keyring(home)?;
        proxy::Authority::open_or_create::<&str, &str>(&home.authority(), &[])
            .into_diagnostic()
            .wrap_err("the certificate authority could not be made")?;
        vault_command::make(home)?;
        Ok(())
    })
}

async fn serve(home: Home, settings: Settings, args: &UpArgs) -> miette::Result<()> {
    let stop = CancellationToken::new();
    let gateway = Arc::new(Gateway::start(home.clone(), settings, args, stop.clone()).await?);
    gateway
        .print(&mut std::io::stdout().lock())
        .into_diagnostic()?;
    // Last: whoever finds it may believe that all the rest was said.
    home.announce(&Running {
        pid: std::process::id(),
        proxy: gateway.proxy(),
        console: gateway.console(),
    })?;
    let watch = reload::watch(Arc::clone(&gateway))?;
    if let Err(error) = control::listen(&home.control(), Arc::clone(&gateway), stop.clone()) {
        // A path that is too long for a socket, most likely.
        tracing::warn!(%error, "`rempart keys` cannot ask this gateway: no socket in the home");
    }
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
    let mut hang_up = signal(SignalKind::hangup()).into_diagnostic()?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => gateway.reload().await,
        }
    }
    tracing::info!("stopping: what is under way may end");
    drop(watch);
    stop.cancel();
    gateway.drained().await;
    Ok(())
}

/// No core file, and no other process of the same user may read our memory.
fn keep_memory_private() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if setrlimit(Resource::Core, none).is_err()
        || set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err()
    {
        tracing::warn!("the system would not switch core dumps off");
    }
}
