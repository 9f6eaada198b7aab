//! A run of base64 as far as it was read: its characters, its padding, how its lines are broken.

use super::spelling::{Item, Spelling};
use crate::base64::{Alphabet, Lines};

/// A run that is longer is known by so many characters to be no text.
pub(super) const SAMPLE: usize = 24;
/// A longer line is none.
const LONGEST_LINE: usize = 1024;

/// A run as far as it was read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) characters: Vec<u8>,
    pub(super) padding: usize,
    /// How long its lines are, and how they are broken; `None` where they differ.
    lines: Option<(usize, &'static [u8])>,
    broken: bool,
    column: usize,
    /// How many bytes it takes.
    pub(super) length: usize,
    pub(super) ended: bool,
}

impl Read {
    /// Reads from the start of a run, at most so many characters.
    pub(super) fn of(spelling: Spelling, bytes: &[u8], most: usize, last: bool) -> Self {
        let mut read = Self::default();
        while read.characters.len() < most {
            let rest = bytes.get(read.length..).unwrap_or_default();
            match spelling.item(rest) {
                Item::Character(..) if read.padding > 0 => read.ended = true,
                Item::Character(character, length) => {
                    read.characters.push(character);
                    read.column += 1;
                    read.length += length;
                }
                Item::Break(_) if read.padding > 0 => read.ended = true,
                Item::Break(spelled) => {
                    let line = (read.column, spelled);
                    read.broken |= *read.lines.get_or_insert(line) != line;
                    read.column = 0;
                    read.length += spelled.len();
                }
                Item::Padding if read.padding < 2 => {
                    read.padding += 1;
                    read.length += 1;
                }
                Item::Padding | Item::End => read.ended = true,
                Item::More => {
                    read.ended = last;
                    break;
                }
            }
            if read.ended {
                break;
            }
        }
        read
    }

    /// How its lines are broken; nothing where they are not alike.
    pub(super) fn layout(&self) -> Option<Lines> {
        match self.lines {
            _ if self.broken => None,
            None => Some(Lines::None),
            Some((length, _)) if length == 0 || length > LONGEST_LINE || self.column > length => {
                None
            }
            Some((length, spelled)) => Some(Lines::After(length, spelled)),
        }
    }

    pub(super) fn alphabet(&self) -> Alphabet {
        let special = self.characters.iter().find(|b| !b.is_ascii_alphanumeric());
        match special {
            Some(b'-' | b'_') => Alphabet::Url,
            Some(_) => Alphabet::Standard,
            None if self.ended && self.padding == 0 && !self.characters.len().is_multiple_of(4) => {
                Alphabet::Url
            }
            None => Alphabet::Standard,
        }
    }

    /// Whether its length is one that bytes give.
    pub(super) fn fits(&self) -> bool {
        match (self.characters.len() % 4, self.padding) {
            (1, _) => false,
            (_, 0) => true,
            (over, padding) => over + padding == 4,
        }
    }
}

/// Whether bytes begin as text does.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE * 3 / 4).unwrap_or(bytes);
    let valid = match std::str::from_utf8(sample) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid
        && sample
            .iter()
            .all(|b| *b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r' | b'\x0c'))
}
