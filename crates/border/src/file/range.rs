//! The range of a file that a client asks for (RFC 9110 §14). It is asked of the plaintext, so it does not go to the
//! origin: the answer is opened from its start, or from the first segment of the range, and cut here.

use std::ops::Range;

use http::HeaderMap;
use http::header::{ETAG, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE};

/// A single range, and on which representation the client insists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    spec: Spec,
    if_range: Option<HeaderValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    /// `a-` and `a-b`.
    From(u64, Option<u64>),
    /// `-n`.
    Last(u64),
}

/// What a range is in a file of a known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// These bytes.
    Bytes(Range<u64>),
    /// None.
    Beyond,
}

impl Wanted {
    /// The range that a request asks for. Nothing where it asks for several, or not in bytes: a server may always
    /// give the whole.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut ranges = headers.get_all(RANGE).iter();
        let spec = Spec::parse(ranges.next()?.to_str().ok()?)?;
        let mut conditions = headers.get_all(IF_RANGE).iter();
        let if_range = conditions.next().cloned();
        (ranges.next().is_none() && conditions.next().is_none()).then_some(Self { spec, if_range })
    }

    /// Whether the answer with these headers is of the representation that the client has a part of: the validator
    /// must be the same and, if it is a tag, a strong one (RFC 9110 §13.1.5).
    pub fn fits(&self, headers: &HeaderMap) -> bool {
        let Some(condition) = &self.if_range else {
            return true;
        };
        let name = if condition.as_bytes().starts_with(b"\"") {
            ETAG
        } else {
            LAST_MODIFIED
        };
        headers.get(name) == Some(condition)
    }

    /// The range in a file of so many bytes.
    pub fn within(&self, length: u64) -> Found {
        let range = match self.spec {
            Spec::From(first, last) => {
                let end = last.map_or(length, |last| last.saturating_add(1).min(length));
                first..end
            }
            Spec::Last(count) => length.saturating_sub(count)..length,
        };
        if range.is_empty() {
            Found::Beyond
        } else {
            Found::Bytes(range)
        }
    }
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let (unit, ranges) = text.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = ranges.trim().split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok())?
        };
        if first.is_empty() {
            return number(last).map(Self::Last);
        }
        let first = number(first)?;
        if last.is_empty() {
            return Some(Self::From(first, None));
        }
        let last: u64 = number(last)?;
        (first <= last).then_some(Self::From(first, Some(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(range: &str) -> Option<Wanted> {
        Wanted::of(&HeaderMap::from_iter([(RANGE, range.parse().unwrap())]))
    }

    #[test]
    fn one_range_of_bytes_is_read_and_everything_else_is_the_whole() {
        let found = |range, length| wanted(range).map(|wanted| wanted.within(length));
        assert_eq!(found("bytes=0-0", 10), Some(Found::Bytes(0..1)));
        assert_eq!(found("bytes=3-99", 10), Some(Found::Bytes(3..10)));
        assert_eq!(found("Bytes=3-", 10), Some(Found::Bytes(3..10)));
        assert_eq!(found("bytes=-4", 10), Some(Found::Bytes(6..10)));
        assert_eq!(found("bytes=-40", 10), Some(Found::Bytes(0..10)));
        let most = "bytes=0-18446744073709551615";
        assert_eq!(found(most, 10), Some(Found::Bytes(0..10)));
        for beyond in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(found(beyond, 10), Some(Found::Beyond), "{beyond}");
        }
        for whole in [
            "bytes=0-1,3-4",
            "bytes=5-4",
            "bytes=-",
            "bytes=+1-2",
            "bytes=1",
            "items=0-1",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(wanted(whole), None, "{whole}");
        }
    }

    #[test]
    fn a_condition_holds_for_the_same_strong_validator_only() {
        let answer = HeaderMap::from_iter([
            (ETAG, "\"a\"".parse().unwrap()),
            (
                LAST_MODIFIED,
                "Tue, 24 Nov 2026 10:00:00 GMT".parse().unwrap(),
            ),
        ]);
        for (condition, fits) in [
            ("\"a\"", true),
            ("\"b\"", false),
            ("W/\"a\"", false),
            ("Tue, 24 Nov 2026 10:00:00 GMT", true),
            ("Tue, 24 Nov 2026 10:00:01 GMT", false),
        ] {
            let request = HeaderMap::from_iter([
                (RANGE, "bytes=0-".parse().unwrap()),
                (IF_RANGE, condition.parse().unwrap()),
            ]);
            let wanted = Wanted::of(&request).unwrap();
            assert_eq!(wanted.fits(&answer), fits, "{condition}");
        }
    }
}
