//! The end-to-end suite: one module a subject.

mod common;
mod protect;
