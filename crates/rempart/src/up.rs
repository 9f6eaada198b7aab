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
use crate::root::Handed;
use crate::settings::{self, Root, Settings};
use crate::{keyring, recovery, reload, vault_command};

/// Makes a home where there is none, and stops.
///
/// # Errors
/// It could not be made.
pub fn init(args: &InitArgs) -> miette::Result<()> {
    let home = Home::named(&args.home)?;
    let mut keys = settings::read(home.settings())?.keys;
    if args.passphrase {
        keys.root = Root::Passphrase;
    } else if let Some(root) = &args.root {
        keys.root = root.clone();
    }
    let handed = Handed::take(&keys)?;
    let mut custody = None;
    let made = make(&home, |home| {
        custody = keyring::create(home, &keys, &handed)?;
        Ok(())
    })?;
    let mut out = std::io::stdout().lock();
    let what = if made { "made" } else { "there already" };
    writeln!(out, "home     {} ({what})", home.folder().display()).into_diagnostic()?;
    writeln!(out, "root     {}", home.root_certificate().display()).into_diagnostic()?;
    writeln!(
        out,
        "policies {} (shipped ones in available/)",
        home.policies().display()
    )
    .into_diagnostic()?;
    if !made {
        return Ok(());
    }
    writeln!(out, "keys     wrapped by {}", keys.root).into_diagnostic()?;
    if let Some(custody) = custody {
        writeln!(out, "         the token says of its key: {custody}").into_diagnostic()?;
    }
    if home.settings() != home.own_settings() {
        for (key, value) in keys.root_settings() {
            let value = serde_json::Value::from(value);
            let file = home.settings().display();
            writeln!(out, "         {file} needs, under [keys]: {key} = {value}")
                .into_diagnostic()?;
        }
    }
    Ok(())
}

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// What keeps it from starting: checked before anything listens.
pub fn run(args: &UpArgs) -> miette::Result<()> {
    let home = Home::named(&args.home)?;
    let keys = settings::read(home.settings())?.keys;
    let handed = Handed::take(&keys)?;
    make(&home, |home| {
        keyring::create(home, &keys, &handed)?;
        Ok(())
    })?;
    let claim = home.claim()?;
    let settings = with_flags(settings::read(home.settings())?, args);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .into_diagnostic()?;
    let result = runtime.block_on(serve(home.clone(), settings, args, handed));
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

async fn serve(
    home: Home,
    settings: Settings,
    args: &UpArgs,
    handed: Handed,
) -> miette::Result<()> {
    let stop = CancellationToken::new();
    let gateway = Gateway::start(home.clone(), settings, args, handed, stop.clone()).await?;
    let gateway = Arc::new(gateway);
    if let Err(error) = control::listen(&home.control(), Arc::clone(&gateway), stop.clone()) {
        // A path that is too long for a socket, most likely.
        tracing::warn!(%error, "`rempart keys` cannot ask this gateway: no socket in the home");
    }
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
    let recovering = tokio::spawn(recovery::recover(Arc::clone(&gateway), stop.clone()));
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
    // It ends with `stop`, or had nothing to wait for.
    let _ = recovering.await;
    Ok(())
}
