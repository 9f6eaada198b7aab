//! Ways in which a request says that it is not what its request line says.
//!
//! An origin that honours one of them would run another route than the one its policy was asked about. The
//! border refuses a request that carries one, unless the app names it (`overrides = ["_method"]`): then the
//! overriding method finds the route.

/// Where an override stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideKind {
    /// A header of that name.
    Header,
    /// A parameter of that name, in the query or in a form.
    Parameter,
}

/// A method override that frameworks are known to honour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// Its name; that of a header in lower case.
    pub name: &'static str,
    /// Where it stands.
    pub kind: OverrideKind,
}

impl Override {
    /// Whether `name` is this override's: headers have no case, parameters have.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        match self.kind {
            OverrideKind::Header => name.eq_ignore_ascii_case(self.name),
            OverrideKind::Parameter => name == self.name,
        }
    }
}

/// Every method override that is looked for.
pub const METHOD_OVERRIDES: [Override; 5] = [
    Override {
        name: "x-http-method-override",
        kind: OverrideKind::Header,
    },
    Override {
        name: "x-http-method",
        kind: OverrideKind::Header,
    },
    Override {
        name: "x-method-override",
        kind: OverrideKind::Header,
    },
    Override {
        name: "_method",
        kind: OverrideKind::Parameter,
    },
    Override {
        name: "$httpMethod",
        kind: OverrideKind::Parameter,
    },
];

/// Headers by which some servers take another path than the request line's. No policy can allow them: what they
/// hold is a whole target that no client of a SaaS has a reason to send.
pub const PATH_OVERRIDES: [&str; 2] = ["x-original-url", "x-rewrite-url"];
