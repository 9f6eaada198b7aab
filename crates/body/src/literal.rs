//! Small languages that stand inside a value, one parser each.

pub(crate) mod fhir_token;
