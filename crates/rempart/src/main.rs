//! The command: reads configuration, wires the crates, nothing else.

mod browse;
mod ca;
mod cli;
mod demo;
mod doctor;
mod gateway;
mod home;
mod keeper;
mod keyring;
mod keys_command;
mod memory;
mod policies;
mod policy_command;
mod recent;
mod recovery;
mod reload;
mod root;
mod seal_command;
mod settings;
mod subjects;
mod through;
mod up;
mod vault_command;
mod view;

use clap::Parser as _;
use cli::{CaCommand, Cli, Command, LogFormat};
use tracing_subscriber::EnvFilter;

fn main() -> miette::Result<()> {
    let cli = Cli::parse();
    log_to_stderr(cli.log);
    let kept = memory::keep_private();
    match cli.command {
        Command::Up(args) => {
            memory::warn(kept);
            up::run(&args)
        }
        Command::Init(args) => up::init(&args),
        Command::Browse(args) => browse::run(&args),
        Command::Ca(CaCommand::Show(args)) => ca::show(&args),
        Command::Policy(command) => policy_command::run(&command),
        Command::Keys(command) => keys_command::run(&command),
        Command::Seal(args) => seal_command::seal(&args),
        Command::Open(args) => seal_command::open(&args),
        Command::Vault(command) => vault_command::run(&command),
        Command::Doctor(args) => doctor::run(&args),
    }
}

/// Logs go to stderr, so that stdout is data; `RUST_LOG` says how much.
fn log_to_stderr(format: LogFormat) {
    // The verifier calls each origin it does not believe an error of ours; the wire tells of those itself.
    let usual = "info,rustls_platform_verifier=off";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .init(),
        LogFormat::Json => lines.json().init(),
    }
}
