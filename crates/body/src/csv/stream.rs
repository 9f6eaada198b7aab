//! The rewriter: rows in chunks, values at places, all else kept.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::cell::{self, SEPARATORS};
use super::columns::Columns;
use super::header::{Layout, Rule, SEPARATOR};
use super::rows::Held;
use super::scan::{BLOCK, Dialect, Fault, Scan};
use super::value::Values;
use crate::edit::{Edit, Editor};
use crate::error::{Error, ErrorKind};
use crate::out::Out;
use crate::{Limits, Rewriter};

/// What is being read.
pub(super) enum Phase {
    /// The rows up to the one that says how others are read.
    Start {
        /// The separator, where something has told it.
        separator: Option<u8>,
        /// What ends rows, once one has ended.
        returns: Option<bool>,
    },
    /// The rows of data.
    Rows(Box<Layout>),
    /// Nothing: all that follows passes.
    Passing,
}

/// One CSV body on its way out.
pub struct Stream {
    pub(super) columns: Arc<Columns>,
    pub(super) limits: Limits,
    /// Whether nothing fails: what is not as it should be passes.
    pub(super) lenient: bool,
    pub(super) phase: Phase,
    pub(super) scan: Scan,
    /// The number of the cell that is being read.
    pub(super) column: usize,
    /// What earlier chunks hold of the cell that is being read, where it is protected.
    pub(super) raw: Zeroizing<Vec<u8>>,
    /// Whether that cell passes.
    pub(super) passes: bool,
    /// The row that is being gathered.
    pub(super) row: Held,
    /// The cells of the row so far, where it is decided as a whole.
    pub(super) cells: Vec<(usize, usize)>,
    pub(super) values: Values,
    /// Where the bytes that are read begin in the body.
    pub(super) offset: u64,
}

/// Bytes that are gone over.
pub(super) struct Pass<'a> {
    pub(super) bytes: &'a [u8],
    /// How far they are kept or replaced.
    pub(super) kept: usize,
    /// Where the open cell and the open row begin in them.
    pub(super) cell: usize,
    pub(super) row: usize,
    pub(super) editor: &'a mut dyn Editor,
    pub(super) out: &'a mut Out,
}

/// What is wrong, and where in the bytes that are gone over.
type Wrong = (ErrorKind, usize);

impl Stream {
    /// A rewriter for one body; `separator` is given where its content type says it.
    #[must_use]
    pub fn new(columns: Arc<Columns>, separator: Option<u8>, limits: Limits) -> Self {
        let returns = None;
        Self {
            columns,
            limits,
            lenient: false,
            phase: Phase::Start { separator, returns },
            scan: Scan::new(Dialect {
                separator: b',',
                returns: false,
            }),
            column: 0,
            raw: Zeroizing::default(),
            passes: false,
            row: Held::default(),
            cells: Vec::new(),
            values: Values::default(),
            offset: 0,
        }
    }

    /// The same, where nothing fails.
    pub(crate) fn lenient(self) -> Self {
        Self {
            lenient: true,
            ..self
        }
    }

    /// Where nothing may fail lets all that follows pass.
    pub(super) fn give_up(&mut self, kind: ErrorKind, at: usize) -> Result<(), Error> {
        if !self.lenient {
            return Err(Error::new(kind, self.offset + at as u64));
        }
        self.phase = Phase::Passing;
        Ok(())
    }

    /// The first row, and one whose values hang on one another, is held.
    pub(super) fn row_fits(&self, length: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.lookahead;
        if length > limit {
            Err(ErrorKind::Lookahead { limit })
        } else {
            Ok(())
        }
    }

    /// Takes the rows of `bytes` from `from` on; `last` says that the body ends with them.
    pub(super) fn rows(
        &mut self,
        bytes: &[u8],
        from: usize,
        last: bool,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<(), Error> {
        let Phase::Rows(layout) = std::mem::replace(&mut self.phase, Phase::Passing) else {
            out.keep(from..bytes.len());
            return Ok(());
        };
        let mut pass = Pass {
            bytes,
            kept: from,
            cell: from,
            row: from,
            editor,
            out,
        };
        let mut walked = self.walk(&layout, from, &mut pass);
        if walked.is_ok() && last {
            walked = self.end(&layout, &mut pass);
        }
        if walked.is_ok() {
            walked = self.park(&layout, &mut pass);
        }
        let Pass { kept, .. } = pass;
        if let Err((kind, at)) = walked {
            self.give_up(kind, at.saturating_sub(from))?;
            out.write(&self.raw);
            self.raw.clear();
            out.keep(kept..bytes.len());
            return Ok(());
        }
        self.offset += (bytes.len() - from) as u64;
        self.phase = Phase::Rows(layout);
        Ok(())
    }

    /// Goes over the cells.
    fn walk(&mut self, layout: &Layout, from: usize, pass: &mut Pass<'_>) -> Result<(), Wrong> {
        let columns = layout.columns.len();
        let bytes = pass.bytes.get(from..).unwrap_or_default();
        for (number, block) in bytes.chunks(BLOCK).enumerate() {
            let at = from + number * BLOCK;
            let marks = self.scan.step(block);
            let mut left = u64::MAX;
            loop {
                // Behind the last column that is looked at, separators are only counted.
                let behind = self.column >= columns;
                let ends = match behind {
                    true => marks.rows & left,
                    false => (marks.rows | marks.separators) & left,
                };
                let here = ends & ends.wrapping_neg();
                let before = here.wrapping_sub(1) & left;
                if behind {
                    self.column += (marks.separators & before).count_ones() as usize;
                }
                if here == 0 {
                    break;
                }
                left &= !(before | here);
                let end = at + here.trailing_zeros() as usize;
                let row = marks.rows & here != 0;
                if !behind && layout.stops_at(self.column) {
                    self.cell(layout, end, row, pass)?;
                }
                if row {
                    self.row(layout, end, pass)?;
                } else {
                    self.column += 1;
                }
                pass.cell = end + 1;
            }
            if let Some((bit, fault)) = marks.fault {
                return Err(self.fault(layout, fault, at + bit as usize, pass));
            }
        }
        Ok(())
    }

    /// A cell ends before `end`.
    #[inline]
    fn cell(
        &mut self,
        layout: &Layout,
        end: usize,
        row: bool,
        pass: &mut Pass<'_>,
    ) -> Result<(), Wrong> {
        let Some(column) = layout.columns.get(self.column) else {
            return Ok(());
        };
        if layout.whole_rows {
            self.cells.push((pass.cell, end));
            return Ok(());
        }
        match column.rules.first() {
            Some(rule) if end > pass.cell || !self.raw.is_empty() || self.passes => self
                .value(layout, rule, end, row, pass)
                .map_err(|kind| (kind, end)),
            _ => Ok(()),
        }
    }

    /// A row ends before `end`.
    fn row(&mut self, layout: &Layout, end: usize, pass: &mut Pass<'_>) -> Result<(), Wrong> {
        if layout.width.is_some_and(|width| self.column >= width) && !self.lenient {
            let expected = "no more cells in a row than in the header";
            return Err((ErrorKind::Syntax { expected }, end));
        }
        self.column = 0;
        if layout.whole_rows {
            let decided = self
                .row_fits(end - pass.row)
                .and_then(|()| self.whole_row(layout, pass));
            decided.map_err(|kind| (kind, end))?;
            self.cells.clear();
        }
        pass.row = end + 1;
        Ok(())
    }

    /// A value ends before `end`.
    fn value(
        &mut self,
        layout: &Layout,
        rule: &Rule,
        end: usize,
        row: bool,
        pass: &mut Pass<'_>,
    ) -> Result<(), ErrorKind> {
        if std::mem::take(&mut self.passes) {
            return Ok(());
        }
        let more = pass.bytes.get(pass.cell..end).unwrap_or_default();
        let strips = row && !layout.dialect.returns;
        let trimmed = |raw: &[u8]| usize::from(strips && raw.ends_with(b"\r"));
        if self.raw.is_empty() {
            let length = more.len() - trimmed(more);
            let raw = more.get(..length).unwrap_or_default();
            let edit = self.decide(layout, rule, raw, &[], pass.editor)?;
            if edit != Edit::Keep {
                pass.out.keep(pass.kept..pass.cell);
                self.values.write(edit, raw, layout, self.lenient, pass);
                pass.kept = pass.cell + length;
            }
            return Ok(());
        }
        let mut raw = std::mem::take(&mut self.raw);
        let before = raw.len();
        raw.extend_from_slice(more);
        let length = raw.len() - trimmed(&raw);
        let whole = raw.get(..length).unwrap_or_default();
        let edit = self.decide(layout, rule, whole, &[], pass.editor)?;
        if edit == Edit::Keep {
            pass.out.write(raw.get(..before).unwrap_or_default());
        } else {
            self.values.write(edit, whole, layout, self.lenient, pass);
            if length < before {
                pass.out.write(b"\r");
            }
            pass.kept = pass.cell + length.saturating_sub(before);
        }
        raw.clear();
        self.raw = raw;
        Ok(())
    }

    /// What is to be done with a value of which `raw` is the spelling.
    pub(super) fn decide(
        &mut self,
        layout: &Layout,
        rule: &Rule,
        raw: &[u8],
        beside: &[Option<&[u8]>],
        editor: &mut dyn Editor,
    ) -> Result<Edit, ErrorKind> {
        let limit = self.limits.value;
        let parted = |raw: &[u8]| raw.iter().any(|byte| SEPARATORS.contains(byte));
        let edit = if raw.len() > limit {
            Err(ErrorKind::ValueTooLong { limit })
        } else if layout.alone && cell::inner(raw).is_none() && parted(raw) {
            Err(SEPARATOR)
        } else {
            self.values.decide(rule, raw, beside, editor)
        };
        match edit {
            Err(_) if self.lenient => Ok(Edit::Keep),
            edit => edit,
        }
    }

    /// What is told of a fault, which what is held may be too long to reach.
    pub(super) fn fault(&self, layout: &Layout, fault: Fault, at: usize, pass: &Pass<'_>) -> Wrong {
        let reached = match layout.whole_rows {
            true => self.row_fits(at - pass.row),
            false => self.open_fits(layout, at, pass),
        };
        let expected = fault.expected();
        let syntax = ErrorKind::Syntax { expected };
        (reached.err().unwrap_or(syntax), at)
    }

    /// Whether the value that is open at `at` is not yet too long. A CR may still be no part of it.
    fn open_fits(&self, layout: &Layout, at: usize, pass: &Pass<'_>) -> Result<(), ErrorKind> {
        let column = layout.columns.get(self.column);
        if self.passes || column.is_none_or(|column| column.rules.is_empty()) {
            return Ok(());
        }
        let open = pass.bytes.get(pass.cell..at).unwrap_or_default();
        let last = open.last().or(self.raw.last());
        let length = self.raw.len() + open.len() - usize::from(last == Some(&b'\r'));
        let limit = self.limits.value;
        if length > limit {
            Err(ErrorKind::ValueTooLong { limit })
        } else {
            Ok(())
        }
    }

    /// The body ends.
    fn end(&mut self, layout: &Layout, pass: &mut Pass<'_>) -> Result<(), Wrong> {
        let end = pass.bytes.len();
        if let Some(fault) = self.scan.end() {
            return Err(self.fault(layout, fault, end, pass));
        }
        self.cell(layout, end, true, pass)?;
        self.row(layout, end, pass)?;
        pass.cell = end;
        pass.row = end;
        Ok(())
    }

    /// Keeps what the end of these bytes cuts.
    fn park(&mut self, layout: &Layout, pass: &mut Pass<'_>) -> Result<(), Wrong> {
        let end = pass.bytes.len();
        if layout.whole_rows {
            pass.out.keep(pass.kept..pass.row);
            pass.kept = end;
            let open = pass.bytes.get(pass.row..).unwrap_or_default();
            self.row.find(open, Some(layout.dialect.returns));
            self.row.extend(open);
            self.scan = Scan::new(layout.dialect);
            self.column = 0;
            self.cells.clear();
            return Ok(());
        }
        let column = layout.columns.get(self.column);
        let held = column.is_some_and(|column| !column.rules.is_empty()) && !self.passes;
        if !held {
            pass.out.keep(pass.kept..end);
            return Ok(());
        }
        let fits = self.open_fits(layout, end, pass);
        if fits.is_err() && self.lenient {
            pass.out.write(&self.raw);
            self.raw.clear();
            pass.out.keep(pass.kept..end);
            self.passes = true;
            return Ok(());
        }
        fits.map_err(|kind| (kind, end))?;
        pass.out.keep(pass.kept..pass.cell);
        let open = pass.bytes.get(pass.cell..).unwrap_or_default();
        self.raw.extend_from_slice(open);
        pass.kept = end;
        Ok(())
    }
}

impl Rewriter for Stream {
    fn push(&mut self, chunk: &Bytes, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        out.begin(chunk);
        if chunk.is_empty() {
            return Ok(());
        }
        let from = match self.phase {
            Phase::Start { .. } => match self.start(chunk, editor, out)? {
                Some(from) => from,
                None => return Ok(()),
            },
            Phase::Rows(_) if !self.row.is_empty() => self.held_row(chunk, editor, out)?,
            Phase::Rows(_) | Phase::Passing => 0,
        };
        if from == chunk.len() {
            return Ok(());
        }
        self.rows(chunk, from, false, editor, out)
    }

    fn finish(&mut self, editor: &mut dyn Editor, out: &mut Out) -> Result<(), Error> {
        let row = self.row.take();
        out.begin(&row);
        let mut from = 0;
        if matches!(self.phase, Phase::Start { .. }) {
            let returns = row.ends_with(b"\r");
            from = self.first_row(&row, returns)?.unwrap_or(row.len());
            out.keep(0..from);
        }
        self.rows(&row, from, true, editor, out)
    }

    fn held(&self) -> usize {
        let values = &self.values;
        let texts = [
            &self.raw,
            &values.plain,
            &values.replacement,
            &values.written,
        ];
        let texts: usize = texts.into_iter().map(|text| text.capacity()).sum();
        texts + self.row.held() + self.cells.capacity() * size_of::<(usize, usize)>()
    }
}
