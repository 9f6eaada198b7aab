//! The rewriter: rows in chunks, values at places, all else kept.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::cell::{self, SEPARATORS};
use super::columns::Columns;
use super::header::{self, Layout, Rule, SEPARATOR};
use super::rows::{Held, content};
use super::scan::{BLOCK, Dialect, Fault, Scan};
use crate::edit::{Comparison, Edit, Editor, Found, ValueType};
use crate::error::{Error, ErrorKind};
use crate::escape::Escape;
use crate::out::Out;
use crate::{Limits, Rewriter};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is being read.
enum Phase {
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
    columns: Arc<Columns>,
    limits: Limits,
    /// Whether nothing fails: what is not as it should be passes.
    lenient: bool,
    phase: Phase,
    scan: Scan,
    /// The number of the cell that is being read.
    column: usize,
    /// What earlier chunks hold of the cell that is being read, where it is protected.
    raw: Zeroizing<Vec<u8>>,
    /// Whether that cell passes.
    passes: bool,
    /// The row that is being gathered.
    row: Held,
    /// The cells of the row so far, where it is decided as a whole.
    cells: Vec<(usize, usize)>,
    values: Values,
    /// Where the bytes that are read begin in the body.
    offset: u64,
}

/// The buffers that values pass through, used again for each.
#[derive(Default)]
struct Values {
    ordinal: u32,
    plain: Zeroizing<Vec<u8>>,
    replacement: Zeroizing<Vec<u8>>,
    written: Zeroizing<Vec<u8>>,
}

/// Bytes that are gone over.
struct Pass<'a> {
    bytes: &'a [u8],
    /// How far they are kept or replaced.
    kept: usize,
    /// Where the open cell and the open row begin in them.
    cell: usize,
    row: usize,
    editor: &'a mut dyn Editor,
    out: &'a mut Out,
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

    /// Takes the rows before the data; gives where that begins in the chunk.
    fn start(
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
    fn first_row(&mut self, row: &[u8], returned: bool) -> Result<Option<usize>, Error> {
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

    /// Where nothing may fail lets all that follows pass.
    fn give_up(&mut self, kind: ErrorKind, at: usize) -> Result<(), Error> {
        if !self.lenient {
            return Err(Error::new(kind, self.offset + at as u64));
        }
        self.phase = Phase::Passing;
        Ok(())
    }

    /// The first row, and one whose values hang on one another, is held.
    fn row_fits(&self, length: usize) -> Result<(), ErrorKind> {
        let limit = self.limits.lookahead;
        if length > limit {
            Err(ErrorKind::Lookahead { limit })
        } else {
            Ok(())
        }
    }

    /// Takes the rows of `bytes` from `from` on; `last` says that the body ends with them.
    fn rows(
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

    /// Decides the values of a row that is here whole.
    fn whole_row(&mut self, layout: &Layout, pass: &mut Pass<'_>) -> Result<(), ErrorKind> {
        let cells = std::mem::take(&mut self.cells);
        let last = cells.len().saturating_sub(1);
        let spelled = |index: usize| -> &[u8] {
            let Some((start, end)) = cells.get(index) else {
                return &[];
            };
            let raw = pass.bytes.get(*start..*end).unwrap_or_default();
            if index == last && !layout.dialect.returns {
                raw.strip_suffix(b"\r").unwrap_or(raw)
            } else {
                raw
            }
        };
        for (index, (column, (start, _))) in layout.columns.iter().zip(&cells).enumerate() {
            let raw = spelled(index);
            if raw.is_empty() {
                continue;
            }
            let holds = |rule: &&Rule| match &rule.when {
                None => Ok(true),
                Some((tested, literal)) => {
                    let text = text(spelled(*tested));
                    text.map(|text| text.is_some_and(|text| *text == literal.as_bytes()))
                }
            };
            let mut chosen = None;
            for rule in &column.rules {
                let held = match holds(&rule) {
                    Err(_) if self.lenient => false,
                    held => held?,
                };
                if held {
                    chosen = Some(rule);
                    break;
                }
            }
            let Some(rule) = chosen else {
                continue;
            };
            let mut siblings = Vec::with_capacity(rule.beside.len());
            for sibling in &rule.beside {
                siblings.push(match sibling.map(|index| text(spelled(index))) {
                    None => None,
                    Some(Err(_)) if self.lenient => None,
                    Some(text) => text?,
                });
            }
            let beside: Vec<Option<&[u8]>> = siblings
                .iter()
                .map(|text| text.as_ref().map(|text| text.as_slice()))
                .collect();
            let edit = self.decide(layout, rule, raw, &beside, pass.editor)?;
            if edit != Edit::Keep {
                pass.out.keep(pass.kept..*start);
                self.values.write(edit, raw, layout, self.lenient, pass);
                pass.kept = start + raw.len();
            }
        }
        self.cells = cells;
        Ok(())
    }

    /// What is to be done with a value of which `raw` is the spelling.
    fn decide(
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
    fn fault(&self, layout: &Layout, fault: Fault, at: usize, pass: &Pass<'_>) -> Wrong {
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

    /// Takes the rest of the row that is held; gives where the next begins in the chunk.
    fn held_row(
        &mut self,
        chunk: &Bytes,
        editor: &mut dyn Editor,
        out: &mut Out,
    ) -> Result<usize, Error> {
        let returns = Some(self.scan.dialect().returns);
        let end = self.row.find(chunk, returns);
        let used = end.map_or(chunk.len(), |end| end.used);
        self.row.extend(chunk.get(..used).unwrap_or_default());
        if end.is_none() {
            let fits = self.row_fits(self.row.bytes().len());
            let Err(kind) = fits else {
                return Ok(used);
            };
            if !self.lenient {
                return Err(self.too_long(kind));
            }
            self.phase = Phase::Passing;
        }
        let row = self.row.take();
        out.begin(&row);
        self.rows(&row, 0, false, editor, out)?;
        out.begin(chunk);
        Ok(used)
    }

    /// A row is too long to be held: what is told is the first fault in as much of it as may be.
    fn too_long(&self, kind: ErrorKind) -> Error {
        let reached = self.limits.lookahead.saturating_add(1);
        let held = self.row.bytes().get(..reached).unwrap_or_default();
        let mut scan = Scan::new(self.scan.dialect());
        for (number, block) in held.chunks(BLOCK).enumerate() {
            if let Some((bit, fault)) = scan.step(block).fault {
                let expected = fault.expected();
                let at = number * BLOCK + bit as usize;
                return Error::new(ErrorKind::Syntax { expected }, self.offset + at as u64);
            }
        }
        Error::new(kind, self.offset)
    }
}

impl Values {
    fn decide(
        &mut self,
        rule: &Rule,
        raw: &[u8],
        beside: &[Option<&[u8]>],
        editor: &mut dyn Editor,
    ) -> Result<Edit, ErrorKind> {
        let Some(text) = cell::decode(raw, &mut self.plain)? else {
            return Ok(Edit::Keep);
        };
        self.replacement.clear();
        let found = Found {
            place: rule.place,
            ordinal: self.ordinal,
            value_type: ValueType::String,
            text,
            beside,
            comparison: Comparison::Stored,
        };
        self.ordinal = self.ordinal.saturating_add(1);
        editor
            .value(found, &mut self.replacement)
            .map_err(|error| error.kind)
    }

    /// Writes what the edit that was just decided makes of a cell.
    fn write(&mut self, edit: Edit, raw: &[u8], layout: &Layout, inert: bool, pass: &mut Pass<'_>) {
        let value_type = match edit {
            Edit::Spelled | Edit::PendingSpelled(_) => ValueType::Number,
            Edit::Keep | Edit::Replace | Edit::Pending(_) | Edit::Nested => ValueType::String,
        };
        let escape = Escape::CellWhole {
            separator: layout.dialect.separator,
            quoted: cell::inner(raw).is_some(),
            inert,
            value_type,
        };
        match edit {
            Edit::Keep => pass.out.write(raw),
            Edit::Replace | Edit::Spelled => {
                self.written.clear();
                escape.write(&self.replacement, &mut self.written);
                pass.out.write(&self.written);
            }
            Edit::Pending(ask) | Edit::PendingSpelled(ask) => pass.out.hole(ask, escape),
            Edit::Nested => {
                let inner = pass.editor.nested();
                let escape = Escape::Cell {
                    starts: false,
                    quoted: true,
                    value_type,
                };
                pass.out.write(b"\"");
                pass.out.nest(inner, escape);
                pass.out.write(b"\"");
            }
        }
    }
}

/// The text of a sibling.
fn text(raw: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, ErrorKind> {
    let mut plain = Zeroizing::new(Vec::new());
    let text = cell::decode(raw, &mut plain)?;
    Ok(text.map(|text| Zeroizing::new(text.to_vec())))
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
