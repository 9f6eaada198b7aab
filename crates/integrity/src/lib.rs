//! What apps check of a message beside its content.
//!
//! A body that is protected is other bytes than the client hashed. [`Stated`] takes from a message's head what it
//! states of its body, [`Check`] compares that with the bytes that came, so that a damaged upload is not made good
//! by being sealed, and [`Stated::of`] states the same of the bytes that leave.
//!
//! No IO, no clock, no keys.

mod algorithm;
mod stated;

pub use algorithm::{Algorithm, Hasher};
pub use stated::{Check, Mismatch, Stated};
