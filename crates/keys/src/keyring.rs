//! The keyring in memory: what it can answer, and the ways it changes (a field gets an epoch, a subject gets a
//! secret, either is destroyed).
//!
//! Whoever changes it writes it down before a key is used: a token whose key was lost cannot be opened by anybody.

mod written;

pub use written::Replay;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use zeroize::Zeroizing;

use crate::catalogue::{Catalogue, Entry};
use crate::chance::Chance;
use crate::derive::{derive, encode};
use crate::error::KeyringError;
use crate::id::{KeyId, SubjectName};
use crate::log::End;
use crate::secret::{EpochSecret, KeyringSecret, SubjectSecret};
use crate::subjects::{Join, Subject, SubjectCount, Subjects};
use crate::wrap;

/// How often a name is drawn before the source of chance is held to be broken. With a million keys, a sound
/// source draws 64 taken names in a row once in 2^768 tries.
const DRAWS: usize = 64;

/// Every key of an installation, unwrapped as far as the keyring secret.
pub struct Keyring {
    secret: KeyringSecret,
    entries: Vec<Entry>,
    subjects: Subjects,
    /// How much the log of subjects held when the catalogue was signed.
    known: SubjectCount,
    /// Where the written log ends.
    log: End,
    catalogue_changed: bool,
    named: HashMap<KeyId, Named>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Named {
    /// Which entry.
    Epoch(usize),
    /// Which join of an epoch and a subject.
    Join(usize),
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

/// What a field key is derived from.
#[derive(Debug)]
pub struct FieldSecret<'a> {
    /// The name that was asked for, and that tokens of this key carry.
    pub key_id: KeyId,
    /// The epoch it belongs to.
    pub view: EpochView<'a>,
    /// The epoch's secret.
    pub epoch: EpochSecret,
    /// The subject it belongs to, if it is one subject's key.
    pub subject: Option<(SubjectName, SubjectSecret)>,
}

impl Keyring {
    /// Makes an empty keyring with a new secret.
    pub fn create(chance: &mut dyn Chance) -> Self {
        Self {
            secret: KeyringSecret::random(chance),
            entries: Vec::new(),
            subjects: Subjects::default(),
            known: SubjectCount::default(),
            log: End::EMPTY,
            catalogue_changed: true,
            named: HashMap::new(),
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
        let (entries, known) = catalogue.verified(&catalogue_key(&secret))?;
        let named = entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (entry.key_id, Named::Epoch(place)))
            .collect();
        Ok(Self {
            secret,
            entries,
            subjects: Subjects::default(),
            known,
            log: End::EMPTY,
            catalogue_changed: false,
            named,
        })
    }

    /// What must be written down: every entry, signed. It holds no secret in the clear.
    pub fn catalogue(&self) -> Catalogue {
        self.catalogue_with(self.known.max(self.subjects.written()))
    }

    fn catalogue_with(&self, log: SubjectCount) -> Catalogue {
        Catalogue::signed(&catalogue_key(&self.secret), &self.entries, log)
    }

    /// Opens every wrap that was not destroyed, and forgets what it held.
    ///
    /// # Errors
    /// [`KeyringError::Damaged`] and [`KeyringError::DamagedSubject`] name the first that does not open.
    pub fn check_wraps(&self) -> Result<(), KeyringError> {
        for entry in self.entries.iter().filter(|entry| entry.wrapped.is_some()) {
            self.epoch_secret(entry.key_id)?;
        }
        let mut keys = HashMap::new();
        for subject in self.subjects.all() {
            let Some(wrapped) = &subject.wrapped else {
                continue;
            };
            let key = keys
                .entry(subject.app.as_str())
                .or_insert_with(|| self.subject_wrap_key(&subject.app));
            let belongs = subject_belongs(&subject.app, subject.name, subject.generation);
            wrap::unwrap(key, &belongs, wrapped)
                .ok_or(KeyringError::DamagedSubject(subject.name))?;
        }
        Ok(())
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
        let last = self.last_of(app, field);
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
        let last = self.last_of(app, field).map_or(0, |entry| entry.epoch);
        let epoch = last.checked_add(1).ok_or(KeyringError::Exhausted)?;
        let key_id = self.draw(chance)?;
        let secret = EpochSecret::random(chance);
        let wrapped = wrap::wrap(
            &self.epoch_wrap_key(app),
            &epoch_belongs(key_id, app, field, epoch),
            secret.expose(),
            chance,
        )
        .ok_or(KeyringError::Damaged(key_id))?;
        self.named.insert(key_id, Named::Epoch(self.entries.len()));
        self.catalogue_changed = true;
        self.entries.push(Entry {
            key_id,
            app: app.to_owned(),
            field: field.to_owned(),
            epoch,
            wrapped: Some(wrapped),
        });
        Ok(key_id)
    }

    /// Sees to it that the subject has a key in the field's current epoch, and says which: true when it had to be
    /// made, and the keyring must be written down before it is used.
    ///
    /// # Errors
    /// As [`Keyring::start_epoch`], where the field has no epoch to seal under.
    pub fn ensure_subject(
        &mut self,
        app: &str,
        field: &str,
        subject: SubjectName,
        chance: &mut dyn Chance,
    ) -> Result<(KeyId, bool), KeyringError> {
        let epoch = match self.last_of(app, field) {
            Some(entry) if entry.wrapped.is_some() => entry.key_id,
            _ => self.start_epoch(app, field, chance)?,
        };
        let (place, generation) = match self.subjects.latest(app, subject) {
            None => (None, 1),
            Some(place) => {
                let last = &self.subjects.all()[place];
                let next = last.generation.checked_add(1);
                let live = last.wrapped.is_some();
                (live.then_some(place), next.ok_or(KeyringError::Exhausted)?)
            }
        };
        if let Some(key_id) = place.and_then(|place| self.subjects.joined(epoch, place)) {
            return Ok((key_id, false));
        }
        let key_id = self.draw(chance)?;
        let place = match place {
            Some(place) => place,
            None => {
                let secret = SubjectSecret::random(chance);
                let wrapped = wrap::wrap(
                    &self.subject_wrap_key(app),
                    &subject_belongs(app, subject, generation),
                    secret.expose(),
                    chance,
                )
                .ok_or(KeyringError::Damaged(key_id))?;
                self.subjects.add(app, subject, generation, Some(wrapped))
            }
        };
        self.named
            .insert(key_id, Named::Join(self.subjects.joins().len()));
        self.subjects.join(Join {
            key_id,
            epoch,
            subject: place,
        });
        Ok((key_id, true))
    }

    /// Destroys an epoch's secret: after the keyring is written down, its tokens open nowhere but from an older
    /// copy of the keyring. The entry stays, so that they are known for what they are.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`].
    pub fn destroy_epoch(&mut self, key_id: KeyId) -> Result<(), KeyringError> {
        let Some(&Named::Epoch(place)) = self.named.get(&key_id) else {
            return Err(KeyringError::Unknown(key_id));
        };
        self.entries[place].wrapped = None;
        self.catalogue_changed = true;
        Ok(())
    }

    /// Destroys every secret of a subject of an app: after the keyring is written down, tokens of its keys open
    /// nowhere but from an older copy of the keyring. False when there was nothing to destroy.
    pub fn shred_subject(&mut self, app: &str, subject: SubjectName) -> bool {
        self.subjects.shred(app, subject) > 0
    }

    /// Every epoch there is or was, in the order they were made.
    pub fn epochs(&self) -> impl Iterator<Item = EpochView<'_>> {
        let mut last = BTreeMap::new();
        for entry in &self.entries {
            let epoch: &mut u32 = last.entry((&entry.app, &entry.field)).or_default();
            *epoch = entry.epoch.max(*epoch);
        }
        self.entries.iter().map(move |entry| {
            let last = last.get(&(&entry.app, &entry.field)) == Some(&entry.epoch);
            view(entry, last)
        })
    }

    /// The key that a subject has in the field's current epoch, if it has one that was not destroyed and is written
    /// down: values may be sealed under it.
    pub fn subject_key(&self, app: &str, field: &str, subject: SubjectName) -> Option<KeyId> {
        let epoch = self.last_of(app, field)?;
        let place = self.subjects.latest(app, subject)?;
        let live = epoch.wrapped.is_some() && self.subjects.all().get(place)?.wrapped.is_some();
        let key_id = self.subjects.joined(epoch.key_id, place)?;
        let written = match self.named.get(&key_id)? {
            Named::Join(join) => *join < self.subjects.written().keys,
            Named::Epoch(_) => false,
        };
        (live && written && !self.catalogue_changed).then_some(key_id)
    }

    /// The epoch that a key belongs to, an epoch's own or one subject's, and whether the key still opens.
    pub fn key(&self, key_id: KeyId) -> Option<(EpochView<'_>, bool)> {
        let (epoch, live) = match self.named.get(&key_id)? {
            Named::Epoch(place) => (self.entries.get(*place)?, true),
            Named::Join(place) => {
                let join = self.subjects.joins().get(*place)?;
                let subject = self.subjects.all().get(join.subject)?;
                (self.entry(join.epoch).ok()?, subject.wrapped.is_some())
            }
        };
        Some((self.view(epoch), live && epoch.wrapped.is_some()))
    }

    /// Where the live secret of a subject stands among all that were made, if it has one.
    pub fn subject_place(&self, app: &str, subject: SubjectName) -> Option<usize> {
        let place = self.subjects.latest(app, subject)?;
        let live = self.subjects.all().get(place)?.wrapped.is_some();
        live.then_some(place)
    }

    /// The keys of a subject of an app: each with the epoch it belongs to and whether it still opens.
    pub fn keys_of_subject<'a>(
        &'a self,
        app: &'a str,
        subject: SubjectName,
    ) -> impl Iterator<Item = (KeyId, EpochView<'a>, bool)> {
        self.subjects.joins().iter().filter_map(move |join| {
            let of = &self.subjects.all()[join.subject];
            if of.name != subject || of.app != app {
                return None;
            }
            let entry = self.entry(join.epoch).ok()?;
            let live = of.wrapped.is_some() && entry.wrapped.is_some();
            Some((join.key_id, self.view(entry), live))
        })
    }

    /// How many keys of subjects belong to an epoch, destroyed ones included.
    pub fn subject_keys_of_epoch(&self, epoch: KeyId) -> usize {
        let joins = self.subjects.joins().iter();
        joins.filter(|join| join.epoch == epoch).count()
    }

    /// How many secrets of subjects and keys of theirs there are, those that were destroyed included.
    pub fn subject_count(&self) -> SubjectCount {
        self.subjects.count()
    }

    /// Unwraps an epoch's secret. The caller derives the field key once and keeps that.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`], [`KeyringError::Destroyed`], or [`KeyringError::Damaged`] when the wrap does not
    /// open.
    pub fn epoch_secret(&self, key_id: KeyId) -> Result<EpochSecret, KeyringError> {
        let entry = self.entry(key_id)?;
        let wrapped = entry
            .wrapped
            .as_ref()
            .ok_or(KeyringError::Destroyed(key_id))?;
        let belongs = epoch_belongs(key_id, &entry.app, &entry.field, entry.epoch);
        wrap::unwrap(&self.epoch_wrap_key(&entry.app), &belongs, wrapped)
            .map(|secret| EpochSecret::from_bytes(&secret))
            .ok_or(KeyringError::Damaged(key_id))
    }

    /// Unwraps what the field key of this name is derived from, whether it is an epoch's own or one subject's.
    ///
    /// # Errors
    /// As [`Keyring::epoch_secret`]; destroyed when the epoch or the subject was.
    pub fn field_secret(&self, key_id: KeyId) -> Result<FieldSecret<'_>, KeyringError> {
        let (epoch, subject) = match self.named.get(&key_id) {
            None => return Err(KeyringError::Unknown(key_id)),
            Some(Named::Epoch(_)) => (key_id, None),
            Some(&Named::Join(place)) => {
                let join = self.subjects.joins()[place];
                (join.epoch, Some(&self.subjects.all()[join.subject]))
            }
        };
        let destroyed = |error| match error {
            KeyringError::Destroyed(_) => KeyringError::Destroyed(key_id),
            other => other,
        };
        Ok(FieldSecret {
            key_id,
            view: self.view(self.entry(epoch)?),
            epoch: self.epoch_secret(epoch).map_err(destroyed)?,
            subject: subject
                .map(|subject| Ok((subject.name, self.subject_secret(key_id, subject)?)))
                .transpose()?,
        })
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

    fn subject_secret(
        &self,
        key_id: KeyId,
        subject: &Subject,
    ) -> Result<SubjectSecret, KeyringError> {
        let wrapped = subject
            .wrapped
            .as_ref()
            .ok_or(KeyringError::Destroyed(key_id))?;
        let belongs = subject_belongs(&subject.app, subject.name, subject.generation);
        wrap::unwrap(&self.subject_wrap_key(&subject.app), &belongs, wrapped)
            .map(|secret| SubjectSecret::from_bytes(&secret))
            .ok_or(KeyringError::Damaged(key_id))
    }

    fn app_key(&self, app: &str) -> Zeroizing<[u8; 32]> {
        derive(self.secret.expose(), "app", &[app.as_bytes()])
    }

    fn epoch_wrap_key(&self, app: &str) -> Zeroizing<[u8; 32]> {
        derive(self.app_key(app).as_slice(), "epoch-wrap", &[])
    }

    fn subject_wrap_key(&self, app: &str) -> Zeroizing<[u8; 32]> {
        derive(self.app_key(app).as_slice(), "subject-wrap", &[])
    }

    fn entry(&self, key_id: KeyId) -> Result<&Entry, KeyringError> {
        match self.named.get(&key_id) {
            Some(&Named::Epoch(place)) => Ok(&self.entries[place]),
            Some(Named::Join(_)) | None => Err(KeyringError::Unknown(key_id)),
        }
    }

    fn last_of(&self, app: &str, field: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.app == app && entry.field == field)
            .max_by_key(|entry| entry.epoch)
    }

    fn view<'a>(&'a self, entry: &'a Entry) -> EpochView<'a> {
        let last = self.last_of(&entry.app, &entry.field);
        view(entry, last.is_some_and(|last| last.epoch == entry.epoch))
    }

    fn draw(&self, chance: &mut dyn Chance) -> Result<KeyId, KeyringError> {
        for _ in 0..DRAWS {
            let mut bytes = [0; 4];
            chance.fill(&mut bytes);
            let key_id = KeyId::from_bytes(bytes);
            if !self.named.contains_key(&key_id) {
                return Ok(key_id);
            }
        }
        Err(KeyringError::Chance)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (epochs, subjects) = (self.entries.len(), self.subjects.count().subjects);
        write!(f, "Keyring(‹{epochs} epochs, {subjects} subjects›)")
    }
}

/// An epoch without its secret; `last` when its field has no later one.
fn view(entry: &Entry, last: bool) -> EpochView<'_> {
    let live = entry.wrapped.is_some();
    EpochView {
        key_id: entry.key_id,
        app: &entry.app,
        field: &entry.field,
        epoch: entry.epoch,
        current: live && last,
        live,
    }
}

fn catalogue_key(secret: &KeyringSecret) -> Zeroizing<[u8; 64]> {
    derive(secret.expose(), "catalogue-mac", &[])
}

/// What an epoch's wrap is bound to.
fn epoch_belongs(key_id: KeyId, app: &str, field: &str, epoch: u32) -> Vec<u8> {
    encode(&[
        &key_id.to_bytes(),
        app.as_bytes(),
        field.as_bytes(),
        &epoch.to_be_bytes(),
    ])
}

/// What a subject's wrap is bound to.
fn subject_belongs(app: &str, subject: SubjectName, generation: u32) -> Vec<u8> {
    encode(&[app.as_bytes(), &subject.0, &generation.to_be_bytes()])
}
