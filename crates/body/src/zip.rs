//! ZIP archives (PKWARE APPNOTE 6.3.10): documents of office programs (ISO/IEC 29500-2, OpenDocument) and plain ones.
//!
//! Places are members by their names, exact or with `*` for any run of characters but `/`, in any case; what stands in
//! one is a value or, mostly, a body inside (`as = "xml"`). Members at no place pass byte for byte as they are packed.
//! A member at a place is undone, rewritten and deflated as it comes; its sizes stand in a descriptor behind it and in
//! the directory, which is written anew at the end.
//!
//! An archive can be read from its beginning and from its end. What the two would read differently is refused: members
//! that are not in the directory or not as it says, two of one name in any case, bytes between the records, another
//! name in an extra field, a second end in the comment, and names that programs read in two ways (`\`, `..`, a root,
//! an escape). So are ZIP64, encrypted members at places, a member at a place that is damaged or packed otherwise than
//! by deflate, and archives that become too much ([`Limits::ratio`]).

pub(crate) mod directory;
mod name;
pub(crate) mod packed;
pub(crate) mod record;
mod stream;

use std::sync::Arc;

use crate::error::Error;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};
use name::Names;
use stream::Stream;

/// The compiled names of an archive's members.
#[derive(Debug)]
struct Compiled(Arc<Names>);

/// Reads the names of members.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    Names::of(selected).map(|names| Arc::new(Compiled(names)) as Arc<dyn Grammar>)
}

impl Grammar for Compiled {
    fn rewriter(&self, _: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        Ok(Box::new(Stream::new(Arc::clone(&self.0), limits)))
    }
}

/// Whether a media type is that of an archive or of a document that is one.
pub(crate) fn is_named_by(essence: &str) -> bool {
    matches!(
        essence,
        "application/zip" | "application/x-zip-compressed" | "application/x-zip"
    ) || is_document(essence)
}

/// Whether a media type is that of an office program's document.
pub(crate) fn is_document(essence: &str) -> bool {
    essence.starts_with("application/vnd.openxmlformats-officedocument.")
        || essence.starts_with("application/vnd.oasis.opendocument.")
        || (essence.starts_with("application/vnd.ms-") && essence.ends_with(".macroenabled.12"))
}
