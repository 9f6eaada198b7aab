//! A value and a field key to a token and back. Pure: no IO, no clock.
