//! A file of columns with their names in the first row (RFC 4180), separated by `,`, `;` or a tab, whichever the
//! first row has most of.

use zeroize::Zeroizing;

/// The cells of a file; they are values, and are wiped when they are done with.
pub struct Table {
    rows: Vec<Vec<Zeroizing<String>>>,
}

impl Table {
    /// Reads all of it. Nothing is an error: a row with fewer cells has no value in the others.
    pub fn read(text: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        let separator = [',', ';', '\t']
            .into_iter()
            .rev()
            .max_by_key(|separator| first.matches(*separator).count())
            .unwrap_or(',');
        let mut rows = Vec::new();
        let mut row = Vec::new();
        let mut cell = Zeroizing::new(String::new());
        let mut quoted = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    cell.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if cell.is_empty() => quoted = true,
                _ if quoted => cell.push(character),
                '\r' if characters.peek() == Some(&'\n') => {}
                '\n' => {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                _ if character == separator => row.push(std::mem::take(&mut cell)),
                _ => cell.push(character),
            }
        }
        if !cell.is_empty() || !row.is_empty() {
            row.push(cell);
            rows.push(row);
        }
        Self { rows }
    }

    /// The columns' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().take(1).flatten().map(|name| name.trim())
    }

    /// The values of the column of this name, if there is one.
    pub fn column(&self, wanted: &str) -> Option<Vec<Zeroizing<String>>> {
        let at = self.names().position(|name| name == wanted)?;
        let cells = self.rows.iter().skip(1).filter_map(|row| row.get(at));
        Some(cells.cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(text: &str, name: &str) -> Option<Vec<String>> {
        let values = Table::read(text).column(name)?;
        Some(values.iter().map(|value| value.to_string()).collect())
    }

    #[test]
    fn cells_are_read_as_spreadsheets_write_them() {
        let text = "id;nom;note\r\n1;Tremblay;\"a;b\"\r\n2;\"dit \"\"Ti-Jean\"\"\";\"deux\r\nlignes\"\r\n3\r\n";
        assert_eq!(
            column(text, "nom").unwrap(),
            ["Tremblay", "dit \"Ti-Jean\""]
        );
        assert_eq!(column(text, "note").unwrap(), ["a;b", "deux\r\nlignes"]);
        assert_eq!(column("a,b\n1,2", "b").unwrap(), ["2"]);
        assert_eq!(column("a\tb\n1\t2\n", "a").unwrap(), ["1"]);
        assert_eq!(column("a\n1\n\n2\n", "a").unwrap(), ["1", "", "2"]);
        assert_eq!(column("a,b\n", "c"), None);
        assert_eq!(column("", "c"), None);
    }
}
