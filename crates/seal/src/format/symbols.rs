//! A value's letters and digits, without what stands between them; and the same put back between them.

use zeroize::Zeroizing;

use super::FormatError;

/// The letters and digits of a value, in upper case, and which of them were not.
pub(crate) struct Symbols {
    pub(crate) upper: Zeroizing<Vec<u8>>,
    lower: Vec<bool>,
}

impl Symbols {
    /// Takes the symbols out of a value. Spaces, hyphens, dots, parentheses and their like in any script stand
    /// between symbols.
    ///
    /// # Errors
    /// [`FormatError::Symbol`] at a letter or digit beyond ASCII and at a control character.
    pub(crate) fn read(value: &str) -> Result<Self, FormatError> {
        let mut upper = Zeroizing::new(Vec::with_capacity(value.len()));
        let mut lower = Vec::with_capacity(value.len());
        for (at, character) in value.chars().enumerate() {
            match u8::try_from(character) {
                Ok(byte) if byte.is_ascii_alphanumeric() => {
                    upper.push(byte.to_ascii_uppercase());
                    lower.push(byte.is_ascii_lowercase());
                }
                _ if character.is_alphanumeric() || character.is_control() => {
                    return Err(FormatError::Symbol { at });
                }
                _ => {}
            }
        }
        Ok(Self { upper, lower })
    }

    pub(crate) fn len(&self) -> usize {
        self.upper.len()
    }

    pub(crate) fn all(&self, class: fn(&u8) -> bool) -> bool {
        self.upper.iter().all(class)
    }

    pub(crate) fn is_lower(&self, at: usize) -> bool {
        self.lower.get(at).copied().unwrap_or(false)
    }

    /// Which symbols are letters, `A`, and which digits, `9`.
    pub(crate) fn pattern(&self) -> String {
        let class = |symbol: &u8| if symbol.is_ascii_digit() { '9' } else { 'A' };
        self.upper.iter().map(class).collect()
    }

    /// Puts a letter's case.
    pub(crate) fn set_lower(&mut self, at: usize, is_lower: bool) {
        if let Some(lower) = self.lower.get_mut(at) {
            *lower = is_lower;
        }
    }

    /// The value that these symbols make with what stood between those of `value`, and `behind` it. It never grows,
    /// so that no copy of it is left.
    pub(crate) fn write(&self, value: &str, behind: &str) -> String {
        let mut text = String::with_capacity(value.len() + behind.len());
        let mut symbols = self.upper.iter().zip(&self.lower);
        for character in value.chars() {
            match symbols_next(character, &mut symbols) {
                Some(symbol) => text.push(symbol),
                None => text.push(character),
            }
        }
        text.push_str(behind);
        text
    }
}

fn symbols_next<'a>(
    character: char,
    symbols: &mut impl Iterator<Item = (&'a u8, &'a bool)>,
) -> Option<char> {
    if !character.is_ascii_alphanumeric() {
        return None;
    }
    let (&symbol, &lower) = symbols.next()?;
    let symbol = if lower {
        symbol.to_ascii_lowercase()
    } else {
        symbol
    };
    Some(char::from(symbol))
}
