//! Multipart bodies (RFC 2046 §5.1): each part is revealed by its own content type.
//!
//! Tokens in the parts' headers stay. A part in a transfer encoding other than 7bit, 8bit and binary passes unread.
//! Parts of type `application/http` (the answers to a batch) are read by the content type of the answer in them;
//! lengths that stand in the headers of parts are not corrected.

use std::sync::Arc;

use super::machine::{Machine, Seen, Spot, Standing, Step, Verdict};
use super::medium::Medium;
use crate::Limits;
use crate::content_type::ContentType;
use crate::escape::{Charset, Escape};

/// Headers of a part longer than this make it pass unread.
const LONGEST_HEADERS: usize = 16 << 10;
/// Multipart bodies within one another are followed so deep.
const DEEPEST: u8 = 4;

pub(super) struct Multipart {
    depth: u8,
    limits: Limits,
    boundary: Arc<[u8]>,
    line: Line,
    at: At,
    part: Box<Machine>,
    headers: Vec<u8>,
    unread: u64,
}

/// How far the line that is open looks like a delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// So many bytes of the hyphens and the boundary.
    Matches(usize),
    /// All of it, and so many hyphens, and nothing but blanks after them.
    Delimiter {
        hyphens: u8,
        blank: bool,
    },
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before the first part, or after the last.
    Outside,
    Headers,
    Body,
}

impl Multipart {
    pub(super) fn new(boundary: Arc<[u8]>, limits: Limits, depth: u8) -> Self {
        Self {
            depth,
            limits,
            boundary,
            line: Line::Matches(0),
            at: At::Outside,
            part: Box::new(Machine::untouched()),
            headers: Vec::new(),
            unread: 0,
        }
    }

    pub(super) fn advance(&mut self, bytes: &[u8]) -> Step {
        let mut from = 0;
        while let Some(byte) = bytes.get(from) {
            let rest = bytes.get(from..).unwrap_or_default();
            // The bytes up to the end of the line, or the one byte that decides about a delimiter.
            let used = match self.line {
                Line::No => memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1),
                Line::Matches(_) | Line::Delimiter { .. } => 1,
            };
            let text = rest.get(..used).unwrap_or_default();
            if self.at == At::Body
                && let Step::Insert(at, insert) = self.part.advance(text)
            {
                return Step::Insert(from + at, insert);
            }
            if self.at == At::Headers {
                let room = (LONGEST_HEADERS + 1).saturating_sub(self.headers.len());
                self.headers
                    .extend_from_slice(text.get(..room).unwrap_or(text));
            }
            let last = text.last().copied().unwrap_or(*byte);
            self.step(last);
            from += used;
        }
        Step::Done
    }

    pub(super) fn standing(&mut self) -> Standing {
        match self.at {
            At::Body => self.part.standing(),
            At::Outside | At::Headers => Standing::Leave,
        }
    }

    pub(super) fn spot(&mut self, seen: &Seen<'_>) -> Verdict {
        match self.part.spot(seen) {
            Verdict::More => Verdict::More,
            Verdict::Write(spot) => Verdict::Write(Spot {
                escape: spot.escape.within(Escape::Part(Arc::clone(&self.boundary))),
                ..spot
            }),
        }
    }

    pub(super) fn hold(&self) -> usize {
        if self.at == At::Body {
            self.part.hold()
        } else {
            0
        }
    }

    pub(super) fn end(&mut self) -> &'static [u8] {
        self.part.end()
    }

    pub(super) fn held(&self) -> usize {
        self.headers.len() + self.part.held()
    }

    pub(super) fn take_unread(&mut self) -> u64 {
        std::mem::take(&mut self.unread) + self.part.take_unread()
    }

    /// Goes over the last byte of what was passed to the part.
    fn step(&mut self, byte: u8) {
        self.line = match (self.line, byte) {
            (
                Line::Delimiter {
                    hyphens: hyphens @ (0 | 2),
                    ..
                },
                b'\n',
            ) => {
                self.end_part(hyphens == 2);
                Line::Matches(0)
            }
            (_, b'\n') => {
                if self.at == At::Headers {
                    self.end_header_line();
                }
                Line::Matches(0)
            }
            (Line::Matches(matched), byte) if self.delimiter(matched) == Some(byte) => {
                match self.delimiter(matched + 1) {
                    Some(_) => Line::Matches(matched + 1),
                    None => Line::Delimiter {
                        hyphens: 0,
                        blank: false,
                    },
                }
            }
            (
                Line::Delimiter {
                    hyphens: hyphens @ 0..2,
                    blank: false,
                },
                b'-',
            ) => Line::Delimiter {
                hyphens: hyphens + 1,
                blank: false,
            },
            (
                Line::Delimiter {
                    hyphens: hyphens @ (0 | 2),
                    ..
                },
                b' ' | b'\t' | b'\r',
            ) => Line::Delimiter {
                hyphens,
                blank: true,
            },
            _ => Line::No,
        };
    }

    /// A byte of the delimiter line.
    fn delimiter(&self, at: usize) -> Option<u8> {
        match at {
            0 | 1 => Some(b'-'),
            _ => self.boundary.get(at - 2).copied(),
        }
    }

    fn end_part(&mut self, is_last: bool) {
        self.unread += self.part.take_unread();
        *self.part = Machine::untouched();
        self.headers.clear();
        self.at = if is_last { At::Outside } else { At::Headers };
    }

    /// A line of a part's headers is complete; a blank one ends them.
    fn end_header_line(&mut self) {
        let too_long = self.headers.len() > LONGEST_HEADERS;
        let ended = matches!(self.headers.as_slice(), b"\n" | b"\r\n")
            || self.headers.ends_with(b"\n\n")
            || self.headers.ends_with(b"\n\r\n");
        if !ended && !too_long {
            return;
        }
        let headers = std::mem::take(&mut self.headers);
        let content_type = header(&headers, b"content-type");
        if !too_long
            && content_type
                .is_some_and(|value| essence(value).eq_ignore_ascii_case(b"application/http"))
        {
            // The head of the answer in it follows.
            return;
        }
        let coded = header(&headers, b"content-transfer-encoding").is_some_and(|coding| {
            ![&b"7bit"[..], b"8bit", b"binary"]
                .iter()
                .any(|plain| coding.eq_ignore_ascii_case(plain))
        });
        let medium = if too_long || coded {
            Some(Medium::untouched())
        } else {
            medium(content_type)
        };
        *self.part = match medium {
            Some(medium) if self.depth < DEEPEST => {
                Machine::at_depth(&medium, self.limits, self.depth + 1)
            }
            _ => Machine::untouched(),
        };
        self.at = At::Body;
    }
}

/// The medium of a part; RFC 2046 §5.1 makes one without a type plain text.
fn medium(content_type: Option<&[u8]>) -> Option<Medium> {
    let Some(value) = content_type else {
        return Medium::of("text/plain", None, None);
    };
    let parsed = ContentType::parse_tolerant(value)?;
    let medium = Medium::of(parsed.essence(), parsed.charset(), parsed.boundary())?;
    // A part is read where it stands, byte by byte.
    Some(match medium.charset() {
        Charset::Within(_) => Medium::untouched(),
        _ => medium,
    })
}

/// The value of a header, folded lines not joined.
fn header<'a>(headers: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    headers.split(|b| *b == b'\n').find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let (found, value) = line.split_at(colon);
        found
            .trim_ascii()
            .eq_ignore_ascii_case(name)
            .then(|| value.get(1..).unwrap_or_default().trim_ascii())
    })
}

fn essence(value: &[u8]) -> &[u8] {
    value
        .split(|b| *b == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
}
