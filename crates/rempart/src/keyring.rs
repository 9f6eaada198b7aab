//! The keyring of a home: made, opened with whatever its root asks for, and saved before a new key is used.

use std::path::{Path, PathBuf};

use keys::file::{Custodian, FileStore, RootError, RootKind, StoreError, SystemChance};
use keys::root::pkcs11::{Custody, Pkcs11};
use keys::{Keyring, KeyringError};
use miette::{IntoDiagnostic as _, MietteDiagnostic, Report};

use crate::home::Home;
use crate::root::{self, Handed, InHand};
use crate::settings::{self, Settings};

/// Why a keyring is not open.
#[derive(Debug)]
pub enum Closed {
    /// Its root is away, and may come back by itself.
    Away(Report),
    /// Something must be mended first.
    Wrong(Report),
}

impl From<StoreError> for Closed {
    fn from(error: StoreError) -> Self {
        if error.is_away() {
            Self::Away(explained(error))
        } else {
            Self::Wrong(explained(error))
        }
    }
}

impl From<RootError> for Closed {
    fn from(error: RootError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<Report> for Closed {
    fn from(report: Report) -> Self {
        Self::Wrong(report)
    }
}

impl From<Closed> for Report {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Away(report) | Closed::Wrong(report) => report,
        }
    }
}

/// A keyring that is open, and where it is kept.
pub struct Opened {
    store: FileStore,
    keyring: Keyring,
    chance: SystemChance,
    custodian: Option<Box<dyn Custodian>>,
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

    /// What the key of a token or a service is called; nothing for other roots.
    pub fn custodian(&self) -> Option<String> {
        self.custodian.as_ref().map(|custodian| custodian.name())
    }

    /// Has the root wrap the keyring secret anew where its key has a newer version, on the disk before this returns;
    /// true where it had.
    ///
    /// # Errors
    /// The root or the disk did not do it; the keyring then opens as it did.
    pub fn renew_root(&mut self) -> Result<bool, Closed> {
        let Some(custodian) = &self.custodian else {
            return Ok(false);
        };
        let renewed = self
            .store
            .renew(&**custodian, &self.keyring, &mut self.chance)?;
        Ok(renewed)
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

/// Makes the keyring of a new home. Where its root is a token, the key is made there too, and what the token says of it
/// is returned.
///
/// # Errors
/// It could not be made, or its root is not at hand.
pub fn create(
    home: &Home,
    keys: &settings::Keys,
    handed: &Handed,
) -> Result<Option<Custody>, Closed> {
    let mut chance = SystemChance::new()?;
    adopt(home, keys, handed, &mut Keyring::create(&mut chance))
}

/// Writes down in a new home a keyring that is there already, such as one from a backup.
///
/// # Errors
/// As [`create`].
pub fn adopt(
    home: &Home,
    keys: &settings::Keys,
    handed: &Handed,
    keyring: &mut Keyring,
) -> Result<Option<Custody>, Closed> {
    let mut chance = SystemChance::new()?;
    let custody = match &keys.root {
        settings::Root::Pkcs11(uri) => {
            let (custody, _) = Pkcs11::new(uri.clone()).ensure_key(&mut chance)?;
            Some(custody)
        }
        _ => None,
    };
    let root = root::for_new(keys, handed)?;
    FileStore::adopt(&home.keys(), root.root(), keyring, &mut chance)?;
    home.note_root(&keys.root_settings())?;
    Ok(custody)
}

/// Opens the keyring of a home.
///
/// # Errors
/// It is not there, damaged, or its root does not open it.
pub fn open(home: &Home, settings: &Settings) -> miette::Result<Opened> {
    Ok(open_with(home, settings, &Handed::default())?)
}

/// Opens the keyring of a home, with what was handed to this process.
///
/// # Errors
/// As [`open`]; a root that is away is told apart.
pub fn open_with(home: &Home, settings: &Settings, handed: &Handed) -> Result<Opened, Closed> {
    let folder = folder(home, settings);
    let chance = SystemChance::new()?;
    let kind = FileStore::root_kind_in(&folder)?;
    let root = root::for_kind(kind, &settings.keys, handed)?;
    let (store, keyring) = FileStore::open(&folder, root.root())?;
    let custodian = match root {
        InHand::Custodian(custodian) => Some(custodian),
        InHand::KeyFile | InHand::Passphrase(_) => None,
    };
    Ok(Opened {
        store,
        keyring,
        chance,
        custodian,
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

/// A store's error with its own hint.
fn explained(error: StoreError) -> Report {
    let help = error.hint();
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    Report::new(MietteDiagnostic::new(text).with_help(help))
}
