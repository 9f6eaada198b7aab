//! The vault of a home: where it is, what is wrong with it when it does not open, and `rempart vault erase`.

use std::collections::HashSet;
use std::io::Write;

use journal::{Count, Entry, Journal, Outcome};
use miette::{IntoDiagnostic as _, MietteDiagnostic, Report, miette};
use seal::{Chance as _, Pointer, PointerDigits, PointerKey};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vault::{Error, Options, Vault};

use crate::cli::{EraseArgs, VaultCommand};
use crate::home::Home;
use crate::keyring::{self, Opened};
use crate::settings::{self, Settings};

/// Makes the vault of a new home. A vault elsewhere is made when it is first opened.
///
/// # Errors
/// What the system says.
pub fn make(home: &Home) -> miette::Result<()> {
    Vault::open(&home.vault_url(), &Options::default())
        .map(drop)
        .map_err(explained)
}

/// Opens the vault that the settings name, or the home's own.
///
/// # Errors
/// It does not open; the report says what to do.
pub fn open(home: &Home, settings: &Settings) -> miette::Result<Vault> {
    let own = home.vault_url();
    let url = settings.vault.url.as_deref().unwrap_or(&own);
    let options = Options {
        stable: settings.vault.stable,
    };
    Vault::open(url, &options).map_err(explained)
}

/// `rempart vault …`
///
/// # Errors
/// It could not be done; then nothing was.
pub fn run(command: &VaultCommand) -> miette::Result<()> {
    let VaultCommand::Erase(args) = command;
    let home = Home::existing(&args.home)?;
    let settings = settings::read(home.settings())?;
    let keyring = keyring::open(&home, &settings)?;
    let vault = open(&home, &settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .into_diagnostic()?;
    runtime.block_on(erase(args, &home, &keyring, &vault))
}

/// What stands behind one pointer as it was typed.
struct Found {
    text: String,
    /// The identity and the field, where there is a value.
    row: Option<(u64, String)>,
}

async fn erase(
    args: &EraseArgs,
    home: &Home,
    keyring: &Opened,
    vault: &Vault,
) -> miette::Result<()> {
    let secret = keyring.keyring().app_secret(&args.app, PointerKey::PURPOSE);
    let key = PointerKey::derive(&secret, &args.app);
    let mut found = Vec::new();
    for text in &args.pointers {
        let row = look_up(&args.app, text, &key, vault).await?;
        let text = text.clone();
        found.push(Found { text, row });
    }
    let mut out = std::io::stdout().lock();
    for Found { text, row } in &found {
        match row {
            Some((_, field)) => writeln!(out, "{text}  a value of {field}"),
            None => writeln!(out, "{text}  nothing: never kept, or erased already"),
        }
        .into_diagnostic()?;
    }
    let pointers: Vec<(String, u64)> = found
        .iter()
        .filter_map(|found| Some((args.app.clone(), found.row.as_ref()?.0)))
        .collect();
    if !args.yes {
        writeln!(
            out,
            "\nNothing was erased. With --yes, what these pointers stand for is gone for ever, for everybody."
        )
        .into_diagnostic()?;
        return Ok(());
    }
    let counts = count(found.iter().filter_map(|found| found.row.clone()));
    if !counts.is_empty() {
        // Before it is done: a record of what then failed can be explained, a value gone without one cannot.
        record(args, home, keyring, counts).await?;
    }
    let erased = vault.erase(pointers).await.map_err(explained)?;
    let total = erased.into_iter().filter(|erased| *erased).count();
    let plural = if total == 1 { "" } else { "s" };
    writeln!(out, "\n{total} value{plural} erased.").into_diagnostic()?;
    writeln!(
        out,
        "Copies of the vault that were made before still hold them, sealed: a copy of its file, a server's backups,\n\
         its log and its replicas. Destroy those, or the keys of the field or of the person (rempart keys shred).",
    )
    .into_diagnostic()
}

/// The row behind a pointer in any of its shapes.
///
/// # Errors
/// The text is no pointer of this app, or what the vault says.
async fn look_up(
    app: &str,
    text: &str,
    key: &PointerKey,
    vault: &Vault,
) -> miette::Result<Option<(u64, String)>> {
    let none = || {
        miette!(
            help = "give it as it stands in the app: 16 characters, 12, digits, or the whole e-mail address",
            "`{text}` is no pointer of `{app}`; nothing was erased"
        )
    };
    // An address carries its pointer before the `@`.
    let shown = text.split('@').next().unwrap_or(text).as_bytes();
    let pointers = [Pointer::parse(shown), Pointer::parse_bare(shown)];
    let mut identities: Vec<u64> = pointers.iter().flatten().map(|at| at.id.get()).collect();
    let digits = u8::try_from(shown.len()).ok().and_then(PointerDigits::new);
    identities.extend(digits.and_then(|_| digits_identity(shown)));
    if identities.is_empty() {
        return Err(none());
    }
    let wanted = identities
        .iter()
        .map(|identity| (app.to_owned(), *identity));
    let rows = vault.bring(wanted.collect()).await.map_err(explained)?;
    let mut there = false;
    for (identity, row) in identities.into_iter().zip(rows) {
        let Some(row) = row else { continue };
        there = true;
        let checks =
            |pointer: &Pointer| pointer.id.get() == identity && key.verify(&row.field, pointer);
        let in_digits = digits.and_then(|digits| key.parse_digits(&row.field, shown, digits));
        if pointers.iter().flatten().any(checks) || in_digits.is_some_and(|id| id.get() == identity)
        {
            return Ok(Some((identity, row.field)));
        }
    }
    if there { Err(none()) } else { Ok(None) }
}

/// The identity that a pointer of digits says: its first twelve.
fn digits_identity(text: &[u8]) -> Option<u64> {
    let first = text.get(..12).unwrap_or(text);
    let all = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(first)
        .ok()
        .filter(|_| all)?
        .parse()
        .ok()
}

/// How many values of each field, in the order of their first; a pointer that was given twice counts once.
fn count(rows: impl Iterator<Item = (u64, String)>) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    let mut seen = HashSet::new();
    for (_, field) in rows.filter(|(identity, _)| seen.insert(*identity)) {
        match counts.iter_mut().find(|count| count.field == field) {
            Some(count) => count.count += 1,
            None => counts.push(Count { field, count: 1 }),
        }
    }
    counts
}

async fn record(
    args: &EraseArgs,
    home: &Home,
    keyring: &Opened,
    values: Vec<Count>,
) -> miette::Result<()> {
    let mut bytes = [0; 6];
    keyring.chance().fill(&mut bytes);
    let entry = Entry {
        time: OffsetDateTime::now_utc()
            .format(&Rfc3339)
            .into_diagnostic()?,
        reference: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        app: args.app.clone(),
        route: None,
        outcome: Outcome::Erased { values },
        protected: Vec::new(),
        revealed: Vec::new(),
        unopened: 0,
    };
    let journal = Journal::open(&home.journal()).into_diagnostic()?;
    journal.record(&entry).await.into_diagnostic()
}

/// A vault's error with its own hint.
fn explained(error: Error) -> Report {
    let help = error.hint();
    Report::new(MietteDiagnostic::new(error.to_string()).with_help(help))
}
