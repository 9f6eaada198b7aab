//! CSV (RFC 4180) and its kin with semicolons and tabs.
//!
//! In a quoted cell quotes are doubled. A bare cell is quoted when its value needs it: the bytes of an open cell
//! are held back, so that the quote can still be set before them. What a spreadsheet would take for a formula gets a
//! leading `'`, which is taken off again when the file is imported.
//!
//! The separator is the one that stands most often in the first line, which is held until it is known.

use super::machine::{Seen, Spot, Standing, Step, Verdict};
use super::run::Run;
use crate::edit::ValueType;
use crate::escape::Escape;

/// A first line longer than this is judged by this much of it.
const LONGEST_FIRST_LINE: usize = 8 << 10;
/// A bare cell of which more than this has gone by is not quoted any more: its tokens stay.
const LONGEST_CELL: usize = 4 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) struct Csv {
    /// The first line, while the separator is not known.
    first_line: Option<Vec<u8>>,
    separator: u8,
    cell: Cell,
    /// Bytes of the open cell so far.
    length: usize,
    /// The open cell is blank so far.
    blank: bool,
    /// A quote stands in the open bare cell.
    holds_quote: bool,
    /// The quote that comes next was doubled already.
    doubled: bool,
    run: Run,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Bare,
    Quoted,
    /// After a quote in a quoted cell: its end, or the first of two.
    QuoteInQuoted,
    /// A bare cell that a value had quoted: a quote is owed at its end.
    Owed,
}

impl Csv {
    pub(super) fn new() -> Self {
        Self {
            first_line: Some(Vec::new()),
            separator: b',',
            cell: Cell::Bare,
            length: 0,
            blank: true,
            holds_quote: false,
            doubled: false,
            run: Run::Empty,
        }
    }

    pub(super) fn advance(&mut self, bytes: &[u8]) -> Step {
        if let Some(line) = &mut self.first_line {
            let room = LONGEST_FIRST_LINE.saturating_sub(line.len());
            let first = bytes.get(..room).unwrap_or(bytes);
            let end = memchr::memchr2(b'\n', b'\r', first);
            let used = end.unwrap_or(first.len());
            line.extend_from_slice(first.get(..used).unwrap_or_default());
            if end.is_none() && line.len() < LONGEST_FIRST_LINE {
                return Step::Done;
            }
            self.decide(b"");
            return self.cells(bytes, used);
        }
        self.cells(bytes, 0)
    }

    pub(super) fn standing(&mut self) -> Standing {
        let too_long =
            self.cell == Cell::Bare && self.first_line.is_none() && self.length > LONGEST_CELL;
        if self.run_here().is_url() {
            Standing::Url
        } else if too_long || self.holds_quote || self.cell == Cell::QuoteInQuoted {
            Standing::Leave
        } else {
            Standing::Open
        }
    }

    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        if let Some(line) = &self.first_line {
            let room = LONGEST_FIRST_LINE.saturating_sub(line.len());
            let after = seen.after.get(..room).unwrap_or(seen.after);
            let end = memchr::memchr2(b'\n', b'\r', after);
            if end.is_none() && after.len() < room && !seen.last {
                return Verdict::More;
            }
            self.decide(after.get(..end.unwrap_or(after.len())).unwrap_or_default());
        }
        let starts = self.blank;
        let value_type = seen.value_type;
        if self.cell != Cell::Bare {
            return Verdict::escape(Escape::Cell {
                starts,
                quoted: true,
                value_type,
            });
        }
        let ends = match seen.after.first() {
            Some(byte) => self.ends_cell(*byte),
            None if !seen.last => return Verdict::More,
            None => true,
        };
        if ends
            && seen
                .plain
                .is_some_and(|plain| !self.needs_quotes(plain, value_type))
        {
            return Verdict::escape(Escape::Cell {
                starts,
                quoted: false,
                value_type,
            });
        }
        self.cell = Cell::Owed;
        Verdict::Write(Spot {
            insert: Some((self.length, b"\"")),
            ..Spot::new(Escape::Cell {
                starts,
                quoted: true,
                value_type,
            })
        })
    }

    /// The open cell, as long as a quote can be set before it.
    pub(super) fn hold(&self) -> usize {
        match (&self.first_line, self.cell) {
            (Some(line), _) => line.len(),
            (None, Cell::Bare) if self.length <= LONGEST_CELL => self.length,
            (None, _) => 0,
        }
    }

    /// The quote that is owed at the end of the body.
    pub(super) fn end(&mut self) -> &'static [u8] {
        if self.cell == Cell::Owed { b"\"" } else { b"" }
    }

    pub(super) fn held(&self) -> usize {
        self.first_line.as_ref().map_or(0, Vec::len)
    }

    /// The first line is known, with what follows in it: goes over its cells, in which nothing is owed yet.
    fn decide(&mut self, after: &[u8]) {
        let line = self.first_line.take().unwrap_or_default();
        self.separator = separator(&line, after);
        self.cells(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line), 0);
    }

    /// Goes over the cells in `bytes` from `from` on.
    fn cells(&mut self, bytes: &[u8], from: usize) -> Step {
        for (at, byte) in bytes.iter().enumerate().skip(from) {
            if self.cell == Cell::Owed && self.ends_cell(*byte) {
                self.end_cell();
                return Step::Insert(at, b"\"");
            }
            if self.cell == Cell::Owed && *byte == b'"' {
                self.doubled = !self.doubled;
                if self.doubled {
                    return Step::Insert(at, b"\"");
                }
            }
            self.byte(*byte);
        }
        Step::Done
    }

    fn byte(&mut self, byte: u8) {
        match (self.cell, byte) {
            (Cell::Bare | Cell::QuoteInQuoted, _) if self.ends_cell(byte) => {
                self.end_cell();
                return;
            }
            (Cell::Bare, b'"') if self.length == 0 => {
                self.cell = Cell::Quoted;
                return;
            }
            (Cell::Bare, b'"') => self.holds_quote = true,
            (Cell::Quoted, b'"') => {
                self.cell = Cell::QuoteInQuoted;
                return;
            }
            (Cell::QuoteInQuoted, b'"') => self.cell = Cell::Quoted,
            (Cell::QuoteInQuoted, _) => {}
            (Cell::Bare | Cell::Quoted | Cell::Owed, _) => {}
        }
        self.length = self.length.saturating_add(1);
        self.blank &= byte == b' ';
        self.run.step(byte);
    }

    fn end_cell(&mut self) {
        self.cell = Cell::Bare;
        self.length = 0;
        self.blank = true;
        self.holds_quote = false;
        self.run = Run::Empty;
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.separator || matches!(byte, b'\n' | b'\r')
    }

    fn needs_quotes(&self, plain: &[u8], value_type: ValueType) -> bool {
        let mut written = zeroize::Zeroizing::new(Vec::with_capacity(plain.len() + 1));
        Escape::Cell {
            starts: self.blank,
            quoted: false,
            value_type,
        }
        .write(plain, &mut written);
        written.iter().any(|b| {
            matches!(b, b'"' | b'\n' | b'\r' | b',' | b';' | b'\t') || *b == self.separator
        }) || written.first().is_none_or(|b| *b == b' ')
            || written.last() == Some(&b' ')
    }

    /// The run of text before a token; that of the first line is not yet gone over.
    fn run_here(&self) -> Run {
        match &self.first_line {
            Some(line) => {
                let mut run = Run::Empty;
                run.advance(line);
                run
            }
            None => self.run,
        }
    }
}

/// The separator that stands most often outside quotes in a file's first line.
fn separator(line: &[u8], after: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_u32), (b';', 0), (b'\t', 0)];
    for byte in line.iter().chain(after) {
        quoted ^= *byte == b'"';
        for (separator, count) in &mut counts {
            *count += u32::from(!quoted && byte == separator);
        }
    }
    let mut best = (b',', 0);
    for candidate in counts {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best.0
}
