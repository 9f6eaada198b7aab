//! Which piece of a file the body of a request is, as the route's policy says where its head tells it.

use body::Limits;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_RANGE;
use integrity::Stated;
use policy::{HeadPart, HeadValue, Pieces, Route};
use seal::file::SEGMENT;

use crate::begin::parameter;
use crate::values::Values;

/// One piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// What the app calls the upload.
    pub upload: Vec<u8>,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
}

/// Why it cannot be told which piece a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PieceFault {
    #[error("the request does not tell which upload its piece of the file belongs to")]
    Upload,
    #[error("the request does not tell where in the file its piece begins")]
    Offset,
    #[error(
        "the piece ends at byte {end} and another follows: pieces begin at multiples of {SEGMENT} bytes"
    )]
    End { end: u64 },
    #[error("a request inside another one brings a piece of a file")]
    Inside,
}

/// The head of a request, as far as a piece is told there.
#[derive(Clone, Copy)]
pub(crate) struct Telling<'a> {
    pub route: &'a Route,
    pub pattern: usize,
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub headers: &'a HeaderMap,
    pub limits: Limits,
}

impl Piece {
    /// The piece that a request tells.
    pub fn told(pieces: &Pieces, telling: Telling<'_>) -> Result<Self, PieceFault> {
        let upload = telling.value(&pieces.upload);
        let upload = upload.filter(|name| !name.is_empty());
        let upload = upload.ok_or(PieceFault::Upload)?;
        let ranged = HeadPart::Header(CONTENT_RANGE);
        // A request without a range has the whole file (RFC 9110 §14.5).
        if pieces.offset.part == ranged && !telling.headers.contains_key(CONTENT_RANGE) {
            return Ok(Self { upload, offset: 0 });
        }
        let offset = telling.value(&pieces.offset).ok_or(PieceFault::Offset)?;
        let offset = std::str::from_utf8(&offset).map_err(|_| PieceFault::Offset)?;
        let offset = if pieces.offset.part == ranged {
            range(offset)?
        } else {
            number(offset).ok_or(PieceFault::Offset)?
        };
        Ok(Self { upload, offset })
    }
}

impl Telling<'_> {
    /// A value of the head; nothing where it is not there, or there twice.
    fn value(&self, value: &HeadValue) -> Option<Vec<u8>> {
        let text = match &value.part {
            HeadPart::Header(name) => {
                let mut values = self.headers.get_all(name).iter();
                let found = values.next()?.as_bytes().to_vec();
                values.next().is_none().then_some(found)?
            }
            HeadPart::Parameter(name) => {
                let values = parameter(self.query?, name)?;
                let [value] = values.as_slice() else {
                    return None;
                };
                percent_encoding::percent_decode_str(value).collect()
            }
            HeadPart::Segment(name) => {
                let pattern = self.route.patterns.get(self.pattern)?;
                let range = pattern.template.locate(name, self.path)?;
                percent_encoding::percent_decode_str(self.path.get(range)?).collect()
            }
        };
        let Some(plan) = &value.inside else {
            return Some(text);
        };
        let found = Values::read(plan, &Bytes::from(text), self.limits).ok()?;
        found.at(HeadValue::PLACE).map(<[u8]>::to_vec)
    }
}

/// What a request states of the piece that it brings. Two headers speak of the whole file: Google's, which comes with the
/// last piece, and `Repr-Digest` (RFC 9530 §3).
pub(crate) fn stated_of_piece(headers: &HeaderMap) -> Stated {
    let mut headers = headers.clone();
    headers.remove("x-goog-hash");
    headers.remove("repr-digest");
    Stated::read(&headers)
}

/// Where a range begins: `bytes a-b/total`, of which the end must be the file's or a segment's.
fn range(text: &str) -> Result<u64, PieceFault> {
    let parse = || {
        let (unit, range) = text.trim().split_once(' ')?;
        let (range, total) = range.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let total = match total {
            "*" => None,
            total => Some(number(total)?),
        };
        let is_range = unit.eq_ignore_ascii_case("bytes") && first <= last;
        is_range.then_some((first, last.checked_add(1)?, total))
    };
    let (first, end, total) = parse().ok_or(PieceFault::Offset)?;
    if total.is_some_and(|total| end < total) && !end.is_multiple_of(SEGMENT as u64) {
        return Err(PieceFault::End { end });
    }
    Ok(first)
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_tells_where_it_begins_and_must_end_where_a_segment_or_the_file_does() {
        for (text, expected) in [
            ("bytes 0-65535/200000", Ok(0)),
            ("bytes 65536-131071/*", Ok(65_536)),
            ("Bytes 131072-199999/200000", Ok(131_072)),
            ("bytes 0-99/*", Ok(0)),
            ("bytes 0-99/100", Ok(0)),
            ("bytes 0-99/200", Err(PieceFault::End { end: 100 })),
            ("bytes */200", Err(PieceFault::Offset)),
            ("bytes 9-8/200", Err(PieceFault::Offset)),
            ("bytes 0-18446744073709551615/*", Err(PieceFault::Offset)),
            ("bytes=0-9", Err(PieceFault::Offset)),
            ("bytes +0-9/10", Err(PieceFault::Offset)),
            ("items 0-9/10", Err(PieceFault::Offset)),
            ("bytes 0-9/ten", Err(PieceFault::Offset)),
        ] {
            assert_eq!(range(text), expected, "{text}");
        }
    }
}
