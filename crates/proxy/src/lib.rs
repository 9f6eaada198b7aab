//! The wire: CONNECT, the TLS authority, HTTP/1.1, HTTP/2, upgrades, upstream connections, tunnels.

mod authority;
mod host;

pub use authority::{Authority, AuthorityError, Leaf, Prefer};
