//! How an app has a file sent in several requests: where in a request's head stands which upload it is of, and where in
//! the file its body begins.

use http::HeaderName;

/// The pieces that a route's bodies are of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Pieces {
    /// What the app calls the upload: the same in all its requests, and another in every other upload's.
    pub upload: HeadValue,
    /// Where in the file the piece begins: a number of bytes, or the range of `Content-Range` (RFC 9110 §14.4).
    pub offset: HeadValue,
}

/// A value in the head of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadValue {
    /// Where it stands.
    pub part: HeadPart,
    /// What finds it there, at [`HeadValue::PLACE`], where it is a value of JSON.
    pub inside: Option<body::Plan>,
}

impl HeadValue {
    /// The place that [`HeadValue::inside`] reports it at.
    pub const PLACE: body::PlaceId = body::PlaceId(0);
}

/// A part of a request's head that holds one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadPart {
    /// A header.
    Header(HeaderName),
    /// A parameter of the query, by its decoded name.
    Parameter(String),
    /// A parameter of the path, by its name in every pattern of the route.
    Segment(String),
}
