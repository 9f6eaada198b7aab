//! What the first row says: the separator, and which columns are looked at.

use std::borrow::Cow;

use super::cell::{SEPARATORS, inner, unquote};
use super::columns::{At, Columns, Place};
use super::scan::{Dialect, Fault};
use crate::edit::PlaceId;
use crate::error::ErrorKind;

/// How the rows of one body are read.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    /// Whether nothing has told the separator, since there is one column only.
    pub(super) alone: bool,
    /// The most cells of a row, where there is a header.
    pub(super) width: Option<usize>,
    /// For each column that is looked at: its rules, the first that holds counts.
    pub(super) columns: Vec<Column>,
    /// Whether a value cannot be decided before its row has ended.
    pub(super) whole_rows: bool,
    /// The columns whose cells are looked at, one bit each; the last bit stands for all from there on.
    pub(super) stops: u64,
}

/// What is done with a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    pub(super) rules: Vec<Rule>,
}

/// One place, with the columns that it hangs on.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) place: PlaceId,
    pub(super) when: Option<(usize, Box<str>)>,
    pub(super) beside: Vec<Option<usize>>,
}

pub(super) const SEPARATOR: ErrorKind = ErrorKind::Syntax {
    expected: "cells that only one separator can part",
};

/// The separator that a line `sep=;` before the header gives.
///
/// # Errors
/// It is none that is known.
pub(super) fn given(row: &[u8]) -> Result<Option<u8>, ErrorKind> {
    let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] = row else {
        return Ok(None);
    };
    let known = SEPARATORS.contains(separator);
    known.then_some(Some(*separator)).ok_or(SEPARATOR)
}

/// Reads the first row; nothing where no column in it is protected. `separator` is given where something has told it;
/// `lenient` takes what a strict reading refuses.
///
/// # Errors
/// [`ErrorKind::DuplicateKey`] where a column that is looked at stands twice, [`ErrorKind::Charset`] where the row is no
/// text, [`ErrorKind::Syntax`] where it can be read in two ways or in none.
pub(super) fn read(
    columns: &Columns,
    row: &[u8],
    separator: Option<u8>,
    returns: bool,
    lenient: bool,
) -> Result<Option<Layout>, ErrorKind> {
    if row.contains(&0) || std::str::from_utf8(row).is_err() {
        return Err(ErrorKind::Charset);
    }
    let given = separator.map(|separator| [separator]);
    let candidates = given.as_ref().map_or(SEPARATORS.as_slice(), |one| one);
    let mut fault = None;
    let mut readings = Vec::new();
    for separator in candidates {
        match cells(row, *separator) {
            Ok(cells) => readings.push((*separator, cells)),
            Err(wrong) => fault = fault.or(Some(wrong)),
        }
    }
    if let (true, Some(fault)) = (readings.is_empty(), fault) {
        let expected = fault.expected();
        return Err(ErrorKind::Syntax { expected });
    }
    let alone = separator.is_none()
        && readings.len() == SEPARATORS.len()
        && readings.iter().all(|(_, cells)| cells.len() == 1);
    if alone {
        readings.truncate(1);
    }
    let header = columns.has_header();
    readings.retain(|(_, cells)| match header {
        true => cells.iter().any(|cell| is_named(columns, cell)),
        false => separator.is_some() || alone || cells.len() > 1,
    });
    let (separator, cells) = match readings.as_slice() {
        [] if header => return Ok(None),
        [reading] => reading,
        [] => return Err(SEPARATOR),
        [_, _, ..] => return Err(SEPARATOR),
    };
    let dialect = Dialect {
        separator: *separator,
        returns,
    };
    let mut layout = Layout {
        dialect,
        alone,
        width: (header || alone).then_some(cells.len()),
        columns: Vec::new(),
        whole_rows: false,
        stops: 0,
    };
    if alone && !header && columns.all().any(|at| *at != At::Index(0)) {
        return Err(SEPARATOR);
    }
    for place in &columns.places {
        layout.add(place, columns, cells, lenient)?;
    }
    layout.settle();
    let found = layout.columns.iter().any(|column| !column.rules.is_empty());
    Ok(found.then_some(layout))
}

impl Layout {
    /// Adds a place, if its column is there.
    fn add(
        &mut self,
        place: &Place,
        columns: &Columns,
        cells: &[Cow<'_, str>],
        lenient: bool,
    ) -> Result<(), ErrorKind> {
        let find = |at: &At| find(at, columns, cells, lenient);
        let mut rule = Rule {
            place: place.place,
            when: None,
            beside: Vec::with_capacity(place.beside.len()),
        };
        let at = find(&place.at)?;
        let when = match &place.when {
            None => None,
            Some((tested, literal)) => match find(tested)? {
                Some(tested) => Some((tested, literal.clone())),
                // It never holds.
                None => return Ok(()),
            },
        };
        for sibling in &place.beside {
            rule.beside.push(find(sibling)?);
        }
        let Some(at) = at else {
            return Ok(());
        };
        self.whole_rows |= when.is_some() || !rule.beside.is_empty();
        let tested = when.iter().map(|(tested, _)| *tested);
        for watched in tested.chain(rule.beside.iter().flatten().copied()) {
            self.column(watched);
        }
        rule.when = when;
        if let Some(column) = self.column(at) {
            column.rules.push(rule);
        }
        Ok(())
    }

    /// All places are added.
    fn settle(&mut self) {
        for (index, column) in self.columns.iter().enumerate() {
            if self.whole_rows || !column.rules.is_empty() {
                self.stops |= stop(index);
            }
        }
    }

    /// Whether anything is done with the cells of a column.
    #[inline]
    pub(super) fn stops_at(&self, column: usize) -> bool {
        self.stops & stop(column) != 0
    }

    fn column(&mut self, at: usize) -> Option<&mut Column> {
        if self.columns.len() <= at {
            self.columns.resize_with(at + 1, Column::default);
        }
        self.columns.get_mut(at)
    }
}

/// The bit of a column.
#[inline]
fn stop(column: usize) -> u64 {
    1 << column.min(63)
}

/// The number of a column.
fn find(
    at: &At,
    columns: &Columns,
    cells: &[Cow<'_, str>],
    lenient: bool,
) -> Result<Option<usize>, ErrorKind> {
    let name = match at {
        At::Index(index) => return Ok(Some(*index)),
        At::Named(name) => name,
    };
    let mut found = None;
    for (index, cell) in cells.iter().enumerate() {
        if **cell != **name {
            continue;
        }
        if found.is_some() && !lenient {
            return Err(ErrorKind::DuplicateKey);
        }
        found = found.or(Some(index));
    }
    let strays = |cell: &&Cow<'_, str>| is_nearly(cell, name) && !columns.names(cell);
    if found.is_none() && !lenient && cells.iter().any(|cell| strays(&cell)) {
        let expected = "the name of a protected column as the policy spells it";
        return Err(ErrorKind::Syntax { expected });
    }
    Ok(found)
}

/// Whether a plan names a column of this name, or one that some readers would take for it.
fn is_named(columns: &Columns, cell: &str) -> bool {
    columns.all().any(|at| match at {
        At::Named(name) => **name == *cell || is_nearly(cell, name),
        At::Index(_) => false,
    })
}

/// Whether two names differ in case and white space at their ends at most.
fn is_nearly(cell: &str, name: &str) -> bool {
    let (cell, name) = (cell.trim(), name.trim());
    cell.eq_ignore_ascii_case(name) || cell.to_lowercase() == name.to_lowercase()
}

/// The cells of a row, decoded.
fn cells(row: &[u8], separator: u8) -> Result<Vec<Cow<'_, str>>, Fault> {
    let mut cells = Vec::new();
    let mut rest = row;
    loop {
        let length = match rest.first() {
            Some(b'"') => quoted(rest)?,
            _ => memchr::memchr(separator, rest).unwrap_or(rest.len()),
        };
        let (raw, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        cells.push(text(raw)?);
        match after.split_first() {
            None => return Ok(cells),
            Some((byte, after)) if *byte == separator => rest = after,
            Some(_) => return Err(Fault::AfterClosing),
        }
    }
}

/// The length of the quoted cell that begins here.
fn quoted(rest: &[u8]) -> Result<usize, Fault> {
    let mut at = 1;
    loop {
        let more = rest.get(at..).unwrap_or_default();
        let quote = at + memchr::memchr(b'"', more).ok_or(Fault::Unclosed)?;
        if rest.get(quote - 1) == Some(&b'\\') {
            return Err(Fault::Backslash);
        }
        if rest.get(quote + 1) != Some(&b'"') {
            return Ok(quote + 1);
        }
        at = quote + 2;
    }
}

fn text(raw: &[u8]) -> Result<Cow<'_, str>, Fault> {
    // The row is text.
    let Some(quoted) = inner(raw) else {
        return match memchr::memchr3(b'"', b'\r', b'\n', raw) {
            None => Ok(String::from_utf8_lossy(raw)),
            Some(at) if raw.get(at) == Some(&b'"') => Err(Fault::Opening),
            Some(_) => Err(Fault::LineEnd),
        };
    };
    if !quoted.contains(&b'"') {
        return Ok(String::from_utf8_lossy(quoted));
    }
    let mut plain = Vec::with_capacity(quoted.len());
    unquote(quoted, &mut plain);
    Ok(Cow::Owned(String::from_utf8_lossy(&plain).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Selected;

    fn layout(
        selectors: &[&str],
        row: &str,
        separator: Option<u8>,
    ) -> Result<Option<(char, Vec<usize>)>, ErrorKind> {
        let selected: Vec<_> = selectors
            .iter()
            .zip(0..)
            .map(|(at, id)| Selected::new(at, PlaceId(id)))
            .collect();
        let columns = Columns::of(&selected).unwrap();
        let layout = read(&columns, row.as_bytes(), separator, false, false)?;
        Ok(layout.map(|layout| {
            let columns = layout.columns.iter().enumerate();
            let protected = columns.filter(|(_, column)| !column.rules.is_empty());
            (
                char::from(layout.dialect.separator),
                protected.map(|(index, _)| index).collect(),
            )
        }))
    }

    #[test]
    fn the_separator_is_the_one_that_finds_a_named_column() {
        for separator in [',', ';', '\t', '|', '^', '`'] {
            let row = format!("id{separator}\"na \"\"me\"{separator}x");
            let found = layout(&["\"na \"\"me\""], &row, None);
            assert_eq!(found, Ok(Some((separator, vec![1]))), "{row}");
        }
        assert_eq!(layout(&["b"], "\"a;b\",b", None), Ok(Some((',', vec![1]))));
        assert_eq!(layout(&["c"], "a,b", None), Ok(None));
        assert_eq!(layout(&["a"], "a", None), Ok(Some((',', vec![0]))));
        assert_eq!(layout(&["a"], "a,b", Some(b'\t')), Ok(None));
    }

    #[test]
    fn a_first_row_of_data_shows_one_separator() {
        assert_eq!(layout(&["#2"], "1;2", None), Ok(Some((';', vec![1]))));
        assert_eq!(layout(&["#2"], "1,5;2", None), Err(SEPARATOR));
        assert_eq!(layout(&["#2"], "\"1,5\";2", None), Ok(Some((';', vec![1]))));
        assert_eq!(
            layout(&["#2"], "1,5;2", Some(b';')),
            Ok(Some((';', vec![1])))
        );
        assert_eq!(layout(&["#2"], "12", None), Err(SEPARATOR));
        assert_eq!(layout(&["#1"], "12", None), Ok(Some((',', vec![0]))));
    }

    #[test]
    fn i05_a_header_with_two_readings_is_refused() {
        assert_eq!(layout(&["a", "c"], "a,b;c", None), Err(SEPARATOR));
        assert_eq!(layout(&["a"], "a,b,a", None), Err(ErrorKind::DuplicateKey));
        for row in ["x,A", "x, a", "x;A "] {
            let kind = layout(&["a"], row, None);
            assert!(matches!(kind, Err(ErrorKind::Syntax { .. })), "{row}");
        }
        assert_eq!(layout(&["a", "A"], "x,A", None), Ok(Some((',', vec![1]))));
        for row in ["a,\"b", "a,\"b\"c", "a,b\"c\"", "a,\"b\\\"\"", "a,b\rc"] {
            let kind = layout(&["a"], row, None);
            assert!(matches!(kind, Err(ErrorKind::Syntax { .. })), "{row}");
        }
        assert_eq!(layout(&["a"], "a,b\0", None), Err(ErrorKind::Charset));
    }
}
