//! What apps check of a message beside its content.
//!
//! A body that is protected is other bytes than the client hashed. [`Stated`] takes from a message's head what it
//! states of its body, [`Check`] compares that with the bytes that came, so that a damaged upload is not made good
//! by being sealed, and [`Stated::of`] states the same of the bytes that leave.
//!
//! Where the head, the body or both are signed, [`sigv4`] verifies the signature and makes another; [`aws_chunked`] is the framing
//! that such a body may have.
//!
//! No IO, no clock.

mod algorithm;
pub mod aws_chunked;
mod blocks;
pub mod sigv4;
mod stated;

pub use algorithm::{Algorithm, Hasher};
pub use stated::{Check, Mismatch, Stated};
