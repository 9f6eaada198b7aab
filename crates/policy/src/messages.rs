//! What a route says of the messages that a client sends over the WebSocket that it opens.

use std::ops::Range;

use body::{Format, PlaceId};

/// The messages of a route: of one format, and of one kind or several.
#[derive(Clone, Debug)]
pub struct Messages {
    /// The format that each text message is a body of.
    pub format: Format,
    /// Whether binary messages pass unread; they are refused otherwise.
    pub passes_binary: bool,
    /// The values that tell the kinds apart, by the [`PlaceId`]s of their `when`; none where there is one kind only.
    pub keys: Option<body::Plan>,
    /// The kinds, in the order in which they are tried.
    pub kinds: Vec<MessageKind>,
}

/// Messages of one kind, and what of them is protected.
#[derive(Clone, Debug)]
pub struct MessageKind {
    /// Which messages it takes; all that come to it where it does not say.
    pub when: Option<When>,
    /// How they are rewritten; nothing where they pass.
    pub protect: Option<body::Plan>,
    /// Its places among those of the route.
    pub places: Range<usize>,
}

/// A value of a message, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Where the value stands, of [`Messages::keys`].
    pub key: PlaceId,
    /// What it may be.
    pub is: Vec<String>,
}

impl Messages {
    /// The kind of a message, by the values of its keys; `None` where no kind takes it.
    #[must_use]
    pub fn kind<'v>(&self, value: impl Fn(PlaceId) -> Option<&'v [u8]>) -> Option<&MessageKind> {
        self.kinds.iter().find(|kind| match &kind.when {
            Some(when) => {
                value(when.key).is_some_and(|value| when.is.iter().any(|is| is.as_bytes() == value))
            }
            None => true,
        })
    }
}
