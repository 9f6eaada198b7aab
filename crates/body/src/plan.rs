//! From a policy's words to what a body is rewritten by: the format's name, and the selectors in its language.
//!
//! [`Plan::compile`] is all that a policy needs of this crate: each format reads its own selectors and says what
//! is wrong with them. What stands at a place may be a body itself ([`Selected::inside`]): plans stand in one
//! another, and no format knows of another one ([`crate::nest`]).

use std::sync::Arc;

use crate::charset;
use crate::content_type::ContentType;
use crate::edit::PlaceId;
use crate::error::{Error, ErrorKind};
use crate::format::Format;
use crate::nest::{self, Nest};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter, batch, graphql};

/// One place as a policy gives it: its texts, in the language of the body's format.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected<'a> {
    /// The selector of the value.
    pub at: &'a str,
    /// The name that the editor gave the place. It must be below [`nest::FIRST_SLOT`]; it is not looked at where a
    /// body stands inside.
    pub place: PlaceId,
    /// What the value is rewritten by where it is a body itself: JSON in a form's field, base64 in JSON.
    pub inside: Option<Plan>,
    /// Whether an object, or an array, that stands there is that body as it is. Where the format has neither, and
    /// where this is not set, the body stands there as text.
    pub element: bool,
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
            inside: None,
            element: false,
            beside: Vec::new(),
            companion: None,
        }
    }

    /// A place at which another body stands.
    #[must_use]
    pub fn body(at: &'a str, inside: Plan) -> Self {
        Self {
            inside: Some(inside),
            ..Self::new(at, PlaceId(0))
        }
    }
}

impl<'a> From<(&'a str, PlaceId)> for Selected<'a> {
    fn from((at, place): (&'a str, PlaceId)) -> Self {
        Self::new(at, place)
    }
}

/// What is known of a body before its first byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct Described<'a> {
    /// Its content type; nothing where it stands in another body that names none.
    pub content_type: Option<&'a ContentType>,
}

/// The selectors of one format, compiled: what makes its rewriters.
pub(crate) trait Grammar: std::fmt::Debug + Send + Sync {
    /// A rewriter for one body.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where the description lacks what the format needs.
    fn rewriter(&self, body: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error>;

    /// Whether what it reads is an object, or an array, that stands in another body as it is.
    fn is_element(&self) -> bool {
        false
    }

    /// A rewriter for which nothing fails: what is not as it should be passes as it came. Nothing where no answer is
    /// read so.
    fn lenient(&self, _limits: Limits) -> Option<Box<dyn Rewriter>> {
        None
    }
}

/// What a body is rewritten by. Cheap to clone, shared by all requests of a route.
#[derive(Clone, Debug)]
pub struct Plan {
    format: Format,
    grammar: Arc<dyn Grammar>,
    /// What stands at the places that are bodies themselves.
    inside: Arc<[Plan]>,
    /// The texts it was made of.
    texts: Arc<[Text]>,
}

/// The texts of one place.
type Text = (String, PlaceId, Vec<String>, Option<(String, String)>);

/// Two plans are one where they were made of the same texts.
impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        (self.format, &self.texts, &self.inside) == (other.format, &other.texts, &other.inside)
    }
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
        let selected = selected.into_iter().map(Into::into).collect();
        match format {
            Format::Graphql => graphql::compile(selected),
            _ => Self::of(format, selected),
        }
    }

    /// The plan of a format whose own grammar reads all of the selectors.
    ///
    /// # Errors
    /// As [`Plan::compile`].
    pub(crate) fn of(
        format: Format,
        mut selected: Vec<Selected<'_>>,
    ) -> Result<Self, (usize, SelectorError)> {
        let inside = nest::slots(&mut selected)?;
        let texts = selected.iter().map(|place| {
            let beside = place.beside.iter().map(|text| (*text).to_owned());
            let companion = place.companion;
            (
                place.at.to_owned(),
                place.place,
                beside.collect(),
                companion.map(|(at, write)| (at.to_owned(), write.to_owned())),
            )
        });
        Ok(Self {
            format,
            texts: texts.collect(),
            grammar: format.compile(&selected)?,
            inside: inside.into(),
        })
    }

    /// The same plan, with what `grammar` makes of its grammar.
    pub(crate) fn with(self, grammar: impl FnOnce(Arc<dyn Grammar>) -> Arc<dyn Grammar>) -> Self {
        Self {
            grammar: grammar(self.grammar),
            ..self
        }
    }

    /// The plan of requests that stand in JSON objects of this shape.
    ///
    /// # Errors
    /// Where the shape means one member twice, or one inside of another.
    pub fn requests(shape: batch::Shape) -> Result<Self, SelectorError> {
        Ok(Self {
            format: Format::Batch,
            texts: [(format!("{shape:?}"), PlaceId(0), Vec::new(), None)].into(),
            grammar: batch::objects(shape)?,
            inside: [].into(),
        })
    }

    /// Whether requests stand in such a body, or in what stands in it: each is routed by itself.
    #[must_use]
    pub fn holds_requests(&self) -> bool {
        self.format == Format::Batch || self.inside.iter().any(Self::holds_requests)
    }

    /// Whether what it is for is an object, or an array, that stands in another body as it is.
    pub(crate) fn is_element(&self) -> bool {
        self.grammar.is_element()
    }

    /// The format this plan is for.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// A rewriter for one body of this content type, in the charset that it names.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where none is given, where it is not this plan's format, or lacks what the
    /// format needs; [`ErrorKind::Encoding`] where it names a charset that the body cannot be rewritten in.
    pub fn rewriter(
        &self,
        content_type: Option<&ContentType>,
        limits: Limits,
    ) -> Result<Box<dyn Rewriter>, Error> {
        if self.format.is_described() {
            let content_type = content_type.ok_or(Error::new(ErrorKind::ContentType, 0))?;
            if !self.format.is_named_by(content_type) {
                return Err(Error::new(ErrorKind::ContentType, 0));
            }
        }
        self.opened(&Described { content_type }, limits)
    }

    /// A rewriter for the bytes of a body, in the charset that they or its description name.
    ///
    /// # Errors
    /// As [`Plan::rewriter`].
    pub(crate) fn opened(
        &self,
        body: &Described<'_>,
        limits: Limits,
    ) -> Result<Box<dyn Rewriter>, Error> {
        let rewriter = self.inner(body, limits)?;
        charset::recoded(rewriter, self.format.declares(), body.content_type)
            .map_err(|kind| Error::new(kind, 0))
    }

    /// A rewriter for a body that stands as text in another one, or is a message of a WebSocket: the policy alone
    /// says what it is.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where the description lacks what the format needs.
    pub fn inner(&self, body: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        let rewriter = self.grammar.rewriter(body, limits)?;
        Ok(self.nested(rewriter, limits, false))
    }

    /// A rewriter for one answer, for which nothing fails; nothing where no answer of this format is read.
    pub(crate) fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        let rewriter = self.grammar.lenient(limits)?;
        Some(self.nested(rewriter, limits, true))
    }

    fn nested(
        &self,
        rewriter: Box<dyn Rewriter>,
        limits: Limits,
        lenient: bool,
    ) -> Box<dyn Rewriter> {
        if self.inside.is_empty() {
            return rewriter;
        }
        Box::new(Nest::new(
            rewriter,
            Arc::clone(&self.inside),
            limits,
            lenient,
        ))
    }
}
