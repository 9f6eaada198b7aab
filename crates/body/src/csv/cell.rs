//! One cell: what it says.

use zeroize::Zeroizing;

use crate::error::ErrorKind;

/// What can part the cells of a row, the commonest first.
pub(super) const SEPARATORS: [u8; 6] = *b",;\t|^`";

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text of a cell of which `raw` is the spelling; nothing for an empty one. An apostrophe that a reveal set before
/// a formula is no part of it.
///
/// # Errors
/// [`ErrorKind::Charset`] where it is no text.
pub(super) fn decode<'a>(
    raw: &'a [u8],
    plain: &'a mut Vec<u8>,
) -> Result<Option<&'a [u8]>, ErrorKind> {
    let text = match inner(raw) {
        Some(quoted) => {
            plain.clear();
            unquote(quoted, plain);
            plain
        }
        None => raw,
    };
    if text.contains(&0) {
        return Err(ErrorKind::Charset);
    }
    let text = std::str::from_utf8(text).map_err(|_| ErrorKind::Charset)?;
    let text = match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => text,
    };
    Ok((!text.is_empty()).then_some(text.as_bytes()))
}

/// Whether the cell of which `raw` is the spelling says just this.
///
/// # Errors
/// As [`decode`].
pub(super) fn says(raw: &[u8], text: &str) -> Result<bool, ErrorKind> {
    let spelled = inner(raw).unwrap_or(raw);
    if !spelled.starts_with(b"'") && !spelled.contains(&b'"') {
        return Ok(spelled == text.as_bytes());
    }
    let mut plain = Zeroizing::new(Vec::new());
    Ok(decode(raw, &mut plain)? == Some(text.as_bytes()))
}

/// What stands between the quotes of a quoted cell.
pub(super) fn inner(raw: &[u8]) -> Option<&[u8]> {
    raw.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// Appends what is left of doubled quotes.
pub(super) fn unquote(quoted: &[u8], plain: &mut Vec<u8>) {
    let mut rest = quoted;
    while let Some(at) = memchr::memchr(b'"', rest) {
        let (before, after) = rest.split_at(at);
        plain.extend_from_slice(before);
        plain.push(b'"');
        rest = after.get(2..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::ValueType;
    use crate::escape::Escape;

    fn text(raw: &[u8]) -> Result<Option<Vec<u8>>, ErrorKind> {
        let mut plain = Vec::new();
        decode(raw, &mut plain).map(|text| text.map(<[u8]>::to_vec))
    }

    #[test]
    fn quotes_are_undone_and_empty_cells_say_nothing() {
        assert_eq!(text(b"a b"), Ok(Some(b"a b".to_vec())));
        assert_eq!(text(b"\"a\"\"b\"\"\""), Ok(Some(b"a\"b\"".to_vec())));
        assert_eq!((text(b""), text(b"\"\"")), (Ok(None), Ok(None)));
        assert_eq!(text(b"\"\xe9\""), Err(ErrorKind::Charset));
        assert_eq!(text(b"a\0b"), Err(ErrorKind::Charset));
    }

    #[test]
    fn the_apostrophe_of_a_reveal_is_taken_off() {
        for value in ["=1", "+1", "-x", "@a", "'=1", "''=1", "'a", "a=1", "'"] {
            for quoted in [false, true] {
                let escape = Escape::CellWhole {
                    separator: b',',
                    quoted,
                    inert: true,
                    value_type: ValueType::String,
                };
                let mut written = Vec::new();
                escape.write(value.as_bytes(), &mut written);
                assert_eq!(text(&written), Ok(Some(value.into())), "{value}");
            }
        }
    }
}
