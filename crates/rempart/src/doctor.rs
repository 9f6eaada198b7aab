//! `rempart doctor`: what is wrong with this installation, and what to do.

use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use console::Words;
use keys::file::{BackedUp, BackupRecords, RootKind};
use keys::root::pkcs11::Pkcs11;
use miette::{IntoDiagnostic as _, miette};

use crate::cli::HomeArgs;
use crate::home::Home;
use crate::recovery::told;
use crate::settings::{self, Settings};
use crate::{keyring, memory, policies, root, vault_command};

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// In order.
    Fine,
    /// It works; somebody should decide whether it is meant.
    Warning,
    /// It does not work.
    Wrong,
}

/// One finding.
struct Finding {
    weight: Weight,
    what: String,
    remedy: String,
}

impl Finding {
    fn fine(what: impl Into<String>) -> Self {
        Self {
            weight: Weight::Fine,
            what: what.into(),
            remedy: String::new(),
        }
    }

    fn warning(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            weight: Weight::Warning,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    fn wrong(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            weight: Weight::Wrong,
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// Examines the home and prints what it found.
///
/// # Errors
/// There is no home, or something does not work.
pub fn run(args: &HomeArgs) -> miette::Result<()> {
    let home = Home::existing(args)?;
    let findings = examine(&home);
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        let mark = match finding.weight {
            Weight::Fine => "ok     ",
            Weight::Warning => "WARNING",
            Weight::Wrong => "ERROR  ",
        };
        writeln!(out, "{mark}  {}", finding.what).into_diagnostic()?;
        if !finding.remedy.is_empty() {
            writeln!(out, "         {}", finding.remedy).into_diagnostic()?;
        }
    }
    let count = |weight| {
        findings
            .iter()
            .filter(|finding| finding.weight == weight)
            .count()
    };
    let (warnings, wrong) = (count(Weight::Warning), count(Weight::Wrong));
    writeln!(out, "{wrong} errors, {warnings} warnings").into_diagnostic()?;
    if wrong > 0 {
        Err(miette!("this installation does not work as it is"))
    } else {
        Ok(())
    }
}

/// What the console shows to somebody who never runs `doctor`.
pub fn warnings(home: &Home, settings: &Settings) -> Vec<Words> {
    let mut warnings = Vec::new();
    if keyring::root_kind(home, settings).is_ok_and(|kind| kind == RootKind::KeyFile) {
        warnings.push(Words::new(
            "La clé racine est un simple fichier : quiconque copie le dossier de Rempart peut tout ouvrir.",
            "The root key is a plain file: whoever copies Rempart's folder can open everything.",
        ));
    }
    if holds_root_key(home) {
        warnings.push(Words::new(
            "La clé de l'autorité de certification est sur cette machine : mettez-la en lieu sûr.",
            "The certificate authority's key is on this machine: put it in a safe place.",
        ));
    }
    match BackupRecords::compare(&keyring::folder(home, settings)) {
        Ok(BackedUp::Never) => warnings.push(Words::new(
            "Les clés n'ont pas de copie de secours : si cette machine est perdue, tout ce qui est chiffré l'est aussi.",
            "The keys have no backup: if this machine is lost, so is everything that was sealed.",
        )),
        Ok(BackedUp::Behind { .. }) => warnings.push(Words::new(
            "De nouvelles clés ne sont dans aucune copie de secours : refaites-en une.",
            "There are new keys that no backup holds: make another one.",
        )),
        Ok(BackedUp::Wholly(_)) => {}
        Err(error) => tracing::warn!(%error, "whether there is a backup of the keys cannot be told"),
    }
    warnings
}

fn examine(home: &Home) -> Vec<Finding> {
    let mut findings = vec![Finding::fine(format!("home {}", home.folder().display()))];
    let settings = match settings::read(home.settings()) {
        Ok(settings) => {
            findings.push(Finding::fine(format!(
                "settings {}",
                home.settings().display()
            )));
            settings
        }
        Err(error) => {
            findings.push(Finding::wrong(error.to_string(), causes(&error)));
            return findings;
        }
    };
    private(home.folder(), &mut findings);
    root(home, &settings, &mut findings);
    backup(home, &settings, &mut findings);
    authority(home, &mut findings);
    policies(home, &mut findings);
    vault(home, &settings, &mut findings);
    findings.push(match home.running() {
        Some(running) => Finding::fine(format!(
            "a gateway runs, process {}, proxy {}",
            running.pid, running.proxy
        )),
        None => Finding::warning(
            "no gateway runs on this home",
            "start one with `rempart up`",
        ),
    });
    if let Some(running) = home.running() {
        findings.push(match memory::locked_by(running.pid) {
            Some(0) | None => Finding::warning(
                "the gateway's memory is not locked: keys may be written to swap",
                memory::REMEDY,
            ),
            Some(kilobytes) => {
                Finding::fine(format!("the gateway's memory is locked: {kilobytes} kB"))
            }
        });
    }
    findings
}

/// Everything in the home is its owner's alone.
fn private(folder: &Path, findings: &mut Vec<Finding>) {
    let mode = std::fs::metadata(folder).map(|data| data.permissions().mode() & 0o777);
    match mode {
        Ok(mode) if mode & 0o077 == 0 => {
            findings.push(Finding::fine("the home is its owner's alone"))
        }
        Ok(mode) => findings.push(Finding::wrong(
            format!("others may read the home (mode {mode:o})"),
            format!("chmod 700 {}", folder.display()),
        )),
        Err(error) => findings.push(Finding::wrong(
            format!("the home cannot be looked at: {error}"),
            "",
        )),
    }
}

/// Which root wraps the keyring, and whether it answers.
fn root(home: &Home, settings: &Settings, findings: &mut Vec<Finding>) {
    let kind = match keyring::root_kind(home, settings) {
        Ok(kind) => kind,
        Err(error) => {
            findings.push(Finding::wrong(error.to_string(), causes(&error)));
            return;
        }
    };
    if kind == RootKind::KeyFile {
        findings.push(Finding::warning(
            "the root key is a file beside the keyring: whoever copies the home can open everything",
            "for real data make a home with another root: `rempart init --help` lists them",
        ));
    }
    if !root::is_at_hand(kind, &settings.keys) {
        findings.push(Finding::warning(
            format!("the keyring is wrapped by {kind}, which is not at hand here: it was not opened"),
            "name a file that holds it in REMPART_PASSPHRASE_FILE; what a service manager hands over, only its service has",
        ));
        return;
    }
    match keyring::open(home, settings) {
        Ok(opened) => {
            findings.push(Finding::fine(format!(
                "the root of trust answers: {kind}{}",
                opened
                    .custodian()
                    .map_or_else(String::new, |name| format!(", {name}"))
            )));
            findings.push(Finding::fine(format!(
                "the keyring opens: {} epochs",
                opened.keyring().epochs().count()
            )));
        }
        Err(error) => {
            let help = error
                .help()
                .map_or_else(String::new, |help| help.to_string());
            findings.push(Finding::wrong(
                format!("the keyring does not open under {kind}: {}", told(&error)),
                help,
            ));
            return;
        }
    }
    custody(settings, findings);
}

/// What a token says of the key that is the root.
fn custody(settings: &Settings, findings: &mut Vec<Finding>) {
    let settings::Root::Pkcs11(uri) = &settings.keys.root else {
        return;
    };
    let remedy =
        "make a home with a key that Rempart makes in the token (`rempart init --root pkcs11:…`)";
    findings.push(match Pkcs11::new(uri.clone()).custody() {
        Ok(custody) if custody.was_always_kept() && custody.wraps_only => {
            Finding::fine(format!("the token says of its key: {custody}"))
        }
        Ok(custody) if custody.is_kept() => {
            Finding::warning(format!("the token says of its key: {custody}"), remedy)
        }
        Ok(custody) => Finding::wrong(format!("the token says of its key: {custody}"), remedy),
        Err(error) => Finding::wrong(error.to_string(), error.hint()),
    });
}

/// Whether what is lost with this machine can be brought back.
fn backup(home: &Home, settings: &Settings, findings: &mut Vec<Finding>) {
    let make = "rempart keys backup --threshold 3 --shares 5 --out DIR";
    findings.push(match BackupRecords::compare(&keyring::folder(home, settings)) {
        Ok(BackedUp::Never) => Finding::warning(
            "the keys have no backup: if this machine is lost, so is everything that was sealed",
            make,
        ),
        Ok(BackedUp::Behind {
            latest,
            epochs,
            subjects,
        }) => Finding::warning(
            format!(
                "backup {} of {} does not hold {epochs} epochs and {subjects} secrets and keys of subjects that came since",
                latest.id, latest.made
            ),
            make,
        ),
        Ok(BackedUp::Wholly(latest)) => Finding::fine(format!(
            "backup {} of {} holds every key",
            latest.id, latest.made
        )),
        Err(error) => Finding::wrong(
            format!("whether there is a backup of the keys cannot be told: {error}"),
            error.hint(),
        ),
    });
}

fn authority(home: &Home, findings: &mut Vec<Finding>) {
    if !home.root_certificate().exists() {
        findings.push(Finding::wrong(
            "the root certificate is gone",
            "put ca/ back from a backup of the home",
        ));
    }
    if holds_root_key(home) {
        findings.push(Finding::warning(
            "the key of the certificate authority is in the home: with it any host can be impersonated to your fleet",
            "keep a copy of ca/root.key offline and remove it here; hosts added later then need it back for a moment",
        ));
    }
}

fn holds_root_key(home: &Home) -> bool {
    home.authority().join("root.key").exists()
}

fn policies(home: &Home, findings: &mut Vec<Finding>) {
    let compiled =
        policies::read(&[home.policies()]).and_then(|sources| policies::compile(&sources));
    findings.push(match compiled {
        Ok(compiled) if compiled.plan.apps.is_empty() => Finding::warning(
            "the home has no policies: nothing is protected unless `up` is given others with --policies",
            format!("put an app's policy file into {}", home.policies().display()),
        ),
        Ok(compiled) => Finding::fine(format!("{} policies", compiled.plan.apps.len())),
        Err(error) => Finding::wrong(error.to_string(), "`rempart policy check` shows where"),
    });
}

fn vault(home: &Home, settings: &Settings, findings: &mut Vec<Finding>) {
    findings.push(match vault_command::open(home, settings) {
        Ok(_) => Finding::fine("the vault opens"),
        Err(error) => Finding::wrong(
            error.to_string(),
            error
                .help()
                .map_or_else(String::new, |help| help.to_string()),
        ),
    });
}

/// The causes of an error in one line.
fn causes(error: &miette::Report) -> String {
    error
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
