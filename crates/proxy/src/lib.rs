//! The wire: CONNECT, the TLS authority, HTTP/1.1, HTTP/2, upgrades, upstream connections, tunnels.
//!
//! A client asks the port for a host (`front`). A host of no app is a blind `tunnel`. A host of an app is
//! intercepted: its origin is connected to and verified first (`upstream`), then the client's TLS ends here under a
//! leaf of the `authority` (`intercept`), and each request crosses the border (`exchange`).
//!
//! Never here: what is protected and how (the `border` decides), and where values and the journal are kept (whoever
//! implements [`Home`]). No log line holds a body, a query, a header's value or a path beyond its route's template.

mod answer;
mod authority;
mod budget;
mod counters;
mod dispatch;
mod drain;
mod early;
mod exchange;
mod executor;
mod forward;
mod front;
mod guard;
mod home;
mod host;
mod hosts;
mod intercept;
mod lane;
mod listener;
mod message;
mod reference;
mod settings;
mod shared;
mod socket;
mod tunnel;
mod upgrade;
mod upstream;
mod websocket;

pub use authority::{Authority, AuthorityError, Leaf, Prefer};
pub use counters::{Count, Counters};
pub use home::{Answering, Away, Home, HomeFuture};
pub use listener::Proxy;
pub use settings::{Outside, Settings, SettingsError, Timeouts};
pub use shared::Shared;
