//! The wire on real sockets: a proxy, origins with certificates of every kind, and clients that speak by hand.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod bench;
mod border;
mod hostile;
mod i06_outside;
mod i07_unverified;
mod lanes;
mod messages;
mod protocols;
mod upgrades;
mod websockets;
