//! The keys of one keyring, derived once and ready: what every seal and open looks up.

use std::collections::HashMap;
use std::sync::Arc;

use ::keys::{KeyId, Keyring, KeyringError};
use seal::{FieldKey, PointerKey};

/// Every field key of a keyring by its id, and the one that seals for each field.
pub struct Keys {
    by_id: HashMap<KeyId, Arc<FieldKey>>,
    current: HashMap<(String, String), Arc<FieldKey>>,
    pointers: HashMap<String, Arc<PointerKey>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({} epochs)", self.by_id.len())
    }
}

impl Keys {
    /// Derives every key of `keyring`.
    ///
    /// # Errors
    /// An epoch whose secret does not unwrap: the keyring is damaged.
    pub fn derive(keyring: &Keyring) -> Result<Self, KeyringError> {
        let mut derived = Self {
            by_id: HashMap::new(),
            current: HashMap::new(),
            pointers: HashMap::new(),
        };
        for epoch in keyring.epochs() {
            let secret = keyring.epoch_secret(epoch.key_id)?;
            let key = Arc::new(FieldKey::derive(
                &secret,
                epoch.key_id,
                epoch.app,
                epoch.field,
                epoch.epoch,
            ));
            derived.by_id.insert(epoch.key_id, Arc::clone(&key));
            if epoch.current {
                derived
                    .current
                    .insert((epoch.app.to_owned(), epoch.field.to_owned()), key);
            }
            if !derived.pointers.contains_key(epoch.app) {
                let secret = keyring.app_secret(epoch.app, PointerKey::PURPOSE);
                derived.pointers.insert(
                    epoch.app.to_owned(),
                    Arc::new(PointerKey::derive(&secret, epoch.app)),
                );
            }
        }
        Ok(derived)
    }

    /// The key of this id: the only one that can open a token that names it.
    pub(crate) fn by_id(&self, id: KeyId) -> Option<&Arc<FieldKey>> {
        self.by_id.get(&id)
    }

    /// The key that seals for this field.
    pub(crate) fn current(&self, app: &str, field: &str) -> Option<&Arc<FieldKey>> {
        self.current.get(&(app.to_owned(), field.to_owned()))
    }

    /// The key that checks this app's vault pointers.
    pub(crate) fn pointer(&self, app: &str) -> Option<&Arc<PointerKey>> {
        self.pointers.get(app)
    }
}
