//! Which charset a body is in, and how it is read and written in it (WHATWG Encoding).
//!
//! A request in another charset than UTF-8 is decoded, rewritten and encoded again in the same one ([`recoded()`]), or
//! refused: what its `Content-Type`, its byte-order mark, its XML declaration and its `meta` element say must agree
//! ([`Declares`]), and what is decoded must encode to the very bytes that came (I3). An answer passes where its charset is not read: there
//! nothing fails.

mod declared;
mod decode;
mod encode;
mod field;
mod meta;
mod recoded;
mod written;
mod xml;

pub(crate) use declared::Declares;
pub(crate) use decode::Decode;
pub(crate) use encode::Encode;
pub(crate) use field::Field;
pub use written::Charset;
pub(crate) use written::Reference;

use encoding_rs::{Encoding, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};
use recoded::Recoded;

use crate::content_type::ContentType;
use crate::edit::PlaceId;
use crate::error::ErrorKind;
use crate::{Limits, Rewriter};

/// The rewriter of one value, a text in whatever charset its description names.
///
/// # Errors
/// As [`recoded()`].
pub(crate) fn text(
    place: PlaceId,
    content_type: Option<&ContentType>,
    limits: Limits,
) -> Result<Box<dyn Rewriter>, ErrorKind> {
    let text = Box::new(crate::text::Stream::new(place, limits));
    recoded(text, Some(Declares::Mark), content_type)
}

/// The rewriter of a body in whatever charset it is in; `declares` says where its format names one, if it may.
///
/// # Errors
/// [`ErrorKind::Encoding`] where the content type names one that the body cannot be rewritten in.
pub(crate) fn recoded(
    rewriter: Box<dyn Rewriter>,
    declares: Option<Declares>,
    content_type: Option<&ContentType>,
) -> Result<Box<dyn Rewriter>, ErrorKind> {
    let named = declared::header(content_type.and_then(ContentType::charset))?;
    let is_utf_8 = named.is_none_or(|named| named.is(UTF_8));
    match declares {
        None if is_utf_8 => Ok(rewriter),
        None => Err(ErrorKind::Encoding {
            why: "this format is sent in UTF-8 only; send UTF-8",
        }),
        Some(Declares::Nowhere) if is_utf_8 => Ok(rewriter),
        Some(Declares::Nowhere) if named.is_some_and(|named| named.is_wide()) => {
            Err(ErrorKind::Encoding {
                why: "this format is not sent in UTF-16; send UTF-8",
            })
        }
        Some(declares) => Ok(Box::new(Recoded::new(rewriter, declares, named))),
    }
}

/// The field in which a form says its charset (WHATWG HTML §4.10.21.6, RFC 7578 §4.6).
pub(crate) const FIELD: &[u8] = b"_charset_";

/// Checks what that field says.
///
/// # Errors
/// [`ErrorKind::Encoding`] where it is not UTF-8: what is percent-encoded or in other parts would be read otherwise.
pub(crate) fn field(value: &[u8]) -> Result<(), ErrorKind> {
    let label = std::str::from_utf8(value).unwrap_or("?");
    let is_utf_8 = label.trim_ascii().is_empty()
        || declared::header(Some(label)).is_ok_and(|named| named.is_none_or(|it| it.is(UTF_8)));
    if is_utf_8 {
        Ok(())
    } else {
        Err(ErrorKind::Encoding {
            why: "the form names another one than UTF-8 in its field `_charset_`; send UTF-8",
        })
    }
}

/// The encoding of a label, where text can be decoded from it and encoded to it again.
///
/// # Errors
/// [`ErrorKind::Encoding`] where the label is unknown, or where what a byte means hangs on bytes far before it.
pub(crate) fn encoding(label: &str) -> Result<&'static Encoding, ErrorKind> {
    let unfit = |why| ErrorKind::Encoding { why };
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or(unfit("its name is not in the WHATWG Encoding Standard"))?;
    if encoding == REPLACEMENT {
        Err(unfit("it is not safe to read; send UTF-8"))
    } else if encoding == ISO_2022_JP {
        Err(unfit(
            "it switches between character sets, so that bytes cannot be kept as they came; send UTF-8",
        ))
    } else {
        Ok(encoding)
    }
}

/// Whether an encoding is one of the two that `encoding_rs` decodes only.
fn is_utf_16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}
