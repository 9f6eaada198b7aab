//! The keyring in memory: what it can answer, and the two ways it changes (a field gets an epoch, an epoch is
//! destroyed).
//!
//! Whoever changes it writes it down before a key is used: a token whose key was lost cannot be opened by anybody.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::catalogue::{Catalogue, Entry};
use crate::chance::Chance;
use crate::derive::{derive, encode};
use crate::error::KeyringError;
use crate::id::KeyId;
use crate::secret::{EpochSecret, KeyringSecret};
use crate::wrap;

/// How often a name is drawn before the source of chance is held to be broken. With a million keys, a sound
/// source draws 64 taken names in a row once in 2^768 tries.
const DRAWS: usize = 64;

/// Every key of an installation, unwrapped as far as the keyring secret.
pub struct Keyring {
    secret: KeyringSecret,
    entries: Vec<Entry>,
}

/// What may be known of an epoch without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochView<'a> {
    /// The name that tokens carry.
    pub key_id: KeyId,
    /// The app it belongs to.
    pub app: &'a str,
    /// The field of that app.
    pub field: &'a str,
    /// Counted from 1 for each field.
    pub epoch: u32,
    /// New values are sealed under this one; earlier epochs only open.
    pub current: bool,
    /// Its secret exists; otherwise it was destroyed on purpose.
    pub live: bool,
}

impl Keyring {
    /// Makes an empty keyring with a new secret.
    pub fn create(chance: &mut dyn Chance) -> Self {
        Self {
            secret: KeyringSecret::random(chance),
            entries: Vec::new(),
        }
    }

    /// Reads a keyring back from its unwrapped secret and its catalogue.
    ///
    /// # Errors
    /// [`KeyringError::Changed`] when the catalogue is not the one this secret signed;
    /// [`KeyringError::Version`] and [`KeyringError::Twice`] when it cannot be one.
    pub fn from_catalogue(
        secret: KeyringSecret,
        catalogue: Catalogue,
    ) -> Result<Self, KeyringError> {
        let entries = catalogue.verified(&catalogue_key(&secret))?;
        Ok(Self { secret, entries })
    }

    /// What must be written down: every entry, signed. It holds no secret in the clear.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::signed(&catalogue_key(&self.secret), &self.entries)
    }

    /// The secret that a root wraps.
    pub fn secret(&self) -> &KeyringSecret {
        &self.secret
    }

    /// Sees to it that the field has an epoch to seal under; true when one had to be made, and the keyring must be
    /// written down before it is used.
    ///
    /// # Errors
    /// As [`Keyring::start_epoch`].
    pub fn ensure_field(
        &mut self,
        app: &str,
        field: &str,
        chance: &mut dyn Chance,
    ) -> Result<bool, KeyringError> {
        let last = self.of_field(app, field).max_by_key(|entry| entry.epoch);
        if last.is_some_and(|entry| entry.wrapped.is_some()) {
            return Ok(false);
        }
        self.start_epoch(app, field, chance)?;
        Ok(true)
    }

    /// Starts the field's next epoch, under which values are sealed from then on; earlier ones still open.
    ///
    /// # Errors
    /// [`KeyringError::Chance`] when the source keeps giving names that are taken,
    /// [`KeyringError::Exhausted`] after 2^32 - 1 epochs.
    pub fn start_epoch(
        &mut self,
        app: &str,
        field: &str,
        chance: &mut dyn Chance,
    ) -> Result<KeyId, KeyringError> {
        let last = self
            .of_field(app, field)
            .map(|entry| entry.epoch)
            .max()
            .unwrap_or(0);
        let epoch = last.checked_add(1).ok_or(KeyringError::Exhausted)?;
        let key_id = self.draw(chance)?;
        let secret = EpochSecret::random(chance);
        let wrapped = wrap::wrap(
            &self.wrap_key(app),
            &belongs(key_id, app, field, epoch),
            &secret,
            chance,
        )
        .ok_or(KeyringError::Damaged(key_id))?;
        self.entries.push(Entry {
            key_id,
            app: app.to_owned(),
            field: field.to_owned(),
            epoch,
            wrapped: Some(wrapped),
        });
        Ok(key_id)
    }

    /// Destroys an epoch's secret: after the keyring is written down, its tokens open nowhere but from an older
    /// copy of the keyring. The entry stays, so that they are known for what they are.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`].
    pub fn destroy_epoch(&mut self, key_id: KeyId) -> Result<(), KeyringError> {
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| entry.key_id == key_id)
            .ok_or(KeyringError::Unknown(key_id))?;
        entry.wrapped = None;
        Ok(())
    }

    /// Every epoch there is or was, in the order they were made.
    pub fn epochs(&self) -> impl Iterator<Item = EpochView<'_>> {
        let mut last = BTreeMap::new();
        for entry in &self.entries {
            let epoch: &mut u32 = last.entry((&entry.app, &entry.field)).or_default();
            *epoch = entry.epoch.max(*epoch);
        }
        self.entries.iter().map(move |entry| {
            let live = entry.wrapped.is_some();
            EpochView {
                key_id: entry.key_id,
                app: &entry.app,
                field: &entry.field,
                epoch: entry.epoch,
                current: live && last.get(&(&entry.app, &entry.field)) == Some(&entry.epoch),
                live,
            }
        })
    }

    /// Unwraps an epoch's secret. The caller derives the field key once and keeps that.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`], [`KeyringError::Destroyed`], or [`KeyringError::Damaged`] when the wrap does not
    /// open.
    pub fn epoch_secret(&self, key_id: KeyId) -> Result<EpochSecret, KeyringError> {
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.key_id == key_id)
            .ok_or(KeyringError::Unknown(key_id))?;
        let wrapped = entry
            .wrapped
            .as_ref()
            .ok_or(KeyringError::Destroyed(key_id))?;
        let belongs = belongs(key_id, &entry.app, &entry.field, entry.epoch);
        wrap::unwrap(&self.wrap_key(&entry.app), &belongs, wrapped)
            .ok_or(KeyringError::Damaged(key_id))
    }

    /// A secret of an app for a purpose that has no epochs, such as the check in its vault pointers. The same for
    /// ever for one keyring, app and purpose.
    pub fn app_secret(&self, app: &str, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(
            self.app_key(app).as_slice(),
            "app-secret",
            &[purpose.as_bytes()],
        )
    }

    fn app_key(&self, app: &str) -> Zeroizing<[u8; 32]> {
        derive(self.secret.expose(), "app", &[app.as_bytes()])
    }

    fn wrap_key(&self, app: &str) -> Zeroizing<[u8; 32]> {
        derive(self.app_key(app).as_slice(), "epoch-wrap", &[])
    }

    fn of_field<'a>(&'a self, app: &str, field: &str) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.app == app && entry.field == field)
    }

    fn draw(&self, chance: &mut dyn Chance) -> Result<KeyId, KeyringError> {
        for _ in 0..DRAWS {
            let mut bytes = [0; 4];
            chance.fill(&mut bytes);
            let key_id = KeyId::from_bytes(bytes);
            if self.entries.iter().all(|entry| entry.key_id != key_id) {
                return Ok(key_id);
            }
        }
        Err(KeyringError::Chance)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring(‹{} epochs›)", self.entries.len())
    }
}

fn catalogue_key(secret: &KeyringSecret) -> Zeroizing<[u8; 64]> {
    derive(secret.expose(), "catalogue-mac", &[])
}

/// What a wrap is bound to.
fn belongs(key_id: KeyId, app: &str, field: &str, epoch: u32) -> Vec<u8> {
    encode(&[
        &key_id.to_bytes(),
        app.as_bytes(),
        field.as_bytes(),
        &epoch.to_be_bytes(),
    ])
}
