//! How a revealed value is written where its token stood, so that it cannot change the page's structure (I8).

/// The context of a token, with all that its escape needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Escape {
    /// As it is: plain text.
    Plain,
}

impl Escape {
    /// Appends `value` (UTF-8 as it was sealed) to `out` in this escape.
    pub fn write(&self, value: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Plain => out.extend_from_slice(value),
        }
    }
}
