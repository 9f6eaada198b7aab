//! The edit interface: what a format says of a value it met at a place, and what it is told to do with it.
//!
//! A format finds values and writes replacements; it never decides. Whoever implements [`Editor`] decides and
//! never sees the bytes around the value.

use crate::Rewriter;
use crate::batch;
use crate::content_type::ContentType;
use crate::error::{Error, ErrorKind};
use crate::out::{AskId, Out};

/// Names a place of the plan that the editor gave to the format; opaque here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceId(pub u16);

/// The type a value had where it stood. Formats without types (form, CSV, query) know [`ValueType::String`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Text.
    String,
    /// A number, in the spelling it had.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// What a value is there for: to be kept, or to be compared with what was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// It is to be stored, or asked for by itself: every body format, plain parameters.
    #[default]
    Stored,
    /// A query asks for what is equal to it.
    Equal,
    /// A query asks for all but what is equal to it.
    NotEqual,
    /// It is one of several that a query asks for.
    OneOf,
    /// It is one of several that a query does not ask for.
    NotOneOf,
    /// A query asks for what begins with it.
    Prefix,
    /// A query asks for what has it, or a word of it, somewhere; or for what fits a pattern.
    Contains,
    /// A query asks for what comes before or after it.
    Order,
}

/// A value that stands at a place. `null` and the empty string are never reported: they pass.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// Which place.
    pub place: PlaceId,
    /// How many values were reported at any place of this message before this one.
    pub ordinal: u32,
    /// The type it had.
    pub value_type: ValueType,
    /// The decoded value, plaintext: UTF-8 text; for numbers and booleans the spelling itself.
    pub text: &'a [u8],
    /// The values of the siblings that the place named (`Selected::beside`), in its order, decoded as `text` is.
    /// Nothing for one that is absent, `null` or empty. Empty where the place named none.
    pub beside: &'a [Option<&'a [u8]>],
    /// What it is there for.
    pub comparison: Comparison,
}

impl std::fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Found({:?}, {:?}, ‹{} bytes›)",
            self.place,
            self.value_type,
            self.text.len()
        )
    }
}

/// What is to happen to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Edit {
    /// The bytes stay as they came.
    Keep,
    /// The text written to `replacement` takes the value's place, as a string in the format's encoding.
    Replace,
    /// As `Replace`; but a text that is spelled as a number or a boolean takes the place bare, in the formats that
    /// have such types.
    Spelled,
    /// As `Replace`, with a text that only the answer to this ask will bring: the format leaves a hole.
    Pending(AskId),
    /// As `Spelled`, with a text that only the answer to this ask will bring.
    PendingSpelled(AskId),
    /// As `Replace`, with the bytes and holes that [`Editor::nested`] gives: the value is a body itself.
    Nested,
}

/// Content at a place that streams: a part of a multipart body, a member of an archive, what is encoded in base64.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    /// Which place.
    pub place: PlaceId,
    /// What the content says of itself, where it does.
    pub content_type: Option<&'a ContentType>,
}

/// Decides what happens to each value that a format finds.
pub trait Editor {
    /// Looks at `found`; for [`Edit::Replace`] appends the new text (UTF-8) to `replacement`, which is empty.
    ///
    /// # Errors
    /// [`ErrorKind::Stopped`] where the editor refuses; it keeps the reason.
    fn value(&mut self, found: Found<'_>, replacement: &mut Vec<u8>) -> Result<Edit, Error>;

    /// What stands for [`Edit::Nested`]: asked right after [`Editor::value`] gave that.
    fn nested(&mut self) -> Out {
        Out::new()
    }

    /// The rewriter that content at a place goes through, where it is a body itself; nothing where it is one value.
    ///
    /// # Errors
    /// As [`Editor::value`], and where what the content says of itself does not fit.
    fn open(&mut self, _opened: Opened<'_>) -> Result<Option<Box<dyn Rewriter>>, Error> {
        Ok(None)
    }

    /// The rewriter that the opaque bytes at a place go through; nothing where they stay as they came. Asked at the
    /// first byte of a [`Format::File`](crate::Format). An editor that does not say refuses: what stands between a
    /// format and the one that decides must not let a file pass by forgetting it.
    ///
    /// # Errors
    /// As [`Editor::value`].
    fn file(&mut self, _place: PlaceId) -> Result<Option<Box<dyn Rewriter>>, Error> {
        Err(Error::new(ErrorKind::Stopped, 0))
    }

    /// Says what becomes of a request that stands in the body: asked by `batch` once the head of one is complete. What the
    /// format finds up to [`Editor::request_ended`] belongs to that request.
    ///
    /// # Errors
    /// As [`Editor::value`]; [`ErrorKind::Unroutable`] where no request may stand here.
    fn request(&mut self, head: &batch::Head<'_>) -> Result<batch::Decision, Error> {
        batch::unroutable(head)
    }

    /// The request that [`Editor::request`] was last asked about has ended.
    fn request_ended(&mut self) {}

    /// Adds the other texts by which the app may know a value that was just replaced. Asked only where the place
    /// can say 'or' (a search of several codes).
    fn alternatives(&mut self, _place: PlaceId, _value: &[u8], _others: &mut Vec<Vec<u8>>) {}

    /// What is to be put beside the value that was just replaced: asked right after [`Editor::value`] for a place
    /// with a companion. For [`Edit::Replace`] appends the text that takes the stead of `{token}` to `text`, which is
    /// empty; [`Edit::Pending`] lets an ask bring it; [`Edit::Keep`] puts nothing there this time.
    ///
    /// # Errors
    /// As [`Editor::value`].
    fn companion(&mut self, _place: PlaceId, _text: &mut Vec<u8>) -> Result<Edit, Error> {
        Ok(Edit::Keep)
    }
}
