//! What must hold of a vault whatever engine it is on, and what each engine promises of its own.
#![expect(
    clippy::unwrap_used,
    reason = "tests stop at what they did not foresee"
)]

mod contract;
mod postgres;
mod sqlite;
