//! Comma-separated values (RFC 4180, and what spreadsheets write): cells are replaced, and every other byte stays as
//! it came: delimiter, quotes, line ends, byte order mark.
//!
//! The delimiter is the one of `,` `;` tab and `|` that the first line has most of. A record with more or fewer cells
//! than the first is refused: a value might stand in another column than the one that is named.

use std::io::{BufRead, Read as _, Write};
use std::ops::Range;

use miette::miette;
use zeroize::Zeroizing;

use super::streams::{unreadable, unwritable};

/// The longest record. A quote that never closes makes a record of the rest of the file.
const LONGEST: usize = 16 << 20;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What is done to a cell's value: appends what it becomes.
type Work<'a> = dyn FnMut(&[u8], &mut Vec<u8>) -> miette::Result<()> + 'a;

/// Rewrites the cells of the columns of these names, or of every column; the first record holds the names and stays.
///
/// # Errors
/// A column that is not there, a record that does not fit, by its line, or what `work` says of a cell.
pub fn rewrite(
    input: &mut impl BufRead,
    output: &mut impl Write,
    columns: Option<&[String]>,
    work: &mut Work<'_>,
) -> miette::Result<()> {
    let mut record = Record::default();
    if !record.read(input, None)? {
        return match columns {
            Some(_) => Err(miette!(
                "the input is empty: its first line was to name the columns"
            )),
            None => Ok(()),
        };
    }
    let chosen = columns.map(|columns| record.columns(columns)).transpose()?;
    let (delimiter, names) = (record.delimiter, record.cells.len());
    let mut out = Zeroizing::new(Vec::new());
    if chosen.is_some() {
        out.extend_from_slice(&record.bytes);
    } else {
        record.rewrite(0..names, work, &mut out)?;
    }
    output.write_all(&out).map_err(unwritable)?;
    while record.read(input, Some(delimiter))? {
        out.clear();
        let cells = record.cells.len();
        match &chosen {
            _ if record.is_blank() => out.extend_from_slice(&record.bytes),
            None => record.rewrite(0..cells, work, &mut out)?,
            Some(chosen) if cells == names => {
                record.rewrite(chosen.iter().copied(), work, &mut out)?;
            }
            Some(_) => {
                return Err(miette!(
                    help = "put values that hold the delimiter in quotes",
                    "the record at line {} has {cells} cells, the first record has {names}",
                    record.line
                ));
            }
        }
        output.write_all(&out).map_err(unwritable)?;
    }
    Ok(())
}

/// One record as it came, and where its cells are.
#[derive(Default)]
struct Record {
    bytes: Zeroizing<Vec<u8>>,
    cells: Vec<Range<usize>>,
    /// The line that it begins on, and lines read before.
    line: u64,
    lines: u64,
    delimiter: u8,
}

/// Where in a record a byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a cell.
    Start,
    /// In a cell, outside quotes.
    Bare,
    /// Within quotes.
    Quoted,
    /// Behind a quote within quotes: it closes them, or is the first of a pair.
    Quote,
}

impl State {
    fn after(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::Start, b'"') | (Self::Quote, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) => Self::Quoted,
            (_, byte) if byte == delimiter => Self::Start,
            _ => Self::Bare,
        }
    }
}

impl Record {
    /// Reads the next record; false at the input's end. Without a delimiter, the record shows which one it is.
    fn read(&mut self, input: &mut impl BufRead, delimiter: Option<u8>) -> miette::Result<bool> {
        self.bytes.clear();
        self.cells.clear();
        self.line = self.lines + 1;
        let mut state = State::Start;
        loop {
            let from = self.bytes.len();
            let room = (LONGEST - from) as u64;
            let read = (&mut *input)
                .take(room)
                .read_until(b'\n', &mut self.bytes)
                .map_err(unreadable)?;
            self.lines += 1;
            if read == 0 && self.bytes.len() == LONGEST {
                return Err(miette!(
                    help = "look for a quote that is not closed",
                    "the record at line {} is longer than {} MiB",
                    self.line,
                    LONGEST >> 20
                ));
            }
            let from = from.max(self.begin());
            for &byte in self.bytes.get(from..).unwrap_or_default() {
                // A delimiter that is not known yet does not hide quotes: what follows one is a beginning, too.
                let delimiter = delimiter.unwrap_or_else(|| possible(byte));
                state = state.after(byte, delimiter);
            }
            let ended = self.bytes.ends_with(b"\n") && state != State::Quoted;
            if ended || read == 0 {
                break;
            }
        }
        self.delimiter = delimiter.unwrap_or_else(|| self.most_frequent());
        self.split();
        Ok(!self.bytes.is_empty())
    }

    /// Where the first cell begins: behind a byte order mark.
    fn begin(&self) -> usize {
        if self.line == 1 && self.bytes.starts_with(MARK) {
            MARK.len()
        } else {
            0
        }
    }

    /// The end of the record without its line end.
    fn content(&self) -> usize {
        let bytes = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        bytes.strip_suffix(b"\r").unwrap_or(bytes).len()
    }

    fn is_blank(&self) -> bool {
        self.content() == 0
    }

    fn most_frequent(&self) -> u8 {
        let mut counts = [0_usize; DELIMITERS.len()];
        let mut state = State::Start;
        for &byte in self.bytes.get(self.begin()..).unwrap_or_default() {
            state = state.after(byte, possible(byte));
            let at = DELIMITERS.iter().position(|&delimiter| delimiter == byte);
            if let Some(count) = at.and_then(|at| counts.get_mut(at))
                && state == State::Start
            {
                *count += 1;
            }
        }
        let best = counts.iter().copied().max().unwrap_or(0);
        let mut pairs = DELIMITERS.iter().zip(&counts);
        pairs
            .find(|(_, count)| **count == best)
            .map_or(b',', |(delimiter, _)| *delimiter)
    }

    fn split(&mut self) {
        let mut state = State::Start;
        let (first, end) = (self.begin(), self.content());
        let mut begin = first;
        for at in first..end {
            let Some(&byte) = self.bytes.get(at) else {
                break;
            };
            state = state.after(byte, self.delimiter);
            if state == State::Start {
                self.cells.push(begin..at);
                begin = at + 1;
            }
        }
        self.cells.push(begin..end);
    }

    /// The places of the columns of these names.
    fn columns(&self, wanted: &[String]) -> miette::Result<Vec<usize>> {
        let mut names = Vec::new();
        for cell in &self.cells {
            let raw = self.bytes.get(cell.clone()).unwrap_or_default();
            names.push(String::from_utf8_lossy(&value(raw)).into_owned());
        }
        let mut chosen = Vec::new();
        for name in wanted {
            let mut places = names.iter().enumerate().filter(|(_, there)| *there == name);
            match (places.next(), places.next()) {
                (Some((place, _)), None) => chosen.push(place),
                (Some(_), Some(_)) => {
                    return Err(miette!("the first record names the column `{name}` twice"));
                }
                (None, _) => {
                    return Err(miette!(
                        help = format!("there are: {}", names.join(", ")),
                        "the first record names no column `{name}`"
                    ));
                }
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        Ok(chosen)
    }

    /// Appends the record with the cells of these places rewritten.
    fn rewrite(
        &self,
        chosen: impl IntoIterator<Item = usize>,
        work: &mut Work<'_>,
        out: &mut Vec<u8>,
    ) -> miette::Result<()> {
        let mut written = 0;
        let mut becomes = Zeroizing::new(Vec::new());
        for place in chosen {
            let Some(cell) = self.cells.get(place) else {
                continue;
            };
            let raw = self.bytes.get(cell.clone()).unwrap_or_default();
            let value = value(raw);
            becomes.clear();
            work(&value, &mut becomes).map_err(|error| {
                error.wrap_err(format!(
                    "cell {} of the record at line {}",
                    place + 1,
                    self.line
                ))
            })?;
            if *becomes == *value {
                continue;
            }
            out.extend_from_slice(self.bytes.get(written..cell.start).unwrap_or_default());
            self.spell(&becomes, raw.starts_with(b"\""), out);
            written = cell.end;
        }
        out.extend_from_slice(self.bytes.get(written..).unwrap_or_default());
        Ok(())
    }

    /// Writes a value, in quotes where the cell had them or the value needs them.
    fn spell(&self, value: &[u8], quoted: bool, out: &mut Vec<u8>) {
        let needs = |byte: &u8| matches!(byte, b'"' | b'\r' | b'\n') || *byte == self.delimiter;
        if !quoted && !value.iter().any(needs) {
            return out.extend_from_slice(value);
        }
        out.push(b'"');
        for &byte in value {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        out.push(b'"');
    }
}

/// The delimiter that a byte may be, if it may be one; otherwise one that it is not.
fn possible(byte: u8) -> u8 {
    if DELIMITERS.contains(&byte) {
        byte
    } else {
        b','
    }
}

/// The value of a cell: quotes taken off, pairs made one.
fn value(raw: &[u8]) -> Zeroizing<Vec<u8>> {
    let Some(inner) = raw.strip_prefix(b"\"") else {
        return Zeroizing::new(raw.to_vec());
    };
    let mut value = Zeroizing::new(Vec::with_capacity(inner.len()));
    let mut state = State::Quoted;
    for &byte in inner {
        let next = match state {
            State::Quoted if byte == b'"' => State::Quote,
            State::Quote if byte == b'"' => State::Quoted,
            State::Quote => State::Bare,
            state => state,
        };
        // The first of a pair, and the quote that closes, say nothing.
        if next != State::Quote {
            value.push(byte);
        }
        state = next;
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rewritten(
        text: &str,
        columns: Option<&[&str]>,
        work: &mut Work<'_>,
    ) -> miette::Result<String> {
        let columns: Option<Vec<String>> =
            columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let mut out = Vec::new();
        rewrite(&mut text.as_bytes(), &mut out, columns.as_deref(), work)?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    /// Puts the value in brackets.
    fn bracket(value: &[u8], out: &mut Vec<u8>) -> miette::Result<()> {
        out.extend_from_slice(&[b"<", value, b">"].concat());
        Ok(())
    }

    fn bracketed(text: &str, columns: &[&str]) -> String {
        rewritten(text, Some(columns), &mut bracket).expect("CSV")
    }

    fn told(text: &str, columns: &[&str]) -> String {
        let error = rewritten(text, Some(columns), &mut bracket).expect_err("refused");
        format!(
            "{error} / {}",
            error
                .help()
                .map_or_else(String::new, |help| help.to_string())
        )
    }

    #[test]
    fn only_the_named_cells_change() {
        assert_eq!(
            bracketed("id,Name,note\r\n1, Zoé ,\"a,\"\"b\"\"\"\r\n2,,x", &["Name"]),
            "id,Name,note\r\n1,< Zoé >,\"a,\"\"b\"\"\"\r\n2,<>,x"
        );
    }

    #[test]
    fn the_dialect_of_the_file_is_kept() {
        for (before, after) in [
            ("a;b\n1,5;x\n", "a;b\n1,5;<x>\n"),
            ("a\tb\n1\tx\n", "a\tb\n1\t<x>\n"),
            (
                "\"a,a\";\"b\"\n\"1\";\"x\"\n",
                "\"a,a\";\"b\"\n\"1\";\"<x>\"\n",
            ),
            ("\u{feff}b,a\r\nx,1\r\n", "\u{feff}b,a\r\n<x>,1\r\n"),
            ("b\nx\n\ny", "b\n<x>\n\n<y>"),
            (
                "a,b\n1,\"two\nlines\"\n2,y\n",
                "a,b\n1,\"<two\nlines>\"\n2,<y>\n",
            ),
            ("a,b\n5\" pipe,x\n6,y\n", "a,b\n5\" pipe,<x>\n6,<y>\n"),
        ] {
            assert_eq!(bracketed(before, &["b"]), after);
        }
    }

    #[test]
    fn a_value_gets_the_quotes_that_it_needs() {
        let mut work = |_: &[u8], out: &mut Vec<u8>| {
            out.extend_from_slice(b"a;\"b\"");
            Ok(())
        };
        let out = rewritten("x;y\n1;2\n", Some(&["y"]), &mut work).expect("CSV");
        assert_eq!(out, "x;y\n1;\"a;\"\"b\"\"\"\n");
    }

    #[test]
    fn what_does_not_fit_is_refused_by_its_line() {
        assert!(
            told("a,b\n\"1\n\",2\n1,2,3\n", &["b"]).contains("the record at line 4 has 3 cells")
        );
        assert!(told("a,b\n1\n", &["b"]).contains("line 2 has 1 cells"));
        assert!(told("a,b\n", &["c"]).contains("`c` / there are: a, b"));
        assert!(told("b,b\n", &["b"]).contains("twice"));
        assert!(told("", &["b"]).contains("empty"));
        let mut fails = |_: &[u8], _: &mut Vec<u8>| Err(miette!("no"));
        let error = rewritten("a\n1\n", Some(&["a"]), &mut fails).expect_err("refused");
        assert_eq!(error.to_string(), "cell 1 of the record at line 2");
    }

    #[test]
    fn a_quote_that_never_closes_is_told_and_bounded() {
        let text = format!("a\n\"{}", "x\n".repeat(LONGEST / 2));
        assert!(told(&text, &["a"]).contains("the record at line 2 is longer than 16 MiB"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The `csv` crate reads what we write, and reads the same elsewhere.
        #[test]
        fn a_second_reader_agrees(
            rows in prop::collection::vec(prop::collection::vec("[a;\"\r\n, é]{0,6}", 3), 1..6),
            quoted in any::<bool>(),
        ) {
            let mut writer = csv::WriterBuilder::new()
                .quote_style(if quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
                .from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).expect("a record");
            for row in &rows {
                writer.write_record(row).expect("a record");
            }
            let text = String::from_utf8(writer.into_inner().expect("bytes")).expect("UTF-8");
            let out = bracketed(&text, &["b"]);
            let mut reader = csv::Reader::from_reader(out.as_bytes());
            for (row, read) in rows.iter().zip(reader.records()) {
                let read = read.expect("a record");
                let expected = [row[0].clone(), format!("<{}>", row[1]), row[2].clone()];
                prop_assert_eq!(read.iter().collect::<Vec<_>>(), expected);
            }
            let mut back = |value: &[u8], out: &mut Vec<u8>| {
                let inner = value.strip_prefix(b"<").and_then(|value| value.strip_suffix(b">"));
                out.extend_from_slice(inner.unwrap_or(value));
                Ok(())
            };
            prop_assert_eq!(rewritten(&out, None, &mut back).expect("CSV"), text);
        }
    }
}
