//! From a policy's words to what a body is rewritten by: the format's name, and the selectors in its language.
//!
//! [`Plan::compile`] is all that a policy needs of this crate: each format reads its own selectors and says what
//! is wrong with them.

use std::str::FromStr;
use std::sync::Arc;

use crate::content_type::ContentType;
use crate::edit::PlaceId;
use crate::error::{Error, ErrorKind};
use crate::form::{self, Names};
use crate::selector::{Reason, SelectorError, Which};
use crate::{Limits, Rewriter, json, multipart, text};

/// A body format, as a policy spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `json`: selectors are JSONPath.
    Json,
    /// `form`: selectors are decoded field names.
    Form,
    /// `multipart`: selectors are the parts' names.
    Multipart,
    /// `text`: the only selector is `*`, the whole body.
    Text,
}

impl Format {
    /// Every format there is.
    pub const ALL: [Self; 4] = [Self::Json, Self::Form, Self::Multipart, Self::Text];

    /// The policy's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Text => "text",
        }
    }

    /// Whether a body of this content type is of this format.
    #[must_use]
    pub fn is_named_by(self, content_type: &ContentType) -> bool {
        let essence = content_type.essence();
        match self {
            Self::Json => {
                matches!(essence, "application/json" | "text/json")
                    || content_type.has_suffix("json")
            }
            Self::Form => essence == "application/x-www-form-urlencoded",
            Self::Multipart => essence == "multipart/form-data",
            Self::Text => essence.starts_with("text/"),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A format that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown body format; json, form, multipart and text are known")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or(UnknownFormat)
    }
}

/// One place as a policy gives it: its texts, in the language of the body's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected<'a> {
    /// The selector of the value.
    pub at: &'a str,
    /// The name that the editor gave the place.
    pub place: PlaceId,
    /// Selectors of other values of the same body that the editor needs with this one
    /// ([`Found::beside`](crate::Found)). Wildcards that both selectors begin with mean the same element.
    pub beside: Vec<&'a str>,
    /// Where to put something beside the value, and what: JSON text, or a form's value, that holds `{token}` once
    /// ([`Editor::companion`](crate::Editor::companion)).
    pub companion: Option<(&'a str, &'a str)>,
}

impl<'a> Selected<'a> {
    /// A place with nothing beside it.
    #[must_use]
    pub fn new(at: &'a str, place: PlaceId) -> Self {
        Self {
            at,
            place,
            beside: Vec::new(),
            companion: None,
        }
    }
}

impl<'a> From<(&'a str, PlaceId)> for Selected<'a> {
    fn from((at, place): (&'a str, PlaceId)) -> Self {
        Self::new(at, place)
    }
}

/// What a body is rewritten by. Cheap to clone, shared by all requests of a route.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Plan {
    /// The places of a JSON body.
    Json(Arc<json::Places>),
    /// The field names of a form.
    Form(Arc<Names>),
    /// The part names of a multipart body.
    Multipart(Arc<Names>),
    /// The whole text, one place.
    Text(PlaceId),
}

impl Plan {
    /// Reads the selectors of one body.
    ///
    /// # Errors
    /// The index of the selector that is wrong, counted as they came, and what is wrong with it.
    pub fn compile<'a>(
        format: Format,
        selected: impl IntoIterator<Item: Into<Selected<'a>>>,
    ) -> Result<Self, (usize, SelectorError)> {
        let selected: Vec<Selected<'a>> = selected.into_iter().map(Into::into).collect();
        match format {
            Format::Json => json::Places::of(&selected).map(|places| Self::Json(Arc::new(places))),
            Format::Form | Format::Multipart => {
                let names = Names::of(&selected, format == Format::Form)?;
                Ok(if format == Format::Form {
                    Self::Form(names.into())
                } else {
                    Self::Multipart(names.into())
                })
            }
            Format::Text => text(&selected).map(Self::Text),
        }
    }

    /// The format this plan is for.
    #[must_use]
    pub fn format(&self) -> Format {
        match self {
            Self::Json(_) => Format::Json,
            Self::Form(_) => Format::Form,
            Self::Multipart(_) => Format::Multipart,
            Self::Text(_) => Format::Text,
        }
    }
}

impl Plan {
    /// A rewriter for one body of this content type.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where none is given, where it is not this plan's format, or lacks what the
    /// format needs; [`ErrorKind::Charset`] where it names another charset than UTF-8.
    pub fn rewriter(
        &self,
        content_type: Option<&ContentType>,
        limits: Limits,
    ) -> Result<Box<dyn Rewriter>, Error> {
        let content_type = content_type.ok_or(Error::new(ErrorKind::ContentType, 0))?;
        if !self.format().is_named_by(content_type) {
            return Err(Error::new(ErrorKind::ContentType, 0));
        }
        if !content_type.is_utf8() {
            return Err(Error::new(ErrorKind::Charset, 0));
        }
        Ok(match self {
            Self::Json(places) => json::rewriter(places, limits, false),
            Self::Form(names) => form::rewriter(names, limits, false),
            Self::Multipart(names) => {
                let boundary = content_type
                    .boundary()
                    .ok_or(Error::new(ErrorKind::ContentType, 0))?;
                multipart::rewriter(names, boundary, limits)?
            }
            Self::Text(place) => Box::new(text::Stream::new(*place, limits)),
        })
    }
}

/// Reads the one place of a text.
fn text(selected: &[Selected<'_>]) -> Result<PlaceId, (usize, SelectorError)> {
    let whole = |index: usize, reason| {
        let length = selected.get(index).map_or(0, |place| place.at.len());
        (index, SelectorError::new(reason, 0..length))
    };
    let expected = "`*`, the whole body,";
    let alone = |text: &str, which| {
        let reason = Reason::Unsupported {
            what: "anything beside the whole text",
            remedy: "a `text` body is one value: leave it out",
        };
        (0, SelectorError::new(reason, 0..text.len()).of(which))
    };
    match selected {
        [first, second, ..] if first.at == "*" => Err(whole(
            1,
            if second.at == "*" {
                Reason::Twice
            } else {
                Reason::Expected { expected }
            },
        )),
        [first] if first.at == "*" => match (first.beside.first(), first.companion) {
            (Some(text), _) => Err(alone(text, Which::Beside(0))),
            (None, Some((at, _))) => Err(alone(at, Which::CompanionAt)),
            (None, None) => Ok(first.place),
        },
        _ => Err(whole(0, Reason::Expected { expected })),
    }
}
