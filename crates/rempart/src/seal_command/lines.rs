//! Text: each line a value to seal, or anything at all with tokens in it to open.

use std::io::{BufRead, Read, Write};

use miette::miette;
use zeroize::Zeroizing;

use super::field::FieldSealer;
use super::streams::{CHUNK, unreadable, unwritable};
use super::tokens::Tokens;

/// The longest line: what a token takes at most, and its line end.
const LONGEST: usize = seal::length::SEALED_LIMIT + 2;

/// Seals every line of the input.
///
/// # Errors
/// A line that the field does not take, by its number.
pub fn seal(
    sealer: &mut FieldSealer<'_>,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> miette::Result<()> {
    let mut line = Zeroizing::new(Vec::new());
    let mut out = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        number += 1;
        let read = (&mut *input)
            .take(LONGEST as u64)
            .read_until(b'\n', &mut line)
            .map_err(unreadable)?;
        if read == 0 {
            return Ok(());
        }
        if read == LONGEST && !line.ends_with(b"\n") {
            return Err(miette!(
                help = "seal it as a file, with --file",
                "line {number} is longer than a token holds"
            ));
        }
        let (value, end) = line.split_at(content(&line));
        out.clear();
        sealer
            .seal(value, &mut out)
            .map_err(|error| error.wrap_err(format!("line {number} was not sealed")))?;
        out.extend_from_slice(end);
        output.write_all(&out).map_err(unwritable)?;
    }
}

/// Opens the tokens in the input, wherever they stand.
///
/// # Errors
/// What the streams or the vault say.
pub fn open(
    tokens: &mut Tokens<'_>,
    input: &mut impl Read,
    output: &mut impl Write,
) -> miette::Result<()> {
    let mut text = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let mut out = Zeroizing::new(Vec::new());
    loop {
        let read = input.read(&mut chunk).map_err(unreadable)?;
        text.extend_from_slice(chunk.get(..read).unwrap_or_default());
        let last = read == 0;
        let done = tokens.open(&text, last, &mut out)?;
        output.write_all(&out).map_err(unwritable)?;
        out.clear();
        text.drain(..done);
        if last {
            return Ok(());
        }
    }
}

/// The bytes of a line before its end.
fn content(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_stands_before_its_end() {
        for (line, length) in [
            ("a\n", 1),
            ("a\r\n", 1),
            ("a", 1),
            ("\r\n", 0),
            ("a\rb\n", 3),
        ] {
            assert_eq!(content(line.as_bytes()), length, "{line:?}");
        }
    }
}
