//! From a file's tables to an app: each part of a policy file has its reader, each reader reports all it finds.

pub(crate) mod app;
pub(crate) mod fields;
mod lookup;
mod parts;
pub(crate) mod places;
pub(crate) mod routes;
pub(crate) mod section;
pub(crate) mod tests;
pub(crate) mod words;
