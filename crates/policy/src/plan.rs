//! A compiled policy: what the border asks for every request. Made by [`compile`](fn@crate::compile) only, so that
//! it is checked.

use crate::display::Display;
use crate::host::{HostPattern, HostTable};
use crate::normalise::Normalise;
use crate::overrides::Override;
use crate::path::NormalPath;
use crate::route::{Ambiguity, Beside, Matched, Route, RouteIndex, RouteMatch};
use crate::route_table::{Looked, RouteTable};
use crate::treatment::Treatment;

/// Every app, and which hosts are whose.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The apps, in the order of their files.
    pub apps: Vec<App>,
    pub(crate) hosts: HostTable,
}

/// Names an app of one [`Plan`]; another plan's index is another app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AppIndex(pub usize);

impl Plan {
    /// The app that `host` (no port) belongs to, in any case and with or without one trailing dot.
    #[must_use]
    pub fn app_for(&self, host: &str) -> Option<AppIndex> {
        self.hosts.find(host).map(AppIndex)
    }

    /// The app of an index that [`Plan::app_for`] of this plan gave.
    #[must_use]
    pub fn app(&self, index: AppIndex) -> Option<&App> {
        self.apps.get(index.0)
    }
}

/// One SaaS product.
#[derive(Clone, Debug)]
pub struct App {
    /// Part of every key derivation: never reused.
    pub id: String,
    /// What people call it; the id where the policy gives none.
    pub title: String,
    /// Whose it is.
    pub operator: Option<Operator>,
    /// Its hosts.
    pub hosts: Vec<HostPattern>,
    /// What happens to a request that no route describes.
    pub unmatched: Unmatched,
    /// Whether answers get a CSP that lets pages talk to these hosts only.
    pub confine: bool,
    /// The method overrides that are followed; any other is refused.
    pub overrides: Vec<Override>,
    /// Where a request says that it is the same one again; the first that is there counts.
    pub idempotency: Vec<Idempotency>,
    /// The fields, by [`FieldIndex`].
    pub fields: Vec<Field>,
    /// The routes, by [`RouteIndex`].
    pub routes: Vec<Route>,
    /// What `rempart policy test` runs.
    pub tests: Vec<Test>,
    /// The [`crate::Source::name`] it was read from; the tests' files are found beside it.
    pub source: String,
    pub(crate) table: RouteTable,
}

impl App {
    /// The route of a request: the most specific of those that its method and path fit.
    #[must_use]
    pub fn route(&self, method: &str, path: &NormalPath<'_>) -> RouteMatch {
        // Methods are case-sensitive (RFC 9110 §9.1), and yet there are servers that fold them.
        if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return RouteMatch::Ambiguous(Ambiguity::MethodCase);
        }
        let found = match self.table.find(method, path.as_str()) {
            Looked::CaseDecides => return RouteMatch::Ambiguous(Ambiguity::PathCase),
            Looked::Nothing => None,
            Looked::Found(found) => self.routes.get(found.route).map(|route| (route, found)),
        };
        if path.has_encoded_slash() && !found.is_some_and(|(route, _)| route.encoded_slash) {
            return RouteMatch::Ambiguous(Ambiguity::EncodedSlash);
        }
        found.map_or(RouteMatch::Unmatched, |(_, found)| {
            RouteMatch::Route(Matched {
                route: RouteIndex(found.route),
                pattern: found.pattern,
            })
        })
    }

    /// The route of an index that [`App::route`] gave.
    #[must_use]
    pub fn route_at(&self, index: RouteIndex) -> Option<&Route> {
        self.routes.get(index.0)
    }

    /// The field of an index of this app.
    #[must_use]
    pub fn field(&self, index: FieldIndex) -> Option<&Field> {
        self.fields.get(index.0)
    }

    /// Whether files are sent to it in pieces, and so in the layout `same-size`.
    #[must_use]
    pub fn takes_pieces(&self) -> bool {
        self.routes.iter().any(|route| route.pieces.is_some())
    }

    /// Whether files are sent to it whole, and so in the layout `stream`.
    #[must_use]
    pub fn takes_whole_files(&self) -> bool {
        let whole = |route: &Route| {
            route.pieces.is_none() && route.places.iter().any(|place| place.is_file)
        };
        self.routes.iter().any(whole)
    }

    /// Whether the app names this method override.
    #[must_use]
    pub fn follows(&self, name: &Override) -> bool {
        self.overrides.contains(name)
    }
}

/// Who runs the SaaS, and under whose law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The company.
    pub name: String,
    /// Its jurisdiction: `US`, `CA-QC`.
    pub jurisdiction: String,
}

/// What happens to a request that no route describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmatched {
    /// It is refused.
    #[default]
    Block,
    /// It goes on as it came.
    Pass,
}

/// Where a request carries what is the same when it is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// A header.
    Header(http::HeaderName),
    /// A parameter of the query, by its decoded name.
    Parameter(String),
}

/// Names a field of one [`App`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldIndex(pub usize);

/// A named kind of sensitive value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, part of its key's derivation.
    pub name: String,
    /// Who may read it.
    pub class: String,
    /// What is done to it.
    pub treatment: Treatment,
    /// The most characters that the app takes there.
    pub max: Option<u32>,
    /// The type that a `match` or `vault` value has where places have none (queries, forms).
    pub value_type: body::ValueType,
    /// What a value is brought to before it is protected; that is also what comes back.
    pub normalise: Vec<Normalise>,
    /// What `sealed` values are padded to.
    pub pad: seal::Pad,
    /// How people spell what comes back.
    pub display: Option<Display>,
    /// A value that was revealed and comes back unchanged gets the token it was revealed from.
    pub stable: bool,
    /// The date that stands for every date of a field that has [`Dates::StandIn`](crate::Dates::StandIn).
    pub stand_in: Option<String>,
    /// Whose value it is, where a place does not say.
    pub subject: Option<Beside>,
    /// No new epoch for this field until everything is sealed again: somewhere it is asked for by one token only.
    pub pinned: bool,
}

impl Field {
    /// What its sealed tokens are asked for.
    #[must_use]
    pub fn sealing(&self) -> seal::Sealing {
        let commit = matches!(
            self.treatment,
            Treatment::Sealed { commit: true } | Treatment::Words { commit: true }
        );
        seal::Sealing {
            commit,
            pad: self.pad,
        }
    }
}

/// A request that a policy is tried with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// What it shows.
    pub name: String,
    /// The file of the request, relative to the policy's.
    pub request: String,
    /// What must not leave in any encoding.
    pub hidden: Vec<String>,
    /// What must leave.
    pub kept: Vec<String>,
    /// What must become of the request.
    pub expects: Expects,
}

/// What must become of a test's request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expects {
    /// It leaves.
    #[default]
    Leaves,
    /// It is refused, for whatever reason.
    Refused,
    /// It is refused with this code.
    RefusedAs(String),
}
