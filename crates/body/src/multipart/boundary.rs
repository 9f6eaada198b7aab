//! The search for delimiters (RFC 2046 §5.1.1) in content that comes in pieces.
//!
//! A delimiter is a line break, two hyphens and the boundary. Line breaks stand nowhere else in it, so that the end of
//! a chunk leaves at most one beginning of a delimiter undecided, which is known by its length: nothing is copied.

use std::ops::Range;

use memchr::memmem::Finder;

use crate::error::{Error, ErrorKind};

/// RFC 2046 §5.1.1.
const LONGEST: usize = 70;

/// See the module.
pub(crate) struct Boundary {
    /// A line break, two hyphens and the boundary.
    delimiter: Box<[u8]>,
    /// Finds the same without its carriage return.
    finder: Finder<'static>,
    /// How much of the delimiter the last bytes make, and how much of that is not given to anyone yet.
    matched: usize,
    owed: usize,
    /// How the line that is matched ends; nothing where that was not looked at.
    line: Option<LineEnd>,
}

/// What a look at a chunk found.
pub(crate) struct Turn {
    /// Of the delimiter: what was held back of earlier chunks, and is content after all.
    pub(crate) freed: Range<usize>,
    /// Of the chunk: content, behind that.
    pub(crate) content: Range<usize>,
    pub(crate) end: End,
}

/// What ends the content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing in this chunk.
    Open,
    /// A delimiter.
    Delimiter {
        /// Of the delimiter: what was held back of earlier chunks.
        late: Range<usize>,
        /// Of the chunk: the rest.
        here: Range<usize>,
        /// How the line before it ends; nothing where that belongs to what is before.
        line: Option<LineEnd>,
    },
}

/// How lines end: of the two that are in use servers know one or both, so that a body must keep to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// As RFC 2046 §4.1.1 says.
    CrLf,
    /// As Python's `email` package writes it, which clients of Google build on.
    Lf,
}

impl LineEnd {
    pub(crate) fn bytes(self) -> &'static [u8] {
        match self {
            Self::CrLf => b"\r\n",
            Self::Lf => b"\n",
        }
    }

    /// What ends a head, the end of its last line included.
    pub(crate) fn empty_line(self) -> &'static [u8] {
        match self {
            Self::CrLf => b"\r\n\r\n",
            Self::Lf => b"\n\n",
        }
    }
}

impl Boundary {
    /// Looks for the delimiters of this boundary. The first may stand at the very beginning, without a line before it.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where no delimiter can be made of it.
    pub(crate) fn new(boundary: &str) -> Result<Self, Error> {
        let fits = (1..=LONGEST).contains(&boundary.len());
        if !fits || boundary.bytes().any(|byte| byte.is_ascii_control()) || boundary.ends_with(' ')
        {
            return Err(Error::new(ErrorKind::ContentType, 0));
        }
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        let finder = Finder::new(delimiter.get(1..).unwrap_or_default()).into_owned();
        Ok(Self {
            delimiter: delimiter.into(),
            finder,
            matched: 2,
            owed: 0,
            line: None,
        })
    }

    /// A line break that belongs to what is before has just been read: a delimiter may follow at once.
    pub(crate) fn after_line_break(&mut self) {
        (self.matched, self.owed, self.line) = (2, 0, None);
    }

    /// What of the content is held back, since it may begin a delimiter.
    pub(crate) fn held_back(&self) -> &[u8] {
        match self.matched {
            0 => &[],
            matched => self.bytes(&(matched - self.owed..matched)),
        }
    }

    /// Bytes of the delimiter.
    pub(crate) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.delimiter.get(range.clone()).unwrap_or_default()
    }

    /// Whether a delimiter would be seen in a part of this content.
    pub(crate) fn stands_in(&self, content: &[u8]) -> bool {
        let begins = self.delimiter.get(2..).unwrap_or_default();
        content.starts_with(begins) || self.finder.find(content).is_some()
    }

    /// Looks at a chunk from `at` on.
    pub(crate) fn look(&mut self, chunk: &[u8], at: usize) -> Turn {
        let mut turn = Turn {
            freed: 0..0,
            content: at..chunk.len(),
            end: End::Open,
        };
        let mut from = at;
        if self.matched > 0 {
            let rest = chunk.get(at..).unwrap_or_default();
            let wanted = self.delimiter.get(self.matched..).unwrap_or_default();
            let pairs = wanted.iter().zip(rest);
            let same = pairs.take_while(|(wanted, byte)| wanted == byte).count();
            let late = self.matched - self.owed..self.matched;
            if same == wanted.len() {
                turn.content = at..at;
                turn.end = End::Delimiter {
                    late,
                    here: at..at + same,
                    line: self.line,
                };
                self.matched = 0;
                return turn;
            }
            if same == rest.len() {
                self.matched += same;
                self.owed += same;
                turn.content = at..at;
                return turn;
            }
            turn.freed = late;
            self.matched = 0;
            from = at + same;
        }
        let rest = chunk.get(from..).unwrap_or_default();
        match self.finder.find(rest) {
            Some(found) => {
                let line = match rest.get(..found).and_then(|before| before.last()) {
                    Some(b'\r') => LineEnd::CrLf,
                    _ => LineEnd::Lf,
                };
                let begin = from + found + 1 - line.bytes().len();
                let end = from + found + self.finder.needle().len();
                turn.content.end = begin;
                turn.end = End::Delimiter {
                    late: 0..0,
                    here: begin..end,
                    line: Some(line),
                };
            }
            None => {
                self.hold(rest);
                turn.content.end -= self.owed;
            }
        }
        turn
    }

    /// Finds what may begin a delimiter at the end of what was looked at.
    fn hold(&mut self, looked: &[u8]) {
        let most = self.finder.needle().len();
        let (before, last) = looked.split_at(looked.len().saturating_sub(most));
        self.owed = 0;
        if let Some(at) = memchr::memrchr(b'\n', last)
            && let (line, begins) = last.split_at(at)
            && self.finder.needle().starts_with(begins)
        {
            let end = match line.last().or(before.last()) {
                Some(b'\r') => LineEnd::CrLf,
                _ => LineEnd::Lf,
            };
            self.line = Some(end);
            self.matched = begins.len() + 1;
            self.owed = begins.len() - 1 + end.bytes().len();
        } else if last.last() == Some(&b'\r') {
            (self.matched, self.owed, self.line) = (1, 1, Some(LineEnd::CrLf));
        }
    }
}
