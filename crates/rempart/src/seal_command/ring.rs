//! The field keys of a keyring, each derived when it is first asked for.

use std::collections::HashMap;
use std::sync::Arc;

use keys::{KeyId, Keyring};
use seal::FieldKey;

/// Keys that are kept ready; a person's keys may be many, and an export walks through them.
const READY: usize = 4096;

/// The keys of one keyring, of one app where one is named.
pub struct Ring<'a> {
    keyring: &'a Keyring,
    app: Option<String>,
    ready: HashMap<KeyId, Arc<FieldKey>>,
}

impl<'a> Ring<'a> {
    /// The keys of `keyring`; those of other apps than `app` are not used.
    pub fn new(keyring: &'a Keyring, app: Option<&str>) -> Self {
        Self {
            keyring,
            app: app.map(str::to_owned),
            ready: HashMap::new(),
        }
    }

    /// The key of this name, if it is here and was not destroyed.
    pub fn key(&mut self, id: KeyId) -> Option<Arc<FieldKey>> {
        if let Some(key) = self.ready.get(&id) {
            return Some(Arc::clone(key));
        }
        let secret = self.keyring.field_secret(id).ok()?;
        let (app, field, epoch) = (secret.view.app, secret.view.field, secret.view.epoch);
        if !self.serves(app) {
            return None;
        }
        let key = Arc::new(match &secret.subject {
            Some((name, subject)) => {
                FieldKey::derive_for_subject(&secret.epoch, subject, *name, id, app, field, epoch)
            }
            None => FieldKey::derive(&secret.epoch, id, app, field, epoch),
        });
        if self.ready.len() == READY {
            self.ready.clear();
        }
        self.ready.insert(id, Arc::clone(&key));
        Some(key)
    }

    /// Whether this app's keys are used.
    pub fn serves(&self, app: &str) -> bool {
        self.app.as_deref().is_none_or(|only| only == app)
    }

    /// The keyring.
    pub fn keyring(&self) -> &'a Keyring {
        self.keyring
    }
}
