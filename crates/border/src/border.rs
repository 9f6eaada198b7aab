//! The compiled plan with its keys: what every exchange begins from, and the lookups that sealing and opening share.

use std::collections::HashMap;
use std::sync::Arc;

use body::ValueType;
use http::HeaderValue;
use policy::{App, AppIndex, Field, FieldIndex, Place, Plan, Route, RouteIndex, Treatment};
use seal::{FieldKey, Pointer, PointerKey, Scanner, Token};

use crate::confine::confinement;
use crate::sealer::Plain;
use crate::{Keys, Limits, Refusal};

/// The compiled plan with its keys and limits. Cheap to clone; replaced whole on reload, and an exchange that has
/// begun ends under the one it began with.
#[derive(Clone, Debug)]
pub struct Border {
    pub(crate) inner: Arc<Inner>,
}

impl Border {
    /// Joins a plan and the keys of its fields.
    #[must_use]
    pub fn new(plan: Arc<Plan>, keys: Arc<Keys>, limits: Limits) -> Self {
        let apps = plan.apps.iter().map(|app| Ready::new(app, &keys)).collect();
        Self {
            inner: Arc::new(Inner {
                plan,
                keys,
                limits,
                scanner: Scanner::new(),
                apps,
            }),
        }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.inner.plan
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.inner.limits
    }

    /// Whether `host` (no port) is an app's, on any port.
    #[must_use]
    pub fn serves(&self, host: &str) -> bool {
        self.inner.plan.app_for(host).is_some()
    }

    /// The id of the app that `host` belongs to.
    #[must_use]
    pub fn app_id(&self, host: &str) -> Option<&str> {
        let index = self.inner.plan.app_for(host)?;
        Some(self.inner.plan.app(index)?.id.as_str())
    }
}

/// A token that opened.
pub(crate) struct OpenedToken {
    /// The field's index in the app, if the policy still has it.
    pub field: Option<usize>,
    pub value_type: ValueType,
    pub plain: Plain,
}

/// What a [`Border`] shares with its exchanges.
#[derive(Debug)]
pub(crate) struct Inner {
    pub plan: Arc<Plan>,
    pub keys: Arc<Keys>,
    pub limits: Limits,
    pub scanner: Scanner,
    apps: Vec<Ready>,
}

/// What is looked up once for an app, so that no request pays for it.
struct Ready {
    current: Vec<Option<Arc<FieldKey>>>,
    fields: HashMap<String, usize>,
    vaulted: Vec<usize>,
    pointer: Option<Arc<PointerKey>>,
    confine: Option<HeaderValue>,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ready({} fields)", self.current.len())
    }
}

impl Ready {
    fn new(app: &App, keys: &Keys) -> Self {
        let fields = app.fields.iter().enumerate();
        Self {
            current: app
                .fields
                .iter()
                .map(|field| keys.current(&app.id, &field.name).cloned())
                .collect(),
            fields: fields
                .clone()
                .map(|(index, field)| (field.name.clone(), index))
                .collect(),
            vaulted: fields
                .filter(|(_, field)| may_point(field))
                .map(|(index, _)| index)
                .collect(),
            pointer: keys.pointer(&app.id).cloned(),
            confine: app.confine.then(|| confinement(app)).flatten(),
        }
    }
}

impl Inner {
    pub fn app(&self, app: usize) -> Option<&App> {
        self.plan.app(AppIndex(app))
    }

    pub fn route(&self, app: usize, route: usize) -> Option<&Route> {
        self.app(app)?.route_at(RouteIndex(route))
    }

    /// A place of a route, with its field.
    pub fn place(&self, app: usize, route: usize, place: usize) -> Option<(&Place, &Field)> {
        let app = self.app(app)?;
        let place = app.route_at(RouteIndex(route))?.places.get(place)?;
        Some((place, app.field(place.field)?))
    }

    /// The key that seals for a field of an app.
    pub fn current_key(&self, app: usize, field: FieldIndex) -> Option<&Arc<FieldKey>> {
        self.apps.get(app)?.current.get(field.0)?.as_ref()
    }

    pub fn pointer_key(&self, app: usize) -> Option<&PointerKey> {
        self.apps.get(app)?.pointer.as_deref()
    }

    /// The policy that confines this app's pages, as a header.
    pub fn confine(&self, app: usize) -> Option<&HeaderValue> {
        self.apps.get(app)?.confine.as_ref()
    }

    /// Reads a vault pointer of this app; with the field for which its check holds.
    pub fn pointer(&self, app: usize, token: &[u8]) -> Option<(Pointer, &Field)> {
        let ready = self.apps.get(app)?;
        if ready.vaulted.is_empty() {
            return None;
        }
        let pointer = Pointer::parse(token)?;
        let key = ready.pointer.as_ref()?;
        let fields = &self.app(app)?.fields;
        let of = ready
            .vaulted
            .iter()
            .filter_map(|index| fields.get(*index))
            .find(|field| key.verify(&field.name, &pointer));
        of.map(|field| (pointer, field))
    }

    /// The one key that may open this token on this app: named by the token, of this app (I9).
    fn key_of(&self, app: usize, token: &Token) -> Option<&Arc<FieldKey>> {
        let key = self.keys.by_id(token.key_id())?;
        (key.app() == self.app(app)?.id).then_some(key)
    }

    /// Opens a token of this app.
    pub fn open(&self, app: usize, text: &[u8]) -> Option<OpenedToken> {
        let token = Token::parse(text).ok()?;
        let key = self.key_of(app, &token)?;
        let mut plain = Plain::default();
        let found = seal::open(key, &token, &mut plain).ok()?;
        let field = self.apps.get(app)?.fields.get(key.field()).copied();
        let value_type = if token.kind() == seal::Kind::Match {
            field
                .and_then(|field| self.app(app)?.fields.get(field))
                .map_or(ValueType::String, |field| field.value_type)
        } else {
            from_seal(found)
        };
        Some(OpenedToken {
            field,
            value_type,
            plain,
        })
    }

    /// Whether `text` is a token that opens under this very field.
    pub fn is_token_of(&self, app: usize, field: &Field, text: &[u8]) -> bool {
        let Ok(token) = Token::parse(text) else {
            return false;
        };
        let Some(key) = self
            .key_of(app, &token)
            .filter(|key| key.field() == field.name)
        else {
            return false;
        };
        seal::open(key, &token, &mut Plain::default()).is_ok()
    }

    /// Whether `text` begins like a token of this app that was cut short.
    pub fn is_cut(&self, app: usize, text: &[u8]) -> bool {
        let cut = matches!(seal::measure(text, true), seal::Measure::Cut(_));
        let key = seal::key_of_cut(text).and_then(|id| self.keys.by_id(id));
        cut && key.is_some_and(|key| self.app(app).is_some_and(|app| app.id == key.app()))
    }

    /// Opens a row of the vault: a token sealed under the key of the field that it was kept for.
    pub fn open_row(&self, app: usize, field: &str, sealed: &[u8]) -> Option<OpenedToken> {
        let token = Token::parse(sealed).ok()?;
        (self.key_of(app, &token)?.field() == field).then(|| self.open(app, sealed))?
    }

    /// What people call a route: the pattern by which the request found it.
    pub fn route_name(&self, app: usize, route: usize, pattern: usize) -> Option<String> {
        let pattern = self.route(app, route)?.patterns.get(pattern)?;
        Some(pattern.to_string())
    }

    /// Names app and route in a refusal.
    pub fn name(&self, app: usize, route: Option<(usize, usize)>, mut refusal: Refusal) -> Refusal {
        refusal.app = self.app(app).map(|app| app.id.clone());
        refusal.route = route.and_then(|(route, pattern)| self.route_name(app, route, pattern));
        refusal
    }
}

/// Whether values of a field may be pointers: those of `vault`, and of `match` where a column has a limit.
fn may_point(field: &Field) -> bool {
    match &field.treatment {
        Treatment::Vault(pointing) => pointing.shape.has_prefix(),
        Treatment::Match => field.max.is_some(),
        Treatment::Sealed { .. }
        | Treatment::Words { .. }
        | Treatment::Date(_)
        | Treatment::Mask
        | Treatment::Block
        | Treatment::Pass => false,
    }
}

/// The token's word for a type in the body's.
fn from_seal(value_type: seal::ValueType) -> ValueType {
    match value_type {
        seal::ValueType::String => ValueType::String,
        seal::ValueType::Number => ValueType::Number,
        seal::ValueType::Boolean => ValueType::Boolean,
    }
}
