//! The command line: what can be asked of `rempart`, with examples.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Encrypts what is sensitive before it leaves, and gives it back to the people it belongs to.
///
/// Rempart stands between your browsers and programs and the SaaS they use. What a policy file calls sensitive
/// is sealed under keys that stay home; what comes back is opened for the people who may read it.
#[derive(Parser, Debug)]
#[command(name = "rempart", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// How log lines are written (on stderr).
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

const EXAMPLES: &str = "Examples:
  rempart up --demo                 a gateway and a SaaS to practise on, ready to try
  rempart up --policies ./policies  protect the apps that these files describe
  rempart ca show > root.pem        the certificate that browsers and programs must trust
  rempart policy check ./policies   read the policies and say what is wrong
  rempart doctor                    what is wrong with this installation, and what to do";

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the gateway; makes its home first if there is none.
    #[command(after_help = "Examples:
  rempart up
  rempart up --demo
  rempart up --home /var/lib/rempart --policies /etc/rempart/policies --listen 0.0.0.0:7480")]
    Up(UpArgs),
    /// First run only: make the home (keyring, authority, vault, rempart.toml) and stop.
    Init(InitArgs),
    /// Open a throw-away Chromium whose proxy and trust are already set, for trying.
    #[command(after_help = "Example:
  rempart browse https://crm.northwind-cloud.example/")]
    Browse(BrowseArgs),
    /// The certificate authority that browsers and programs trust.
    #[command(subcommand)]
    Ca(CaCommand),
    /// Policies: check them, test them.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Say what is wrong with this installation, and what to do.
    Doctor(HomeArgs),
}

/// Where the home is.
#[derive(Args, Debug, Clone)]
pub struct HomeArgs {
    /// The folder of keys, authority, vault and settings [default: rempart in the user's data folder].
    #[arg(long, value_name = "DIR", env = "REMPART_HOME")]
    pub home: Option<PathBuf>,
    /// The settings file [default: rempart.toml in the home].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Options of `up`.
#[derive(Args, Debug, Clone)]
pub struct UpArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// The folder of policy files [default: policies in the home].
    #[arg(long, value_name = "DIR")]
    pub policies: Option<PathBuf>,
    /// Where the proxy listens [default: 127.0.0.1:7480].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where the console listens [default: 127.0.0.1:7481].
    #[arg(long, value_name = "ADDR")]
    pub console: Option<SocketAddr>,
    /// Also start a practice SaaS on a foreign-looking host, reachable only through the proxy.
    #[arg(long)]
    pub demo: bool,
}

/// Options of `init`.
#[derive(Args, Debug, Clone)]
pub struct InitArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// Seal the root key with a passphrase, read from the terminal or from REMPART_PASSPHRASE_FILE, instead of
    /// keeping it in a file of mode 0600.
    #[arg(long)]
    pub passphrase: bool,
}

/// Options of `browse`.
#[derive(Args, Debug, Clone)]
pub struct BrowseArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// The page to open first [default: the console].
    #[arg(value_name = "URL")]
    pub url: Option<String>,
}

/// `rempart ca …`
#[derive(Subcommand, Debug)]
pub enum CaCommand {
    /// Print the root certificate as PEM on stdout.
    Show(HomeArgs),
}

/// `rempart policy …`
#[derive(Subcommand, Debug)]
pub enum PolicyCommand {
    /// Read policy files and say what is wrong: file, line, text and remedy.
    #[command(after_help = "Example:
  rempart policy check policies/ my-app.toml")]
    Check(PolicyArgs),
    /// Run the tests that policy files carry: what must be hidden is hidden, what must be kept is kept.
    #[command(after_help = "Example:
  rempart policy test policies/fhir.toml")]
    Test(PolicyArgs),
}

/// Which policies.
#[derive(Args, Debug, Clone)]
pub struct PolicyArgs {
    /// Policy files, or folders of them.
    #[arg(value_name = "FILE|DIR", required = true)]
    pub paths: Vec<PathBuf>,
}
