//! Values written for two places that the templates' own escaping does not know: scripts and CSV cells.

use serde::Serialize;

/// Writes a value as JSON that may stand in a `<script>` element: no byte of it can end the element, open a comment
/// or break a line of JavaScript.
///
/// # Errors
///
/// Those of the value's serialisation.
pub fn script(value: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(value)?;
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    Ok(safe)
}

/// Writes rows as CSV (RFC 4180): a cell that holds a separator, a quote or a line break stands in quotes.
pub fn csv<'a, Cells>(rows: impl IntoIterator<Item = Cells>) -> String
where
    Cells: IntoIterator<Item = &'a str>,
{
    let mut text = String::new();
    for row in rows {
        for (index, cell) in row.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            if cell.contains([',', '"', '\r', '\n']) {
                text.push('"');
                text.push_str(&cell.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(cell);
            }
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_cannot_be_left() {
        let hostile = "</script><!--&\u{2028}\"\\";
        let safe = script(&hostile).unwrap();
        assert_eq!(safe, r#""\u003c/script\u003e\u003c!--\u0026\u2028\"\\""#);
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), hostile);
    }

    #[test]
    fn cells_that_hold_separators_stand_in_quotes() {
        assert_eq!(
            csv([["a", "b,c"], ["d\"e", "f\ng"]]),
            "a,\"b,c\"\r\n\"d\"\"e\",\"f\ng\"\r\n"
        );
    }
}
