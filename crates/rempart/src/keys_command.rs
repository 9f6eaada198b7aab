//! `rempart keys …`: asks the gateway that runs on the home, or does the work itself where none runs.

pub mod control;
mod pages;
mod print;
pub mod request;
#[cfg(test)]
mod tests;
mod work;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use journal::Journal;
use miette::{IntoDiagnostic as _, WrapErr as _, miette};

use crate::cli::{HomeArgs, KeysCommand, KeysShredArgs};
use crate::home::Home;
use crate::{keyring, policies, settings};
use request::{Answer, Request, Shredded};
pub use work::Work;

/// Runs a keys command.
///
/// # Errors
/// Why it was not done.
pub fn run(command: &KeysCommand) -> miette::Result<()> {
    match command {
        KeysCommand::List(args) => tell(&asked(&args.home, &[], &Request::List)?, args.json),
        KeysCommand::Rotate(args) => {
            let folders: Vec<PathBuf> = args.policies.iter().cloned().collect();
            let request = Request::Rotate {
                app: args.app.clone(),
                field: args.field.clone(),
            };
            tell(&asked(&args.home, &folders, &request)?, args.json)
        }
        KeysCommand::Backup(args) => {
            let request = Request::Backup {
                threshold: args.threshold,
                shares: args.shares,
                out: std::path::absolute(&args.out).into_diagnostic()?,
            };
            tell(&asked(&args.home, &[], &request)?, args.json)
        }
        KeysCommand::Restore(args) => pages::restore(args, &mut std::io::stdout().lock()),
        KeysCommand::Shred(args) => shred(args),
        KeysCommand::Verify(args) if args.pages.pages.is_empty() => {
            tell(&asked(&args.home, &[], &Request::Verify)?, false)
        }
        KeysCommand::Verify(args) => pages::verify(&args.pages, &mut std::io::stdout().lock()),
    }
}

/// Says what would be destroyed, and destroys it when that is wanted.
fn shred(args: &KeysShredArgs) -> miette::Result<()> {
    let request = |dry_run| match (&args.subject, &args.app, &args.field, args.epoch) {
        (Some(subject), app, None, None) => Ok(Request::ShredSubject {
            subject: subject.clone(),
            app: app.clone(),
            dry_run,
        }),
        (None, Some(app), Some(field), Some(epoch)) => Ok(Request::ShredEpoch {
            app: app.clone(),
            field: field.clone(),
            epoch,
            dry_run,
        }),
        _ => Err(miette!(
            help = "rempart keys shred --subject ID [--app APP]\nrempart keys shred --app APP --field FIELD --epoch N",
            "say which subject, or which epoch of which field"
        )),
    };
    let would = asked(&args.home, &[], &request(true)?)?;
    if args.dry_run {
        return tell(&would, args.json);
    }
    if !args.yes {
        confirm(&would)?;
    }
    tell(&asked(&args.home, &[], &request(false)?)?, args.json)
}

/// Asks a person who has seen what would be destroyed.
fn confirm(would: &Answer) -> miette::Result<()> {
    let mut err = std::io::stderr().lock();
    print::answer(would, &mut err).into_diagnostic()?;
    let keys = match would {
        Answer::Shredded(Shredded { keys, .. }) => keys.len(),
        _ => 0,
    };
    if !std::io::stdin().is_terminal() {
        return Err(miette!(
            help = "say --yes when it is meant, --dry-run to see what it would do",
            "nothing was destroyed: there is nobody to ask"
        ));
    }
    write!(err, "Destroy {keys} keys for ever? Type yes: ").into_diagnostic()?;
    err.flush().into_diagnostic()?;
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).into_diagnostic()?;
    if typed.trim() == "yes" {
        Ok(())
    } else {
        Err(miette!("nothing was destroyed"))
    }
}

/// What the gateway on the home answers, or the home itself where none runs.
fn asked(args: &HomeArgs, folders: &[PathBuf], request: &Request) -> miette::Result<Answer> {
    let home = Home::existing(args)?;
    let Ok(claim) = home.claim() else {
        return control::ask(&home.control(), request);
    };
    let settings = settings::read(home.settings())?;
    let own = [home.policies()];
    let folders = if folders.is_empty() { &own } else { folders };
    let plan = match request {
        Request::Rotate { .. } => policies::compile(&policies::read(folders)?)?.plan,
        _ => policy::Plan::default(),
    };
    let mut opened = keyring::open(&home, &settings)?;
    let journal = Journal::open(&home.journal())
        .into_diagnostic()
        .wrap_err("the journal cannot be opened")?;
    let mut work = Work {
        opened: &mut opened,
        plan: &plan,
        journal: &journal,
    };
    let answer = work.carry_out(request);
    drop(claim);
    answer
}

fn tell(answer: &Answer, json: bool) -> miette::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let text = serde_json::to_string_pretty(answer).into_diagnostic()?;
        writeln!(out, "{text}").into_diagnostic()
    } else {
        print::answer(answer, &mut out).into_diagnostic()
    }
}
