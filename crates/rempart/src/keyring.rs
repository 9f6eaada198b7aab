//! The keyring of a home: made, opened with whatever its root asks for, and saved before a new key is used.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use keys::file::{FileStore, Passphrase, Root, RootKind, StoreError, SystemChance};
use keys::{Keyring, KeyringError};
use miette::{IntoDiagnostic as _, MietteDiagnostic, Report, WrapErr as _, miette};

use crate::home::Home;
use crate::settings::{self, Settings};

/// The variable that names a file with the passphrase, for machines that start by themselves.
const PASSPHRASE_FILE: &str = "REMPART_PASSPHRASE_FILE";

/// A keyring that is open, and where it is kept.
pub struct Opened {
    store: FileStore,
    keyring: Keyring,
    chance: SystemChance,
}

impl Opened {
    /// The keyring.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The system's randomness.
    pub fn chance(&self) -> SystemChance {
        self.chance
    }

    /// Makes sure that each of these fields (app, field) has a key, on the disk before this returns.
    ///
    /// # Errors
    /// The keyring could not be saved; then nothing may be sealed with the new keys.
    pub fn ensure<'a>(
        &mut self,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> miette::Result<()> {
        for (app, field) in fields {
            self.keyring
                .ensure_field(app, field, &mut self.chance)
                .into_diagnostic()?;
        }
        // Even where nothing was added: an earlier change may not have reached the disk.
        self.save()
    }

    /// Changes the keyring, and writes it down before this returns.
    ///
    /// # Errors
    /// It could not be changed or saved; then nothing may be sealed with a new key.
    pub fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Keyring, &mut SystemChance) -> Result<T, KeyringError>,
    ) -> miette::Result<T> {
        let changed =
            change(&mut self.keyring, &mut self.chance).map_err(|error| explained(error.into()))?;
        self.save()?;
        Ok(changed)
    }

    /// The folder that it is kept in.
    pub fn folder(&self) -> &Path {
        self.store.directory()
    }

    fn save(&mut self) -> miette::Result<()> {
        self.store
            .save(&mut self.keyring, &mut self.chance)
            .map_err(explained)
    }
}

/// Makes the keyring of a new home.
///
/// # Errors
/// It could not be made, or no passphrase was given.
pub fn create(home: &Home, root: settings::Root) -> miette::Result<()> {
    let mut chance = SystemChance::new().map_err(explained)?;
    adopt(home, root, &mut Keyring::create(&mut chance))
}

/// Writes down in a new home a keyring that is there already, such as one from a backup.
///
/// # Errors
/// As [`create`].
pub fn adopt(home: &Home, root: settings::Root, keyring: &mut Keyring) -> miette::Result<()> {
    let mut chance = SystemChance::new().map_err(explained)?;
    let passphrase;
    let root = match root {
        settings::Root::File => Root::KeyFile,
        settings::Root::Passphrase => {
            passphrase = new_passphrase()?;
            Root::Passphrase(&passphrase)
        }
    };
    FileStore::adopt(&home.keys(), root, keyring, &mut chance)
        .map(drop)
        .map_err(explained)
}

/// Opens the keyring of a home.
///
/// # Errors
/// It is not there, damaged, or its root does not open it.
pub fn open(home: &Home, settings: &Settings) -> miette::Result<Opened> {
    let folder = folder(home, settings);
    let chance = SystemChance::new().map_err(explained)?;
    let passphrase;
    let root = match root_kind(home, settings)? {
        RootKind::KeyFile => Root::KeyFile,
        RootKind::Passphrase => {
            passphrase = known_passphrase()?;
            Root::Passphrase(&passphrase)
        }
        expected @ (RootKind::Pkcs11 | RootKind::Transit) => {
            return Err(explained(StoreError::OtherRoot { expected }));
        }
    };
    let (store, keyring) = FileStore::open(&folder, root).map_err(explained)?;
    Ok(Opened {
        store,
        keyring,
        chance,
    })
}

/// The folder that the keyring of a home is in.
pub fn folder(home: &Home, settings: &Settings) -> PathBuf {
    settings.keys.store.clone().unwrap_or_else(|| home.keys())
}

/// What the keyring's root is.
///
/// # Errors
/// The keyring cannot be read.
pub fn root_kind(home: &Home, settings: &Settings) -> miette::Result<RootKind> {
    let folder = folder(home, settings);
    FileStore::root_kind_in(&folder).map_err(explained)
}

/// Whether a passphrase can be had without asking a person.
pub fn passphrase_is_at_hand() -> bool {
    std::env::var_os(PASSPHRASE_FILE).is_some()
}

fn new_passphrase() -> miette::Result<Passphrase> {
    if passphrase_is_at_hand() {
        return from_file();
    }
    let first = ask("New passphrase for the root key: ")?;
    if first != ask("Once more: ")? {
        return Err(miette!(
            help = "run the command again",
            "the two passphrases differ"
        ));
    }
    if first.is_empty() {
        return Err(miette!(
            help = "choose several words",
            "an empty passphrase protects nothing"
        ));
    }
    Ok(Passphrase::new(first))
}

fn known_passphrase() -> miette::Result<Passphrase> {
    if passphrase_is_at_hand() {
        from_file()
    } else {
        ask("Passphrase of the root key: ").map(Passphrase::new)
    }
}

fn from_file() -> miette::Result<Passphrase> {
    let path = std::env::var_os(PASSPHRASE_FILE).unwrap_or_default();
    let mut text = std::fs::read_to_string(&path)
        .into_diagnostic()
        .wrap_err_with(|| {
            format!(
                "{PASSPHRASE_FILE} names {}, which cannot be read",
                path.display()
            )
        })?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    if text.is_empty() {
        return Err(miette!(
            "{PASSPHRASE_FILE} names {}, which is empty",
            path.display()
        ));
    }
    Ok(Passphrase::new(text))
}

fn ask(prompt: &str) -> miette::Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(miette!(
            help = "name a file that holds it in {PASSPHRASE_FILE}",
            "the keyring asks for a passphrase, and there is no terminal to type it on"
        ));
    }
    rpassword::prompt_password(prompt).into_diagnostic()
}

/// A store's error with its own hint.
fn explained(error: StoreError) -> Report {
    let help = error.hint();
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    Report::new(MietteDiagnostic::new(text).with_help(help))
}
