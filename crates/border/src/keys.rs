//! The keys of one keyring, derived once and ready: what every seal and open looks up.

use std::collections::HashMap;
use std::sync::Arc;

use ::keys::{EpochSecret, FieldSecret, KeyId, Keyring, KeyringError, SubjectName, SubjectNames};
use seal::date::ShiftKey;
use seal::file::same_size::SegmentKey;
use seal::{FieldKey, PointerKey, StableKey};

/// The keys of subjects: too many to derive ahead, and made while the border runs. A lookup does no IO.
pub trait SubjectKeys: Send + Sync {
    /// The key of this id, if it is a subject's and was not destroyed.
    fn by_id(&self, id: KeyId) -> Option<Arc<FieldKey>>;

    /// The keys that seal for a field of an app and a subject, if there are any.
    fn current(&self, app: &str, field: &str, subject: SubjectName) -> Option<Arc<SubjectKey>>;

    /// Whether this id was that of a subject's key of this field, and the key was destroyed.
    fn was_destroyed(&self, id: KeyId, app: &str, field: &str) -> bool;
}

/// The keys of a field for one subject.
#[derive(Debug)]
pub struct SubjectKey {
    /// Seals its values.
    pub field: Arc<FieldKey>,
    /// Shifts its dates.
    pub shift: ShiftKey,
}

impl SubjectKey {
    /// Derives them from what the keyring holds; nothing for the secret of an epoch that is no subject's.
    #[must_use]
    pub fn derive(secret: &FieldSecret<'_>) -> Option<Self> {
        let (name, subject) = secret.subject.as_ref()?;
        let (epoch, app, field) = (&secret.epoch, secret.view.app, secret.view.field);
        let number = secret.view.epoch;
        let key =
            FieldKey::derive_for_subject(epoch, subject, *name, secret.key_id, app, field, number);
        Some(Self {
            field: Arc::new(key),
            shift: ShiftKey::derive(epoch, Some((subject, *name)), app, field),
        })
    }
}

/// Every field key of a keyring by its id, and the one that seals for each field.
pub struct Keys {
    by_id: HashMap<KeyId, Arc<FieldKey>>,
    fields: HashMap<(String, String), OfField>,
    apps: HashMap<String, Arc<OfApp>>,
    destroyed: HashMap<KeyId, (String, String)>,
    subjects: Option<Arc<dyn SubjectKeys>>,
    /// The keyring is not open.
    away: bool,
}

/// The keys of a field.
#[derive(Default)]
pub(crate) struct OfField {
    /// The one that seals.
    pub current: Option<Arc<FieldKey>>,
    /// The live ones before it, newest first: what was sealed under them still stands in the app.
    pub earlier: Vec<Arc<FieldKey>>,
    /// The secret of the first epoch, if it lives: of what has one epoch for ever.
    pub first: Option<EpochSecret>,
}

/// The keys that all fields of an app share.
pub(crate) struct OfApp {
    /// Makes and checks vault pointers.
    pub pointer: PointerKey,
    /// Names and seals what `stable` fields are remembered by.
    pub stable: Arc<StableKey>,
    /// Names subjects.
    pub subjects: SubjectNames,
    /// Names and seals what is kept of files that are sent in pieces.
    pub segments: Arc<SegmentKey>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({} epochs)", self.by_id.len())
    }
}

impl Keys {
    /// Derives every key of `keyring` but those of subjects.
    ///
    /// # Errors
    /// An epoch whose secret does not unwrap: the keyring is damaged.
    pub fn derive(keyring: &Keyring) -> Result<Self, KeyringError> {
        let mut derived = Self {
            away: false,
            ..Self::away()
        };
        for epoch in keyring.epochs() {
            let of = (epoch.app.to_owned(), epoch.field.to_owned());
            let app = epoch.app;
            if !derived.apps.contains_key(app) {
                let keys = Arc::new(OfApp::derive(keyring, app));
                derived.apps.insert(app.to_owned(), keys);
            }
            if !epoch.live {
                derived.destroyed.insert(epoch.key_id, of);
                continue;
            }
            let field = derived.fields.entry(of).or_default();
            let secret = keyring.epoch_secret(epoch.key_id)?;
            let key = FieldKey::derive(&secret, epoch.key_id, app, epoch.field, epoch.epoch);
            let key = Arc::new(key);
            derived.by_id.insert(epoch.key_id, Arc::clone(&key));
            if epoch.epoch == 1 {
                field.first = Some(secret);
            }
            if epoch.current {
                field.current = Some(key);
            } else {
                field.earlier.insert(0, key);
            }
        }
        Ok(derived)
    }

    /// The keys of a keyring that is not open, since its root is away: there are none, and every exchange with an app
    /// is refused until others replace them.
    #[must_use]
    pub fn away() -> Self {
        Self {
            by_id: HashMap::new(),
            fields: HashMap::new(),
            apps: HashMap::new(),
            destroyed: HashMap::new(),
            subjects: None,
            away: true,
        }
    }

    /// Whether the keyring is not open.
    pub(crate) fn are_away(&self) -> bool {
        self.away
    }

    /// Adds the keys of subjects.
    #[must_use]
    pub fn with_subjects(mut self, subjects: Arc<dyn SubjectKeys>) -> Self {
        self.subjects = Some(subjects);
        self
    }

    /// The key of this id: the only one that can open a token that names it.
    pub(crate) fn by_id(&self, id: KeyId) -> Option<Arc<FieldKey>> {
        let own = self.by_id.get(&id).cloned();
        own.or_else(|| self.subjects.as_ref()?.by_id(id))
    }

    /// Whether this id was that of a key of this field, and the key was destroyed.
    pub(crate) fn was_destroyed(&self, id: KeyId, app: &str, field: &str) -> bool {
        let of = self.destroyed.get(&id);
        let own = of.is_some_and(|of| of.0 == app && of.1 == field);
        let subjects = self.subjects.as_ref();
        own || subjects.is_some_and(|subjects| subjects.was_destroyed(id, app, field))
    }

    /// The key that seals for a field and a subject.
    pub(crate) fn of_subject(
        &self,
        app: &str,
        field: &str,
        subject: SubjectName,
    ) -> Option<Arc<SubjectKey>> {
        self.subjects.as_ref()?.current(app, field, subject)
    }

    /// The keys of this field.
    pub(crate) fn field(&self, app: &str, field: &str) -> Option<&OfField> {
        self.fields.get(&(app.to_owned(), field.to_owned()))
    }

    /// The keys that this app's fields share.
    pub(crate) fn app(&self, app: &str) -> Option<&Arc<OfApp>> {
        self.apps.get(app)
    }
}

impl OfApp {
    fn derive(keyring: &Keyring, app: &str) -> Self {
        let secret = |purpose| keyring.app_secret(app, purpose);
        Self {
            pointer: PointerKey::derive(&secret(PointerKey::PURPOSE), app),
            stable: Arc::new(StableKey::derive(&secret(StableKey::PURPOSE), app)),
            subjects: SubjectNames::derive(&secret(SubjectNames::PURPOSE), app),
            segments: Arc::new(SegmentKey::derive(&secret(SegmentKey::PURPOSE), app)),
        }
    }
}
