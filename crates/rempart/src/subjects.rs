//! The keys of subjects while a gateway runs: derived when they are first asked for, made and on the disk before a value
//! is sealed under them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use border::{SubjectKey, SubjectKeys};
use keys::{KeyId, KeyringError, SubjectName};
use moka::sync::Cache;
use seal::FieldKey;

use crate::keyring::Opened;

/// How many derived keys are at hand: about a kilobyte each.
const AT_HAND: u64 = 16_384;

/// Whose key of which field of which app.
pub type Of = (String, String, SubjectName);

/// The keys of subjects of a keyring that a gateway shares.
#[derive(Clone)]
pub struct Subjects {
    keyring: Arc<Mutex<Option<Opened>>>,
    by_id: Cache<KeyId, Arc<FieldKey>>,
    current: Cache<Of, Arc<SubjectKey>>,
}

impl Subjects {
    /// The keys of subjects of this keyring.
    pub fn new(keyring: Arc<Mutex<Option<Opened>>>) -> Self {
        Self {
            keyring,
            by_id: Cache::new(AT_HAND),
            current: Cache::new(AT_HAND),
        }
    }

    /// Makes sure that each has a key, on the disk before this returns: one sync however many are new. Waits for the
    /// disk: not for a thread that drives the runtime.
    ///
    /// # Errors
    /// The keyring could not be saved; then nothing may be sealed with the new keys.
    pub fn make(&self, wanted: &[Of]) -> miette::Result<Vec<Arc<SubjectKey>>> {
        let mut keyring = self.lock();
        let opened = keyring
            .as_mut()
            .ok_or_else(|| miette::miette!("the root of trust is away"))?;
        let ids = opened.change(|keyring, chance| {
            let ids = wanted.iter().map(|(app, field, subject)| {
                let made = keyring.ensure_subject(app, field, *subject, chance);
                made.map(|(id, _)| id)
            });
            ids.collect::<Result<Vec<KeyId>, _>>()
        })?;
        let keys = ids.into_iter().map(|id| {
            let secret = opened.keyring().field_secret(id)?;
            let key = SubjectKey::derive(&secret).ok_or(KeyringError::Unknown(id))?;
            Ok(Arc::new(key))
        });
        keys.collect::<Result<Vec<_>, KeyringError>>()
            .map_err(|error| miette::miette!("{error}"))
    }

    /// Forgets what was derived: after the keyring changed, a destroyed key must not be at hand.
    pub fn forget(&self) {
        self.by_id.invalidate_all();
        self.current.invalidate_all();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Opened>> {
        self.keyring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Subjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subjects({} at hand)", self.current.entry_count())
    }
}

impl SubjectKeys for Subjects {
    fn by_id(&self, id: KeyId) -> Option<Arc<FieldKey>> {
        let derived = self.by_id.get(&id);
        derived.or_else(|| {
            let opened = self.lock();
            let secret = opened.as_ref()?.keyring().field_secret(id).ok()?;
            let key = SubjectKey::derive(&secret)?.field;
            self.by_id.insert(id, Arc::clone(&key));
            Some(key)
        })
    }

    fn current(&self, app: &str, field: &str, subject: SubjectName) -> Option<Arc<SubjectKey>> {
        let of = (app.to_owned(), field.to_owned(), subject);
        let derived = self.current.get(&of);
        derived.or_else(|| {
            let opened = self.lock();
            let keyring = opened.as_ref()?.keyring();
            let id = keyring.subject_key(app, field, subject)?;
            let secret = keyring.field_secret(id).ok()?;
            let key = Arc::new(SubjectKey::derive(&secret)?);
            self.current.insert(of, Arc::clone(&key));
            Some(key)
        })
    }

    fn was_destroyed(&self, id: KeyId, app: &str, field: &str) -> bool {
        let opened = self.lock();
        let key = opened.as_ref().and_then(|opened| opened.keyring().key(id));
        key.is_some_and(|(epoch, live)| !live && epoch.app == app && epoch.field == field)
    }
}
