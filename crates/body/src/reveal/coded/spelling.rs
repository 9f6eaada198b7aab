//! How the text around a run of base64 spells its characters and its line breaks.

/// How the text around spells a line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reveal) enum Spelling {
    /// As the escapes of a JSON string, where a slash may be escaped too.
    Json,
    /// As it is.
    Plain,
}

/// What comes next in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A character, spelled with so many bytes.
    Character(u8, usize),
    /// A line break between characters.
    Break(&'static [u8]),
    Padding,
    /// The run has ended.
    End,
    /// More input decides.
    More,
}

impl Spelling {
    pub(super) fn item(self, bytes: &[u8]) -> Item {
        let breaks: [&'static [u8]; 2] = match self {
            Self::Json => [b"\\n", b"\\r\\n"],
            Self::Plain => [b"\n", b"\r\n"],
        };
        match bytes.first() {
            None => Item::More,
            Some(b'=') => Item::Padding,
            Some(byte) if is_character(*byte) => Item::Character(*byte, 1),
            Some(b'\\') if self == Self::Json && bytes.get(1) == Some(&b'/') => {
                Item::Character(b'/', 2)
            }
            Some(_) => {
                for spelled in breaks {
                    if let Some(rest) = bytes.strip_prefix(spelled) {
                        return match rest.first() {
                            None => Item::More,
                            Some(b'\\') if self == Self::Json => match rest.get(1) {
                                None => Item::More,
                                Some(b'/') => Item::Break(spelled),
                                Some(_) => Item::End,
                            },
                            Some(next) if is_character(*next) => Item::Break(spelled),
                            Some(_) => Item::End,
                        };
                    }
                    if spelled.starts_with(bytes) {
                        return Item::More;
                    }
                }
                Item::End
            }
        }
    }

    /// Where the run begins that the bytes before `end` end with: at a character.
    pub(super) fn start(self, bytes: &[u8], end: usize) -> usize {
        let mut start = end;
        let mut before = end;
        let mut broken = false;
        loop {
            let line = bytes.get(..before).unwrap_or_default();
            let characters = line.iter().rev().take_while(|b| is_character(**b)).count();
            let at = before - characters;
            let joint = self.joint(bytes, at, end);
            let from = match joint {
                Joint::None => at,
                Joint::Break { after, .. } | Joint::Escape { after } => after,
                Joint::Slash { begins } => begins,
            };
            if from < before {
                start = from;
            } else if broken {
                return start;
            }
            (before, broken) = match joint {
                Joint::None | Joint::Escape { .. } => return start,
                Joint::Break { begins, .. } => (begins, true),
                Joint::Slash { begins } => (begins, false),
            };
        }
    }

    /// As [`Spelling::start`], where no run begins before `begin`.
    pub(in crate::reveal) fn start_from(self, bytes: &[u8], end: usize, begin: usize) -> usize {
        let mut start = self.start(bytes, end);
        if start < begin {
            start = begin;
            while let Item::Break(spelled) = self.item(bytes.get(start..).unwrap_or_default()) {
                start += spelled.len();
            }
        }
        start
    }

    /// What joins the bytes at `at` to those before it, if anything does.
    fn joint(self, bytes: &[u8], at: usize, end: usize) -> Joint {
        let before = bytes.get(..at).unwrap_or_default();
        if self == Self::Plain {
            return match before.strip_suffix(b"\n") {
                Some(line) => Joint::Break {
                    begins: line.strip_suffix(b"\r").unwrap_or(line).len(),
                    after: at,
                },
                None => Joint::None,
            };
        }
        let is_escaped = |text: &[u8]| {
            let slashes = text.iter().rev().take_while(|b| **b == b'\\').count();
            !slashes.is_multiple_of(2)
        };
        let (true, Some(escape)) = (is_escaped(before) && at < end, before.split_last()) else {
            return Joint::None;
        };
        let escape = escape.1;
        match bytes.get(at) {
            Some(b'/') => Joint::Slash {
                begins: escape.len(),
            },
            Some(b'n') => {
                let line = escape.strip_suffix(b"\\r").filter(|line| !is_escaped(line));
                Joint::Break {
                    begins: line.unwrap_or(escape).len(),
                    after: at + 1,
                }
            }
            Some(b'u') => Joint::Escape {
                after: (at + 5).min(end),
            },
            _ => Joint::Escape { after: at + 1 },
        }
    }
}

/// What stands before characters of a run.
#[derive(Clone, Copy)]
enum Joint {
    None,
    /// A line break.
    Break {
        begins: usize,
        after: usize,
    },
    /// An escaped slash, which is a character.
    Slash {
        begins: usize,
    },
    /// An escape that is no part of the run.
    Escape {
        after: usize,
    },
}

/// Whether it is a character of one of the alphabets.
pub(in crate::reveal) fn is_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Where an escape of a JSON string begins that the end of `bytes` cuts.
pub(in crate::reveal) fn cut_escape(spelling: Spelling, bytes: &[u8]) -> Option<usize> {
    if spelling != Spelling::Json {
        return None;
    }
    let near = bytes.len().saturating_sub(5);
    let at = near + memchr::memrchr(b'\\', bytes.get(near..)?)?;
    let before = bytes.get(..at)?.iter().rev();
    let slashes = before.take_while(|b| **b == b'\\').count();
    let is_cut = match bytes.get(at + 1) {
        None => true,
        Some(b'u') => bytes.len() < at + 6,
        Some(_) => false,
    };
    (slashes.is_multiple_of(2) && is_cut).then_some(at)
}

/// The end of the escape that `at` parts, or `at` where it parts none.
pub(in crate::reveal) fn past_escape(spelling: Spelling, bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    let Some(start) = cut_escape(spelling, before) else {
        return at;
    };
    let length = match bytes.get(start + 1) {
        Some(b'u') => 6,
        _ => 2,
    };
    (start + length).min(bytes.len())
}
