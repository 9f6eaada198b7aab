//! The operator's page and its HTTP API.
