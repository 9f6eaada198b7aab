//! Where cells and rows end, 64 bytes at a time.
//!
//! Four masks say where the bytes that matter stand; the parity of quotes before each byte says which of the others
//! are quoted. That reading is everybody's only as long as quotes stand where they may, so each block is checked: the
//! first byte at which readers part is its fault. Safe code only: the compiler makes vector instructions of the loops.

/// How many bytes one step takes.
pub(super) const BLOCK: usize = 64;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// What parts cells.
    pub(super) separator: u8,
    /// Rows end with a bare CR, not with LF or CRLF.
    pub(super) returns: bool,
}

/// Why readers part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    LineEnd,
    Opening,
    AfterClosing,
    Backslash,
    Unclosed,
}

impl Fault {
    /// What the grammar asks for.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::LineEnd => "one kind of line end in the whole file",
            Self::Opening => "a quote only where a cell begins, or doubled in a quoted cell",
            Self::AfterClosing => "a separator or the end of the row after a closing quote",
            Self::Backslash => "no backslash before a quote",
            Self::Unclosed => "a closing quote",
        }
    }
}

/// What stands in a block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    /// The separators outside quotes.
    pub(super) separators: u64,
    /// The bytes outside quotes that end rows.
    pub(super) rows: u64,
    /// The first fault, and where.
    pub(super) fault: Option<(u32, Fault)>,
}

/// What the blocks before have left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    dialect: Dialect,
    /// In a quoted cell.
    inside: bool,
    /// Directly after a quote that closed.
    closed: bool,
    /// At the beginning of a cell.
    begins: bool,
    /// Directly after a CR outside quotes, where that ends no row.
    returned: bool,
    /// Directly after a backslash.
    backslash: bool,
}

impl Scan {
    /// At the beginning of a row.
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            inside: false,
            closed: false,
            begins: true,
            returned: false,
            backslash: false,
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Takes up to 64 bytes.
    #[inline]
    pub(super) fn step(&mut self, bytes: &[u8]) -> Marks {
        match <&[u8; BLOCK]>::try_from(bytes) {
            Ok(block) => self.block(block, BLOCK),
            Err(_) => self.partial(bytes),
        }
    }

    /// Takes fewer.
    #[cold]
    fn partial(&mut self, bytes: &[u8]) -> Marks {
        let mut padded = [0; BLOCK];
        for (slot, byte) in padded.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        self.block(&padded, bytes.len().min(BLOCK))
    }

    /// What is wrong with ending here.
    pub(super) fn end(&self) -> Option<Fault> {
        match (self.inside, self.returned) {
            (true, _) => Some(Fault::Unclosed),
            (false, true) => Some(Fault::LineEnd),
            (false, false) => None,
        }
    }

    #[inline]
    fn block(&mut self, block: &[u8; BLOCK], length: usize) -> Marks {
        let Some(last) = length.checked_sub(1) else {
            return Marks::default();
        };
        let valid = u64::MAX >> (63 - last);
        let (row, other) = match self.dialect.returns {
            true => (b'\r', b'\n'),
            false => (b'\n', b'\r'),
        };
        let quotes = equal(block, b'"');
        let inside = match (quotes, self.inside) {
            (0, false) => 0,
            (0, true) => u64::MAX,
            (_, inside) => parity(quotes) ^ if inside { u64::MAX } else { 0 },
        };
        let separators = equal(block, self.dialect.separator) & !inside;
        let rows = equal(block, row) & !inside;
        let others = equal(block, other) & !inside;
        let mut marks = Marks {
            separators,
            rows,
            fault: None,
        };
        if others != 0 || self.returned {
            let wrong = match self.dialect.returns {
                true => others,
                false => (others << 1 | u64::from(self.returned)) & !rows & valid,
            };
            marks.note(wrong, Fault::LineEnd);
        }
        let mut closing = 0;
        if quotes != 0 || self.closed {
            let opening = quotes & inside;
            closing = quotes & !inside;
            let before = (separators | rows | closing) << 1 | u64::from(self.begins || self.closed);
            marks.note(opening & !before, Fault::Opening);
            let after = (closing << 1 | u64::from(self.closed)) & valid;
            marks.note(
                after & !(separators | rows | others | quotes),
                Fault::AfterClosing,
            );
            let escaped = equal(block, b'\\') << 1 | u64::from(self.backslash);
            marks.note(closing & escaped, Fault::Backslash);
        }
        let at_last = |mask: u64| mask >> last & 1 != 0;
        self.inside = at_last(inside);
        self.closed = at_last(closing);
        self.begins = at_last(separators | rows);
        self.returned = !self.dialect.returns && at_last(others);
        self.backslash = block.get(last) == Some(&b'\\');
        if let Some((at, _)) = marks.fault {
            let before = (1 << at) - 1;
            marks.separators &= before;
            marks.rows &= before;
        }
        marks
    }
}

impl Marks {
    /// Takes a fault at the first of these bytes, if it comes before what is known.
    fn note(&mut self, wrong: u64, fault: Fault) {
        let at = wrong.trailing_zeros();
        if wrong != 0 && self.fault.is_none_or(|(known, _)| at < known) {
            self.fault = Some((at, fault));
        }
    }
}

/// Where a byte stands in a block, one bit each.
#[inline]
fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
    let mut hits = [0_u8; BLOCK];
    for (hit, candidate) in hits.iter_mut().zip(block) {
        *hit = u8::from(*candidate == byte);
    }
    let (words, _) = hits.as_chunks::<8>();
    let mut mask = 0;
    for word in words.iter().rev() {
        // The product gathers the lowest bit of each byte in the highest byte.
        let gathered = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask = mask << 8 | gathered;
    }
    mask
}

/// For each bit, whether an odd number of bits is set up to it.
#[inline]
fn parity(mut mask: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        mask ^= mask << shift;
    }
    mask
}
