//! CSV (RFC 4180) and its kin: cells parted by `,` `;` `|` `^`, a backquote or a tab, rows ended by LF, CRLF or CR.
//!
//! A place is a column. Where a plan names one by its name the first row that is not blank is the header, and each
//! later row is data; a plan that only counts columns (`#3`) takes every row for data. The separator is the one by
//! which the header holds a column that is named, the one that the first row holds where columns are counted, or what
//! `text/tab-separated-values` and a first line `sep=;` say. What cannot be told in one way is refused.
//!
//! Readers of CSV differ, so a body with a protected column must be such that they do not: a quote stands at the
//! beginning of a cell or nowhere, nothing follows a closing quote but a separator or the end of the row, no backslash
//! stands before one (some readers escape by it), rows end all with LF or CRLF or all with CR, and none is longer than
//! its header. What stands in other columns is not read: it may be in any charset, and passes byte for byte. A body
//! without a protected column passes unread.
//!
//! Speed: 64 bytes at a time become four masks (quotes, separators, the two line ends), from which parity says what is
//! quoted; behind the last column that is looked at only the ends of rows are.

mod cell;
mod columns;
mod header;
mod rows;
mod scan;
mod start;
mod stream;
mod value;
mod whole;

pub use columns::Columns;
pub use stream::Stream;

use std::sync::Arc;

use crate::content_type::ContentType;
use crate::error::Error;
use crate::plan::{Described, Grammar, Selected};
use crate::selector::SelectorError;
use crate::{Limits, Rewriter};

/// The columns of a body.
#[derive(Debug)]
struct Csv(Arc<Columns>);

/// Reads the selectors: names and numbers of columns.
pub(crate) fn compile(
    selected: &[Selected<'_>],
) -> Result<Arc<dyn Grammar>, (usize, SelectorError)> {
    let columns = Columns::of(selected)?;
    Ok(Arc::new(Csv(Arc::new(columns))))
}

impl Grammar for Csv {
    fn rewriter(&self, body: &Described<'_>, limits: Limits) -> Result<Box<dyn Rewriter>, Error> {
        let separator = body.content_type.and_then(separator);
        Ok(Box::new(Stream::new(
            Arc::clone(&self.0),
            separator,
            limits,
        )))
    }

    fn lenient(&self, limits: Limits) -> Option<Box<dyn Rewriter>> {
        let stream = Stream::new(Arc::clone(&self.0), None, limits);
        Some(Box::new(stream.lenient()))
    }
}

/// Whether a content type says CSV, or what is parted by tabs.
pub(crate) fn is_named_by(content_type: &ContentType) -> bool {
    matches!(
        content_type.essence(),
        "text/csv" | "application/csv" | "text/x-csv" | "text/comma-separated-values"
    ) || separator(content_type).is_some()
}

/// The separator that a content type says (the registration of `text/tab-separated-values` at IANA).
fn separator(content_type: &ContentType) -> Option<u8> {
    (content_type.essence() == "text/tab-separated-values").then_some(b'\t')
}
