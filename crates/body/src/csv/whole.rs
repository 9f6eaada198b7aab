//! Rows that are decided as a whole: a value in them hangs on a sibling.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::cell;
use super::header::{Layout, Rule};
use super::scan::{BLOCK, Scan};
use super::stream::{Pass, Phase, Stream};
use crate::edit::{Edit, Editor};
use crate::error::{Error, ErrorKind};
use crate::out::Out;

impl Stream {
    /// Decides the values of a row that is here whole.
    pub(super) fn whole_row(
        &mut self,
        layout: &Layout,
        pass: &mut Pass<'_>,
    ) -> Result<(), ErrorKind> {
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
            let holds = |rule: &Rule| match &rule.when {
                None => Ok(true),
                Some((tested, literal)) => cell::says(spelled(*tested), literal),
            };
            let mut chosen = None;
            for rule in &column.rules {
                let held = match holds(rule) {
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

    /// Takes the rest of the row that is held; gives where the next begins in the chunk.
    pub(super) fn held_row(
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
    pub(super) fn too_long(&self, kind: ErrorKind) -> Error {
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

/// The text of a sibling.
fn text(raw: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, ErrorKind> {
    let mut plain = Zeroizing::new(Vec::new());
    let text = cell::decode(raw, &mut plain)?;
    Ok(text.map(|text| Zeroizing::new(text.to_vec())))
}
