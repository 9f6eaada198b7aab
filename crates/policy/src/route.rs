//! One route: which requests it takes, and what of them is protected.

use std::ops::Range;

use body::PlaceId;

use crate::messages::Messages;
use crate::pieces::Pieces;
use crate::plan::FieldIndex;
use crate::template::Pattern;

/// Requests of one shape, and their places.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its entries of `match`.
    pub patterns: Vec<Pattern>,
    /// How its bodies are rewritten, and of which format they must be.
    pub body: Option<body::Plan>,
    /// How a file that is the body is one piece of a longer one.
    pub pieces: Option<Pieces>,
    /// What is said over a WebSocket that it opens, where the policy names places in it.
    pub messages: Option<Messages>,
    /// The query parameters that are protected.
    pub query: Option<body::query::Places>,
    /// Whole header values that are protected.
    pub headers: Vec<HeaderPlace>,
    /// Path segments that are protected; their range is [`Route::locate`]'s.
    pub path: Vec<PathPlace>,
    /// Every place, by [`PlaceId`].
    pub places: Vec<Place>,
    /// Where its answers hold what no prefix tells.
    pub reveal: Option<Reveal>,
    /// Whether its answers are files, so that the answer to a `HEAD` tells the length of the file that is opened.
    pub answers_files: bool,
    /// Whether `%2F` is data in a segment of its paths.
    pub encoded_slash: bool,
}

impl Route {
    /// Whether it protects nothing: the request streams through, and only its answer is looked at.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.places.is_empty() && self.body.is_none() && self.messages.is_none()
    }

    /// The format of what has its places beside the head: the body's, or the messages'.
    #[must_use]
    pub fn format(&self) -> Option<body::Format> {
        let messages = self.messages.as_ref().map(|messages| messages.format);
        self.body.as_ref().map(body::Plan::format).or(messages)
    }

    /// The resource that a path of one of its patterns is about ([`crate::template::Template::resource`]).
    #[must_use]
    pub fn resource<'a>(&self, pattern: usize, path: &'a str) -> &'a str {
        let pattern = self.patterns.get(pattern);
        pattern.map_or(path, |pattern| pattern.template.resource(path))
    }

    /// The path parameters that its places take in, by name; one may come twice.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let revealed = self.reveal.iter().flat_map(|reveal| &reveal.places);
        let places = self.places.iter().chain(revealed);
        let beside = places.flat_map(|place| [&place.subject, &place.tweak]);
        beside.filter_map(|beside| match beside {
            Some(Beside::Parameter(name)) => Some(name.as_str()),
            Some(Beside::Selector(_)) | None => None,
        })
    }

    /// The place of an id that a format reported for this route.
    #[must_use]
    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.get(usize::from(id.0))
    }

    /// Where the protected segments stand in `path` as it came, which must have matched `pattern` of this route.
    pub fn locate<'a>(
        &'a self,
        pattern: usize,
        path: &'a str,
    ) -> impl Iterator<Item = (&'a Content, Range<usize>)> + 'a {
        let pattern = self.patterns.get(pattern);
        self.path.iter().filter_map(move |place| {
            Some((
                &place.content,
                pattern?.template.locate(&place.parameter, path)?,
            ))
        })
    }
}

/// A place of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What stands there.
    pub field: FieldIndex,
    /// The selector as the policy writes it.
    pub at: String,
    /// Which part of the message it is in.
    pub part: Part,
    /// Whether a message without it is refused.
    pub required: bool,
    /// Whether what stands there is a file, not a value.
    pub is_file: bool,
    /// Whose value it is: what the place says, or else its field.
    pub subject: Option<Beside>,
    /// What else goes into a `format` stand-in, so that equal values of two records differ.
    pub tweak: Option<Beside>,
    /// The longer neighbour that the true value goes to.
    pub companion: Option<Companion>,
}

impl Place {
    /// The selectors of the body that stand beside this place, in the order in which a format reports their
    /// values: the subject's, then the tweak's.
    pub fn beside(&self) -> impl Iterator<Item = &str> {
        [&self.subject, &self.tweak]
            .into_iter()
            .filter_map(|beside| match beside {
                Some(Beside::Selector(at)) => Some(at.as_str()),
                Some(Beside::Parameter(_)) | None => None,
            })
    }
}

/// Something else of the request that a place's treatment takes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beside {
    /// A parameter of the path, by its name in every pattern of the route.
    Parameter(String),
    /// A selector of the body, in its format's language.
    Selector(String),
}

/// A longer neighbour that a value goes to, and comes back from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    /// Its selector; `[+]` appends to an array.
    pub at: String,
    /// What is written there; the token stands for `{token}`, once.
    pub write: String,
}

/// The places of a route's answers.
#[derive(Clone, Debug)]
pub struct Reveal {
    /// How an answer's body is read.
    pub plan: body::Plan,
    /// Every place, by its own [`PlaceId`]s.
    pub places: Vec<Place>,
}

/// A part of a request, or of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The body.
    Body,
    /// The query.
    Query,
    /// A header.
    Header,
    /// The path.
    Path,
    /// The body of the answer.
    Answer,
}

/// What stands at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// One value.
    Value(PlaceId),
    /// A body, rewritten by this.
    Body(body::Plan),
}

/// A header whose value, or something inside it, is protected.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderPlace {
    /// The header.
    pub name: http::HeaderName,
    /// What its value is.
    pub content: Content,
}

/// A path parameter that is protected.
#[derive(Clone, Debug, PartialEq)]
pub struct PathPlace {
    /// Its name in every pattern of the route.
    pub parameter: String,
    /// What it is.
    pub content: Content,
}

/// Names a route of one [`crate::App`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RouteIndex(pub usize);

/// What an app says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteMatch {
    /// This route takes it.
    Route(Matched),
    /// No route does: [`crate::Unmatched`] decides.
    Unmatched,
    /// The origin might take it for another request than the policy does: it is refused.
    Ambiguous(Ambiguity),
}

/// The route that takes a request, by which of its patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The route.
    pub route: RouteIndex,
    /// The index in [`Route::patterns`].
    pub pattern: usize,
}

/// Why a request is ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ambiguity {
    /// Another route would be found if case did not count, and the app does not say `ignore-case = true`.
    #[error("the path differs from a route's in letter case only")]
    PathCase,
    /// A method with lower-case letters.
    #[error("the method is not in upper case")]
    MethodCase,
    /// `%2F` in a path whose route does not say `encoded-slash = true`.
    #[error("the path has an encoded slash")]
    EncodedSlash,
}
