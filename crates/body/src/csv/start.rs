//! The rows before the data: blank ones, `sep=;`, the header.

use bytes::Bytes;

use super::header;
use super::rows::{Held, content};
use super::scan::Scan;
use super::stream::{Phase, Stream};
use crate::edit::Editor;
use crate::error::Error;
use crate::out::Out;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Stream {
    /// Takes the rows before the data; gives where that begins in the chunk.
    pub(super) fn start(
        &mut self,
        chunk: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<Option<usize>, Error> {
        let mut at = 0;
        while let Phase::Start { returns, .. } = self.phase {
            let rest = chunk.get(at..).unwrap_or_default();
            let Some(end) = self.row.find(rest, returns) else {
                self.row.extend(rest);
                let length = self.row.bytes().len() - usize::from(self.row.returned());
                if let Err(kind) = self.row_fits(length) {
                    self.give_up(kind, 0)?;
                    out.write(self.row.take().as_ref());
                    return Ok(Some(chunk.len()));
                }
                return Ok(None);
            };
            let stop = at + end.used;
            if self.row.is_empty() {
                let row = chunk.slice(at..stop);
                let data = self.first_row(&row, end.returns)?;
                if let Some(skipped) = data {
                    out.keep(at..at + skipped);
                    return Ok(Some(at + skipped));
                }
                self.row = Held::default();
                out.keep(at..stop);
            } else {
                self.row.extend(rest.get(..end.used).unwrap_or_default());
                let row = self.row.take();
                let data = self.first_row(&row, end.returns)?;
                out.begin(&row);
                out.keep(0..data.unwrap_or(row.len()));
                if let Some(skipped) = data {
                    self.rows(&row, skipped, false, editor, out)?;
                }
                out.begin(chunk);
            }
            at = stop;
        }
        Ok(Some(at))
    }

    /// Looks at a row before the data. Where it is data itself, gives how much of it comes before that.
    pub(super) fn first_row(&mut self, row: &[u8], returned: bool) -> Result<Option<usize>, Error> {
        let Phase::Start { separator, returns } = self.phase else {
            return Ok(None);
        };
        let whole = content(row);
        if let Err(kind) = self.row_fits(whole.len()) {
            return self.give_up(kind, 0).map(|()| None);
        }
        let first = self.offset == 0;
        self.offset += row.len() as u64;
        let text = match whole.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) if first => text,
            _ => whole,
        };
        let returns = returns.unwrap_or(returned);
        let told = match header::given(text) {
            Ok(told) => told,
            Err(kind) => return self.give_up(kind, 0).map(|()| None),
        };
        if text.is_empty() || told.is_some() {
            self.phase = Phase::Start {
                separator: told.or(separator),
                returns: Some(returns),
            };
            return Ok(None);
        }
        match header::read(&self.columns, text, separator, returns, self.lenient) {
            Err(kind) => self.give_up(kind, 0).map(|()| None),
            Ok(None) => {
                self.phase = Phase::Passing;
                Ok(None)
            }
            Ok(Some(layout)) => {
                self.scan = Scan::new(layout.dialect);
                self.phase = Phase::Rows(layout.into());
                if self.columns.has_header() {
                    return Ok(None);
                }
                self.offset -= row.len() as u64;
                let skipped = whole.len() - text.len();
                self.offset += skipped as u64;
                Ok(Some(skipped))
            }
        }
    }
}
