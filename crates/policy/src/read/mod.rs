//! From a file's tables to an app: each part of a policy file has its reader, each reader reports all it finds.

pub(crate) mod across;
pub(crate) mod app;
mod beside;
mod companion;
pub(crate) mod fields;
mod files;
mod idle;
mod inside;
mod lookup;
mod messages;
mod parts;
pub(crate) mod pieces;
pub(crate) mod places;
mod requests;
mod reveals;
pub(crate) mod routes;
pub(crate) mod section;
pub(crate) mod tests;
mod treatment;
pub(crate) mod words;
