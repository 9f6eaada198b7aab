//! What `keyring.json` says: its version, how the root wraps the keyring secret, and the catalogue.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::file::StoreError;
use crate::root::RootRecord;

/// The version of the file that this program writes.
const VERSION: u32 = 1;

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    version: u32,
    pub(crate) root: RootRecord,
    pub(crate) catalogue: Catalogue,
}

/// Only as much of the file as every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Document {
    pub(crate) fn new(root: RootRecord, catalogue: Catalogue) -> Self {
        Self {
            version: VERSION,
            root,
            catalogue,
        }
    }

    pub(crate) fn from_json(text: &str, path: &Path) -> Result<Self, StoreError> {
        let unreadable = |error: serde_json::Error| StoreError::Unreadable {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
        };
        let Versioned { version } = serde_json::from_str(text).map_err(unreadable)?;
        if version != VERSION {
            return Err(StoreError::Version {
                path: path.to_owned(),
                version,
            });
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    pub(crate) fn to_json(&self) -> String {
        // Strings, numbers and nothing else: there is nothing that JSON cannot say.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
