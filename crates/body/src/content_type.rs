//! `Content-Type` (RFC 9110 §8.3) read once, for both directions.
