//! What must hold of a vault whatever engine it is on, and what each engine promises of its own.

mod contract;
mod postgres;
mod sqlite;
