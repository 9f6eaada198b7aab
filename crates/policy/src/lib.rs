//! Text of a policy → a checked, compiled plan.
//!
//! Pure: no IO, no clock, no state. The command reads the files and draws the diagnostics; the border asks the
//! [`Plan`] for the app of a host and the route of a request. A policy that cannot do what it says does not
//! compile, and every fault of every file is reported at once, with file, line, text and remedy.

mod compile;
mod diagnostic;
mod display;
mod host;
pub mod leakage;
mod messages;
mod nearest;
mod normalise;
mod overrides;
pub mod path;
mod pieces;
mod plan;
mod read;
mod route;
mod route_table;
mod template;
mod token_length;
mod treatment;

pub use compile::{Compiled, compile};
pub use diagnostic::{Diagnostic, Severity, Source};
pub use display::{Display, DisplayFault};
pub use host::{HostFault, HostPattern, HostTable};
pub use messages::{MessageKind, Messages, When};
pub use normalise::{Normalise, normalise};
pub use overrides::{METHOD_OVERRIDES, Override, OverrideKind, PATH_OVERRIDES};
pub use path::{NormalPath, PathFault};
pub use pieces::{HeadPart, HeadValue, Pieces};
pub use plan::{
    App, AppIndex, Expects, Field, FieldIndex, Idempotency, Operator, Plan, Test, Unmatched,
};
pub use route::{
    Ambiguity, Beside, Companion, Content, HeaderPlace, Matched, Part, PathPlace, Place, Reveal,
    Route, RouteIndex, RouteMatch,
};
pub use template::{Method, Pattern, PatternError, PatternFault, Template};
pub use treatment::{Dates, PointerShape, Pointing, Treatment};
