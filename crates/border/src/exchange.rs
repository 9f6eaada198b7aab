//! An exchange: a request and its response, with the reader, app, route and resource path that tie them.

use http::{HeaderMap, Method};

/// The most that one message, and all together, may hold (design §4.6). Bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A protected body up to this is checked whole before its first byte leaves.
    pub whole: usize,
    /// A coded response is held up to this many coded bytes to find out whether it is clean.
    pub coded: usize,
    /// The limits of each rewriter.
    pub body: body::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            whole: 1 << 20,
            coded: 256 << 10,
            body: body::Limits::default(),
        }
    }
}

/// Who reads the response; what they may read is decided by class.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reader {
    /// Whoever reaches the proxy: no readers are told apart.
    Anyone,
}

/// Names an exchange to a person, in the log and in the journal: 12 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference(pub [u8; 12]);

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reference({self})")
    }
}

/// The head of a request as it came.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The host the request goes to: lower case, no port.
    pub host: &'a str,
    /// The method.
    pub method: &'a Method,
    /// Path and query exactly as they came.
    pub target: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Whether a body follows (a length other than 0, chunked, or an open HTTP/2 stream).
    pub has_body: bool,
    /// Who will read the response.
    pub reader: Reader,
    /// Its name.
    pub reference: Reference,
}

/// The compiled plan with its keys and limits: what every exchange begins from. Replaced whole on reload.
#[derive(Debug)]
pub struct Border {
    /// The limits in force.
    pub limits: Limits,
}

/// A request and its response. See the crate's first page for the walk.
#[derive(Debug)]
pub struct Exchange {
    /// The limits in force when it began.
    pub limits: Limits,
}

/// What crossed, without what it said: the receipt's and the journal's figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The app's id.
    pub app: String,
    /// The method and template of the route, if one matched.
    pub route: Option<String>,
    /// Values protected, by field.
    pub protected: Vec<(String, u32)>,
    /// Tokens revealed, by field.
    pub revealed: Vec<(String, u32)>,
    /// Tokens that could not be opened (foreign, damaged, destroyed keys).
    pub unopened: u32,
    /// The code of the refusal, if it was refused.
    pub refused: Option<&'static str>,
}
