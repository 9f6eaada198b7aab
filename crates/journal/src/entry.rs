//! The entry: what one exchange, refusal or change leaves behind.

use serde::{Deserialize, Serialize};

/// How many values of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The field.
    pub field: String,
    /// How many.
    pub count: u32,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It crossed.
    Crossed,
    /// It was refused with this code.
    Refused {
        /// The refusal's stable code.
        code: String,
    },
    /// Values were deleted from the vault by whoever runs the gateway.
    Erased {
        /// How many of each field.
        values: Vec<Count>,
    },
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, RFC 3339 in UTC; set by whoever has a clock.
    pub time: String,
    /// The exchange's reference, as the receipt and the refusal's page show it.
    pub reference: String,
    /// The app's id.
    pub app: String,
    /// Method and template of the route, where one matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Values protected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<Count>,
    /// Tokens revealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revealed: Vec<Count>,
    /// Tokens that did not open.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unopened: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}
