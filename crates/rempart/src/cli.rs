//! The command line: what can be asked of `rempart`, with examples.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::settings::Root;

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
  rempart keys backup --out DIR     pages that bring the keys back when everything else is lost
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
    /// Keys: list and rotate them, back them up and bring them back, destroy them.
    ///
    /// Beside a running gateway, it is asked and does the work without stopping; alone, the home is claimed meanwhile.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Seal values of a field without a gateway: lines, columns of a CSV file, or a whole file.
    #[command(after_help = "Examples:
  rempart seal --app crm --field last-name --lines < names.txt > tokens.txt
  rempart seal --app crm --field last-name --csv --column Name --in people.csv --out sealed.csv
  rempart seal --app crm --field note --file --in contract.pdf --out contract.sealed

What a value becomes is what the field's policy says. A line, or a cell, is one value; an empty one stays, and so
does one that is sealed already. A file that cannot be written whole is not written at all.")]
    Seal(SealArgs),
    /// Open what was sealed: a file, or the tokens in any text.
    #[command(after_help = "Examples:
  rempart open < export.txt > readable.txt
  rempart open --csv --in sealed.csv --out people.csv
  rempart open --in contract.sealed --out contract.pdf

Tokens are found wherever they stand, and pointers are looked up in the home's vault. Their values are written as they
are; with --csv, in quotes where a cell needs them. What does not open stays as it is and is counted on stderr.")]
    Open(OpenArgs),
    /// The values that stay home.
    #[command(subcommand)]
    Vault(VaultCommand),
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
    #[arg(long, conflicts_with = "root")]
    pub passphrase: bool,
    /// The root of trust [default: what the settings say, else file]: file, passphrase, credential:NAME, fd:VARIABLE,
    /// pkcs11:token=…;object=…?module-path=…&pin-source=… or transit:https://HOST/v1/MOUNT/keys/NAME.
    #[arg(long, value_name = "ROOT")]
    pub root: Option<Root>,
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

/// Where bytes come from and go to.
#[derive(Args, Debug, Clone)]
pub struct StreamArgs {
    /// The file to read [default: standard input].
    #[arg(long = "in", value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// The file to write, once all of it is there [default: standard output].
    #[arg(long = "out", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Options of `seal`.
#[derive(Args, Debug, Clone)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct SealArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// The folder of policy files [default: policies in the home].
    #[arg(long, value_name = "DIR")]
    pub policies: Option<PathBuf>,
    /// The app's id, as its policy says.
    #[arg(long, value_name = "APP")]
    pub app: String,
    /// The field of that app.
    #[arg(long, value_name = "FIELD")]
    pub field: String,
    /// Each line of the input is a value.
    #[arg(long, group = "what")]
    pub lines: bool,
    /// The input is a CSV file; its first line names the columns.
    #[arg(long, group = "what", requires = "column")]
    pub csv: bool,
    /// The whole input is one file.
    #[arg(long, group = "what")]
    pub file: bool,
    /// A column whose cells are values; may be given again.
    #[arg(long, value_name = "NAME", requires = "csv")]
    pub column: Vec<String>,
    #[command(flatten)]
    pub streams: StreamArgs,
}

/// Options of `open`.
#[derive(Args, Debug, Clone)]
pub struct OpenArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// Open what this app's keys sealed, and nothing else [default: every app of the home].
    #[arg(long, value_name = "APP")]
    pub app: Option<String>,
    /// The input is a CSV file: values are quoted as their cells need it.
    #[arg(long)]
    pub csv: bool,
    #[command(flatten)]
    pub streams: StreamArgs,
}

/// `rempart policy …`
#[derive(Subcommand, Debug)]
pub enum PolicyCommand {
    /// Read policy files and say what is wrong: file, line, text and remedy.
    #[command(after_help = "Example:
  rempart policy check policies/ my-app.toml
  rempart policy check --values export.csv my-app.toml                     columns named as fields are
  rempart policy check --values export.csv --field name --column NOM my-app.toml
  rempart policy check --values names.txt --field name my-app.toml         a value a line")]
    Check(CheckArgs),
    /// Run the tests that policy files carry: what must be hidden is hidden, what must be kept is kept.
    #[command(after_help = "Example:
  rempart policy test policies/fhir.toml")]
    Test(PolicyArgs),
}

/// Options of `policy check`.
#[derive(Args, Debug, Clone)]
pub struct CheckArgs {
    #[command(flatten)]
    pub policies: PolicyArgs,
    #[command(flatten)]
    pub values: ValuesArgs,
}

/// Values to measure.
#[derive(Args, Debug, Clone)]
pub struct ValuesArgs {
    /// Also measure what equal tokens would tell of the values in this file, and refuse what tells too much. A CSV
    /// file with the columns' names first, or a value a line.
    #[arg(long, value_name = "FILE")]
    pub values: Option<PathBuf>,
    /// The field that the values are of: its name, or APP/NAME [default: each field that a column is called like].
    #[arg(long, value_name = "NAME", requires = "values")]
    pub field: Option<String>,
    /// The column that its values stand in [default: every line is a value].
    #[arg(long, value_name = "NAME", requires = "field")]
    pub column: Option<String>,
}

/// Which policies.
#[derive(Args, Debug, Clone)]
pub struct PolicyArgs {
    /// Policy files, or folders of them.
    #[arg(value_name = "FILE|DIR", required = true)]
    pub paths: Vec<PathBuf>,
}

/// `rempart keys …`
#[derive(Subcommand, Debug)]
pub enum KeysCommand {
    /// Every epoch of every field: whether it is current, and which backup holds it.
    #[command(after_help = "Examples:
  rempart keys list
  rempart keys list --json | jq '.epochs[] | select(.state == \"live\")'")]
    List(KeysListArgs),
    /// Start a new epoch: new values are sealed under it, old tokens still open, and searches ask for both.
    #[command(after_help = "Examples:
  rempart keys rotate
  rempart keys rotate --app crm --field last-name")]
    Rotate(KeysRotateArgs),
    /// Split the keyring's secret into shares: one page to print for each, any few of which bring everything back.
    #[command(after_help = "Example:
  rempart keys backup --threshold 3 --shares 5 --out /media/usb/rempart-backup")]
    Backup(KeysBackupArgs),
    /// Make a home of the pages of a backup, on a machine that has nothing else.
    #[command(after_help = "Examples:
  rempart keys restore --home /var/lib/rempart share-1.txt share-4.txt share-5.txt
  rempart keys restore --home /var/lib/rempart --words share-1.txt    type the words of the shares")]
    Restore(KeysRestoreArgs),
    /// Destroy the keys of a person, or of an epoch: what they sealed is unreadable for ever.
    #[command(after_help = "Examples:
  rempart keys shred --subject 4711 --dry-run
  rempart keys shred --subject 4711 --app crm --yes
  rempart keys shred --app crm --field last-name --epoch 1")]
    Shred(KeysShredArgs),
    /// Check the pages of a backup, or without any, that every wrap of the home's keyring opens.
    #[command(after_help = "Examples:
  rempart keys verify
  rempart keys verify share-*.txt")]
    Verify(KeysVerifyArgs),
}

/// Options of `keys list`.
#[derive(Args, Debug, Clone)]
pub struct KeysListArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `keys rotate`.
#[derive(Args, Debug, Clone)]
pub struct KeysRotateArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// Only the fields of this app.
    #[arg(long, value_name = "APP")]
    pub app: Option<String>,
    /// Only fields of this name.
    #[arg(long, value_name = "FIELD")]
    pub field: Option<String>,
    /// The folder of policy files, where no gateway runs [default: policies in the home].
    #[arg(long, value_name = "DIR")]
    pub policies: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `keys backup`.
#[derive(Args, Debug, Clone)]
pub struct KeysBackupArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// How many shares bring the keys back; fewer say nothing.
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub threshold: u8,
    /// How many shares there are.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub shares: u8,
    /// The folder for the pages, one file each; made if there is none.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `keys restore`.
#[derive(Args, Debug, Clone)]
pub struct KeysRestoreArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// Type the words of the shares; only the keyring's text is read from the page.
    #[arg(long)]
    pub words: bool,
    /// Seal the new home's root key with a passphrase, read from the terminal or from REMPART_PASSPHRASE_FILE.
    #[arg(long)]
    pub passphrase: bool,
    /// Pages of one backup, as many as its threshold; with --words one is enough.
    #[arg(value_name = "PAGE", required = true)]
    pub pages: Vec<PathBuf>,
}

/// Options of `keys shred`.
#[derive(Args, Debug, Clone)]
pub struct KeysShredArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// The subject whose keys are destroyed: its identity as the app's messages spell it.
    #[arg(long, value_name = "ID", conflicts_with_all = ["field", "epoch"])]
    pub subject: Option<String>,
    /// The app; with --subject, only that one.
    #[arg(long, value_name = "APP")]
    pub app: Option<String>,
    /// The field of which an epoch is destroyed.
    #[arg(long, value_name = "FIELD", requires_all = ["app", "epoch"])]
    pub field: Option<String>,
    /// The epoch.
    #[arg(long, value_name = "N", requires_all = ["app", "field"])]
    pub epoch: Option<u32>,
    /// Say what would become unreadable and which backups still hold it; destroy nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `keys verify`.
#[derive(Args, Debug, Clone)]
pub struct KeysVerifyArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    #[command(flatten)]
    pub pages: KeysVerifyPagesArgs,
}

/// Which pages.
#[derive(Args, Debug, Clone)]
pub struct KeysVerifyPagesArgs {
    /// Pages of one backup.
    #[arg(value_name = "PAGE")]
    pub pages: Vec<PathBuf>,
}

/// `rempart vault …`
#[derive(Subcommand, Debug)]
pub enum VaultCommand {
    /// Delete the values that pointers stand for; without --yes, only say what they are.
    #[command(after_help = "Examples:
  rempart vault erase --app crm z671k5m2q8w0d4xa
  rempart vault erase --app crm --yes z671k5m2q8w0d4xa z6712h9c0p5r7txb@mail.example.org")]
    Erase(EraseArgs),
}

/// Options of `vault erase`.
#[derive(Args, Debug, Clone)]
pub struct EraseArgs {
    #[command(flatten)]
    pub home: HomeArgs,
    /// The app in whose fields the pointers stand, by the id in its policy.
    #[arg(long, value_name = "APP")]
    pub app: String,
    /// Erase; there is no way back.
    #[arg(long)]
    pub yes: bool,
    /// The pointers, as they stand in the app.
    #[arg(value_name = "POINTER", required = true)]
    pub pointers: Vec<String>,
}
