//! The keyring and where it is kept.
