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
    /// Whether the carriage return was missing.
    bare: bool,
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
    /// A delimiter after a line feed alone: some servers see one there, others do not.
    Bare,
    /// A delimiter.
    Delimiter {
        /// Of the delimiter: what was held back of earlier chunks.
        late: Range<usize>,
        /// Of the chunk: the rest.
        here: Range<usize>,
    },
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
            bare: false,
        })
    }

    /// A line break that belongs to what is before has just been read: a delimiter may follow at once.
    pub(crate) fn after_line_break(&mut self) {
        (self.matched, self.owed, self.bare) = (2, 0, false);
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
                turn.end = if self.bare {
                    turn.freed = late;
                    End::Bare
                } else {
                    let here = at..at + same;
                    End::Delimiter { late, here }
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
                let line_feed = from + found;
                let before = rest.get(..found).unwrap_or_default();
                if before.last() == Some(&b'\r') {
                    let begin = line_feed - 1;
                    let end = line_feed + self.finder.needle().len();
                    turn.content.end = begin;
                    let late = 0..0;
                    turn.end = End::Delimiter {
                        late,
                        here: begin..end,
                    };
                } else {
                    turn.content.end = line_feed;
                    turn.end = End::Bare;
                }
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
            self.bare = line.last().or(before.last()) != Some(&b'\r');
            self.matched = begins.len() + 1;
            self.owed = begins.len() + usize::from(!self.bare);
        } else if last.last() == Some(&b'\r') {
            (self.matched, self.owed, self.bare) = (1, 1, false);
        }
    }
}
