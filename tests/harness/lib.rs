//! What the end-to-end tests share: real gateways, real origins, real clients.
//!
//! Everything listens on loopback at a port that the system chose, lives in a temporary folder, is waited for by
//! a deadline and never by a pause, and is ended by its own id. A test that fails shows what its gateway said.
#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests stop at what they did not foresee, and say so"
)]

mod authority;
mod browser;
mod client;
mod detector;
mod gateway;
mod kms;
mod nginx;
mod origin;
mod postgres;
mod raw;
mod served;
mod softhsm;
mod uploads;
mod wait;

pub use authority::{Authority, Leaf};
pub use browser::{Browser, Route};
pub use client::{Reply, curl, node, python, run, run_with};
pub use detector::{Hidden, all_files};
pub use gateway::{Gateway, Setup, program};
pub use kms::{ACCESS, Kms, Mood, Stream};
pub use nginx::Nginx;
pub use origin::{Origin, Protocols, Seen};
pub use postgres::Postgres;
pub use raw::{Answer, Tunnel};
pub use served::Served;
pub use softhsm::Token;
pub use wait::until;
