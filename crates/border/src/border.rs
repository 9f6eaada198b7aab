//! The compiled plan with its keys: what every exchange begins from, and the lookups that sealing and opening share.

use std::collections::HashMap;
use std::sync::Arc;

use ::keys::{KeyId, SubjectName};
use body::ValueType;
use body::reveal::Companions;
use http::HeaderValue;
use policy::{
    App, AppIndex, Field, FieldIndex, Place, Plan, Route, RouteIndex, Treatment, normalise,
};
use seal::file::same_size::SegmentKey;
use seal::format::FormatKey;
use seal::{FieldKey, Pointer, PointerKey, Scanner, StableKey, Token};

use crate::confine::confinement;
use crate::keys::OfApp;
use crate::value::Plain;
use crate::{Keys, Limits, Refusal, Signers, SubjectKey, pointers};

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
        Self::signing(plan, keys, limits, Signers::default())
    }

    /// As [`Border::new`], with what the apps' requests are signed by.
    #[must_use]
    pub fn signing(plan: Arc<Plan>, keys: Arc<Keys>, limits: Limits, signers: Signers) -> Self {
        let apps = plan.apps.iter().map(|app| Ready::new(app, &keys)).collect();
        Self {
            inner: Arc::new(Inner {
                plan,
                keys,
                limits,
                signers,
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
    pub key: Arc<FieldKey>,
    pub value_type: ValueType,
    pub plain: Plain,
}

/// What a [`Border`] shares with its exchanges.
#[derive(Debug)]
pub(crate) struct Inner {
    pub plan: Arc<Plan>,
    pub keys: Arc<Keys>,
    pub limits: Limits,
    pub signers: Signers,
    pub scanner: Scanner,
    apps: Vec<Ready>,
}

/// What is looked up once for an app, so that no request pays for it.
struct Ready {
    fields: Vec<ReadyField>,
    by_name: HashMap<String, usize>,
    /// The fields of which a pointer is found by its prefix.
    vaulted: Vec<usize>,
    /// The domains at which pointers stand.
    domains: Vec<String>,
    shared: Option<Arc<OfApp>>,
    companions: Companioned,
    takes_pieces: bool,
    confine: Option<HeaderValue>,
}

/// The companions of an app, for its answers.
#[derive(Default)]
pub(crate) struct Companioned {
    pub shapes: Arc<Companions>,
    /// The field of each, by its number.
    pub fields: Vec<FieldIndex>,
}

impl Companioned {
    /// Every companion of the app's routes, each once.
    fn of(app: &App) -> Self {
        let mut seen = Vec::new();
        let mut fields = Vec::new();
        for route in &app.routes {
            let Some(format) = route.format() else {
                continue;
            };
            for place in &route.places {
                let Some(companion) = &place.companion else {
                    continue;
                };
                let shape = (
                    format,
                    place.at.as_str(),
                    companion.at.as_str(),
                    companion.write.as_str(),
                );
                if !seen.contains(&shape) {
                    seen.push(shape);
                    fields.push(place.field);
                }
            }
        }
        // The policy compiled them for its requests already.
        match Companions::compile(seen) {
            Ok(shapes) => Self {
                shapes: Arc::new(shapes),
                fields,
            },
            Err(_) => Self::default(),
        }
    }
}

/// The keys of a field of the policy.
#[derive(Default)]
struct ReadyField {
    current: Option<Arc<FieldKey>>,
    earlier: Vec<Arc<FieldKey>>,
    format: Option<FormatKey>,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ready({} fields)", self.fields.len())
    }
}

impl Ready {
    fn new(app: &App, keys: &Keys) -> Self {
        let fields = app.fields.iter().enumerate();
        Self {
            fields: app
                .fields
                .iter()
                .map(|field| ReadyField::new(app, field, keys))
                .collect(),
            by_name: fields
                .clone()
                .map(|(index, field)| (field.name.clone(), index))
                .collect(),
            vaulted: fields
                .filter(|(_, field)| may_point(field))
                .map(|(index, _)| index)
                .collect(),
            domains: app
                .fields
                .iter()
                .filter_map(pointers::domain)
                .map(str::to_owned)
                .collect(),
            shared: keys.app(&app.id).cloned(),
            companions: Companioned::of(app),
            takes_pieces: app.takes_pieces(),
            confine: app.confine.then(|| confinement(app)).flatten(),
        }
    }
}

impl ReadyField {
    fn new(app: &App, field: &Field, keys: &Keys) -> Self {
        let Some(of) = keys.field(&app.id, &field.name) else {
            return Self::default();
        };
        let format = match &field.treatment {
            Treatment::Format(shape) => of
                .first
                .as_ref()
                .map(|secret| FormatKey::derive(secret, &app.id, &field.name, *shape)),
            _ => None,
        };
        Self {
            current: of.current.clone(),
            earlier: of.earlier.clone(),
            format,
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

    /// The app's id, for what is asked of the world.
    pub fn app_id(&self, app: usize) -> String {
        self.app(app).map(|app| app.id.clone()).unwrap_or_default()
    }

    fn ready(&self, app: usize, field: FieldIndex) -> Option<&ReadyField> {
        self.apps.get(app)?.fields.get(field.0)
    }

    /// The key that seals for a field of an app.
    pub fn current_key(&self, app: usize, field: FieldIndex) -> Option<&Arc<FieldKey>> {
        self.ready(app, field)?.current.as_ref()
    }

    /// The live keys under which values of the field were sealed before.
    pub fn earlier_keys(&self, app: usize, field: FieldIndex) -> &[Arc<FieldKey>] {
        self.ready(app, field).map_or(&[], |ready| &ready.earlier)
    }

    /// The key of a field's stand-ins.
    pub fn format_key(&self, app: usize, field: FieldIndex) -> Option<&FormatKey> {
        self.ready(app, field)?.format.as_ref()
    }

    /// The keys of a field for a subject, if there are any.
    pub fn subject_key(
        &self,
        app: usize,
        field: &str,
        subject: SubjectName,
    ) -> Option<Arc<SubjectKey>> {
        self.keys.of_subject(&self.app(app)?.id, field, subject)
    }

    /// The name of a subject, from what identifies it in the app.
    pub fn subject_name(&self, app: usize, identity: &[u8]) -> Option<SubjectName> {
        Some(self.shared(app)?.subjects.name(identity))
    }

    /// What stands beside a value, in the one spelling that request and answer have in common: opened where it is
    /// a token, and normalised as the field of the place that the route has there.
    pub fn beside(&self, app: usize, route: usize, at: &str, text: &[u8]) -> Plain {
        let plain = match self.open(app, text) {
            Some(opened) => opened.plain,
            None => Plain::new(text.to_vec()),
        };
        let steps = self.route(app, route).and_then(|route| {
            let place = route.places.iter().find(|place| place.at == at)?;
            Some(&self.app(app)?.field(place.field)?.normalise)
        });
        let normal = steps
            .zip(std::str::from_utf8(&plain).ok())
            .and_then(|(steps, text)| normalise(text, steps));
        match normal {
            Some(normal) => Plain::new(normal.as_bytes().to_vec()),
            None => plain,
        }
    }

    fn shared(&self, app: usize) -> Option<&OfApp> {
        self.apps.get(app)?.shared.as_deref()
    }

    pub fn pointer_key(&self, app: usize) -> Option<&PointerKey> {
        self.shared(app).map(|shared| &shared.pointer)
    }

    /// The key of what the app's `stable` fields are remembered by.
    pub fn stable_key(&self, app: usize) -> Option<Arc<StableKey>> {
        self.shared(app).map(|shared| Arc::clone(&shared.stable))
    }

    /// What brings back the values of this app that went to companions.
    pub fn companions(&self, app: usize) -> Option<&Companioned> {
        let companions = &self.apps.get(app)?.companions;
        (!companions.fields.is_empty()).then_some(companions)
    }

    /// The policy that confines this app's pages, as a header.
    pub fn confine(&self, app: usize) -> Option<&HeaderValue> {
        self.apps.get(app)?.confine.as_ref()
    }

    /// Whether `token` is a pointer of this very field.
    pub fn is_pointer_of(&self, app: usize, field: &Field, token: &[u8]) -> bool {
        if !may_point(field) {
            return match (&field.treatment, self.pointer_key(app)) {
                (Treatment::Vault(pointing), Some(key)) => {
                    pointers::read(key, &field.name, &pointing.shape, token).is_some()
                }
                _ => false,
            };
        }
        self.pointer(app, token)
            .is_some_and(|(_, of)| of.name == field.name)
    }

    /// How long the token is that begins with `bytes`: of a pointer at a domain the domain goes with it.
    pub fn measure(&self, app: usize, bytes: &[u8], last: bool) -> seal::Measure {
        match self.apps.get(app).map(|ready| ready.domains.as_slice()) {
            None | Some([]) => seal::measure(bytes, last),
            Some(domains) => seal::measure_email(bytes, domains, last),
        }
    }

    /// Writes what a token opened to as people spell it.
    pub fn show(&self, app: usize, opened: &OpenedToken, plain: &mut Vec<u8>) {
        let field = opened
            .field
            .and_then(|field| self.app(app)?.fields.get(field));
        let shown = field
            .and_then(|field| field.display.as_ref())
            .zip(std::str::from_utf8(&opened.plain).ok())
            .and_then(|(display, text)| display.write(text));
        match shown {
            Some(shown) => plain.extend_from_slice(shown.as_bytes()),
            None => plain.extend_from_slice(&opened.plain),
        }
    }

    /// Reads a vault pointer of this app, with or without the domain that it stands at; with the field for which its check holds.
    pub fn pointer(&self, app: usize, token: &[u8]) -> Option<(Pointer, &Field)> {
        let ready = self.apps.get(app)?;
        if ready.vaulted.is_empty() {
            return None;
        }
        let (pointer, domain) = token.split_at_checked(seal::POINTER_LEN)?;
        let pointer = Pointer::parse(pointer)?;
        let key = self.pointer_key(app)?;
        let fields = &self.app(app)?.fields;
        let of = ready
            .vaulted
            .iter()
            .filter_map(|index| fields.get(*index))
            .find(|field| key.verify(&field.name, &pointer))
            .filter(|field| pointers::stands_at(field, domain));
        of.map(|field| (pointer, field))
    }

    /// The one key that may open this token on this app: named by the token, of this app (I9).
    fn key_of(&self, app: usize, token: &Token) -> Option<Arc<FieldKey>> {
        self.key(app, token.key_id())
    }

    /// The key of this id, if it lives and is of this app (I9).
    pub fn key(&self, app: usize, id: KeyId) -> Option<Arc<FieldKey>> {
        let key = self.keys.by_id(id)?;
        (key.app() == self.app(app)?.id).then_some(key)
    }

    /// What names and seals what is kept of the app's files that are sent in pieces, if there may be any.
    pub fn segment_key(&self, app: usize) -> Option<Arc<SegmentKey>> {
        let shared = self.shared(app)?;
        let takes_pieces = self.apps.get(app)?.takes_pieces;
        takes_pieces.then(|| Arc::clone(&shared.segments))
    }

    /// The index of the app's field of this name, if the policy still has it.
    pub fn field_named(&self, app: usize, name: &str) -> Option<usize> {
        self.apps.get(app)?.by_name.get(name).copied()
    }

    /// Opens a token of this app.
    pub fn open(&self, app: usize, text: &[u8]) -> Option<OpenedToken> {
        let token = Token::parse(text).ok()?;
        let key = self.key_of(app, &token)?;
        let mut plain = Plain::default();
        let found = seal::open(&key, &token, &mut plain).ok()?;
        let field = self.field_named(app, key.field());
        let value_type = if token.kind() == seal::Kind::Match {
            field
                .and_then(|field| self.app(app)?.fields.get(field))
                .map_or(ValueType::String, |field| field.value_type)
        } else {
            from_seal(found)
        };
        Some(OpenedToken {
            field,
            key,
            value_type,
            plain,
        })
    }

    /// Whether `text` is a token that opens under this very field, or did before its key was destroyed.
    pub fn is_token_of(&self, app: usize, field: &Field, text: &[u8]) -> bool {
        let Ok(token) = Token::parse(text) else {
            return false;
        };
        let Some(key) = self.key_of(app, &token) else {
            let id = self.app(app).map_or("", |app| &app.id);
            return self.keys.was_destroyed(token.key_id(), id, &field.name);
        };
        key.field() == field.name && seal::open(&key, &token, &mut Plain::default()).is_ok()
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
        | Treatment::Format(_)
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
