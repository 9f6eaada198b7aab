//! What happened to the keys: entries of their own among those of what crossed.

use serde::{Deserialize, Serialize};

/// One line of the journal about the keys. It names apps, fields and keys; a subject only by its pseudonym.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEvent {
    /// When, RFC 3339 in UTC; set by whoever has a clock.
    pub time: String,
    /// What happened.
    pub keys: KeyChange,
}

/// What happened to keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyChange {
    /// A field has a new epoch.
    Rotated {
        /// The app.
        app: String,
        /// Its field.
        field: String,
        /// The new epoch.
        epoch: u32,
        /// Its key, as tokens name it.
        key_id: String,
    },
    /// A backup was made.
    BackedUp {
        /// Its name, as on its pages.
        backup: String,
        /// How many shares open it.
        threshold: u8,
        /// How many shares there are.
        shares: u8,
    },
    /// The keyring was brought back from a backup.
    Restored {
        /// Its name, as on its pages.
        backup: String,
    },
    /// An epoch of a field was destroyed.
    ShreddedEpoch {
        /// The app.
        app: String,
        /// Its field.
        field: String,
        /// The epoch.
        epoch: u32,
        /// Its key, as tokens name it.
        key_id: String,
    },
    /// A subject was destroyed.
    ShreddedSubject {
        /// The app.
        app: String,
        /// The subject's pseudonym in that app.
        subject: String,
        /// Its keys, as tokens name them.
        key_ids: Vec<String>,
    },
}
